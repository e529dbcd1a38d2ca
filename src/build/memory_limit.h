#pragma once
#include "engine/engine_data.h"
#include "runtime/program.h"

namespace tenon::core {

/// What a program takes: tensors with the kernels' workspace (kept from run to run), and weights in forms of their own.
struct MemoryNeed {
  int64_t tensors = 0, weights = 0;
  int64_t total() const { return checked_add(tensors, weights); }
};

/// Each input symbol at the end of its range; at its tuned value where the range has none.
Bindings largest_dims(const Profile&);
/// Of tensors with workspace, when a run binds these dims.
int64_t tensor_bytes(const std::shared_ptr<const Program>&, const Bindings&);
/// At the tuned dims and at the largest that the profile allows, whichever is more; as far as dims are known before a run.
MemoryNeed memory_need(const std::shared_ptr<const Program>&, const Profile&);

}  // namespace tenon::core
