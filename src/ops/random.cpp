#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "base/random.h"
#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// A counter put through the finalizer of SplitMix64, twice with different keys.
class Generator {
 public:
  Generator(const RandomSource& source, uint64_t executor_seed) {
    uint64_t bits = executor_seed;
    if (source.has_seed) std::memcpy(&bits, &source.seed, sizeof bits);
    key_ = mix_bits(bits) ^ (source.has_seed ? 0 : mix_bits(static_cast<uint64_t>(source.stream) + kRandomStep));
  }
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(uint64_t index) const { return static_cast<double>(bits(index) >> 11) * 0x1p-53; }
  /// Box-Muller; uses the indices 2 * index and 2 * index + 1.
  double normal(uint64_t index) const {
    const double radius = std::sqrt(-2 * std::log(1 - uniform(2 * index)));
    return radius * std::cos(2 * std::numbers::pi * uniform(2 * index + 1));
  }

 private:
  uint64_t bits(uint64_t index) const { return mix_bits(mix_bits(key_ + (index + 1) * kRandomStep) ^ key_); }
  uint64_t key_;
};

}  // namespace

std::span<const std::string_view> enum_names(RandomKind) {
  static constexpr std::string_view kNames[] = {"uniform", "normal"};
  return kNames;
}

std::vector<Fact> Random::infer(InferContext& cx) const {
  if (!is_float(dtype))
    fail(ErrorCode::invalid_model, "random numbers are floats; the type asked for is {}", to_string(dtype));
  expect_dtype(cx, 0, "the shape of random numbers", {DType::i64});
  expect_rank(cx, 0, "the shape of random numbers", 1, 1);
  if (const auto shape = cx.input(0).elements()) return {Fact::tensor(dtype, *shape)};
  const Fact& shape = cx.input(0);
  if (!shape.type.ranked || !shape.shape()[0].is_const()) return {unranked(dtype)};
  return {Fact::tensor(dtype, unknown_shape(cx, "random", shape.shape()[0].value()))};
}

std::vector<HostValue> Random::evaluate(const EvalContext& cx) const {
  const Generator generator(source, cx.seed());
  const Dims dims = to_int64s(cx.tensor(0));
  if (std::any_of(dims.begin(), dims.end(), [](int64_t d) { return d < 0; }))
    fail(ErrorCode::runtime_value, "random numbers can't have the shape {}", dims_to_string(dims));
  const int64_t count = checked_product(dims);
  Tensor(dtype, dims);  // refuses sizes that memory can't hold before `values` is made
  std::vector<double> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    values[i] = kind == RandomKind::uniform ? a + (b - a) * generator.uniform(i) : a + b * generator.normal(i);
  return {from_doubles(dtype, dims, values)};
}

std::vector<Fact> Bernoulli::infer(InferContext& cx) const {
  expect_dtype(cx, 0, "the probabilities of Bernoulli", {DType::f32, DType::f64, DType::f16, DType::bf16});
  Fact fact(cx.input(0).type);
  if (dtype != DType::none) fact.type.dtype = dtype;
  if (!is_float(fact.dtype()) && !is_integer(fact.dtype()) && fact.dtype() != DType::boolean)
    fail(ErrorCode::invalid_model, "Bernoulli can't give {}", to_string(fact.dtype()));
  return {fact};
}

std::vector<HostValue> Bernoulli::evaluate(const EvalContext& cx) const {
  const Generator generator(source, cx.seed());
  const Tensor& p = cx.tensor(0);
  std::vector<double> values = to_doubles(p);
  for (size_t i = 0; i < values.size(); ++i) values[i] = generator.uniform(i) < values[i] ? 1 : 0;
  return {from_doubles(dtype == DType::none ? p.dtype() : dtype, p.dims(), values)};
}

std::vector<Fact> Multinomial::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the log-probabilities of Multinomial", 2, 2);
  expect_dtype(cx, 0, "the log-probabilities of Multinomial", {DType::f32, DType::f64, DType::f16, DType::bf16});
  if (samples < 0 || samples > INT32_MAX || (dtype != DType::i32 && dtype != DType::i64))
    fail(ErrorCode::invalid_model, "Multinomial draws 0 to 2^31 samples of type i32 or i64; asked for {} of {}",
         samples, to_string(dtype));
  if (!cx.input(0).type.ranked) return {unranked(dtype)};
  return {Fact::tensor(dtype, {cx.input(0).shape()[0], samples})};
}

std::vector<HostValue> Multinomial::evaluate(const EvalContext& cx) const {
  const Generator generator(source, cx.seed());
  const Tensor& x = cx.tensor(0);
  const std::vector<double> logits = to_doubles(x);
  const int64_t batch = x.dim(0), classes = x.dim(1);
  if (classes == 0 && samples > 0) fail(ErrorCode::runtime_value, "Multinomial can't draw from 0 classes");
  std::vector<int64_t> drawn;
  for (int64_t b = 0; b < batch; ++b) {
    std::vector<double> sums(logits.begin() + b * classes, logits.begin() + (b + 1) * classes);
    const double largest = classes ? *std::max_element(sums.begin(), sums.end()) : 0;
    double sum = 0;
    for (double& s : sums) s = sum += std::exp(s - largest);
    for (int64_t i = 0; i < samples; ++i) {
      const double at = generator.uniform(b * samples + i) * sum;
      const auto found = std::upper_bound(sums.begin(), sums.end(), at) - sums.begin();
      drawn.push_back(std::min<int64_t>(found, classes - 1));
    }
  }
  return {from_int64s(dtype, {batch, samples}, drawn)};
}

}  // namespace tenon::core
