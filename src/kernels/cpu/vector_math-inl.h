// Included once per Highway target, inside files that dispatch: functions of f32 vectors, within about 2 ulp.
#if defined(TENON_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_VECTOR_MATH_INL_H_
#undef TENON_VECTOR_MATH_INL_H_
#else
#define TENON_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// c0 + x (c1 + x (c2 + ...)).
template <class D, class V>
HWY_INLINE V Polynomial(D d, V, float c) {
  return hn::Set(d, c);
}
template <class D, class V, class... Rest>
HWY_INLINE V Polynomial(D d, V x, float c, Rest... rest) {
  return hn::MulAdd(Polynomial(d, x, rest...), x, hn::Set(d, c));
}

/// x = k ln 2 + r with |r| <= ln 2 / 2, for x in [-104, 89].
template <class V>
struct ExpParts {
  V k, r, tail;  // e^r = 1 + r + tail
};
template <class D, class V>
HWY_INLINE ExpParts<V> SplitExp(D d, V x) {
  const V k = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504f)));
  const V r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(k, hn::Set(d, 0.693359375f), x));
  const V p =
      Polynomial(d, r, 5.000000101e-01f, 1.666651289e-01f, 4.166618728e-02f, 8.369598410e-03f, 1.395171725e-03f);
  return {k, r, hn::Mul(hn::Mul(r, r), p)};
}

/// x * 2^k for whole k in [-252, 252].
template <class D, class V>
HWY_INLINE V ScaleByPower(D d, V x, V k) {
  const hn::RebindToSigned<D> di;
  const auto i = hn::ConvertTo(di, k);
  const auto half = hn::ShiftRight<1>(i);
  const auto power = [&](auto e) HWY_ATTR { return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(e, hn::Set(di, 127)))); };
  return hn::Mul(hn::Mul(x, power(half)), power(hn::Sub(i, half)));
}

/// The bounds come first: x86 min and max give their second operand when one is NaN.
template <class D, class V>
HWY_INLINE V Exp(D d, V x) {
  x = hn::Max(hn::Set(d, -104.0f), hn::Min(hn::Set(d, 89.0f), x));
  const auto parts = SplitExp(d, x);
  return ScaleByPower(d, hn::Add(hn::Set(d, 1.0f), hn::Add(parts.r, parts.tail)), parts.k);
}

/// e^x - 1, exact near 0.
template <class D, class V>
HWY_INLINE V Expm1(D d, V x) {
  x = hn::Max(hn::Set(d, -104.0f), hn::Min(hn::Set(d, 89.0f), x));
  const auto parts = SplitExp(d, x);
  const V one = hn::Set(d, 1.0f), small = hn::Add(parts.r, parts.tail);
  const V large = hn::Sub(ScaleByPower(d, hn::Add(one, small), parts.k), one);
  return hn::IfThenElse(hn::Eq(parts.k, hn::Zero(d)), small, large);
}

template <class D, class V>
HWY_INLINE V Log(D d, V x) {
  const hn::RebindToSigned<D> di;
  // m in [2/3, 4/3): the exponent is that of x / (2/3).
  const auto bits = hn::BitCast(di, x), offset = hn::Set(di, 0x3f2aaaab);
  const auto e = hn::ShiftRight<23>(hn::Sub(bits, offset));
  const V f = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e))), hn::Set(d, 1.0f));
  const V k = hn::ConvertTo(d, e), square = hn::Mul(f, f);
  const V p = Polynomial(d, f, 3.333318250e-01f, -2.499973942e-01f, 2.001260519e-01f, -1.668343292e-01f,
                         1.396656631e-01f, -1.213949096e-01f, 1.419075275e-01f, -1.310205020e-01f);
  V y = hn::MulAdd(hn::Mul(square, f), p, hn::Mul(k, hn::Set(d, -2.12194440e-4f)));
  y = hn::Add(hn::NegMulAdd(hn::Set(d, 0.5f), square, y), f);
  y = hn::MulAdd(k, hn::Set(d, 0.693359375f), y);
  const V infinity = hn::Inf(d), zero = hn::Zero(d);
  y = hn::IfThenElse(hn::Eq(x, infinity), x, y);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  return hn::IfThenElse(hn::Ge(x, zero), y, hn::NaN(d));  // also for NaN
}

/// log(1 + x) for x > -1, exact near 0.
template <class D, class V>
HWY_INLINE V Log1p(D d, V x) {
  const V one = hn::Set(d, 1.0f), u = hn::Add(x, one), rounded = hn::Sub(u, one);
  const V y = hn::Mul(Log(d, u), hn::Div(x, rounded));
  return hn::IfThenElse(hn::Eq(rounded, hn::Zero(d)), x, hn::IfThenElse(hn::Eq(u, hn::Inf(d)), u, y));
}

