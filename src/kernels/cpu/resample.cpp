#include "kernels/cpu/highway_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/resample.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/resample.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::core::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Row `o` of the output of one [in, inner] array.
void ResampleRow(const ResampleAxis& axis, const float* x, float* y, int64_t o) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + lanes <= axis.inner; c += lanes) {
    auto sum = hn::Zero(d);
    for (int64_t t = o; t < axis.taps * axis.out; t += axis.out)
      sum = hn::MulAdd(hn::Set(d, axis.weight[t]), hn::LoadU(d, x + axis.index[t] * axis.inner + c), sum);
    hn::StoreU(sum, d, y + c);
  }
  for (; c < axis.inner; ++c) {
    float sum = 0;
    for (int64_t t = o; t < axis.taps * axis.out; t += axis.out)
      sum += axis.weight[t] * x[axis.index[t] * axis.inner + c];
    y[c] = sum;
  }
}

/// All outputs of one line of the innermost axis.
void ResampleLine(const ResampleAxis& axis, const float* x, float* y) {
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<int32_t> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t o = 0;
  for (; o + lanes <= axis.out; o += lanes) {
    auto sum = hn::Zero(d);
    for (int64_t t = o; t < axis.taps * axis.out; t += axis.out)
      sum = hn::MulAdd(hn::LoadU(d, axis.weight.data() + t),
                       hn::GatherIndex(d, x, hn::LoadU(di, axis.index.data() + t)), sum);
    hn::StoreU(sum, d, y + o);
  }
  for (; o < axis.out; ++o) {
    float sum = 0;
    for (int64_t t = o; t < axis.taps * axis.out; t += axis.out) sum += axis.weight[t] * x[axis.index[t]];
    y[o] = sum;
  }
}

}  // namespace
}  // namespace tenon::core::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cstring>

namespace tenon::core::cpu {

HWY_EXPORT(ResampleRow);
HWY_EXPORT(ResampleLine);

namespace {

constexpr int64_t kGrain = 1 << 13;       // elements of one piece, at least
constexpr int64_t kGrainBytes = 1 << 15;  // the same for blocks that are only moved

template <int64_t bytes>
void pick_row(const std::byte* x, const std::vector<int64_t>& offsets, std::byte* y) {
  for (size_t o = 0; o < offsets.size(); ++o) std::memcpy(y + o * bytes, x + offsets[o], bytes);
}

void pick_row_of(int64_t block, const std::byte* x, const std::vector<int64_t>& offsets, std::byte* y) {
  switch (block) {
    case 1:
      return pick_row<1>(x, offsets, y);
    case 2:
      return pick_row<2>(x, offsets, y);
    case 4:
      return pick_row<4>(x, offsets, y);
    case 8:
      return pick_row<8>(x, offsets, y);
    default:
      for (const int64_t offset : offsets) {
        std::memcpy(y, x + offset, static_cast<size_t>(block));
        y += block;
      }
  }
}

}  // namespace

void resample(const ResampleAxis& axis, const float* x, float* y, Threads& threads) {
  const int64_t taps = std::max<int64_t>(1, axis.taps);
  if (axis.inner == 1) {
    threads.parallel_ranges(axis.outer, std::max<int64_t>(1, kGrain / (axis.out * taps)),
                            [&](int64_t begin, int64_t end) {
                              for (int64_t i = begin; i < end; ++i)
                                HWY_DYNAMIC_DISPATCH(ResampleLine)(axis, x + i * axis.in, y + i * axis.out);
                            });
    return;
  }
  const int64_t grain = std::max<int64_t>(1, kGrain / (axis.inner * taps));
  threads.parallel_ranges(axis.outer * axis.out, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      HWY_DYNAMIC_DISPATCH(ResampleRow)
      (axis, x + i / axis.out * axis.in * axis.inner, y + i * axis.inner, i % axis.out);
  });
}

void pick_blocks(const PickBlocks& p, const std::byte* x, std::byte* y, Threads& threads) {
  const size_t last = p.offsets.size() - 1;
  const auto& row = p.offsets[last];
  int64_t rows = 1;
  for (size_t a = 0; a < last; ++a) rows *= static_cast<int64_t>(p.offsets[a].size());
  const int64_t bytes = static_cast<int64_t>(row.size()) * p.block;
  threads.parallel_ranges(rows, std::max<int64_t>(1, kGrainBytes / std::max<int64_t>(1, bytes)),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t i = begin; i < end; ++i) {
                              const std::byte* from = x;
                              int64_t rest = i;
                              for (size_t a = last; a-- > 0; rest /= static_cast<int64_t>(p.offsets[a].size()))
                                from += p.offsets[a][static_cast<size_t>(rest) % p.offsets[a].size()];
                              pick_row_of(p.block, from, row, y + i * bytes);
                            }
                          });
}

}  // namespace tenon::core::cpu
#endif
