#include "ops/strided.h"

#include <algorithm>

#include "ops/elements.h"

namespace tenon::core {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements worth a piece of their own
constexpr int64_t kTile = 32;

struct Loop {
  int64_t count, from, to;
};

// Without loops of one round, and with neighbours joined where both tensors step evenly through them.
std::vector<Loop> collapse(const StridedCopy& block) {
  std::vector<Loop> loops;
  for (size_t i = 0; i < block.dims.size(); ++i) {
    const Loop next{block.dims[i], block.from_strides[i], block.to_strides[i]};
    if (next.count == 1) continue;
    if (!loops.empty() && loops.back().from == next.count * next.from && loops.back().to == next.count * next.to)
      loops.back() = {loops.back().count * next.count, next.from, next.to};
    else
      loops.push_back(next);
  }
  return loops;
}

// Steps through all loops but the innermost ones in row-major order, from any starting point.
class Odometer {
 public:
  Odometer(const std::vector<Loop>& loops, size_t depth, int64_t position) : loops_(loops), index_(depth) {
    for (size_t i = depth; i-- > 0;) {
      index_[i] = position % loops[i].count;
      position /= loops[i].count;
      from += index_[i] * loops[i].from;
      to += index_[i] * loops[i].to;
    }
  }
  void advance() {
    for (size_t i = index_.size(); i-- > 0;) {
      from += loops_[i].from;
      to += loops_[i].to;
      if (++index_[i] < loops_[i].count) return;
      from -= loops_[i].count * loops_[i].from;
      to -= loops_[i].count * loops_[i].to;
      index_[i] = 0;
    }
  }
  int64_t from = 0, to = 0;

 private:
  const std::vector<Loop>& loops_;
  std::vector<int64_t> index_;
};

int64_t rounds(const std::vector<Loop>& loops, size_t depth) {
  int64_t n = 1;
  for (size_t i = 0; i < depth; ++i) n *= loops[i].count;
  return n;
}

template <class T>
void copy_row(const T* from, T* to, const Loop& row) {
  if (row.from == 1 && row.to == 1)
    std::copy_n(from, row.count, to);
  else if (row.from == 0 && row.to == 1)
    std::fill_n(to, row.count, *from);
  else
    for (int64_t i = 0; i < row.count; ++i) to[i * row.to] = from[i * row.from];
}

template <class T>
void copy_rows(const T* from, T* to, const std::vector<Loop>& loops, Threads& threads) {
  const Loop row = loops.back();
  const size_t depth = loops.size() - 1;
  if (depth == 0) {
    threads.parallel_ranges(row.count, kGrain, [&](int64_t begin, int64_t end) {
      copy_row(from + begin * row.from, to + begin * row.to, {end - begin, row.from, row.to});
    });
    return;
  }
  threads.parallel_ranges(rounds(loops, depth), kGrain / row.count + 1, [&](int64_t begin, int64_t end) {
    Odometer at(loops, depth, begin);
    for (int64_t i = begin; i < end; ++i, at.advance()) copy_row(from + at.from, to + at.to, row);
  });
}

// The last loop is contiguous in `to`, the one before it in `from`: copied in square tiles.
template <class T>
void copy_tiles(const T* from, T* to, const std::vector<Loop>& loops, Threads& threads) {
  const size_t depth = loops.size() - 2;
  const Loop a = loops[depth], b = loops[depth + 1];
  const int64_t strips = (a.count + kTile - 1) / kTile;
  threads.parallel_ranges(rounds(loops, depth) * strips, kGrain / (b.count * kTile) + 1,
                          [&](int64_t begin, int64_t end) {
                            for (int64_t piece = begin; piece < end; ++piece) {
                              const Odometer at(loops, depth, piece / strips);
                              const int64_t first = piece % strips * kTile, last = std::min(first + kTile, a.count);
                              for (int64_t column = 0; column < b.count; column += kTile) {
                                const int64_t stop = std::min(column + kTile, b.count);
                                for (int64_t i = first; i < last; ++i)
                                  for (int64_t j = column; j < stop; ++j)
                                    to[at.to + i * a.to + j] = from[at.from + i + j * b.from];
                              }
                            }
                          });
}

// Moves the loop that is contiguous in `from` next to the last one; false when there is none.
bool arrange_for_tiles(std::vector<Loop>& loops) {
  if (loops.size() < 2 || loops.back().to != 1 || loops.back().from == 1) return false;
  const auto end = loops.end() - 1;
  const auto found = std::find_if(loops.begin(), end, [](const Loop& l) { return l.from == 1; });
  if (found == end) return false;
  std::rotate(found, found + 1, end);
  return true;
}

}  // namespace

Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = checked_mul(strides[i], std::max<int64_t>(dims[i], 1));
  return strides;
}

void copy_strided(const Tensor& from, Tensor& to, const StridedCopy& block, Threads& threads) {
  if (std::find(block.dims.begin(), block.dims.end(), 0) != block.dims.end()) return;
  std::vector<Loop> loops = collapse(block);
  if (loops.empty()) loops.push_back({1, 1, 1});
  const bool tiles = arrange_for_tiles(loops);
  visit_movable(from.dtype(), [&]<class T>(T) {
    const T* source = elements_of<T>(from) + block.from_offset;
    T* target = mutable_elements_of<T>(to) + block.to_offset;
    if (tiles)
      copy_tiles(source, target, loops, threads);
    else
      copy_rows(source, target, loops, threads);
  });
}

Tensor gather_strided(const Tensor& from, Dims dims, Dims from_strides, int64_t from_offset, Threads& threads) {
  Tensor to(from.dtype(), dims);
  Dims to_strides = strides_of(dims);
  copy_strided(from, to, {std::move(dims), std::move(from_strides), std::move(to_strides), from_offset, 0}, threads);
  return to;
}

Tensor transposed(const Tensor& t, const std::vector<int64_t>& permutation, Threads& threads) {
  const Dims strides = strides_of(t.dims());
  Dims dims, from;
  for (int64_t axis : permutation) {
    dims.push_back(t.dim(axis));
    from.push_back(strides[axis]);
  }
  return gather_strided(t, std::move(dims), std::move(from), 0, threads);
}

Tensor taken(const Tensor& t, int64_t axis, std::span<const int64_t> indices, Threads& threads) {
  Dims dims = t.dims();
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < t.rank(); ++i)
    if (i != axis) (i < axis ? outer : inner) *= dims[i];
  const int64_t own = dims[axis], count = static_cast<int64_t>(indices.size());
  dims[axis] = count;
  Tensor out(t.dtype(), dims);
  if (out.size() == 0) return out;
  visit_movable(t.dtype(), [&]<class T>(T) {
    const T* from = elements_of<T>(t);
    T* to = mutable_elements_of<T>(out);
    threads.parallel_ranges(outer * count, kGrain / inner + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        std::copy_n(from + (i / count * own + indices[i % count]) * inner, inner, to + i * inner);
    });
  });
  return out;
}

void fill_with(Tensor& to, const Tensor& from) {
  visit_movable(to.dtype(),
                [&]<class T>(T) { std::fill_n(mutable_elements_of<T>(to), to.size(), *elements_of<T>(from)); });
}

}  // namespace tenon::core
