#include <cmath>
#include <type_traits>

#include "kernels/cpu/pointwise_loops.h"

namespace tenon::core::cpu {
namespace {

template <class T, class R, class F>
void loop(const StripArgs& args, F f) {
  const auto* x = static_cast<const T*>(args.in[0]);
  auto* out = static_cast<R*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) out[i] = static_cast<R>(f(x[i]));
}

/// A function without parameters, as a strip function.
template <class T, class R, class F>
StripFunction plain(F) {
  return [](const StripArgs& args) { loop<T, R>(args, F()); };
}

template <class T>
void is_infinite(const StripArgs& args) {
  const bool negative = args.alpha != 0, positive = args.beta != 0;
  loop<T, bool>(args, [=](T x) { return std::isinf(x) && (x < 0 ? negative : positive); });
}

/// What has no vectorised form.
template <class T>
StripFunction find_float(std::string_view op) {
  if (op == "sin") return plain<T, T>([](T x) { return std::sin(x); });
  if (op == "cos") return plain<T, T>([](T x) { return std::cos(x); });
  if (op == "tan") return plain<T, T>([](T x) { return std::tan(x); });
  if (op == "asin") return plain<T, T>([](T x) { return std::asin(x); });
  if (op == "acos") return plain<T, T>([](T x) { return std::acos(x); });
  if (op == "atan") return plain<T, T>([](T x) { return std::atan(x); });
  if (op == "sinh") return plain<T, T>([](T x) { return std::sinh(x); });
  if (op == "cosh") return plain<T, T>([](T x) { return std::cosh(x); });
  if (op == "asinh") return plain<T, T>([](T x) { return std::asinh(x); });
  if (op == "acosh") return plain<T, T>([](T x) { return std::acosh(x); });
  if (op == "atanh") return plain<T, T>([](T x) { return std::atanh(x); });
  if (op == "is_nan") return plain<T, bool>([](T x) { return std::isnan(x); });
  if (op == "is_inf") return is_infinite<T>;
  return nullptr;
}

/// f64 has the common functions too; those of f32 are vectorised elsewhere.
template <class T>
StripFunction find_common(std::string_view op) {
  if (op == "copy") return plain<T, T>([](T x) { return x; });
  if (op == "neg") return plain<T, T>([](T x) { return T(T(0) - x); });
  if (op == "abs") return plain<T, T>([](T x) { return x < T(0) ? T(T(0) - x) : x; });
  if (op == "sign") return plain<T, T>([](T x) { return x > T(0) ? T(1) : x < T(0) ? T(-1) : x; });
  if (op == "relu") return plain<T, T>([](T x) { return x < T(0) ? T(0) : x; });
  if (op == "square") return plain<T, T>([](T x) { return T(x * x); });
  return nullptr;
}

StripFunction find_double(std::string_view op) {
  if (op == "abs") return plain<double, double>([](double x) { return std::abs(x); });
  if (op == "neg") return plain<double, double>([](double x) { return -x; });
  if (op == "floor") return plain<double, double>([](double x) { return std::floor(x); });
  if (op == "ceil") return plain<double, double>([](double x) { return std::ceil(x); });
  if (op == "round") return plain<double, double>([](double x) { return std::nearbyint(x); });
  if (op == "sqrt") return plain<double, double>([](double x) { return std::sqrt(x); });
  if (op == "rsqrt") return plain<double, double>([](double x) { return 1 / std::sqrt(x); });
  if (op == "reciprocal") return plain<double, double>([](double x) { return 1 / x; });
  if (op == "exp") return plain<double, double>([](double x) { return std::exp(x); });
  if (op == "log") return plain<double, double>([](double x) { return std::log(x); });
  if (op == "tanh") return plain<double, double>([](double x) { return std::tanh(x); });
  if (op == "erf") return plain<double, double>([](double x) { return std::erf(x); });
  if (op == "sigmoid") return plain<double, double>([](double x) { return 1 / (1 + std::exp(-x)); });
  return nullptr;
}

template <class T>
StripFunction find_integer(std::string_view op) {
  // In unsigned arithmetic, which wraps.
  using U = std::make_unsigned_t<T>;
  if (op == "neg") return plain<T, T>([](T x) { return T(U(0) - U(x)); });
  if (op == "abs") return plain<T, T>([](T x) { return x < T(0) ? T(U(0) - U(x)) : x; });
  if (op == "square") return plain<T, T>([](T x) { return T(uint64_t(x) * uint64_t(x)); });
  if (op == "bitwise_not") return plain<T, T>([](T x) { return T(~x); });
  return find_common<T>(op);
}

}  // namespace

template <class T>
StripFunction find_unary(std::string_view op) {
  if constexpr (std::is_same_v<T, bool>) {
    if (op == "copy") return plain<bool, bool>([](bool x) { return x; });
    if (op == "logical_not") return plain<bool, bool>([](bool x) { return !x; });
    return nullptr;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (const StripFunction f = find_float<T>(op)) return f;
    if constexpr (std::is_same_v<T, float>)
      return nullptr;
    else if (const StripFunction f = find_double(op))
      return f;
    return find_common<T>(op);
  } else {
    return find_integer<T>(op);
  }
}

#define TENON_FIND_UNARY(T) template StripFunction find_unary<T>(std::string_view);
TENON_FOR_STRIP_TYPES(TENON_FIND_UNARY)
#undef TENON_FIND_UNARY

}  // namespace tenon::core::cpu
