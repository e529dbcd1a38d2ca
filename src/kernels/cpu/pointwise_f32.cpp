#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_f32.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "kernels/cpu/strip_functions.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using Args = const StripArgs&;

HWY_INLINE V Alpha(Args a) { return hn::Set(D(), a.alpha); }
HWY_INLINE V Beta(Args a) { return hn::Set(D(), a.beta); }
HWY_INLINE V Zero() { return hn::Zero(D()); }
HWY_INLINE V Number(float f) { return hn::Set(D(), f); }
HWY_INLINE V NegativeOr(V x, V below, V above) { return hn::IfThenElse(hn::Lt(x, Zero()), below, above); }
/// Limits to [0, 1]; NaN stays.
HWY_INLINE V Unit(V x) { return hn::Min(Number(1), hn::Max(Zero(), x)); }

#define TENON_UNARY(name, expression)                                             \
  struct name {                                                                   \
    static HWY_INLINE V Call(V x, [[maybe_unused]] Args a) { return expression; } \
  };
TENON_UNARY(Copy, x)
TENON_UNARY(Abs, hn::Abs(x))
TENON_UNARY(Neg, hn::Neg(x))
TENON_UNARY(Sign, hn::IfThenElse(hn::Gt(x, Zero()), Number(1), NegativeOr(x, Number(-1), x)))
TENON_UNARY(Floor, hn::Floor(x))
TENON_UNARY(Ceil, hn::Ceil(x))
TENON_UNARY(Round, hn::Round(x))
TENON_UNARY(Sqrt, hn::Sqrt(x))
TENON_UNARY(Rsqrt, hn::Div(Number(1), hn::Sqrt(x)))
TENON_UNARY(Reciprocal, hn::Div(Number(1), x))
TENON_UNARY(Square, hn::Mul(x, x))
TENON_UNARY(ExpOp, Exp(D(), x))
TENON_UNARY(LogOp, Log(D(), x))
TENON_UNARY(TanhOp, Tanh(D(), x))
TENON_UNARY(ErfOp, Erf(D(), x))
TENON_UNARY(SigmoidOp, Sigmoid(D(), x))
TENON_UNARY(Relu, hn::Max(Zero(), x))
TENON_UNARY(SoftplusOp, Softplus(D(), x))
TENON_UNARY(Softsign, hn::Div(x, hn::Add(Number(1), hn::Abs(x))))
TENON_UNARY(LeakyRelu, NegativeOr(x, hn::Mul(Alpha(a), x), x))
TENON_UNARY(Elu, NegativeOr(x, hn::Mul(Alpha(a), Expm1(D(), x)), x))
TENON_UNARY(Selu, hn::Mul(Beta(a), hn::IfThenElse(hn::Gt(x, Zero()), x, hn::Mul(Alpha(a), Expm1(D(), x)))))
TENON_UNARY(Celu, hn::Add(hn::Max(Zero(), x), hn::Min(Zero(), hn::Mul(Alpha(a), Expm1(D(), hn::Div(x, Alpha(a)))))))
TENON_UNARY(HardSigmoid, Unit(hn::MulAdd(Alpha(a), x, Beta(a))))
TENON_UNARY(HardSwish, hn::Mul(x, Unit(hn::MulAdd(x, Number(1.0f / 6), Number(0.5f)))))
TENON_UNARY(ThresholdedRelu, hn::IfThenElseZero(hn::Gt(x, Alpha(a)), x))
TENON_UNARY(Shrink, hn::IfThenElse(hn::Lt(x, hn::Neg(Alpha(a))), hn::Add(x, Beta(a)),
                                   hn::IfThenElseZero(hn::Gt(x, Alpha(a)), hn::Sub(x, Beta(a)))))
TENON_UNARY(GeluErfOp, GeluErf(D(), x))
TENON_UNARY(GeluTanhOp, GeluTanh(D(), x))
TENON_UNARY(MishOp, Mish(D(), x))
TENON_UNARY(Clip, hn::Min(Beta(a), hn::Max(Alpha(a), x)))
TENON_UNARY(Swish, hn::Mul(x, Sigmoid(D(), hn::Mul(Alpha(a), x))))
#undef TENON_UNARY

#define TENON_BINARY(name, expression)                        \
  struct name {                                               \
    static HWY_INLINE V Call(V x, V y) { return expression; } \
  };
TENON_BINARY(Add, hn::Add(x, y))
TENON_BINARY(Sub, hn::Sub(x, y))
TENON_BINARY(Mul, hn::Mul(x, y))
TENON_BINARY(Div, hn::Div(x, y))
TENON_BINARY(Min, MinOrNaN(x, y))
TENON_BINARY(Max, MaxOrNaN(x, y))
TENON_BINARY(Prelu, NegativeOr(x, hn::Mul(x, y), x))
#undef TENON_BINARY

