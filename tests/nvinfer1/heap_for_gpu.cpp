// With TENON_TEST_DEVICE=cuda:0, what the tests allocate with `new` lies in page-locked memory, which kernels read and write in
// place: the tests' vectors are bindings there as they are on the CPU. CUDA_LAUNCH_BLOCKING=1 makes results be there at once.
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

#include "devices/device.h"
#include "support.h"

namespace tenon::test {
namespace {

constexpr size_t kArena = size_t{1} << 30, kHeader = 64;

/// Blocks of powers of two, never given back to the system.
class Heap {
 public:
  void open(std::byte* arena) {
    const std::lock_guard lock(mutex_);
    begin_ = next_ = arena;
  }
  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (!begin_) return nullptr;
    const auto kind = static_cast<size_t>(std::bit_width(bytes + kHeader - 1));
    if (free_[kind]) {
      std::byte* block = free_[kind];
      free_[kind] = *reinterpret_cast<std::byte**>(block + kHeader);
      return block + kHeader;
    }
    const size_t size = std::max(size_t{1} << kind, 2 * kHeader);
    if (next_ + size > begin_ + kArena) return nullptr;
    std::byte* block = next_;
    next_ += size;
    *reinterpret_cast<size_t*>(block) = kind;
    return block + kHeader;
  }
  /// False for memory that is not of this heap.
  bool give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    auto* p = static_cast<std::byte*>(memory);
    if (!begin_ || p < begin_ || p >= begin_ + kArena) return false;
    std::byte* block = p - kHeader;
    const size_t kind = *reinterpret_cast<size_t*>(block);
    *reinterpret_cast<std::byte**>(p) = free_[kind];
    free_[kind] = block;
    return true;
  }

 private:
  std::mutex mutex_;
  std::byte *begin_ = nullptr, *next_ = nullptr;
  std::array<std::byte*, 64> free_{};
};

constinit Heap* heap = nullptr;

/// Before the first test.
class OpenHeap : public testing::Environment {
  void SetUp() override {
    if (std::string(test_device()) == "cpu") return;
    static Heap instance;
    instance.open(core::find_device(test_device(), 1)->allocate(static_cast<int64_t>(kArena), core::Place::host));
    heap = &instance;
  }
};
const auto* const environment = testing::AddGlobalTestEnvironment(new OpenHeap);

}  // namespace

const char* test_device() {
  const char* device = std::getenv("TENON_TEST_DEVICE");
  return device ? device : "cpu";
}

void* take_memory(uint64_t bytes, uint64_t alignment) {
  const uint64_t whole = (bytes + alignment - 1) / alignment * alignment;
  if (std::string(test_device()) == "cpu") return std::aligned_alloc(alignment, whole);
  return core::find_device(test_device(), 1)->allocate(static_cast<int64_t>(whole), core::Place::host);
}

void free_memory(void* memory) {
  if (std::string(test_device()) == "cpu") std::free(memory);
  else if (memory) core::find_device(test_device(), 1)->release(static_cast<std::byte*>(memory), core::Place::host);
}

}  // namespace tenon::test

void* operator new(size_t bytes) {
  using tenon::test::heap;
  void* memory = heap ? heap->take(bytes) : nullptr;
  if (!memory) memory = std::malloc(bytes ? bytes : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}
// The one of a sanitizer would not come here, and `delete` does.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept {
  using tenon::test::heap;
  if (!heap || !heap->give_back(memory)) std::free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }
