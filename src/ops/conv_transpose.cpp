#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "ops/conv_tiles.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

void check_lengths(const ConvTranspose& op, size_t spatial) {
  const auto check = [&](const std::vector<int64_t>& v, std::string_view what) {
    if (!v.empty() && v.size() != spatial)
      fail(ErrorCode::invalid_model, "{} must have {} elements, one per spatial axis; found {}", what, spatial,
           dims_to_string(v));
    for (int64_t x : v)
      if (x < 0) fail(ErrorCode::invalid_model, "{} must not be negative; found {}", what, dims_to_string(v));
  };
  check(op.output_padding, "output_padding");
  check(op.output_shape, "output_shape");
  if (op.group < 1) fail(ErrorCode::invalid_model, "group must be 1 or more; found {}", op.group);
}

/// What one axis would measure without padding.
Dim full_size(const ConvTranspose& op, const Window& w, size_t axis, const Dim& in, const Dim& kernel) {
  const Dim extra = op.output_padding.empty() ? 0 : op.output_padding[axis];
  return Dim(w.strides[axis]) * (in - Dim(1)) + extra + (kernel - Dim(1)) * Dim(w.dilations[axis]) + Dim(1);
}

bool is_same(AutoPad a) { return a == AutoPad::same_upper || a == AutoPad::same_lower; }

Dim out_dim(const ConvTranspose& op, const Window& w, size_t axis, const Dim& in, const Dim& kernel) {
  if (!op.output_shape.empty()) return op.output_shape[axis];
  if (is_same(w.auto_pad)) return in * Dim(w.strides[axis]);
  const Dim full = full_size(op, w, axis, in, kernel);
  const Dim out = w.auto_pad == AutoPad::valid ? full : full - Dim(w.pads[axis]) - Dim(w.pads[w.strides.size() + axis]);
  if (out.is_const() && out.value() < 0)
    fail(ErrorCode::shape_mismatch,
         "spatial axis {} of the output would have {} elements: input {}, kernel {}, pads {} + {}", axis, out.str(),
         in.str(), kernel.str(), w.pads[axis], w.pads[w.strides.size() + axis]);
  return out;
}

/// The slide of the convolution that this one transposes: its input is our output.
Slide transposed_slide(const ConvTranspose& op, const Dims& in, const Dims& kernel) {
  Window w = op.window;
  w.kernel = kernel;
  w = w.filled(static_cast<int>(in.size()));
  Dims out, begin;
  for (size_t i = 0; i < in.size(); ++i) {
    out.push_back(out_dim(op, w, i, in[i], kernel[i]).value());
    if (op.output_shape.empty() && !is_same(w.auto_pad)) {
      begin.push_back(w.auto_pad == AutoPad::notset ? w.pads[i] : 0);
    } else {
      const int64_t total = full_size(op, w, i, in[i], kernel[i]).value() - out[i];
      begin.push_back(split_padding(w.auto_pad, std::max<int64_t>(0, total)).first);
    }
  }
  return make_slide(w, out, in, begin);
}

/// `channels` output planes of one image and group: y[channel] += weights^T * x, scattered over the taps.
template <class T>
void add_planes(const Slide& s, int64_t in_channels, int64_t channels, const T* x, const T* strips, T* y) {
  constexpr int64_t kChunk = 4 * kTileColumns;
  const int64_t rows = channels * s.taps;
  std::vector<int64_t> targets(static_cast<size_t>(s.taps * kChunk));
  std::vector<T> panels(static_cast<size_t>(in_channels * kChunk)), products(static_cast<size_t>(rows * kChunk));
  for (int64_t first = 0; first < s.positions; first += kChunk) {
    const int64_t count = std::min(kChunk, s.positions - first);
    for (int64_t j = 0; j < count; ++j)
      for (int64_t c = 0; c < in_channels; ++c)
        panels[(j / kTileColumns * in_channels + c) * kTileColumns + j % kTileColumns] = x[c * s.positions + first + j];
    multiply_panels(strips, rows, in_channels, panels.data(), count, products.data(), kChunk);
    source_positions(s, first, count, kChunk, targets.data());
    for (int64_t m = 0; m < channels; ++m)
      for (int64_t i = 0; i < s.taps; ++i)
        for (int64_t j = 0; j < count; ++j)
          if (const int64_t to = targets[i * kChunk + j]; to >= 0)
            y[m * s.plane + to] += products[(m * s.taps + i) * kChunk + j];
  }
}

