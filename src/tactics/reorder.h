#pragma once
#include "base/threads.h"
#include "plan/format.h"

namespace tenon::core {

/// Copies a tensor from one layout to another. Layout changes that run often keep a BoxCopy instead.
void reorder(const void* in, void* out, int64_t element_size, std::span<const int64_t> dims, const Layout& from,
             const Layout& to, Threads&);

}  // namespace tenon::core
