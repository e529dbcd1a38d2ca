#include "build/memory_limit.h"

#include "build/example_inputs.h"
#include "runtime/execution.h"

namespace tenon::core {

Bindings largest_dims(const Profile& profile) {
  Bindings dims = profile.opt;
  for (auto& [symbol, value] : dims) {
    const auto range = profile.ranges.find(symbol);
    if (range != profile.ranges.end() && range->second.high != Interval::kUnbounded) value = range->second.high;
  }
  return dims;
}

int64_t tensor_bytes(const std::shared_ptr<const Program>& program, const Bindings& dims) {
  Execution execution(program);
  const auto inputs = example_inputs(program->graph(), dims, 1);
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.bind();
  return execution.planned_bytes();
}

MemoryNeed memory_need(const std::shared_ptr<const Program>& program, const Profile& profile) {
  MemoryNeed need;
  need.tensors = tensor_bytes(program, profile.opt);
  if (const Bindings most = largest_dims(profile); most != profile.opt) need.tensors = std::max(need.tensors, tensor_bytes(program, most));
  need.weights = program->weights().packed_bytes();
  return need;
}

}  // namespace tenon::core
