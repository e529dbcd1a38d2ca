// Device memory from the program's own allocator, which counts: everything comes back when the objects are gone.
#include <map>
#include <mutex>

#include "common.h"

using namespace sample;

namespace {

class Counting : public IGpuAllocator {
 public:
  void* allocate(uint64_t const size, uint64_t const, AllocatorFlags const) noexcept override {
    auto memory = std::make_unique<Floats>(size / sizeof(float) + 64);
    // Addresses are multiples of 64, as any alignment that is asked for here.
    auto address = (reinterpret_cast<uintptr_t>(memory->data()) + 63) / 64 * 64;
    std::lock_guard<std::mutex> lock(mutex_);
    most = std::max(most, bytes += size);
    ++calls;
    blocks_[reinterpret_cast<void*>(address)] = {std::move(memory), size};
    return reinterpret_cast<void*>(address);
  }
  void free(void* const memory) noexcept override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto block = blocks_.find(memory);
    if (block == blocks_.end()) return;
    bytes -= block->second.second;
    blocks_.erase(block);
  }
  size_t live() const { return blocks_.size(); }
  uint64_t bytes = 0, most = 0, calls = 0;

 private:
  std::mutex mutex_;
  std::map<void*, std::pair<std::unique_ptr<Floats>, uint64_t>> blocks_;
};

}  // namespace

int main() {
  return run("counting_allocator", [] {
    Counting allocator;
    {
      Program program;
      program.runtime->setGpuAllocator(&allocator);
      ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(64, 128));
      ISoftMaxLayer* softmax = program.network->addSoftMax(*program.dense(*x, 128, 128, 1));
      softmax->setAxes(1U << 1);
      program.output(*program.dense(*softmax->getOutput(0), 128, 8, 2), "y");
      const auto engine = program.build();
      const auto context = make_context(*engine);
      const Floats in(numbers(64 * 128, 3)), out(64 * 8);
      const Stream stream;
      check(context->setTensorAddress("x", in.data()) && context->setTensorAddress("y", out.data()), "setTensorAddress");
      check(context->enqueueV3(stream), "enqueueV3");
      stream.wait();
      check(allocator.calls > 0, "the allocator is asked for memory");
      std::printf("%llu allocations, %llu bytes at most\n", static_cast<unsigned long long>(allocator.calls), static_cast<unsigned long long>(allocator.most));
    }
    check(allocator.live() == 0 && allocator.bytes == 0, "all memory came back");
  });
}
