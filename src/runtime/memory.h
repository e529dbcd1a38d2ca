#pragma once
#include <cstdint>
#include <vector>

namespace tenon::core {

/// A buffer needed from step `first` to step `last`, both included.
struct Buffer {
  int64_t bytes = 0;
  int first = 0, last = 0;
};

struct MemoryLayout {
  std::vector<int64_t> offsets;  // aligned to 256 bytes
  int64_t bytes = 0;
};

/// Places buffers so that no two that live at one step overlap: largest first, lowest gap that fits.
MemoryLayout place_buffers(const std::vector<Buffer>&);

}  // namespace tenon::core
