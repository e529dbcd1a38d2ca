#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tenon::core::cuda {

using std::size_t;

/// `Divider` of kernels: quotients of numbers below 2^31.
struct Divider {
  uint32_t divisor = 1, magic = 0, shift = 0, unused = 0;
  Divider() = default;
  /// Of 1 to 2^31 - 1.
  explicit Divider(int64_t by);
  /// What the kernel computes.
  uint32_t divide(uint32_t n) const {
    return static_cast<uint32_t>(((static_cast<uint64_t>(n) * magic >> 32) + n) >> shift);
  }
};

/// A box of loops over several arrays, innermost loop first. Strides count elements.
struct Loops {
  std::vector<int64_t> extents;
  std::vector<std::vector<int64_t>> strides;  // [array][loop]

  /// From dims and strides that are listed outermost first.
  static Loops of(const std::vector<int64_t>& dims, const std::vector<std::vector<int64_t>>& strides);
  int64_t count() const;
  size_t size() const { return extents.size(); }
  int64_t stride(size_t array, size_t loop) const { return strides[array][loop]; }
  void swap(size_t a, size_t b);
  /// Removes loops of one step and joins neighbours that every array steps through as one. At least one loop stays.
  void collapse();
  /// The largest power of two up to `most` for which the innermost loop can take that many elements at a time: each array
  /// has them side by side at aligned places, or repeats one element.
  int64_t vector_width(int64_t most) const;
  /// The same loops, the innermost one in steps of `width`.
  Loops in_vectors(int64_t width) const;
};

}  // namespace tenon::core::cuda
