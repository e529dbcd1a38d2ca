#pragma once
#include <cstddef>
#include <cstdint>

#include "base/threads.h"

namespace tenon::core::cpu {

/// Which element of a tensor [batch, heads, rows, columns] lies where; columns are dense.
struct HeadStrides {
  int64_t batch = 0, head = 0, row = 0;
};

struct AttentionShape {
  int64_t batch = 0, heads = 0, groups = 0, queries = 0, keys = 0, depth = 0, width = 0;
  HeadStrides q, k, v, y;
  float scale = 1, softcap = 0;
  /// Keys j are seen by query i of sample b when left <= j - (i + offset[b]) <= right and j < length[b].
  int64_t left = -kFar, right = kFar;
  static constexpr int64_t kFar = int64_t{1} << 60;
};

/// An additive f32 mask or a bool mask that hides where it is false; strides 0 where it is broadcast. Keys from
/// `columns` on are hidden.
struct AttentionMask {
  const float* added = nullptr;
  const bool* shown = nullptr;
  HeadStrides strides;
  int64_t columns = 0;
  bool present() const { return added || shown; }
};

struct AttentionInputs {
  const float *q, *k, *v;
  AttentionMask mask;
  const int64_t* lengths = nullptr;  // one per sample
  const int64_t* offsets = nullptr;  // one per sample, or one when `one_offset`
  bool one_offset = false;
};

/// y = softmax(cap(scale q k') + mask) v for every head. Keys and values are rearranged once, then blocks of queries
/// run side by side, their scores staying in the second-level cache.
class AttentionKernel {
 public:
  AttentionKernel(const AttentionShape&, int lanes);
  int64_t workspace_bytes() const;
  void run(const AttentionInputs&, float* y, std::byte* workspace, Threads&) const;

 private:
  struct Keys {
    int64_t first, last;
  };
  int64_t panels_of(int64_t columns) const { return (columns + panel_ - 1) / panel_; }
  int64_t key_floats() const { return panels_of(shape_.keys) * panel_ * shape_.depth; }
  int64_t value_floats() const { return panels_of(shape_.width) * panel_ * shape_.keys; }
  int64_t score_floats() const { return rows_ * panels_of(shape_.keys) * panel_; }
  void pack(const AttentionInputs&, int64_t head, float* to) const;
  void block(const AttentionInputs&, int64_t head, int64_t begin, int64_t count, const float* packed, float* scores,
             float* y) const;
  Keys visible(const AttentionInputs&, int64_t batch, int64_t query) const;
  void finish_row(const AttentionInputs&, int64_t batch, int64_t head, int64_t query, int64_t last,
                  float* scores) const;

  AttentionShape shape_;
  int64_t panel_, rows_, lanes_;
};

}  // namespace tenon::core::cpu
