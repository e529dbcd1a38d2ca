#pragma once
#include "runtime/program.h"

namespace tenon::core {

/// What one run of a step computes and moves: the bytes of its inputs, weights and outputs in their storage types, each
/// once. Nothing where a dim has no value in `bindings` (one that is known only after a run).
struct StepWork {
  int64_t flops = 0, bytes = 0;
};
StepWork work_of(const Program&, const Step&, const Bindings&);

}  // namespace tenon::core
