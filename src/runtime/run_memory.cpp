#include "runtime/run_memory.h"

#include "base/error.h"

namespace tenon::core {
namespace {

class DeviceMemory : public MemorySource {
 public:
  explicit DeviceMemory(Device& device) : device_(device) {}
  std::byte* allocate(int64_t bytes, Place place) override { return device_.allocate(bytes, place); }
  void release(std::byte* data, Place place) noexcept override { device_.release(data, place); }

 private:
  Device& device_;
};

}  // namespace

std::shared_ptr<MemorySource> memory_of(Device& device) { return std::make_shared<DeviceMemory>(device); }

RunMemory::RunMemory(std::shared_ptr<MemorySource> from, size_t inputs, size_t outputs)
    : source(std::move(from)), arenas{GrowingBuffer(*source, Place::device), GrowingBuffer(*source, Place::host)} {
  for (size_t i = 0; i < inputs; ++i) this->inputs.emplace_back(*source, Place::device);
  for (size_t i = 0; i < outputs; ++i) this->outputs.emplace_back(*source, Place::device);
  for (size_t i = 0; i < outputs; ++i) downloads.emplace_back(*source, Place::host);
}

std::byte* RunMemory::arena(Place place, int64_t bytes) {
  if (place != Place::device || lent.empty()) return arenas[static_cast<size_t>(place)].at_least(bytes);
  if (bytes > static_cast<int64_t>(lent.size()))
    fail(ErrorCode::bad_input, "the memory lent for a run has {} bytes, {} are needed", lent.size(), bytes);
  return lent.data();
}

}  // namespace tenon::core
