#include "cuda/loops.h"

#include <algorithm>
#include <utility>

namespace tenon::core::cuda {

Divider::Divider(int64_t by) : divisor(static_cast<uint32_t>(by)) {
  while ((uint64_t{1} << shift) < divisor) ++shift;
  magic = static_cast<uint32_t>((uint64_t{1} << 32) * ((uint64_t{1} << shift) - divisor) / divisor + 1);
}

Loops Loops::of(const std::vector<int64_t>& dims, const std::vector<std::vector<int64_t>>& strides) {
  Loops loops{{dims.rbegin(), dims.rend()}, {}};
  for (const auto& s : strides) loops.strides.emplace_back(s.rbegin(), s.rend());
  return loops;
}

int64_t Loops::count() const {
  int64_t n = 1;
  for (int64_t extent : extents) n *= extent;
  return n;
}

void Loops::swap(size_t a, size_t b) {
  std::swap(extents[a], extents[b]);
  for (auto& s : strides) std::swap(s[a], s[b]);
}

void Loops::collapse() {
  const auto joins = [&](size_t inner, size_t outer) {
    return std::all_of(strides.begin(), strides.end(), [&](const auto& s) { return s[outer] == s[inner] * extents[inner]; });
  };
  size_t kept = 0;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] == 1) continue;
    if (kept > 0 && joins(kept - 1, i)) {
      extents[kept - 1] *= extents[i];
      continue;
    }
    extents[kept] = extents[i];
    for (auto& s : strides) s[kept] = s[i];
    ++kept;
  }
  extents.resize(kept);
  for (auto& s : strides) s.resize(kept);
  if (kept > 0) return;
  extents.push_back(1);
  for (auto& s : strides) s.push_back(0);
}

int64_t Loops::vector_width(int64_t most) const {
  int64_t width = most;
  for (; width > 1; width /= 2) {
    const bool fits = extents[0] % width == 0 && std::all_of(strides.begin(), strides.end(), [&](const auto& s) {
      if (s[0] == 0) return true;
      return s[0] == 1 && std::all_of(s.begin() + 1, s.end(), [&](int64_t stride) { return stride % width == 0; });
    });
    if (fits) return width;
  }
  return 1;
}

Loops Loops::in_vectors(int64_t width) const {
  Loops result = *this;
  result.extents[0] /= width;
  for (auto& s : result.strides) s[0] *= width;
  return result;
}

}  // namespace tenon::core::cuda
