#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/checked.h"
#include "base/half.h"
#include "tenon/dtype.h"

namespace tenon::core {

using Dims = std::vector<int64_t>;
std::string dims_to_string(std::span<const int64_t> dims);  // "[1,3,224,224]"

/// A dense row-major tensor in host memory. Copies share the bytes; only its maker writes to them.
class Tensor {
 public:
  Tensor() = default;
  /// Zero-filled (strings: empty), 64-byte aligned.
  Tensor(DType dtype, Dims dims);
  /// Bytes owned by someone else; `owner` keeps them alive. Need not be aligned.
  static Tensor view(DType dtype, Dims dims, std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t dim(int64_t axis) const { return dims_[axis]; }
  int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
  int64_t size() const { return size_; }
  int64_t byte_size() const { return size_ * size_of(dtype_); }
  bool defined() const { return dtype_ != DType::none; }

  std::span<const std::byte> bytes() const;
  std::span<std::byte> mutable_bytes();
  /// T must be the C++ type of dtype (bool for boolean, uint8_t or int8_t for 4-bit and 2-bit integers, std::string,
  /// std::complex<float>): checked with `assume`.
  template <class T>
  const T* data() const;
  template <class T>
  T* mutable_data();
  template <class T>
  std::span<const T> values() const { return {data<T>(), static_cast<size_t>(size_)}; }
  template <class T>
  std::span<T> mutable_values() { return {mutable_data<T>(), static_cast<size_t>(size_)}; }

  /// The same bytes under other dims of equal size.
  Tensor reshaped(Dims dims) const;
  /// The same bytes under another type of equal element size.
  Tensor retyped(DType dtype) const;

 private:
  DType dtype_ = DType::none;
  Dims dims_;
  int64_t size_ = 0;
  std::shared_ptr<void> storage_;  // null for views
  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
};

bool is_float(DType);           // f64 f32 f16 bf16 f8* f4
bool is_integer(DType);         // signed and unsigned, 2 and 4 bits too; not bool
bool is_signed_integer(DType);

/// Element-wise conversions through the widest type of the family. Not for strings.
std::vector<double> to_doubles(const Tensor&);     // floats, integers, bool
std::vector<int64_t> to_int64s(const Tensor&);     // integers, bool; u64 above 2^63 wraps; floats truncate
std::vector<float> to_floats(const Tensor&);
/// Rounds to nearest even for float types, truncates and wraps for integers, != 0 for bool.
Tensor from_doubles(DType, Dims, std::span<const double>);
Tensor from_int64s(DType, Dims, std::span<const int64_t>);
Tensor from_floats(DType, Dims, std::span<const float>);
Tensor scalar(DType, double);

/// What an op computes with: a tensor, a sequence, or nothing (an absent optional input, an empty optional).
using HostValue = std::variant<std::monostate, Tensor, std::vector<Tensor>>;

template <class T> struct DTypeOf;
#define TENON_DTYPE_OF(T, d) template <> struct DTypeOf<T> { static constexpr DType value = DType::d; };
TENON_DTYPE_OF(float, f32) TENON_DTYPE_OF(double, f64) TENON_DTYPE_OF(F16, f16) TENON_DTYPE_OF(BF16, bf16)
TENON_DTYPE_OF(int8_t, i8) TENON_DTYPE_OF(int16_t, i16) TENON_DTYPE_OF(int32_t, i32) TENON_DTYPE_OF(int64_t, i64)
TENON_DTYPE_OF(uint8_t, u8) TENON_DTYPE_OF(uint16_t, u16) TENON_DTYPE_OF(uint32_t, u32) TENON_DTYPE_OF(uint64_t, u64)
TENON_DTYPE_OF(bool, boolean) TENON_DTYPE_OF(std::string, string)
#undef TENON_DTYPE_OF

/// A tensor from a vector: `tensor_of<float>({2, 3}, {...})`.
template <class T>
Tensor tensor_of(Dims dims, const std::vector<T>& values) {
  Tensor t(DTypeOf<T>::value, std::move(dims));
  assume(t.size() == static_cast<int64_t>(values.size()), "tensor_of: as many values as the dims say");
  for (size_t i = 0; i < values.size(); ++i) t.mutable_data<T>()[i] = values[i];
  return t;
}

}  // namespace tenon::core
