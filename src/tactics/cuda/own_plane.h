#pragma once
#include <algorithm>

#include "tactics/tactic.h"

namespace tenon::core::cuda::own {

/// The host's side of plane.cu.
constexpr int kPlaneThreads = 512;

/// Shared memory of fold_plane.
inline int64_t plane_bytes(int64_t channels, int64_t vector) {
  const int64_t vectors = channels / vector;
  return 4 * channels * (kPlaneThreads / std::min<int64_t>(vectors, kPlaneThreads));
}
/// Blocks that share an image whose pixels take so many vectors in all: a cluster where there is less than one image for each
/// multiprocessor.
inline int plane_blocks(const DeviceInfo& device, int64_t images, int64_t vectors) {
  int blocks = 1;
  while (device.compute >= 90 && blocks < 8 && images * blocks * 2 <= 2 * device.multiprocessors && vectors > blocks * kPlaneThreads) blocks *= 2;
  return blocks;
}

}  // namespace tenon::core::cuda::own
