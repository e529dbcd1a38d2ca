#pragma once
#include <functional>

#include "ir/graph.h"

namespace tenon::core {

struct EvalOptions {
  uint64_t seed = 0;
  /// Called with every value as it is computed.
  std::function<void(Value, const HostValue&)> observe;
};

/// The reference executor: every node through `Op::evaluate`, in order. Values are freed after their last use.
/// Fails with the node's name in front. Inputs are checked against the graph's input types.
std::vector<HostValue> evaluate(const Graph&, std::span<const HostValue> inputs, Threads&, const EvalOptions& = {});

/// Binds the symbols of `type` to the dims of `value`; fails naming `what` when they contradict the type, the ranges or
/// symbols bound before.
void bind_symbols(const Type& type, const HostValue& value, const Ranges&, Bindings&, const std::string& what);

}  // namespace tenon::core