constexpr size_t kMaxLanes = 16;

template <class F>
void Unary(Args args) {
  const D d;
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out);
  const size_t n = static_cast<size_t>(args.count), lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(F::Call(hn::LoadU(d, x + i), args), d, y + i);
  if (i == n) return;
  HWY_ALIGN float rest[kMaxLanes] = {};
  std::memcpy(rest, x + i, (n - i) * sizeof(float));
  hn::Store(F::Call(hn::Load(d, rest), args), d, rest);
  std::memcpy(y + i, rest, (n - i) * sizeof(float));
}

/// `step` 0: the one element of a uniform input, in all lanes.
template <int step>
HWY_INLINE V Read(const float* x, size_t i) {
  if constexpr (step == 0)
    return hn::Set(D(), *x);
  else
    return hn::LoadU(D(), x + i);
}

template <class F, int left, int right>
void Binary(Args args) {
  const D d;
  const auto *x = static_cast<const float*>(args.in[0]), *y = static_cast<const float*>(args.in[1]);
  auto* z = static_cast<float*>(args.out);
  const size_t n = static_cast<size_t>(args.count), lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(F::Call(Read<left>(x, i), Read<right>(y, i)), d, z + i);
  if (i == n) return;
  HWY_ALIGN float a[kMaxLanes] = {}, b[kMaxLanes] = {};
  const size_t bytes = (n - i) * sizeof(float);
  std::memcpy(a, x + i * left, left ? bytes : sizeof(float));
  std::memcpy(b, y + i * right, right ? bytes : sizeof(float));
  hn::Store(F::Call(Read<left>(a, 0), Read<right>(b, 0)), d, a);
  std::memcpy(z + i, a, bytes);
}

template <class F>
constexpr StripEntry UnaryEntry(std::string_view op) {
  return {op, {Unary<F>, nullptr, nullptr, nullptr}};
}
template <class F>
constexpr StripEntry BinaryEntry(std::string_view op) {
  return {op, {Binary<F, 1, 1>, Binary<F, 0, 1>, Binary<F, 1, 0>, nullptr}};
}

StripFunction Find(std::string_view op, unsigned uniform) {
  static const StripEntry entries[] = {
      UnaryEntry<Copy>("copy"),
      UnaryEntry<Abs>("abs"),
      UnaryEntry<Neg>("neg"),
      UnaryEntry<Sign>("sign"),
      UnaryEntry<Floor>("floor"),
      UnaryEntry<Ceil>("ceil"),
      UnaryEntry<Round>("round"),
      UnaryEntry<Sqrt>("sqrt"),
      UnaryEntry<Rsqrt>("rsqrt"),
      UnaryEntry<Reciprocal>("reciprocal"),
      UnaryEntry<Square>("square"),
      UnaryEntry<ExpOp>("exp"),
      UnaryEntry<LogOp>("log"),
      UnaryEntry<TanhOp>("tanh"),
      UnaryEntry<ErfOp>("erf"),
      UnaryEntry<SigmoidOp>("sigmoid"),
      UnaryEntry<Relu>("relu"),
      UnaryEntry<SoftplusOp>("softplus"),
      UnaryEntry<Softsign>("softsign"),
      UnaryEntry<LeakyRelu>("leaky_relu"),
      UnaryEntry<Elu>("elu"),
      UnaryEntry<Selu>("selu"),
      UnaryEntry<Celu>("celu"),
      UnaryEntry<HardSigmoid>("hard_sigmoid"),
      UnaryEntry<HardSwish>("hard_swish"),
      UnaryEntry<ThresholdedRelu>("thresholded_relu"),
      UnaryEntry<Shrink>("shrink"),
      UnaryEntry<GeluErfOp>("gelu_erf"),
      UnaryEntry<GeluTanhOp>("gelu_tanh"),
      UnaryEntry<MishOp>("mish"),
      UnaryEntry<Swish>("swish"),
      UnaryEntry<Clip>("clip"),
      BinaryEntry<Add>("add"),
      BinaryEntry<Sub>("sub"),
      BinaryEntry<Mul>("mul"),
      BinaryEntry<Div>("div"),
      BinaryEntry<Min>("min"),
      BinaryEntry<Max>("max"),
      BinaryEntry<Prelu>("prelu"),
  };
  for (const StripEntry& entry : entries)
    if (entry.op == op) return entry.functions[uniform & 3];
  return nullptr;
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::core::cpu {

HWY_EXPORT(Find);
StripFunction find_f32_function(std::string_view op, unsigned uniform) {
  return HWY_DYNAMIC_DISPATCH(Find)(op, uniform);
}

}  // namespace tenon::core::cpu
#endif
