#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"

namespace tenon::core::cpu {

/// Copies a box of elements between two strided arrays: transposes, layout changes, slices, concatenations, and
/// broadcasts (a source stride of 0). Prepared once for its dims and strides; running it allocates nothing.
class BoxCopy {
 public:
  BoxCopy() = default;
  /// Strides are in elements and may be negative in the source; target elements must not overlap.
  /// `element_size` is 1, 2, 4, 8 or 16.
  BoxCopy(int64_t element_size, std::span<const int64_t> dims, std::span<const int64_t> from_strides,
          std::span<const int64_t> to_strides);
  void run(const void* from, void* to, Threads&) const;
  /// Nothing but one block of memory.
  bool contiguous() const { return outer_.empty() && kind_ == Kind::rows; }

 private:
  enum class Kind { nothing, rows, fill, transpose, strided };
  struct Axis {
    int64_t count, from, to;  // strides in bytes
  };
  void choose_kind();
  void piece(const std::byte* from, std::byte* to, int64_t begin, int64_t end) const;
  void block(const std::byte* from, std::byte* to, int64_t index) const;
  template <class T>
  void block_of(const std::byte* from, std::byte* to, int64_t columns) const;

  int64_t element_size_ = 1;
  Kind kind_ = Kind::nothing;
  std::vector<Axis> outer_;         // outermost first
  Axis inner_{1, 0, 0};             // the axis along which the target is dense, or the one left
  Axis column_{1, 0, 0};            // transpose only: the axis along which the source is dense
  int64_t blocks_ = 1, block_ = 1;  // of inner_, or of column_ in a transpose
  int64_t outer_count_ = 1;
};

}  // namespace tenon::core::cpu