template <class T>
Tensor evaluate_transpose(const ConvTranspose& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &w = cx.tensor(1);
  check_lengths(op, x.dims().size() - 2);
  if (x.rank() != w.rank() || x.rank() < 3 || x.dim(1) != w.dim(0) || x.dim(1) % op.group != 0)
    fail(ErrorCode::shape_mismatch,
         "input {} and weights {} must have one rank, one number of channels, divisible by group {}",
         dims_to_string(x.dims()), dims_to_string(w.dims()), op.group);
  const Slide s = transposed_slide(op, spatial_dims(x.dims()), spatial_dims(w.dims()));
  const int64_t in_channels = x.dim(1) / op.group, out_channels = w.dim(1),
                channels = checked_mul(out_channels, op.group);
  Dims dims = {x.dim(0), channels};
  dims.insert(dims.end(), s.in.begin(), s.in.end());
  RealResult<T> y(x.dtype(), dims);
  const Reals<T> input(x), weights(w);
  const Reals<T> bias = cx.has(2) ? Reals<T>(cx.tensor(2)) : Reals<T>();
  if (bias && bias.size() != channels)
    fail(ErrorCode::shape_mismatch, "the bias must have {} elements, one per output channel; found {}", channels,
         bias.size());
  constexpr int64_t kBlock = 8;  // output channels of one piece
  const int64_t blocks = (out_channels + kBlock - 1) / kBlock;
  cx.threads().parallel(op.group * blocks, [&](int64_t piece) {
    const int64_t g = piece / blocks, first = piece % blocks * kBlock, count = std::min(kBlock, out_channels - first);
    const T* from = weights.data() + (g * in_channels * out_channels + first) * s.taps;
    const std::vector<T> strips = pack_strips(from, count * s.taps, in_channels, int64_t{1}, out_channels * s.taps);
    for (int64_t n = 0; n < x.dim(0); ++n) {
      T* to = y.data() + (n * channels + g * out_channels + first) * s.plane;
      add_planes(s, in_channels, count, input.data() + (n * op.group + g) * in_channels * s.positions, strips.data(),
                 to);
      for (int64_t m = 0; m < count && bias; ++m)
        for (int64_t i = 0; i < s.plane; ++i) to[m * s.plane + i] += bias[g * out_channels + first + m];
      apply_activation(op.activation, std::span<T>(to, static_cast<size_t>(count * s.plane)));
    }
  });
  return y.finish();
}

}  // namespace

std::vector<Fact> ConvTranspose::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input of the transposed convolution", 3);
  expect_rank(cx, 1, "the weights of the transposed convolution", 3);
  const Type &x = cx.input(0).type, &w = cx.input(1).type;
  if (!is_float(x.dtype) || w.dtype != x.dtype)
    fail(ErrorCode::invalid_model, "input and weights must be of one float type; found {} and {}", x.str(), w.str());
  if (!x.ranked || !w.ranked) return {unranked(x.dtype)};
  if (x.rank() != w.rank())
    fail(ErrorCode::shape_mismatch, "the input has rank {} and the weights have rank {}; both must have the same rank",
         x.rank(), w.rank());
  const size_t spatial = x.shape.size() - 2;
  check_lengths(*this, spatial);
  expect_same(cx, x.shape[1], w.shape[0], "input channels against the weights' first dim");
  if (x.shape[1].is_const() && x.shape[1].value() % group != 0)
    fail(ErrorCode::shape_mismatch, "{} input channels can't be divided into {} groups", x.shape[1].value(), group);
  const Window filled = window.filled(static_cast<int>(spatial));
  Shape out = {x.shape[0], w.shape[1] * Dim(group)};
  for (size_t i = 0; i < spatial; ++i) {
    if (!window.kernel.empty())
      expect_same(cx, w.shape[2 + i], window.kernel[i], "kernel_shape against the weights' shape");
    out.push_back(out_dim(*this, filled, i, x.shape[2 + i], w.shape[2 + i]));
  }
  if (cx.has(2)) {
    expect_rank(cx, 2, "the bias of the transposed convolution", 1, 1);
    if (cx.input(2).type.ranked)
      expect_same(cx, cx.input(2).shape()[0], out[1], "elements of the bias, one per output channel");
  }
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> ConvTranspose::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_transpose<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
