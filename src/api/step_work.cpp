#include "api/step_work.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/work.h"

namespace tenon::core {
namespace {

/// Nothing for what is no ranked tensor, and where a dim is not known.
std::optional<Dims> dims_of(const Type& type, const Bindings& bindings) {
  if (!type.is_tensor() || !type.ranked) return std::nullopt;
  try {
    return evaluate(type.shape, bindings);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Dims of each value; one that is not known leaves nothing.
std::optional<std::vector<Dims>> all_dims(const Program& program, const std::vector<SlotId>& slots, const Bindings& bindings) {
  std::vector<Dims> all;
  for (SlotId s : slots) {
    if (s < 0) {
      all.emplace_back();
      continue;
    }
    const auto dims = dims_of(program.graph().type(program.plan().slots[s].value), bindings);
    if (!dims) return std::nullopt;
    all.push_back(*dims);
  }
  return all;
}

double element_bytes(const Program& program, SlotId s) {
  const Slot& slot = program.plan().slots[s];
  const DType stored = slot.format.storage == DType::none ? program.graph().type(slot.value).dtype : slot.format.storage;
  return static_cast<double>(size_of(stored));
}

int64_t whole(double count) { return static_cast<int64_t>(std::min(count, 9.0e18)); }

}  // namespace

StepWork work_of(const Program& program, const Step& step, const Bindings& bindings) {
  if (step.kind == Step::Kind::view) return {};
  const auto in = all_dims(program, step.in, bindings), out = all_dims(program, step.out, bindings);
  if (!in || !out) return {};
  const Op* op = step.kind == Step::Kind::run ? program.graph().node(step.node).op.get() : nullptr;
  double bytes = 0;
  std::set<SlotId> seen;
  for (size_t i = 0; i < step.in.size(); ++i) {
    if (step.in[i] < 0 || !seen.insert(step.in[i]).second) continue;
    const double elements = op ? elements_read(*op, static_cast<int>(i), *in, *out) : element_count((*in)[i]);
    bytes += elements * element_bytes(program, step.in[i]);
  }
  for (size_t i = 0; i < step.out.size(); ++i)
    if (step.out[i] >= 0) bytes += element_count((*out)[i]) * element_bytes(program, step.out[i]);
  return {op ? whole(count_flops(*op, *in, *out)) : 0, whole(bytes)};
}

}  // namespace tenon::core
