#include "runtime/memory.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"

namespace tenon::core {
namespace {
constexpr int64_t kAlignment = 256;  // what GPU kernels may rely on
}

MemoryLayout place_buffers(const std::vector<Buffer>& buffers) {
  MemoryLayout layout;
  layout.offsets.assign(buffers.size(), 0);
  std::vector<int> by_size(buffers.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(), [&](int a, int b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<int> placed;  // by offset
  for (int i : by_size) {
    const Buffer& b = buffers[i];
    const int64_t bytes = round_up(b.bytes, kAlignment);
    if (bytes == 0) continue;
    int64_t at = 0;
    for (int j : placed) {
      if (buffers[j].last < b.first || b.last < buffers[j].first) continue;
      if (at + bytes <= layout.offsets[j]) break;
      at = std::max(at, layout.offsets[j] + round_up(buffers[j].bytes, kAlignment));
    }
    layout.offsets[i] = at;
    layout.bytes = std::max(layout.bytes, checked_add(at, bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i, [&](int x, int y) { return layout.offsets[x] < layout.offsets[y]; }), i);
  }
  return layout;
}

}  // namespace tenon::core
