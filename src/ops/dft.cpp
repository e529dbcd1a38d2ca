#include <algorithm>

#include "base/error.h"
#include "ops/fourier.h"
#include "ops/infer_util.h"
#include "ops/signal.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxLength = 1 << 26;

void expect_parts(const Dim& parts, bool real_only, bool complex_only) {
  if (!parts.is_const()) return;
  const int64_t n = parts.value();
  if ((n != 1 && n != 2) || (real_only && n != 1) || (complex_only && n != 2))
    fail(ErrorCode::shape_mismatch, "the last dim of a signal must be {}; found {}",
         real_only      ? "1, for a one-sided transform"
         : complex_only ? "2, for a one-sided inverse"
                        : "1 (real) or 2 (complex)",
         n);
}

std::optional<Dim> scalar_content(const Fact& fact) {
  const auto elements = fact.elements();
  if (!elements || elements->size() != 1) return {};
  return (*elements)[0];
}

int64_t scalar_value(const Tensor& t, int64_t low, int64_t high, std::string_view what) {
  if (t.size() != 1)
    fail(ErrorCode::bad_input, "{} must be one number; found shape {}", what, dims_to_string(t.dims()));
  const int64_t value = to_int64s(t)[0];
  if (value < low || value > high)
    fail(ErrorCode::runtime_value, "{} must be in [{}, {}]; found {}", what, low, high, value);
  return value;
}

void expect_scalar(InferContext& cx, int input, std::string_view what) {
  expect_rank(cx, input, what, 0, 1);
  expect_dtype(cx, input, what, {DType::i64, DType::i32});
}

/// Signals along one axis of a tensor whose last axis holds real and imaginary parts.
struct Lines {
  int64_t outer, size, inner, parts;
  template <class T>
  std::vector<Complex> read(const T* x, int64_t line, int64_t length) const {
    std::vector<Complex> signal(static_cast<size_t>(length));
    for (int64_t i = 0; i < std::min(length, size); ++i) {
      const T* at = x + ((line / inner * size + i) * inner + line % inner) * parts;
      signal[i] = Complex(at[0], parts == 2 ? at[1] : T(0));
    }
    return signal;
  }
  template <class T>
  void write(T* y, int64_t line, const std::vector<Complex>& signal) const {
    for (int64_t i = 0; i < size; ++i) {
      T* at = y + ((line / inner * size + i) * inner + line % inner) * parts;
      at[0] = static_cast<T>(signal[i].real());
      if (parts == 2) at[1] = static_cast<T>(signal[i].imag());
    }
  }
};

Lines lines_of(const Dims& dims, int64_t axis) {
  const std::span<const int64_t> all(dims);
  return {checked_product(all.first(axis)), dims[axis], checked_product(all.subspan(axis + 1, dims.size() - axis - 2)),
          dims.back()};
}

/// The first length/2 + 1 values of a real signal's transform stand for all: the others are their conjugates.
void complete(std::vector<Complex>& x) {
  const auto n = static_cast<int64_t>(x.size());
  for (int64_t k = n / 2 + 1; k < n; ++k) x[k] = std::conj(x[n - k]);
  if (n > 0) x[0] = x[0].real();
  if (n % 2 == 0 && n > 0) x[n / 2] = x[n / 2].real();
}

template <class T>
Tensor transform(const DFT& op, const Tensor& x, int64_t axis, int64_t length, Threads& threads) {
  Dims dims = x.dims();
  dims[axis] = op.onesided && !op.inverse ? length / 2 + 1 : length;
  dims.back() = op.onesided && op.inverse ? 1 : 2;
  RealResult<T> y(x.dtype(), dims);
  const Reals<T> from(x);
  const Lines in = lines_of(x.dims(), axis), out = lines_of(dims, axis);
  const Fourier fourier(length);
  threads.parallel_ranges(in.outer * in.inner, 8, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      std::vector<Complex> signal = in.read(from.data(), line, length);
      if (op.onesided && op.inverse) complete(signal);
      out.write(y.data(), line, op.inverse ? fourier.inverse(std::move(signal)) : fourier.forward(signal));
    }
  });
  return y.finish();
}

template <class T>
Tensor short_time(const Tensor& x, const Tensor* window, int64_t step, int64_t length, bool onesided,
                  Threads& threads) {
  const int64_t batch = x.dim(0), size = x.dim(1), parts = x.dim(2);
  const int64_t frames = size < length ? 0 : (size - length) / step + 1, bins = onesided ? length / 2 + 1 : length;
  RealResult<T> y(x.dtype(), {batch, frames, bins, 2});
  const Reals<T> from(x), weights = window ? Reals<T>(*window) : Reals<T>();
  const Fourier fourier(length);
  threads.parallel_ranges(batch * frames, 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::vector<Complex> frame(static_cast<size_t>(length));
      const T* at = from.data() + (i / frames * size + i % frames * step) * parts;
      for (int64_t j = 0; j < length; ++j)
        frame[j] = Complex(at[j * parts], parts == 2 ? at[j * parts + 1] : T(0)) *
                   static_cast<double>(weights ? weights[j] : T(1));
      const std::vector<Complex> spectrum = fourier.forward(frame);
      for (int64_t k = 0; k < bins; ++k) {
        y.data()[(i * bins + k) * 2] = static_cast<T>(spectrum[k].real());
        y.data()[(i * bins + k) * 2 + 1] = static_cast<T>(spectrum[k].imag());
      }
    }
  });
  return y.finish();
}

