#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "kernels/cpu/pointwise_loops.h"

namespace tenon::core::cpu {
namespace {

/// Integers are computed in 64 bits and wrap to their type.
template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, T,
                                std::conditional_t<std::is_same_v<T, uint64_t>, uint64_t, int64_t>>;

struct Add {
  template <class C>
  static C call(C a, C b) {
    if constexpr (std::is_floating_point_v<C>)
      return a + b;
    else
      return static_cast<C>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
struct Sub {
  template <class C>
  static C call(C a, C b) {
    if constexpr (std::is_floating_point_v<C>)
      return a - b;
    else
      return static_cast<C>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  }
};
struct Mul {
  template <class C>
  static C call(C a, C b) {
    if constexpr (std::is_floating_point_v<C>)
      return a * b;
    else
      return static_cast<C>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
};
struct Div {
  template <class C>
  static C call(C a, C b) {
    if constexpr (std::is_floating_point_v<C>) return a / b;
    if (b == C(0)) fail(ErrorCode::runtime_value, "division of an integer by zero");
    if (std::is_signed_v<C> && b == C(-1)) return Sub::call(C(0), a);
    return a / b;
  }
};
/// The remainder with the sign of the dividend.
struct Fmod {
  template <class C>
  static C call(C a, C b) {
    if constexpr (std::is_floating_point_v<C>) {
      return std::fmod(a, b);
    } else {
      if (b == C(0)) fail(ErrorCode::runtime_value, "remainder of a division of an integer by zero");
      return std::is_signed_v<C> && b == C(-1) ? C(0) : a % b;
    }
  }
};
/// The remainder with the sign of the divisor.
struct Mod {
  template <class C>
  static C call(C a, C b) {
    const C r = Fmod::call(a, b);
    if constexpr (std::is_floating_point_v<C>)
      if (r == 0) return std::copysign(C(0), b);
    return r != C(0) && (r < C(0)) != (b < C(0)) ? r + b : r;
  }
};
struct Min {
  template <class C>
  static C call(C a, C b) {
    return a != a || a < b || a == b ? a : b;
  }
};
struct Max {
  template <class C>
  static C call(C a, C b) {
    return a != a || a > b || a == b ? a : b;
  }
};
struct Prelu {
  template <class C>
  static C call(C x, C slope) {
    return x < C(0) ? Mul::call(slope, x) : x;
  }
};
struct Pow {
  template <class C>
  static C call(C a, C b) {
    return std::pow(a, b);
  }
};
struct And {
  template <class C>
  static C call(C a, C b) {
    return a & b;
  }
};
struct Or {
  template <class C>
  static C call(C a, C b) {
    return a | b;
  }
};
struct Xor {
  template <class C>
  static C call(C a, C b) {
    return a ^ b;
  }
};
/// Shifts by at least 64, or by a negative amount, move all bits out.
struct ShiftLeft {
  template <class C>
  static C call(C value, C amount) {
    const auto by = static_cast<uint64_t>(amount);
    return by < 64 ? static_cast<C>(static_cast<uint64_t>(value) << by) : C(0);
  }
};
struct ShiftRight {
  template <class C>
  static C call(C value, C amount) {
    const auto by = static_cast<uint64_t>(amount);
    return by < 64 ? value >> by : value < C(0) ? C(-1) : C(0);
  }
};
struct Equal {
  template <class C>
  static bool call(C a, C b) {
    return a == b;
  }
};
struct Less {
  template <class C>
  static bool call(C a, C b) {
    return a < b;
  }
};
struct LessEqual {
  template <class C>
  static bool call(C a, C b) {
    return a <= b;
  }
};
struct Greater {
  template <class C>
  static bool call(C a, C b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <class C>
  static bool call(C a, C b) {
    return a >= b;
  }
};

template <class F, class T, class R, int left, int right>
void binary(const StripArgs& args) {
  using C = Wide<T>;
  const auto *a = static_cast<const T*>(args.in[0]), *b = static_cast<const T*>(args.in[1]);
  auto* out = static_cast<R*>(args.out);
  for (int64_t i = 0; i < args.count; ++i)
    out[i] = static_cast<R>(F::template call<C>(static_cast<C>(a[i * left]), static_cast<C>(b[i * right])));
}

template <class F, class T, class R = T>
StripFunction pick(unsigned uniform) {
  if (uniform == 1) return binary<F, T, R, 0, 1>;
  if (uniform == 2) return binary<F, T, R, 1, 0>;
  return uniform == 0 ? binary<F, T, R, 1, 1> : nullptr;
}

template <class T>
StripFunction find_comparison(std::string_view op, unsigned uniform) {
  if (op == "equal") return pick<Equal, T, bool>(uniform);
  if (op == "less") return pick<Less, T, bool>(uniform);
  if (op == "less_equal") return pick<LessEqual, T, bool>(uniform);
  if (op == "greater") return pick<Greater, T, bool>(uniform);
  if (op == "greater_equal") return pick<GreaterEqual, T, bool>(uniform);
  return nullptr;
}

template <class T>
StripFunction find_arithmetic(std::string_view op, unsigned uniform) {
  if (op == "add") return pick<Add, T>(uniform);
  if (op == "sub") return pick<Sub, T>(uniform);
  if (op == "mul") return pick<Mul, T>(uniform);
  if (op == "div") return pick<Div, T>(uniform);
  if (op == "mod") return pick<Mod, T>(uniform);
  if (op == "fmod") return pick<Fmod, T>(uniform);
  if (op == "min") return pick<Min, T>(uniform);
  if (op == "max") return pick<Max, T>(uniform);
  if (op == "prelu") return pick<Prelu, T>(uniform);
  return nullptr;
}

template <class T>
StripFunction find_bits(std::string_view op, unsigned uniform) {
  if (op == "logical_and" || op == "bitwise_and") return pick<And, T>(uniform);
  if (op == "logical_or" || op == "bitwise_or") return pick<Or, T>(uniform);
  if (op == "logical_xor" || op == "bitwise_xor") return pick<Xor, T>(uniform);
  if (op == "shift_left") return pick<ShiftLeft, T>(uniform);
  if (op == "shift_right") return pick<ShiftRight, T>(uniform);
  return nullptr;
}

}  // namespace

template <class T>
StripFunction find_binary(std::string_view op, unsigned uniform) {
  if (const StripFunction f = find_comparison<T>(op, uniform)) return f;
  if constexpr (std::is_floating_point_v<T>) {
    if (op == "pow") return pick<Pow, T>(uniform);
    return find_arithmetic<T>(op, uniform);
  } else {
    if (const StripFunction f = find_bits<T>(op, uniform)) return f;
    if constexpr (std::is_same_v<T, bool>)
      return nullptr;
    else
      return find_arithmetic<T>(op, uniform);
  }
}

#define TENON_FIND_BINARY(T) template StripFunction find_binary<T>(std::string_view, unsigned);
TENON_FOR_STRIP_TYPES(TENON_FIND_BINARY)
#undef TENON_FIND_BINARY

}  // namespace tenon::core::cpu
