#include "ops/conv_integer.h"

#include "base/error.h"
#include "ops/conv_real.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// The elements minus their zero point; the zero point is one number or one for each slice of the first axis.
std::vector<double> centered(const EvalContext& cx, int input, int zero_input) {
  std::vector<double> values = to_doubles(cx.tensor(input));
  if (!cx.has(zero_input) || values.empty()) return values;
  const std::vector<double> zeros = to_doubles(cx.tensor(zero_input));
  const auto slices = static_cast<size_t>(cx.tensor(input).dim(0));
  if (zeros.size() != 1 && zeros.size() != slices)
    fail(ErrorCode::shape_mismatch, "a zero point must have 1 or {} elements; found {}", slices, zeros.size());
  const size_t slice = values.size() / slices;
  for (size_t i = 0; i < values.size(); ++i) values[i] -= zeros.size() == 1 ? zeros[0] : zeros[i / slice];
  return values;
}

void expect_bytes(InferContext& cx, int input, std::string_view what) {
  expect_dtype(cx, input, what, {DType::i8, DType::u8});
}

}  // namespace

std::vector<Fact> ConvInteger::infer(InferContext& cx) const {
  expect_bytes(cx, 0, "the input of the integer convolution");
  expect_bytes(cx, 1, "the weights of the integer convolution");
  if (cx.has(2)) expect_bytes(cx, 2, "the zero point of the input");
  if (cx.has(3)) expect_bytes(cx, 3, "the zero point of the weights");
  if (!cx.input(0).type.ranked || !cx.input(1).type.ranked) return {unranked(DType::i32)};
  return {Fact::tensor(DType::i32, infer_conv_shape(cx, 0, 1, window, group))};
}

std::vector<HostValue> ConvInteger::evaluate(const EvalContext& cx) const {
  if (cx.has(2) && cx.tensor(2).size() != 1)
    fail(ErrorCode::shape_mismatch, "the zero point of the input must have 1 element; found {}", cx.tensor(2).size());
  const ConvProblem problem = make_conv_problem(cx.tensor(0).dims(), cx.tensor(1).dims(), window, group);
  const std::vector<double> x = centered(cx, 0, 2), w = centered(cx, 1, 3);
  const Dims dims = output_dims(problem);
  std::vector<double> y(static_cast<size_t>(checked_product(dims)));
  convolve(problem, x.data(), w.data(), y.data(), cx.threads());
  return {from_doubles(DType::i32, dims, y)};
}

}  // namespace tenon::core
