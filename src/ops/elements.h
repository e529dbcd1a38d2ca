#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "ir/tensor.h"

namespace tenon::core {

/// An element that is only moved: N bytes at any alignment.
template <int N>
struct Raw {
  std::byte bytes[N];
};

/// Calls f with a value of the type that moves elements of `dtype`: Raw<1>, 2, 4, 8, 16, or std::string.
template <class F>
decltype(auto) visit_movable(DType dtype, F&& f) {
  if (dtype == DType::string) return f(std::string());
  switch (size_of(dtype)) {
    case 1:
      return f(Raw<1>());
    case 2:
      return f(Raw<2>());
    case 4:
      return f(Raw<4>());
    case 8:
      return f(Raw<8>());
    case 16:
      return f(Raw<16>());
    default:
      fail(ErrorCode::internal, "elements of type {} can't be moved", to_string(dtype));
  }
}

/// The elements of a tensor as the type that visit_movable gave.
template <class T>
const T* elements_of(const Tensor& t) {
  if constexpr (std::is_same_v<T, std::string>)
    return t.data<std::string>();
  else
    return reinterpret_cast<const T*>(t.bytes().data());
}
template <class T>
T* mutable_elements_of(Tensor& t) {
  if constexpr (std::is_same_v<T, std::string>)
    return t.mutable_data<std::string>();
  else
    return reinterpret_cast<T*>(t.mutable_bytes().data());
}

/// Copies one element of `from` over all of `to`; both have one dtype.
void fill_with(Tensor& to, const Tensor& from);

/// u64 seen as i64 in the same order.
inline int64_t flip_sign_bit(int64_t v) { return static_cast<int64_t>(static_cast<uint64_t>(v) ^ (uint64_t{1} << 63)); }

/// Calls f with the elements as a span of const float (f32), double (other floats) or int64_t (integers, bool), in the
/// order they have in `t`: u64 has its top bit flipped. Not for strings and complex numbers.
template <class F>
decltype(auto) visit_ordered(const Tensor& t, F&& f) {
  if (t.dtype() == DType::f32) {
    const bool aligned = reinterpret_cast<uintptr_t>(t.bytes().data()) % alignof(float) == 0;
    if (aligned) return f(t.values<float>());
    const std::vector<float> copy = to_floats(t);
    return f(std::span<const float>(copy));
  }
  if (is_float(t.dtype())) {
    const std::vector<double> copy = to_doubles(t);
    return f(std::span<const double>(copy));
  }
  std::vector<int64_t> copy = to_int64s(t);
  if (t.dtype() == DType::u64)
    for (int64_t& v : copy) v = flip_sign_bit(v);
  return f(std::span<const int64_t>(copy));
}

}  // namespace tenon::core
