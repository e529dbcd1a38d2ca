#include "kernels/cpu/box_copy.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "kernels/cpu/transpose_tile.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kBlockBytes = 1 << 15;  // of one block of a dense row
constexpr int64_t kSmallCopy = 1 << 15;   // bytes below which one thread is enough
constexpr int64_t kColumns = 64;          // source elements side by side in one block of a transpose

struct Wide {
  uint64_t low, high;
};

}  // namespace

BoxCopy::BoxCopy(int64_t element_size, std::span<const int64_t> dims, std::span<const int64_t> from_strides,
                 std::span<const int64_t> to_strides)
    : element_size_(element_size) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0) return;
    if (dims[i] != 1) axes.push_back({dims[i], from_strides[i] * element_size, to_strides[i] * element_size});
  }
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.to > b.to; });
  for (const Axis& axis : axes) {
    if (!outer_.empty() && outer_.back().from == axis.from * axis.count && outer_.back().to == axis.to * axis.count)
      outer_.back() = {outer_.back().count * axis.count, axis.from, axis.to};
    else
      outer_.push_back(axis);
  }
  choose_kind();
  for (const Axis& axis : outer_) outer_count_ = checked_mul(outer_count_, axis.count);
}

void BoxCopy::choose_kind() {
  if (outer_.empty()) {
    inner_ = {1, element_size_, element_size_};
  } else {
    inner_ = outer_.back();
    outer_.pop_back();
  }
  kind_ = Kind::strided;
  if (inner_.to == element_size_) {
    if (inner_.from == element_size_) kind_ = Kind::rows;
    if (inner_.from == 0) kind_ = Kind::fill;
  }
  const auto dense = std::find_if(outer_.begin(), outer_.end(), [&](const Axis& a) { return a.from == element_size_; });
  if (kind_ == Kind::strided && dense != outer_.end()) {
    kind_ = Kind::transpose;
    column_ = *dense;
    outer_.erase(dense);
    block_ = std::min(kColumns, column_.count);
    blocks_ = (column_.count + block_ - 1) / block_;
    return;
  }
  block_ = std::min(inner_.count, kBlockBytes / element_size_);
  blocks_ = (inner_.count + block_ - 1) / block_;
}

void BoxCopy::run(const void* from, void* to, Threads& threads) const {
  if (kind_ == Kind::nothing) return;
  const int64_t bytes = block_ * element_size_ * (kind_ == Kind::transpose ? inner_.count : 1);
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  threads.parallel_ranges(outer_count_ * blocks_, std::max<int64_t>(1, kSmallCopy / bytes),
                          [&](int64_t begin, int64_t end) { piece(source, target, begin, end); });
}

void BoxCopy::piece(const std::byte* from, std::byte* to, int64_t begin, int64_t end) const {
  for (int64_t i = begin; i < end; ++i) {
    const int64_t index = i % blocks_;
    int64_t rest = i / blocks_;
    const std::byte* source = from;
    std::byte* target = to;
    for (size_t a = outer_.size(); a-- > 0; rest /= outer_[a].count) {
      const int64_t at = rest % outer_[a].count;
      source += at * outer_[a].from;
      target += at * outer_[a].to;
    }
    block(source, target, index);
  }
}

void BoxCopy::block(const std::byte* from, std::byte* to, int64_t index) const {
  const Axis& split = kind_ == Kind::transpose ? column_ : inner_;
  const int64_t count = std::min(block_, split.count - index * block_);
  from += index * block_ * split.from;
  to += index * block_ * split.to;
  if (kind_ == Kind::rows) {
    std::memcpy(to, from, static_cast<size_t>(count * element_size_));
    return;
  }
  switch (element_size_) {
    case 1:
      return block_of<uint8_t>(from, to, count);
    case 2:
      return block_of<uint16_t>(from, to, count);
    case 4:
      return block_of<uint32_t>(from, to, count);
    case 8:
      return block_of<uint64_t>(from, to, count);
    default:
      return block_of<Wide>(from, to, count);
  }
}

/// `count` elements of the axis that is split into blocks.
template <class T>
void BoxCopy::block_of(const std::byte* from, std::byte* to, int64_t count) const {
  const auto* source = reinterpret_cast<const T*>(from);
  auto* target = reinterpret_cast<T*>(to);
  const int64_t size = static_cast<int64_t>(sizeof(T));
  if (kind_ == Kind::fill) {
    std::fill_n(target, count, *source);
  } else if (kind_ == Kind::transpose) {
    transpose_block(source, inner_.from / size, target, column_.to / size, inner_.count, count);
  } else {
    for (int64_t i = 0; i < count; ++i) target[i * (inner_.to / size)] = source[i * (inner_.from / size)];
  }
}

}  // namespace tenon::core::cpu
