#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/checked.h"
#include "ir/tensor.h"

namespace tenon::core {

/// Calls f(float{}) for the float types up to 32 bits and the integers up to 16 bits, f(double{}) for all others.
template <class F>
decltype(auto) with_real_type(DType dtype, F&& f) {
  const bool exact_in_float = is_float(dtype) ? dtype != DType::f64 : size_of(dtype) <= 2;
  if (exact_in_float) return f(float{});
  return f(double{});
}

/// The elements of a number tensor as T (float, double, or uint64_t, to which integers wrap): its own memory where they
/// are T already, else converted. The tensor must outlive it.
template <class T>
class Reals {
 public:
  Reals() = default;
  explicit Reals(const Tensor& tensor) : size_(tensor.size()), present_(true) {
    const auto* bytes = tensor.bytes().data();
    if (tensor.dtype() == DTypeOf<T>::value && reinterpret_cast<uintptr_t>(bytes) % alignof(T) == 0) {
      data_ = reinterpret_cast<const T*>(bytes);
      return;
    }
    if constexpr (std::is_same_v<T, float>) {
      converted_ = to_floats(tensor);
    } else if constexpr (std::is_same_v<T, double>) {
      converted_ = to_doubles(tensor);
    } else {
      const std::vector<int64_t> wide = to_int64s(tensor);
      converted_.assign(wide.begin(), wide.end());
    }
    data_ = converted_.data();
  }
  Reals(Reals&&) noexcept = default;  // a moved vector keeps its memory
  Reals& operator=(Reals&&) noexcept = default;

  const T* data() const { return data_; }
  int64_t size() const { return size_; }
  T operator[](int64_t i) const { return data_[i]; }
  explicit operator bool() const { return present_; }

 private:
  const T* data_ = nullptr;
  int64_t size_ = 0;
  bool present_ = false;
  std::vector<T> converted_;
};

/// A zero-filled result computed in T; `finish` rounds it to its dtype once.
template <class T>
class RealResult {
 public:
  RealResult(DType dtype, const Dims& dims) : dtype_(dtype), tensor_(DTypeOf<T>::value, dims), data_(tensor_.mutable_data<T>()) {}
  T* data() { return data_; }
  int64_t size() const { return tensor_.size(); }
  std::span<T> span() { return {data_, static_cast<size_t>(size())}; }
  const Dims& dims() const { return tensor_.dims(); }
  Tensor finish() const {
    if (dtype_ == tensor_.dtype()) return tensor_;
    if constexpr (std::is_same_v<T, float>) {
      return from_floats(dtype_, dims(), tensor_.values<float>());
    } else if constexpr (std::is_same_v<T, double>) {
      return from_doubles(dtype_, dims(), tensor_.values<double>());
    } else {
      const auto wrapped = tensor_.template values<T>();
      return from_int64s(dtype_, dims(), std::vector<int64_t>(wrapped.begin(), wrapped.end()));
    }
  }

 private:
  DType dtype_;
  Tensor tensor_;
  T* data_;
};

}  // namespace tenon::core