template <class D, class V>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

template <class D, class V>
HWY_INLINE V Tanh(D d, V x) {
  const V a = hn::Abs(x), s = hn::Mul(x, x), one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f);
  const V p =
      Polynomial(d, s, -3.333326474e-01f, 1.333095024e-01f, -5.369713479e-02f, 2.049663544e-02f, -5.543112481e-03f);
  const V small = hn::MulAdd(hn::Mul(x, s), p, x);
  const V large = hn::Sub(one, hn::Div(two, hn::Add(Exp(d, hn::Add(a, a)), one)));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.64f)), small, hn::CopySign(large, x));
}

/// 1 - erf(a) for a >= 0.
template <class D, class V>
HWY_INLINE V ErfcOfPositive(D d, V a) {
  const V one = hn::Set(d, 1.0f);
  const V q = hn::Div(one, hn::MulAdd(a, hn::Set(d, 0.5f), one));
  const V p =
      Polynomial(d, q, -1.265420119e+00f, 9.980705261e-01f, 3.914390959e-01f, 1.180365491e-02f, 6.792147516e-02f,
                 -2.050420064e-01f, -5.462317840e-01f, 1.044622843e+00f, -6.334363895e-01f, 1.362727449e-01f);
  return hn::Mul(q, Exp(d, hn::NegMulAdd(a, a, p)));
}

/// erf(x) for |x| < 1.
template <class D, class V>
HWY_INLINE V ErfOfSmall(D d, V x) {
  const V s = hn::Mul(x, x);
  const V p = Polynomial(d, s, -3.761263072e-01f, 1.128362988e-01f, -2.685548418e-02f, 5.191291815e-03f,
                         -8.035031735e-04f, 7.933108514e-05f);
  return hn::Mul(x, hn::MulAdd(s, p, hn::Set(d, 1.128379167f)));
}

template <class D, class V>
HWY_INLINE V Erf(D d, V x) {
  const V a = hn::Abs(x);
  const V large = hn::CopySign(hn::Sub(hn::Set(d, 1.0f), ErfcOfPositive(d, a)), x);
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.9f)), ErfOfSmall(d, x), large);
}

/// x / 2 * (1 + erf(x / sqrt 2)), with a small relative error for negative x too.
template <class D, class V>
HWY_INLINE V GeluErf(D d, V x) {
  const V t = hn::Mul(x, hn::Set(d, 0.70710678f)), half = hn::Mul(x, hn::Set(d, 0.5f)), a = hn::Abs(t);
  // Finite where x is infinite: infinity times the 0 behind it is NaN.
  const V rest = hn::Mul(hn::Min(hn::Set(d, 1e30f), half), ErfcOfPositive(d, a));
  const V large = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), rest, hn::Sub(x, rest));
  const V small = hn::MulAdd(half, ErfOfSmall(d, t), half);
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.5f)), small, large);
}

template <class D, class V>
HWY_INLINE V GeluTanh(D d, V x) {
  const V inner =
      hn::Mul(hn::Mul(x, hn::Set(d, 0.79788456f)), hn::MulAdd(hn::Mul(x, x), hn::Set(d, 0.044715f), hn::Set(d, 1.0f)));
  // (1 + tanh z) / 2 is the sigmoid of 2 z.
  return hn::Mul(x, Sigmoid(d, hn::Add(inner, inner)));
}

/// log(1 + e^x).
template <class D, class V>
HWY_INLINE V Softplus(D d, V x) {
  return hn::Add(hn::Max(hn::Zero(d), x), Log1p(d, Exp(d, hn::Neg(hn::Abs(x)))));
}

/// x tanh(softplus(x)) = x (e^2 + 2 e) / (e^2 + 2 e + 2) with e = e^x.
template <class D, class V>
HWY_INLINE V Mish(D d, V x) {
  const V e = Exp(d, hn::Min(hn::Set(d, 20.0f), x)), two = hn::Set(d, 2.0f);
  const V n = hn::Mul(e, hn::Add(e, two));
  return hn::Mul(x, hn::Div(n, hn::Add(n, two)));
}

/// Smaller and larger of two; NaN when either is.
template <class V>
HWY_INLINE V MinOrNaN(V a, V b) {
  return hn::IfThenElse(hn::IsNaN(a), a, hn::Min(a, b));
}
template <class V>
HWY_INLINE V MaxOrNaN(V a, V b) {
  return hn::IfThenElse(hn::IsNaN(a), a, hn::Max(a, b));
}

}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
