#include "base/blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

namespace tenon::core {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr int64_t kLarge = 1 << 20;  // bytes: below, reuse by the heap is worth more

/// In front of every block.
struct alignas(64) Head {
  size_t mapped;  // bytes with the head; 0: on the heap
};

Head* take(int64_t bytes) noexcept {
  if (bytes < 0 || bytes > (int64_t{1} << 47)) return nullptr;
  const size_t whole = sizeof(Head) + static_cast<size_t>(std::max<int64_t>(bytes, 1));
  if (bytes < kLarge || !kLargeBlocksAreMapped) {
    void* p = ::operator new(whole, kAlignment, std::nothrow);
    return p ? new (p) Head{0} : nullptr;
  }
  void* p = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : new (p) Head{whole};
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
const bool kLargeBlocksAreMapped = false;
#elif defined(__has_feature)
const bool kLargeBlocksAreMapped = !__has_feature(address_sanitizer);
#else
const bool kLargeBlocksAreMapped = true;
#endif

void* take_block(int64_t bytes) noexcept {
  Head* head = take(bytes);
  return head ? head + 1 : nullptr;
}

void* take_zeroed_block(int64_t bytes) noexcept {
  Head* head = take(bytes);
  if (!head) return nullptr;
  return head->mapped > 0 ? head + 1 : std::memset(head + 1, 0, static_cast<size_t>(bytes));
}

void release_block(void* block) noexcept {
  if (!block) return;
  Head* head = static_cast<Head*>(block) - 1;
  if (head->mapped > 0) ::munmap(head, head->mapped);
  else ::operator delete(head, kAlignment);
}

std::shared_ptr<void> shared_block(int64_t bytes) {
  void* block = take_block(bytes);
  if (!block) throw std::bad_alloc();
  return std::shared_ptr<void>(block, release_block);
}

}  // namespace tenon::core
