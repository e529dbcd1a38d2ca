#include "base/blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <new>

namespace tenon::core {
namespace {

constexpr std::align_val_t kAlignment{64};
constexpr int64_t kLarge = 1 << 20;  // bytes; smaller ones are the heap's
constexpr size_t kKept = 32 << 20;   // bytes of released mappings that are used again: fresh pages cost more than filling these
constexpr size_t kPage = 4096;

/// In front of every block.
struct alignas(64) Head {
  size_t mapped;  // bytes with the head, whole pages; 0: on the heap
};

void unmap(Head* head) noexcept { ::munmap(head, head->mapped); }

/// The mappings released last. Where another thread is at it, as it may be for ever in the child of a fork, there are none.
class KeptMappings {
 public:
  /// The smallest that is large enough, cut to the size.
  Head* take(size_t size) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    Head** best = nullptr;
    for (Head** at = heads_.begin(); at != heads_.begin() + count_; ++at)
      if ((*at)->mapped >= size && (!best || (*at)->mapped < (*best)->mapped)) best = at;
    if (!best) return nullptr;
    Head* head = drop(best);
    if (head->mapped > size) ::munmap(reinterpret_cast<std::byte*>(head) + size, head->mapped - size);
    head->mapped = size;
    return head;
  }
  /// False: it is left to the caller.
  bool keep(Head* head) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || head->mapped > kKept) return false;
    while (count_ == heads_.size() || bytes_ + head->mapped > kKept) unmap(drop(heads_.begin()));
    heads_[count_++] = head;
    bytes_ += head->mapped;
    return true;
  }

 private:
  Head* drop(Head** at) noexcept {
    Head* head = *at;
    bytes_ -= head->mapped;
    std::copy(at + 1, heads_.begin() + count_--, at);
    return head;
  }
  std::mutex mutex_;
  std::array<Head*, 16> heads_{};  // the oldest first
  size_t count_ = 0, bytes_ = 0;
};

KeptMappings& kept() {
  static KeptMappings& mappings = *new KeptMappings;  // blocks are released in destructors of globals too
  return mappings;
}

struct Taken {
  Head* head;
  bool zeros;
};

Taken take(int64_t bytes) noexcept {
  // The address sanitizer ends the process that asks its heap for a TiB.
  if (bytes < 0 || bytes > int64_t{1} << (kLargeBlocksAreMapped ? 46 : 39)) return {};
  const size_t whole = sizeof(Head) + static_cast<size_t>(std::max<int64_t>(bytes, 1));
  if (bytes < kLarge || !kLargeBlocksAreMapped) {
    void* p = ::operator new(whole, kAlignment, std::nothrow);
    return {p ? new (p) Head{0} : nullptr, false};
  }
  const size_t size = (whole + kPage - 1) / kPage * kPage;
  if (Head* head = kept().take(size)) return {head, false};
  void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return {p == MAP_FAILED ? nullptr : new (p) Head{size}, true};
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
  Head* head = take(bytes).head;
  return head ? head + 1 : nullptr;
}

void* take_zeroed_block(int64_t bytes) noexcept {
  const auto [head, zeros] = take(bytes);
  if (!head) return nullptr;
  return zeros ? head + 1 : std::memset(head + 1, 0, static_cast<size_t>(bytes));
}

void release_block(void* block) noexcept {
  if (!block) return;
  Head* head = static_cast<Head*>(block) - 1;
  if (head->mapped == 0) ::operator delete(head, kAlignment);
  else if (!kept().keep(head)) unmap(head);
}

std::shared_ptr<void> shared_block(int64_t bytes) {
  void* block = take_block(bytes);
  if (!block) throw std::bad_alloc();
  return std::shared_ptr<void>(block, release_block);
}

}  // namespace tenon::core
