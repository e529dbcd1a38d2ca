#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/dtype.h"
#include "tenon/export.h"

namespace tenon {

/// A dense row-major tensor in host memory. Copies share the bytes.
class TENON_API Tensor {
 public:
  Tensor() = default;
  /// Zero-filled, 64-byte aligned. Strings: empty ones.
  Tensor(DType dtype, std::vector<int64_t> dims);
  /// The caller's memory; it must outlive all uses.
  static Tensor wrap(DType dtype, std::vector<int64_t> dims, void* data);
  /// Memory that `data` keeps alive.
  Tensor(DType dtype, std::vector<int64_t> dims, std::shared_ptr<void> data)
      : dtype_(dtype), dims_(std::move(dims)), data_(std::move(data)) {}

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& dims() const { return dims_; }
  /// Number of elements.
  int64_t size() const;
  int64_t byte_size() const { return size() * size_of(dtype_); }
  bool defined() const { return dtype_ != DType::none; }
  /// 4-bit and 2-bit types take one byte per element; strings are std::string objects.
  const void* data() const { return data_.get(); }
  void* data() { return data_.get(); }
  template <class T>
  const T* as() const { return static_cast<const T*>(data()); }
  template <class T>
  T* as() { return static_cast<T*>(data()); }
  const std::shared_ptr<void>& storage() const { return data_; }

 private:
  DType dtype_ = DType::none;
  std::vector<int64_t> dims_;
  std::shared_ptr<void> data_;
};

/// The elements of a tensor of floats, integers or bool.
TENON_API std::vector<double> to_doubles(const Tensor&);

/// What an input or output may be: a tensor, a sequence of tensors, or an empty optional.
struct Value {
  enum class Kind { none, tensor, sequence } kind = Kind::none;
  Tensor tensor;
  std::vector<Tensor> sequence;
  Value() = default;
  Value(Tensor t) : kind(Kind::tensor), tensor(std::move(t)) {}                       // NOLINT: implicit on purpose
  Value(std::vector<Tensor> s) : kind(Kind::sequence), sequence(std::move(s)) {}      // NOLINT: implicit on purpose
};

}  // namespace tenon
