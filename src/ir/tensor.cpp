#include "ir/tensor.h"

#include <complex>
#include <cstring>

#include "base/blocks.h"
#include "base/error.h"

namespace tenon::core {
namespace {

std::shared_ptr<void> allocate(DType dtype, int64_t size) {
  if (dtype == DType::string) return std::shared_ptr<void>(new std::string[size], [](void* p) { delete[] static_cast<std::string*>(p); });
  const int64_t bytes = checked_mul(size, size_of(dtype));
  if (bytes > (int64_t{1} << 46)) fail(ErrorCode::too_large, "a tensor of {} bytes exceeds the limit of 2^46 bytes", bytes);
  void* p = take_zeroed_block(bytes);
  if (!p) fail(ErrorCode::out_of_memory, "no memory for a tensor of {} bytes", bytes);
  return std::shared_ptr<void>(p, release_block);
}

template <class T> bool holds(DType d) { return DTypeOf<T>::value == d; }
template <> bool holds<int8_t>(DType d) { return d == DType::i8 || d == DType::i4 || d == DType::i2; }
template <> bool holds<uint8_t>(DType d) {
  return d == DType::u8 || d == DType::u4 || d == DType::u2 || d == DType::boolean || (size_of(d) == 1 && is_float(d));
}
template <> bool holds<uint16_t>(DType d) { return d == DType::u16 || d == DType::f16 || d == DType::bf16; }
template <> bool holds<std::complex<float>>(DType d) { return d == DType::c64; }
template <> bool holds<std::complex<double>>(DType d) { return d == DType::c128; }
template <> bool holds<F8E4M3FN>(DType d) { return d == DType::f8e4m3fn; }
template <> bool holds<F8E4M3FNUZ>(DType d) { return d == DType::f8e4m3fnuz; }
template <> bool holds<F8E5M2>(DType d) { return d == DType::f8e5m2; }
template <> bool holds<F8E5M2FNUZ>(DType d) { return d == DType::f8e5m2fnuz; }
template <> bool holds<F8E8M0>(DType d) { return d == DType::f8e8m0; }
template <> bool holds<F4E2M1>(DType d) { return d == DType::f4e2m1; }

}  // namespace

std::string dims_to_string(std::span<const int64_t> dims) {
  std::string s = "[";
  for (size_t i = 0; i < dims.size(); ++i) s += (i ? "," : "") + std::to_string(dims[i]);
  return s + "]";
}

Tensor::Tensor(DType dtype, Dims dims) : dtype_(dtype), dims_(std::move(dims)) {
  for (int64_t d : dims_)
    if (d < 0) fail(ErrorCode::shape_mismatch, "a tensor of shape {} has a negative dim", dims_to_string(dims_));
  size_ = checked_product(dims_);
  storage_ = allocate(dtype_, size_);
  data_ = storage_.get();
}

Tensor Tensor::view(DType dtype, Dims dims, std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  Tensor t;
  t.dtype_ = dtype;
  t.dims_ = std::move(dims);
  t.size_ = checked_product(t.dims_);
  assume(checked_mul(t.size_, size_of(dtype)) == static_cast<int64_t>(bytes.size()), "Tensor::view: as many bytes as the dims say");
  t.owner_ = std::move(owner);
  t.data_ = bytes.data();
  return t;
}

std::span<const std::byte> Tensor::bytes() const { return {static_cast<const std::byte*>(data_), static_cast<size_t>(byte_size())}; }

std::span<std::byte> Tensor::mutable_bytes() {
  assume(storage_ != nullptr, "Tensor::mutable_bytes on a view");
  return {static_cast<std::byte*>(storage_.get()), static_cast<size_t>(byte_size())};
}

template <class T>
const T* Tensor::data() const {
  assume(holds<T>(dtype_), "Tensor::data: T is the type of the elements");
  return static_cast<const T*>(data_);
}

template <class T>
T* Tensor::mutable_data() {
  assume(holds<T>(dtype_) && storage_, "Tensor::mutable_data: T is the type of the elements and the tensor owns them");
  return static_cast<T*>(storage_.get());
}

#define TENON_INSTANTIATE(T)                 \
  template const T* Tensor::data<T>() const; \
  template T* Tensor::mutable_data<T>();
TENON_INSTANTIATE(float) TENON_INSTANTIATE(double) TENON_INSTANTIATE(F16) TENON_INSTANTIATE(BF16)
TENON_INSTANTIATE(int8_t) TENON_INSTANTIATE(int16_t) TENON_INSTANTIATE(int32_t) TENON_INSTANTIATE(int64_t)
TENON_INSTANTIATE(uint8_t) TENON_INSTANTIATE(uint16_t) TENON_INSTANTIATE(uint32_t) TENON_INSTANTIATE(uint64_t)
TENON_INSTANTIATE(bool) TENON_INSTANTIATE(std::string) TENON_INSTANTIATE(std::complex<float>) TENON_INSTANTIATE(std::complex<double>)
TENON_INSTANTIATE(F8E4M3FN) TENON_INSTANTIATE(F8E4M3FNUZ) TENON_INSTANTIATE(F8E5M2) TENON_INSTANTIATE(F8E5M2FNUZ)
TENON_INSTANTIATE(F8E8M0) TENON_INSTANTIATE(F4E2M1)
#undef TENON_INSTANTIATE

Tensor Tensor::reshaped(Dims dims) const {
  assume(checked_product(dims) == size_, "Tensor::reshaped keeps the number of elements");
  Tensor t = *this;
  t.dims_ = std::move(dims);
  return t;
}

Tensor Tensor::retyped(DType dtype) const {
  assume(size_of(dtype) == size_of(dtype_), "Tensor::retyped keeps the element size");
  Tensor t = *this;
  t.dtype_ = dtype;
  return t;
}

bool is_float(DType d) {
  return d == DType::f32 || d == DType::f64 || (d >= DType::f16 && d <= DType::f4e2m1);
}
bool is_integer(DType d) { return d >= DType::i8 && d <= DType::u2; }
bool is_signed_integer(DType d) { return (d >= DType::i8 && d <= DType::i64) || d == DType::i4 || d == DType::i2; }

}  // namespace tenon::core
