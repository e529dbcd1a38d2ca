#pragma once
#include <cstdint>
#include <memory>

namespace tenon::core {

/// Memory of tensors, buffers and packed weights, aligned to 64 bytes. Large blocks are mappings of their own, which go back
/// to the system when they are released, all but a few MiB: a heap keeps what lies below any block in use. Null where there
/// is no memory.
void* take_block(int64_t bytes) noexcept;
/// The same, filled with zeros.
void* take_zeroed_block(int64_t bytes) noexcept;
void release_block(void*) noexcept;

/// False under the address sanitizer, which guards the ends of blocks on the heap alone.
extern const bool kLargeBlocksAreMapped;

/// A block that is released with its last owner. Throws std::bad_alloc.
std::shared_ptr<void> shared_block(int64_t bytes);

}  // namespace tenon::core
