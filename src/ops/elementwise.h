#pragma once
#include <algorithm>
#include <cstring>

#include "base/threads.h"
#include "ir/tensor.h"

namespace tenon::core {

/// Element-wise loops work on strips of at most this many elements, in one of four compute types: float for f32 and
/// narrower floats, double for f64, uint64_t for u64, int64_t for all other integers and bool.
inline constexpr int64_t kStrip = 1024;

/// Calls `f(C{})` with the compute type of `dtype`.
template <class F>
decltype(auto) with_compute_type(DType dtype, F&& f) {
  if (dtype == DType::f64) return f(double{});
  if (is_float(dtype)) return f(float{});
  if (dtype == DType::u64) return f(uint64_t{});
  return f(int64_t{});
}

/// `n` elements of a number or bool type as C. The bytes need not be aligned.
/// A float that does not fit the integer type it becomes gives the type's lowest value (64-bit and i32) or wraps.
template <class C>
void read_elements(DType dtype, const std::byte* from, int64_t n, C* to);
/// The inverse: rounds once to float types, wraps to integer types, != 0 for bool. `saturate` is for the float 8 types.
template <class C>
void write_elements(DType dtype, const C* from, int64_t n, std::byte* to, bool saturate = true);

/// A dense tensor seen in the element order of the dims it broadcasts to.
class BroadcastView {
 public:
  BroadcastView(const Dims& dims, const Dims& out);
  /// The tensor has the elements of `out` in the same order.
  bool same_order() const { return axes_.empty() || (axes_.size() == 1 && axes_[0].stride == 1); }
  /// Where the element for `index` of the output lies in the tensor.
  int64_t offset(int64_t index) const;
  /// Calls `run(offset, stride, at, count)` for the elements [begin, begin + n): `count` of them, starting at element
  /// `at` of the n, lie at `offset` and are `stride` (0 or 1) apart.
  template <class F>
  void for_runs(int64_t begin, int64_t n, F&& run) const {
    const int64_t inner = axes_.empty() ? 1 : axes_.back().extent;
    const int64_t stride = axes_.empty() ? 0 : axes_.back().stride;
    for (int64_t at = 0; at < n;) {
      const int64_t index = begin + at;
      const int64_t count = std::min(n - at, inner - index % inner);
      run(offset(index), stride, at, count);
      at += count;
    }
  }

 private:
  struct Axis {
    int64_t extent, stride;
  };
  std::vector<Axis> axes_;  // outermost first, without extents of 1; neighbours that step alike are one axis
};

/// One input of a loop that computes in C.
template <class C>
class Operand {
 public:
  Operand(const Tensor& tensor, const Dims& out)
      : dtype_(tensor.dtype()), data_(tensor.bytes().data()), view_(tensor.dims(), out) {
    const bool aligned = reinterpret_cast<uintptr_t>(data_) % alignof(C) == 0;
    direct_ = dtype_ == DTypeOf<C>::value && aligned && view_.same_order();
  }
  /// Elements [begin, begin + n) of the output's order, in place or in `buffer`.
  const C* read(int64_t begin, int64_t n, C* buffer) const {
    if (direct_) return reinterpret_cast<const C*>(data_) + begin;
    const int64_t size = size_of(dtype_);
    view_.for_runs(begin, n, [&](int64_t offset, int64_t stride, int64_t at, int64_t count) {
      read_elements(dtype_, data_ + offset * size, stride ? count : 1, buffer + at);
      if (stride == 0) std::fill_n(buffer + at + 1, count - 1, buffer[at]);
    });
    return buffer;
  }

 private:
  DType dtype_;
  const std::byte* data_;
  BroadcastView view_;
  bool direct_;
};

/// The output of a loop that computes in C.
template <class C>
class Result {
 public:
  explicit Result(Tensor& tensor)
      : dtype_(tensor.dtype()), data_(tensor.mutable_bytes().data()), direct_(dtype_ == DTypeOf<C>::value) {}
  /// Where to put the elements from `begin` on, before `store`.
  C* strip(int64_t begin, C* buffer) const { return direct_ ? reinterpret_cast<C*>(data_) + begin : buffer; }
  void store(int64_t begin, int64_t n, const C* strip) const {
    if (!direct_) write_elements(dtype_, strip, n, data_ + begin * size_of(dtype_));
  }

 private:
  DType dtype_;
  std::byte* data_;
  bool direct_;
};

/// Splits [0, count) over the threads and into strips.
void for_strips(Threads& threads, int64_t count, FunctionRef<void(int64_t begin, int64_t n)> body);

/// y = f(x): x is read as C, f gives R.
template <class C, class R = C, class F>
void map_elements(Threads& threads, const Tensor& x, Tensor& y, F f) {
  const Operand<C> in(x, y.dims());
  const Result<R> out(y);
  for_strips(threads, y.size(), [&](int64_t begin, int64_t n) {
    C in_buffer[kStrip];
    R out_buffer[kStrip];
    const C* from = in.read(begin, n, in_buffer);
    R* to = out.strip(begin, out_buffer);
    for (int64_t i = 0; i < n; ++i) to[i] = f(from[i]);
    out.store(begin, n, to);
  });
}

/// y = f(a, b), broadcasting: a is read as A, b as B, f gives R.
template <class A, class B = A, class R = A, class F>
void zip_elements(Threads& threads, const Tensor& a, const Tensor& b, Tensor& y, F f) {
  const Operand<A> left(a, y.dims());
  const Operand<B> right(b, y.dims());
  const Result<R> out(y);
  for_strips(threads, y.size(), [&](int64_t begin, int64_t n) {
    A left_buffer[kStrip];
    B right_buffer[kStrip];
    R out_buffer[kStrip];
    const A* l = left.read(begin, n, left_buffer);
    const B* r = right.read(begin, n, right_buffer);
    R* to = out.strip(begin, out_buffer);
    for (int64_t i = 0; i < n; ++i) to[i] = f(l[i], r[i]);
    out.store(begin, n, to);
  });
}

/// Two's complement arithmetic without undefined overflow, for int64_t and uint64_t.
template <class I>
I wrap_add(I a, I b) {
  return static_cast<I>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <class I>
I wrap_sub(I a, I b) {
  return static_cast<I>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <class I>
I wrap_mul(I a, I b) {
  return static_cast<I>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace tenon::core
