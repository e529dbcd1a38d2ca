#include "select/candidates.h"

#include "base/error.h"
#include "base/random.h"
#include "plan/plan.h"

namespace tenon::core {
namespace {

Choices pick(const Candidates& candidates, FunctionRef<size_t(size_t count)> index) {
  Choices choices;
  for (const auto& offers : candidates.offers) choices.offers.push_back(offers.empty() ? Offer{} : offers[index(offers.size())]);
  return choices;
}

}  // namespace

Candidates find_candidates(const Graph& graph, const DeviceInfo& device, const TacticOptions& options, bool reference_only) {
  const auto open = nodes_with_open_shapes(graph);
  Candidates found;
  found.offers.resize(graph.capacity());
  found.rejections.resize(graph.capacity());
  for (NodeId id : graph.order()) {
    if (graph.node(id).as<InputOp>() || graph.node(id).as<ConstantOp>()) continue;
    const Problem problem{graph, id, device, options};
    for (const Tactic* tactic : tactics_for(device.kind)) {
      const bool is_reference = tactic->tier() == "reference";
      if ((reference_only || open[id]) && !is_reference) continue;
      std::string why;
      const auto offers = tactic->offers(problem, why);
      if (offers.empty()) found.rejections[id].push_back({std::string(tactic->name()), why});
      found.offers[id].insert(found.offers[id].end(), offers.begin(), offers.end());
    }
    if (found.offers[id].empty()) fail(ErrorCode::no_kernel, "{}: no tactic of device '{}' can run it", graph.describe_node(id), device.kind);
  }
  return found;
}

Choices first_offers(const Candidates& candidates) {
  return pick(candidates, [](size_t) { return size_t{0}; });
}

Choices random_offers(const Candidates& candidates, uint64_t seed) {
  return pick(candidates, [&](size_t count) { return static_cast<size_t>(next_random(seed) % count); });
}

}  // namespace tenon::core
