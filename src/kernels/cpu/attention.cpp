#include "kernels/cpu/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/checked.h"
#include "kernels/cpu/matrix_tile.h"
#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/transpose_tile.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kScoreFloats = 1 << 15;  // of one block of queries
constexpr int64_t kTileRows = 6;
constexpr float kHidden = -std::numeric_limits<float>::infinity();

/// Hides where the mask is false; whether any key is left.
bool hide(const bool* shown, int64_t n, float* scores) {
  bool any = false;
  for (int64_t j = 0; j < n; ++j) {
    if (!shown[j]) scores[j] = kHidden;
    any = any || shown[j];
  }
  return any;
}

}  // namespace

AttentionKernel::AttentionKernel(const AttentionShape& shape, int lanes) : shape_(shape), panel_(matrix_panel()) {
  const int64_t wanted = kScoreFloats / std::max<int64_t>(1, panels_of(shape.keys) * panel_);
  rows_ = std::clamp<int64_t>(wanted / kTileRows * kTileRows, kTileRows, 96);
  // A few heads are cut finer, to keep every thread busy.
  const int64_t heads = std::max<int64_t>(1, shape.batch * shape.heads);
  const int64_t pieces_per_head = (2 * lanes + heads - 1) / heads;
  const int64_t even = (shape.queries + pieces_per_head - 1) / pieces_per_head;
  rows_ = std::min(rows_, std::max<int64_t>(kTileRows, (even + kTileRows - 1) / kTileRows * kTileRows));
  lanes_ = lanes;
}

int64_t AttentionKernel::workspace_bytes() const {
  const int64_t packed = checked_mul(shape_.batch * shape_.groups, checked_add(key_floats(), value_floats()));
  return checked_mul(checked_add(packed, lanes_ * score_floats()), static_cast<int64_t>(sizeof(float)));
}

void AttentionKernel::pack(const AttentionInputs& in, int64_t head, float* to) const {
  const int64_t b = head / shape_.groups, g = head % shape_.groups;
  const float* k = in.k + b * shape_.k.batch + g * shape_.k.head;
  for (int64_t j = 0; j < shape_.keys; j += panel_, to += panel_ * shape_.depth) {
    const int64_t count = std::min(panel_, shape_.keys - j);
    if (count < panel_) std::memset(to, 0, static_cast<size_t>(panel_ * shape_.depth) * sizeof(float));
    transpose_block(reinterpret_cast<const uint32_t*>(k + j * shape_.k.row), shape_.k.row,
                    reinterpret_cast<uint32_t*>(to), panel_, count, shape_.depth);
  }
  const float* v = in.v + b * shape_.v.batch + g * shape_.v.head;
  for (int64_t e = 0; e < shape_.width; e += panel_) {
    const int64_t count = std::min(panel_, shape_.width - e);
    for (int64_t j = 0; j < shape_.keys; ++j, to += panel_) {
      std::memcpy(to, v + j * shape_.v.row + e, static_cast<size_t>(count) * sizeof(float));
      std::memset(to + count, 0, static_cast<size_t>(panel_ - count) * sizeof(float));
    }
  }
}

AttentionKernel::Keys AttentionKernel::visible(const AttentionInputs& in, int64_t batch, int64_t query) const {
  int64_t position = query;
  if (in.offsets)
    position += std::clamp(in.offsets[in.one_offset ? 0 : batch], -AttentionShape::kFar, AttentionShape::kFar);
  int64_t last = std::min(shape_.keys, position + shape_.right + 1);
  if (in.lengths) last = std::min(last, in.lengths[batch]);
  last = std::max<int64_t>(last, 0);
  return {std::clamp<int64_t>(position + shape_.left, 0, last), last};
}

/// Turns the first `last` scores of a query into probabilities.
void AttentionKernel::finish_row(const AttentionInputs& in, int64_t batch, int64_t head, int64_t query, int64_t last,
                                 float* scores) const {
  const RowKernels& kernels = row_kernels();
  Keys keys = visible(in, batch, query);
  bool any = keys.first < keys.last;
  if (shape_.softcap > 0)
    for (int64_t j = keys.first; j < keys.last; ++j) scores[j] = shape_.softcap * std::tanh(scores[j] / shape_.softcap);
  if (in.mask.present()) {
    keys.last = std::max(keys.first, std::min(keys.last, in.mask.columns));
    const int64_t at =
        batch * in.mask.strides.batch + head * in.mask.strides.head + query * in.mask.strides.row + keys.first;
    const int64_t count = keys.last - keys.first;
    if (in.mask.added)
      any = count > 0 && kernels.add_and_max(in.mask.added + at, scores + keys.first, count) != kHidden;
    else
      any = hide(in.mask.shown + at, count, scores + keys.first);
  }
  if (!any) keys = {0, 0};
  std::fill(scores, scores + keys.first, 0.0f);
  std::fill(scores + keys.last, scores + last, 0.0f);
  if (any) kernels.softmax(scores + keys.first, scores + keys.first, keys.last - keys.first, false);
}

void AttentionKernel::block(const AttentionInputs& in, int64_t head, int64_t begin, int64_t count, const float* packed,
                            float* scores, float* y) const {
  const int64_t b = head / shape_.heads, h = head % shape_.heads, row = panels_of(shape_.keys) * panel_;
  int64_t last = 0;  // no query of the block sees a key from here on
  for (int64_t i = begin; i < begin + count; ++i) last = std::max(last, visible(in, b, i).last);
  const float* q = in.q + b * shape_.q.batch + h * shape_.q.head + begin * shape_.q.row;
  multiply_packed(q, shape_.q.row, packed, scores, row, count, shape_.depth, last, panel_ * shape_.depth, shape_.scale);
  for (int64_t i = 0; i < count; ++i) finish_row(in, b, h, begin + i, last, scores + i * row);
  y += b * shape_.y.batch + h * shape_.y.head + begin * shape_.y.row;
  multiply_packed(scores, row, packed + key_floats(), y, shape_.y.row, count, last, shape_.width, panel_ * shape_.keys,
                  1);
}

void AttentionKernel::run(const AttentionInputs& in, float* y, std::byte* workspace, Threads& threads) const {
  const int64_t pack_floats = key_floats() + value_floats(), heads = shape_.batch * shape_.heads;
  auto* packed = reinterpret_cast<float*>(workspace);
  float* scores = packed + shape_.batch * shape_.groups * pack_floats;
  threads.parallel(shape_.batch * shape_.groups, [&](int64_t head) { pack(in, head, packed + head * pack_floats); });
  const int64_t blocks = (shape_.queries + rows_ - 1) / rows_, total = heads * blocks;
  threads.parallel(std::min(lanes_, total), [&](int64_t lane) {
    const int64_t lanes = std::min(lanes_, total), end = total * (lane + 1) / lanes;
    for (int64_t i = total * lane / lanes; i < end; ++i) {
      const int64_t head = i / blocks, begin = i % blocks * rows_;
      const int64_t group = head / shape_.heads * shape_.groups + head % shape_.heads / (shape_.heads / shape_.groups);
      block(in, head, begin, std::min(rows_, shape_.queries - begin), packed + group * pack_floats,
            scores + lane * score_floats(), y);
    }
  });
}

}  // namespace tenon::core::cpu
