#include <cmath>

#include "base/error.h"
#include "ops/elementwise.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

template <class I>
I divide(I a, I b) {
  if (b == I(0)) fail(ErrorCode::runtime_value, "division of an integer by zero");
  if (std::is_signed_v<I> && b == I(-1)) return wrap_sub(I(0), a);
  return a / b;
}

/// The remainder with the sign of the dividend.
template <class I>
I remainder(I a, I b) {
  if (b == I(0)) fail(ErrorCode::runtime_value, "remainder of a division of an integer by zero");
  if (std::is_signed_v<I> && b == I(-1)) return I(0);
  return a % b;
}

template <class I>
I floor_remainder(I a, I b) {
  const I r = remainder(a, b);
  return r != I(0) && (r < I(0)) != (b < I(0)) ? r + b : r;
}

template <class F>
requires std::is_floating_point_v<F> F floor_remainder(F a, F b) {
  const F r = std::fmod(a, b);
  if (r == 0) return std::copysign(F(0), b);
  return (r < 0) != (b < 0) ? r + b : r;
}

template <class I>
I power(I base, uint64_t exponent) {
  I result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = wrap_mul(result, base);
    base = wrap_mul(base, base);
  }
  return result;
}

template <class I, class E>
I power_of_integers(I base, E exponent) {
  if (exponent >= E(0)) return power(base, static_cast<uint64_t>(exponent));
  if (base == I(0)) fail(ErrorCode::runtime_value, "the integer 0 to the negative power {}", exponent);
  if (base == I(1)) return I(1);
  if (std::is_signed_v<I> && base == I(-1)) return exponent % 2 == 0 ? I(1) : I(-1);
  return I(0);
}

/// Shifts by at least the width, or by a negative amount, move all bits out.
template <class I>
I shift_left(I value, I amount) {
  const uint64_t by = static_cast<uint64_t>(amount);
  return by < 64 ? static_cast<I>(static_cast<uint64_t>(value) << by) : I(0);
}
template <class I>
I shift_right(I value, I amount) {
  const uint64_t by = static_cast<uint64_t>(amount);
  return by < 64 ? value >> by : value < I(0) ? I(-1) : I(0);
}

template <class C>
C smaller(C a, C b) {
  if (a != a) return a;
  return a < b || b == a ? a : b;
}
template <class C>
C larger(C a, C b) {
  if (a != a) return a;
  return a > b || b == a ? a : b;
}

/// Calls `loop(f)` for the kinds that floats and integers share and that give the inputs' type.
template <class C, class Loop>
bool with_common_function(BinaryKind kind, Loop loop) {
  switch (kind) {
    case BinaryKind::min:
      loop([](C a, C b) { return smaller(a, b); });
      break;
    case BinaryKind::max:
      loop([](C a, C b) { return larger(a, b); });
      break;
    case BinaryKind::mod:
      loop([](C a, C b) { return floor_remainder(a, b); });
      break;
    default:
      return false;
  }
  return true;
}

template <class C, class Loop>
void with_float_function(BinaryKind kind, Loop loop) {
  if (with_common_function<C>(kind, loop)) return;
  switch (kind) {
    case BinaryKind::add:
      return loop([](C a, C b) { return a + b; });
    case BinaryKind::sub:
      return loop([](C a, C b) { return a - b; });
    case BinaryKind::mul:
      return loop([](C a, C b) { return a * b; });
    case BinaryKind::div:
      return loop([](C a, C b) { return a / b; });
    case BinaryKind::fmod:
      return loop([](C a, C b) { return std::fmod(a, b); });
    case BinaryKind::prelu:
      return loop([](C x, C slope) { return x < 0 ? slope * x : x; });
    default:
      fail(ErrorCode::internal, "the binary kind {} has no float form", static_cast<int>(kind));
  }
}

