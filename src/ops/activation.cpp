#include <algorithm>

#include "base/error.h"
#include "ops/conv.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

UnaryKind kind_of(const std::string& name) {
  const auto names = enum_names(UnaryKind{});
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    fail(ErrorCode::invalid_model, "'{}' is not an activation; expected 'clip' or the name of a unary function", name);
  return static_cast<UnaryKind>(found - names.begin());
}

template <class T>
void apply_unary(const Activation& a, std::span<T> x) {
  Tensor in(DTypeOf<T>::value, {static_cast<int64_t>(x.size())});
  std::copy(x.begin(), x.end(), in.mutable_data<T>());
  Threads alone(1);
  const HostValue inputs[] = {std::move(in)};
  const auto out = Unary(kind_of(a.kind), a.alpha, a.beta).evaluate(EvalContext(inputs, alone));
  const auto values = std::get<Tensor>(out[0]).values<T>();
  std::copy(values.begin(), values.end(), x.begin());
}

template <class T>
void apply(const Activation& a, std::span<T> x) {
  if (!a.present()) return;
  const T low = static_cast<T>(a.alpha), high = static_cast<T>(a.beta);
  if (a.kind == "relu")
    for (T& v : x) v = v < 0 ? T(0) : v;
  else if (a.kind == "clip")
    for (T& v : x) v = v < low ? low : v > high ? high : v;
  else
    apply_unary(a, x);
}

}  // namespace

void apply_activation(const Activation& a, std::span<float> x) { apply(a, x); }
void apply_activation(const Activation& a, std::span<double> x) { apply(a, x); }

}  // namespace tenon::core
