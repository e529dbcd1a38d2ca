#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/elementwise.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Calls `loop(f)` with the function of a kind that takes floats and gives floats.
template <class C, class Loop>
void with_float_function(const Unary& op, Loop loop) {
  const C alpha = static_cast<C>(op.alpha), beta = static_cast<C>(op.beta);
  constexpr C kSqrtHalf = static_cast<C>(0.70710678118654752440);
  constexpr C kSqrtTwoOverPi = static_cast<C>(0.79788456080286535588);
  const auto sigmoid = [](C x) { return C(1) / (C(1) + std::exp(-x)); };
  const auto softplus = [](C x) { return (x > 0 ? x : C(0)) + std::log1p(std::exp(-std::abs(x))); };
  switch (op.kind) {
    case UnaryKind::abs:
      return loop([](C x) { return std::abs(x); });
    case UnaryKind::neg:
      return loop([](C x) { return -x; });
    case UnaryKind::sign:
      return loop([](C x) { return x > 0 ? C(1) : x < 0 ? C(-1) : x; });
    case UnaryKind::floor:
      return loop([](C x) { return std::floor(x); });
    case UnaryKind::ceil:
      return loop([](C x) { return std::ceil(x); });
    case UnaryKind::round:
      return loop([](C x) { return std::nearbyint(x); });
    case UnaryKind::sqrt:
      return loop([](C x) { return std::sqrt(x); });
    case UnaryKind::rsqrt:
      return loop([](C x) { return C(1) / std::sqrt(x); });
    case UnaryKind::reciprocal:
      return loop([](C x) { return C(1) / x; });
    case UnaryKind::square:
      return loop([](C x) { return x * x; });
    case UnaryKind::exp:
      return loop([](C x) { return std::exp(x); });
    case UnaryKind::log:
      return loop([](C x) { return std::log(x); });
    case UnaryKind::sin:
      return loop([](C x) { return std::sin(x); });
    case UnaryKind::cos:
      return loop([](C x) { return std::cos(x); });
    case UnaryKind::tan:
      return loop([](C x) { return std::tan(x); });
    case UnaryKind::asin:
      return loop([](C x) { return std::asin(x); });
    case UnaryKind::acos:
      return loop([](C x) { return std::acos(x); });
    case UnaryKind::atan:
      return loop([](C x) { return std::atan(x); });
    case UnaryKind::sinh:
      return loop([](C x) { return std::sinh(x); });
    case UnaryKind::cosh:
      return loop([](C x) { return std::cosh(x); });
    case UnaryKind::tanh:
      return loop([](C x) { return std::tanh(x); });
    case UnaryKind::asinh:
      return loop([](C x) { return std::asinh(x); });
    case UnaryKind::acosh:
      return loop([](C x) { return std::acosh(x); });
    case UnaryKind::atanh:
      return loop([](C x) { return std::atanh(x); });
    case UnaryKind::erf:
      return loop([](C x) { return std::erf(x); });
    case UnaryKind::sigmoid:
      return loop(sigmoid);
    case UnaryKind::relu:
      return loop([](C x) { return x < 0 ? C(0) : x; });
    case UnaryKind::softplus:
      return loop(softplus);
    case UnaryKind::softsign:
      return loop([](C x) { return x / (C(1) + std::abs(x)); });
    case UnaryKind::leaky_relu:
      return loop([=](C x) { return x < 0 ? alpha * x : x; });
    case UnaryKind::elu:
      return loop([=](C x) { return x < 0 ? alpha * std::expm1(x) : x; });
    case UnaryKind::selu:
      return loop([=](C x) { return beta * (x > 0 ? x : alpha * std::expm1(x)); });
    case UnaryKind::celu:
      return loop([=](C x) {
        const C below = alpha * std::expm1(x / alpha);
        return (x < 0 ? C(0) : x) + (below > 0 ? C(0) : below);
      });
    case UnaryKind::hard_sigmoid:
      return loop([=](C x) {
        const C y = alpha * x + beta;
        return y < 0 ? C(0) : y > 1 ? C(1) : y;
      });
    case UnaryKind::hard_swish:
      return loop([](C x) {
        const C gate = x / C(6) + C(0.5);
        return x * (gate < 0 ? C(0) : gate > 1 ? C(1) : gate);
      });
    case UnaryKind::thresholded_relu:
      return loop([=](C x) { return x > alpha ? x : C(0); });
    case UnaryKind::shrink:
      return loop([=](C x) { return x < -alpha ? x + beta : x > alpha ? x - beta : C(0); });
    case UnaryKind::gelu_erf:
      return loop([=](C x) { return C(0.5) * x * std::erfc(-x * kSqrtHalf); });
    case UnaryKind::gelu_tanh:
      return loop([=](C x) { return C(0.5) * x * (C(1) + std::tanh(kSqrtTwoOverPi * (x + C(0.044715) * x * x * x))); });
    case UnaryKind::mish:
      return loop([=](C x) { return x * std::tanh(softplus(x)); });
    case UnaryKind::swish:
      return loop([=](C x) { return x * sigmoid(alpha * x); });
    default:
      fail(ErrorCode::internal, "the unary kind {} has no float form", static_cast<int>(op.kind));
  }
}

template <class I, class Loop>
void with_integer_function(const Unary& op, Loop loop) {
  switch (op.kind) {
    case UnaryKind::abs:
      return loop([](I x) { return x < I(0) ? wrap_sub(I(0), x) : x; });
    case UnaryKind::neg:
      return loop([](I x) { return wrap_sub(I(0), x); });
    case UnaryKind::sign:
      return loop([](I x) { return x > I(0) ? I(1) : x < I(0) ? I(-1) : I(0); });
    case UnaryKind::relu:
      return loop([](I x) { return x < I(0) ? I(0) : x; });
    case UnaryKind::square:
      return loop([](I x) { return wrap_mul(x, x); });
    case UnaryKind::bitwise_not:
      return loop([](I x) { return I(~x); });
    case UnaryKind::logical_not:
      return loop([](I x) { return I(x == I(0)); });
    default:
      fail(ErrorCode::internal, "the unary kind {} has no integer form", static_cast<int>(op.kind));
  }
}

template <class C>
void test_floats(const Unary& op, Threads& threads, const Tensor& x, Tensor& y) {
  if (op.kind == UnaryKind::is_nan) return map_elements<C, bool>(threads, x, y, [](C v) { return std::isnan(v); });
  const bool negative = op.alpha != 0, positive = op.beta != 0;
  map_elements<C, bool>(threads, x, y, [=](C v) { return std::isinf(v) && (v < 0 ? negative : positive); });
}

}  // namespace

std::vector<HostValue> Unary::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const bool test = kind == UnaryKind::is_nan || kind == UnaryKind::is_inf;
  Tensor y(test ? DType::boolean : x.dtype(), x.dims());
  // An integer is shrunk by a bias that need not be one: in double, as NumPy does.
  const DType computed = kind == UnaryKind::shrink && is_integer(x.dtype()) ? DType::f64 : x.dtype();
  with_compute_type(computed, [&](auto zero) {
    using C = decltype(zero);
    const auto loop = [&](auto f) { map_elements<C>(cx.threads(), x, y, f); };
    if constexpr (std::is_integral_v<C>)
      with_integer_function<C>(*this, loop);
    else if (test)
      test_floats<C>(*this, cx.threads(), x, y);
    else
      with_float_function<C>(*this, loop);
  });
  return {y};
}

}  // namespace tenon::core