template <class I, class Loop>
void with_integer_function(BinaryKind kind, Loop loop) {
  if (with_common_function<I>(kind, loop)) return;
  switch (kind) {
    case BinaryKind::add:
      return loop([](I a, I b) { return wrap_add(a, b); });
    case BinaryKind::sub:
      return loop([](I a, I b) { return wrap_sub(a, b); });
    case BinaryKind::mul:
      return loop([](I a, I b) { return wrap_mul(a, b); });
    case BinaryKind::div:
      return loop([](I a, I b) { return divide(a, b); });
    case BinaryKind::fmod:
      return loop([](I a, I b) { return remainder(a, b); });
    case BinaryKind::prelu:
      return loop([](I x, I slope) { return x < I(0) ? wrap_mul(slope, x) : x; });
    case BinaryKind::logical_and:
    case BinaryKind::bitwise_and:
      return loop([](I a, I b) { return I(a & b); });
    case BinaryKind::logical_or:
    case BinaryKind::bitwise_or:
      return loop([](I a, I b) { return I(a | b); });
    case BinaryKind::logical_xor:
    case BinaryKind::bitwise_xor:
      return loop([](I a, I b) { return I(a ^ b); });
    case BinaryKind::shift_left:
      return loop([](I a, I b) { return shift_left(a, b); });
    case BinaryKind::shift_right:
      return loop([](I a, I b) { return shift_right(a, b); });
    default:
      fail(ErrorCode::internal, "the binary kind {} has no integer form", static_cast<int>(kind));
  }
}

template <class C, class Loop>
void with_comparison(BinaryKind kind, Loop loop) {
  switch (kind) {
    case BinaryKind::equal:
      return loop([](C a, C b) { return a == b; });
    case BinaryKind::less:
      return loop([](C a, C b) { return a < b; });
    case BinaryKind::greater:
      return loop([](C a, C b) { return a > b; });
    case BinaryKind::less_equal:
      return loop([](C a, C b) { return a <= b; });
    case BinaryKind::greater_equal:
      return loop([](C a, C b) { return a >= b; });
    default:
      fail(ErrorCode::internal, "the binary kind {} is not a comparison", static_cast<int>(kind));
  }
}

void raise_to_power(Threads& threads, const Tensor& base, const Tensor& exponent, Tensor& y) {
  const auto in_floats = [&](auto zero) {
    using C = decltype(zero);
    zip_elements<C>(threads, base, exponent, y, [](C a, C b) { return std::pow(a, b); });
  };
  const bool narrow = base.dtype() != DType::f64 && is_float(exponent.dtype()) && exponent.dtype() != DType::f64;
  if (is_float(base.dtype()) && narrow) return in_floats(float{});
  if (is_float(base.dtype()) || is_float(exponent.dtype())) return in_floats(double{});
  with_compute_type(base.dtype(), [&](auto zero) {
    with_compute_type(exponent.dtype(), [&](auto exponent_zero) {
      using I = decltype(zero);
      using E = decltype(exponent_zero);
      if constexpr (std::is_integral_v<I> && std::is_integral_v<E>)
        zip_elements<I, E, I>(threads, base, exponent, y, [](I a, E b) { return power_of_integers(a, b); });
    });
  });
}

void compare_strings(const Tensor& a, const Tensor& b, Tensor& y) {
  const BroadcastView left(a.dims(), y.dims()), right(b.dims(), y.dims());
  const std::string *l = a.data<std::string>(), *r = b.data<std::string>();
  bool* to = y.mutable_data<bool>();
  for (int64_t i = 0; i < y.size(); ++i) to[i] = l[left.offset(i)] == r[right.offset(i)];
}

}  // namespace

std::vector<HostValue> Binary::evaluate(const EvalContext& cx) const {
  const Tensor &a = cx.tensor(0), &b = cx.tensor(1);
  Tensor y(is_comparison(kind) ? DType::boolean : a.dtype(), broadcast_dims(a.dims(), b.dims()));
  if (kind == BinaryKind::pow) {
    raise_to_power(cx.threads(), a, b, y);
    return {y};
  }
  if (a.dtype() == DType::string) {
    compare_strings(a, b, y);
    return {y};
  }
  with_compute_type(a.dtype(), [&](auto zero) {
    using C = decltype(zero);
    const auto loop = [&](auto f) { zip_elements<C>(cx.threads(), a, b, y, f); };
    const auto test = [&](auto f) { zip_elements<C, C, bool>(cx.threads(), a, b, y, f); };
    if (is_comparison(kind))
      with_comparison<C>(kind, test);
    else if constexpr (std::is_integral_v<C>)
      with_integer_function<C>(kind, loop);
    else
      with_float_function<C>(kind, loop);
  });
  return {y};
}

}  // namespace tenon::core