void expect_signal(InferContext& cx, int low, int high) {
  expect_rank(cx, 0, "the signal", low, high);
  expect_dtype(cx, 0, "the signal", {DType::f32, DType::f64, DType::f16, DType::bf16});
}

int64_t signal_axis(int64_t axis, int64_t rank) {
  const int64_t resolved = resolve_axis(axis, rank);
  if (resolved == rank - 1)
    fail(ErrorCode::invalid_model, "DFT can't work along the last axis, which holds real and imaginary parts");
  return resolved;
}

}  // namespace

std::vector<Fact> DFT::infer(InferContext& cx) const {
  expect_signal(cx, 2, 1 << 20);
  if (cx.has(1)) expect_scalar(cx, 1, "the length of DFT");
  if (cx.has(2)) expect_scalar(cx, 2, "the axis of DFT");
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(x.dtype())};
  Shape shape = x.shape();
  expect_parts(shape.back(), onesided && !inverse, onesided && inverse);
  const auto given_axis = cx.has(2) ? scalar_content(cx.input(2)) : std::optional<Dim>(axis);
  if (given_axis && given_axis->is_const()) {
    Dim& size = shape[signal_axis(given_axis->value(), x.rank())];
    const auto given = cx.has(1) ? scalar_content(cx.input(1)) : std::nullopt;
    const Dim length = given                 ? *given
                       : cx.has(1)           ? cx.unknown("dft_length")
                       : onesided && inverse ? Dim(2) * (size - Dim(1))
                                             : size;
    size = onesided && !inverse ? floordiv(length, Dim(2)) + Dim(1) : length;
  } else if (cx.has(1) || onesided) {
    shape = unknown_shape(cx, "dft", x.rank());
  }
  shape.back() = onesided && inverse ? 1 : 2;
  return {Fact::tensor(x.dtype(), shape)};
}

std::vector<HostValue> DFT::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at =
      signal_axis(cx.has(2) ? scalar_value(cx.tensor(2), INT64_MIN, INT64_MAX, "the axis of DFT") : axis, x.rank());
  expect_parts(x.dims().back(), onesided && !inverse, onesided && inverse);
  const int64_t length = cx.has(1)             ? scalar_value(cx.tensor(1), 1, kMaxLength, "the length of DFT")
                         : onesided && inverse ? 2 * (x.dim(at) - 1)
                                               : x.dim(at);
  if (length < 1 || length > kMaxLength)
    fail(ErrorCode::runtime_value, "the length of DFT must be in [1, {}]; found {}", kMaxLength, length);
  return {with_float_type(x.dtype(), [&]<class T>(T) { return transform<T>(*this, x, at, length, cx.threads()); })};
}

std::vector<Fact> STFT::infer(InferContext& cx) const {
  expect_signal(cx, 3, 3);
  expect_scalar(cx, 1, "the frame step of STFT");
  const Fact& x = cx.input(0);
  if (cx.has(2)) {
    expect_rank(cx, 2, "the window of STFT", 1, 1);
    expect_dtype(cx, 2, "the window of STFT", {x.dtype()});
  }
  if (cx.has(3)) expect_scalar(cx, 3, "the frame length of STFT");
  if (!x.type.ranked) return {unranked(x.dtype())};
  expect_parts(x.shape()[2], onesided, false);
  const Dim size = x.shape()[1];
  const auto given = cx.has(3) ? scalar_content(cx.input(3)) : std::nullopt;
  const bool windowed = cx.has(2) && cx.input(2).type.ranked;
  const Dim length = given                    ? *given
                     : windowed               ? cx.input(2).shape()[0]
                     : cx.has(2) || cx.has(3) ? cx.unknown("frame_length")
                                              : size;
  if (given && windowed)
    cx.require_equal(length, cx.input(2).shape()[0], "the frame length of STFT and the size of its window");
  const auto step = scalar_content(cx.input(1));
  if (step && step->is_const() && step->value() < 1)
    fail(ErrorCode::invalid_model, "the frame step of STFT must be positive; found {}", step->value());
  const Dim frames = step ? floordiv(size - length, *step) + Dim(1) : cx.unknown("frames");
  return {Fact::tensor(x.dtype(), {x.shape()[0], frames, onesided ? floordiv(length, Dim(2)) + Dim(1) : length, 2})};
}

std::vector<HostValue> STFT::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  expect_parts(x.dims().back(), onesided, false);
  const int64_t step = scalar_value(cx.tensor(1), 1, INT64_MAX, "the frame step of STFT");
  const int64_t length = cx.has(3)   ? scalar_value(cx.tensor(3), 1, kMaxLength, "the frame length of STFT")
                         : cx.has(2) ? cx.tensor(2).size()
                                     : x.dim(1);
  if (length < 1 || length > x.dim(1))
    fail(ErrorCode::runtime_value, "the frame length of STFT must be in [1, {}], the length of the signal; found {}",
         x.dim(1), length);
  if (cx.has(2)) expect_dims(cx.tensor(2), {length}, "the window of STFT");
  const Tensor* window = cx.has(2) ? &cx.tensor(2) : nullptr;
  return {with_float_type(x.dtype(),
                          [&]<class T>(T) { return short_time<T>(x, window, step, length, onesided, cx.threads()); })};
}

}  // namespace tenon::core
