#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// Copies a tensor from one layout to another.
void reorder(const void* in, void* out, int64_t element_size, std::span<const int64_t> dims, const Layout& from,
             const Layout& to, Threads&);

/// Moves a tensor in host memory from one format to another, layout and storage type, once or many times.
std::shared_ptr<const Executable> host_reorder(DType, const Dims&, const Format& from, const Format& to);

}  // namespace tenon::core
