#include "nvinfer1/runtime/memory_source.h"

#include "base/error.h"

namespace tenon::adapter {
namespace {

constexpr uint64_t kAlignment = 256;

class ClientMemory : public core::MemorySource {
 public:
  ClientMemory(nvinfer1::IGpuAllocator& allocator, std::shared_ptr<const core::Program> program) : allocator_(allocator), program_(std::move(program)) {}
  std::byte* allocate(int64_t bytes, core::Place place) override {
    if (place == core::Place::host) return program_->device().allocate(bytes, place);
    void* data = allocator_.allocate(static_cast<uint64_t>(std::max<int64_t>(bytes, 1)), kAlignment, 0);
    if (!data) core::fail(ErrorCode::out_of_memory, "the client's allocator gave no memory for {} bytes", bytes);
    if (reinterpret_cast<uintptr_t>(data) % 64 != 0) {
      release(static_cast<std::byte*>(data), place);
      core::fail(ErrorCode::out_of_memory, "the client's allocator gave memory that is not aligned to {} bytes as asked", kAlignment);
    }
    return static_cast<std::byte*>(data);
  }
  void release(std::byte* data, core::Place place) noexcept override {
    if (place == core::Place::host) return program_->device().release(data, place);
    try {
      allocator_.deallocate(data);
    } catch (...) {
    }
  }

 private:
  nvinfer1::IGpuAllocator& allocator_;
  std::shared_ptr<const core::Program> program_;
};

}  // namespace

std::shared_ptr<core::MemorySource> make_memory_source(nvinfer1::IGpuAllocator& allocator, std::shared_ptr<const core::Program> program) {
  return std::make_shared<ClientMemory>(allocator, std::move(program));
}

}  // namespace tenon::adapter
