#pragma once
#include <map>

#include "devices/device.h"

namespace tenon::core {

/// Memory for the arguments of measured kernels, kept with its contents from one measurement to the next. A slot is one
/// argument of a call; memory asked for again under a slot replaces what was there.
class Scratch {
 public:
  explicit Scratch(Device& device) : device_(device) {}
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::byte* memory(int slot, Place, int64_t bytes);
  /// Small numbers of both signs in a float type, zeros in others: what no kernel refuses. Nothing may write them.
  std::byte* numbers(int slot, Place, DType, int64_t count, Stream&);
  std::byte* values(int slot, Place, const Tensor&, Stream&);

 private:
  struct Buffer {
    std::byte* data = nullptr;
    int64_t bytes = 0, count = 0;  // count: of the numbers it holds
    DType holds = DType::none;
  };
  Buffer& at_least(int slot, Place, int64_t bytes);
  Device& device_;
  std::map<std::pair<int, Place>, Buffer> buffers_;
};

}  // namespace tenon::core
