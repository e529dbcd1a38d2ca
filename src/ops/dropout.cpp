#include <cmath>
#include <random>

#include "base/error.h"
#include "ops/elementwise.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// The number in [0, 1) with 53 random bits that NumPy's RandomState draws from the same generator.
double draw(std::mt19937& generator) {
  const double high = static_cast<double>(generator() >> 5), low = static_cast<double>(generator() >> 6);
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double ratio_of(const EvalContext& cx) {
  if (!cx.has(1)) return 0.5;
  const std::vector<double> values = to_doubles(cx.tensor(1));
  if (values.size() != 1 || !(values[0] >= 0 && values[0] < 1))
    fail(ErrorCode::runtime_value, "the ratio must be one number in [0, 1)");
  return values[0];
}

bool trains(const EvalContext& cx) {
  if (!cx.has(2)) return false;
  const std::vector<int64_t> values = to_int64s(cx.tensor(2));
  if (values.size() != 1) fail(ErrorCode::runtime_value, "training_mode must be one bool");
  return values[0] != 0;
}

}  // namespace

std::vector<Fact> Dropout::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!is_float(x.dtype())) fail(ErrorCode::invalid_model, "the input must be a float tensor; found {}", x.type.str());
  if (cx.has(1) && !is_float(cx.input(1).dtype()))
    fail(ErrorCode::invalid_model, "the ratio must be a float number; found {}", cx.input(1).type.str());
  if (cx.has(2)) expect_dtype(cx, 2, "training_mode", {DType::boolean});
  Fact mask(x.type);
  mask.type.dtype = DType::boolean;
  return {Fact(x.type), mask};
}

std::vector<HostValue> Dropout::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const double ratio = ratio_of(cx);
  Tensor mask(DType::boolean, x.dims());
  bool* kept = mask.mutable_data<bool>();
  if (ratio == 0 || !trains(cx)) {
    std::fill_n(kept, mask.size(), true);
    return {x, mask};
  }
  std::mt19937 generator(static_cast<uint32_t>(seed ? static_cast<uint64_t>(*seed) : cx.seed()));
  for (int64_t i = 0; i < mask.size(); ++i) kept[i] = draw(generator) >= ratio;
  const double scale = 1.0 / (1.0 - ratio);
  Tensor y(x.dtype(), x.dims());
  zip_elements<double>(cx.threads(), x, mask, y, [scale](double v, double keep) { return v * keep * scale; });
  return {y, mask};
}

}  // namespace tenon::core
