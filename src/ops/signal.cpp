#include "ops/signal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxSize = 1 << 26;

/// The dim that input `input`, one whole number, gives.
Dim scalar_dim(InferContext& cx, int input, std::string_view what, std::string_view hint) {
  expect_rank(cx, input, what, 0, 1);
  expect_dtype(cx, input, what, {DType::i64, DType::i32});
  const auto elements = cx.input(input).elements();
  if (!elements) return cx.unknown(hint);
  if (elements->size() != 1)
    fail(ErrorCode::invalid_model, "{} must be one number; found {}", what, cx.input(input).type.str());
  const Dim dim = (*elements)[0];
  if (dim.is_const() && (dim.value() < 0 || dim.value() > kMaxSize))
    fail(ErrorCode::invalid_model, "{} must be in [0, {}]; found {}", what, kMaxSize, dim.value());
  return dim;
}

int64_t size_value(const Tensor& t, int64_t low, std::string_view what) {
  const std::vector<int64_t> values = to_int64s(t);
  if (values.size() != 1 || values[0] < low || values[0] > kMaxSize)
    fail(ErrorCode::runtime_value, "{} must be one number in [{}, {}]", what, low, kMaxSize);
  return values[0];
}

void expect_number_type(DType dtype) {
  if (!is_float(dtype) && !is_integer(dtype))
    fail(ErrorCode::invalid_model, "output_datatype must be a number type, found {}", to_string(dtype));
}

/// Column `bin` of the matrix: rises from `left` to `center` and falls to `right`.
void add_triangle(std::vector<double>& matrix, int64_t rows, int64_t bins, int64_t bin, const int64_t* edges) {
  const int64_t left = edges[0], center = edges[1], right = edges[2];
  const auto set = [&](int64_t row, double value) {
    if (row >= 0 && row < rows) matrix[row * bins + bin] = value;
  };
  if (left == center) set(center, 1);
  for (int64_t j = std::max<int64_t>(left, 0); j <= std::min(center, rows - 1) && left != center; ++j)
    set(j, static_cast<double>(j - left) / static_cast<double>(center - left));
  for (int64_t j = std::max<int64_t>(center, 0); j < std::min(right, rows); ++j)
    set(j, static_cast<double>(right - j) / static_cast<double>(right - center));
}

/// The spectrogram row of each of the bins + 2 band edges.
std::vector<int64_t> band_edges(int64_t bins, int64_t dft_length, double rate, double lower, double upper) {
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(lower), step = (mel(upper) - low) / static_cast<double>(bins + 2);
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < bins + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (low + static_cast<double>(i) * step) / 2595) - 1);
    const double row = std::floor(static_cast<double>(dft_length + 1) * hertz / rate);
    edges.push_back(static_cast<int64_t>(std::clamp(row, -1.0, static_cast<double>(dft_length + 1))));
  }
  return edges;
}

}  // namespace

std::span<const std::string_view> enum_names(WindowKind) {
  static constexpr std::string_view kNames[] = {"hann", "hamming", "blackman"};
  return kNames;
}

std::vector<Fact> CosineWindow::infer(InferContext& cx) const {
  expect_number_type(dtype);
  return {Fact::tensor(dtype, {scalar_dim(cx, 0, "the size of a window", "window_size")})};
}

std::vector<HostValue> CosineWindow::evaluate(const EvalContext& cx) const {
  static constexpr double kTerms[][3] = {{0.5, 0.5, 0}, {25.0 / 46, 21.0 / 46, 0}, {0.42, 0.5, 0.08}};
  const double* a = kTerms[static_cast<int>(kind)];
  const int64_t size = size_value(cx.tensor(0), 0, "the size of a window");
  const double period = static_cast<double>(periodic ? size : std::max<int64_t>(size - 1, 1));
  std::vector<double> y(static_cast<size_t>(size));
  for (int64_t n = 0; n < size; ++n) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(n) / period;
    y[n] = a[0] - a[1] * std::cos(angle) + a[2] * std::cos(2 * angle);
  }
  return {from_doubles(dtype, {size}, y)};
}

std::vector<Fact> MelWeightMatrix::infer(InferContext& cx) const {
  expect_number_type(dtype);
  const Dim bins = scalar_dim(cx, 0, "the number of mel bins", "mel_bins"),
            length = scalar_dim(cx, 1, "the DFT length", "dft_length");
  expect_dtype(cx, 2, "the sample rate", {DType::i64, DType::i32});
  for (int i : {3, 4}) expect_dtype(cx, i, "an edge in hertz", {DType::f32, DType::f64, DType::f16, DType::bf16});
  return {Fact::tensor(dtype, {floordiv(length, Dim(2)) + Dim(1), bins})};
}

std::vector<HostValue> MelWeightMatrix::evaluate(const EvalContext& cx) const {
  for (int i = 2; i < 5; ++i)
    if (cx.tensor(i).size() != 1) fail(ErrorCode::runtime_value, "MelWeightMatrix takes single numbers");
  const int64_t bins = size_value(cx.tensor(0), 0, "the number of mel bins"),
                length = size_value(cx.tensor(1), 0, "the DFT length");
  const double rate = to_doubles(cx.tensor(2))[0], lower = to_doubles(cx.tensor(3))[0],
               upper = to_doubles(cx.tensor(4))[0];
  if (!(rate > 0) || !(lower >= 0) || !(upper >= lower) || !std::isfinite(upper))
    fail(ErrorCode::runtime_value,
         "MelWeightMatrix needs a positive sample rate and 0 <= lower <= upper edge; found {}, {}, {}", rate, lower,
         upper);
  const int64_t rows = length / 2 + 1;
  const std::vector<int64_t> edges = band_edges(bins, length, rate, lower, upper);
  std::vector<double> matrix(static_cast<size_t>(checked_mul(rows, bins)), 0.0);
  for (int64_t i = 0; i < bins; ++i) add_triangle(matrix, rows, bins, i, edges.data() + i);
  return {from_doubles(dtype, {rows, bins}, matrix)};
}

}  // namespace tenon::core
