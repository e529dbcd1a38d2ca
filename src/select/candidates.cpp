#include "select/candidates.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "ir/subgraphs.h"
#include "plan/bodies.h"
#include "plan/knobs.h"
#include "plan/plan.h"

namespace tenon::core {
namespace {

/// The offer to take of a node's; nothing when none will do.
using Pick = FunctionRef<std::optional<size_t>(const std::vector<Offer>&)>;

std::optional<Choices> pick(const Candidates& candidates, Pick index) {
  Choices choices;
  for (NodeId id = 0; id < static_cast<NodeId>(candidates.offers.size()); ++id) {
    const auto& offers = candidates.offers[id];
    choices.offers.emplace_back();
    if (offers.empty()) continue;
    const auto k = index(offers);
    if (!k) return std::nullopt;
    choices.offers[id] = offers[*k];
    if (offers[*k].tactic != kBodiesTactic) continue;
    for (const Candidates& body : candidates.bodies.at(id)) {
      auto inner = pick(body, index);
      if (!inner) return std::nullopt;
      choices.bodies[id].push_back(std::move(*inner));
    }
  }
  return choices;
}

/// Offers in the order of `offer_texts`.
void add_knobs(Choices& choices, FunctionRef<Config()> next) {
  for (size_t id = 0; id < choices.offers.size(); ++id) {
    if (!choices.offers[id].tactic.empty()) choices.offers[id].config.merge(next());
    const auto bodies = choices.bodies.find(static_cast<NodeId>(id));
    if (bodies == choices.bodies.end()) continue;
    for (Choices& body : bodies->second) add_knobs(body, next);
  }
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
      const bool is_reference = tactic->tier() == "reference", takes_boxes = is_reference || tactic->name() == kBodiesTactic;
      if ((reference_only && !is_reference) || (open[id] && !takes_boxes)) continue;
      std::string why;
      const auto offers = tactic->offers(problem, why);
      if (offers.empty()) found.rejections[id].push_back({std::string(tactic->name()), why});
      found.offers[id].insert(found.offers[id].end(), offers.begin(), offers.end());
    }
    const bool has_bodies = std::any_of(found.offers[id].begin(), found.offers[id].end(), [](const Offer& o) { return o.tactic == kBodiesTactic; });
    if (has_bodies)
      for (const GraphRef& body : subgraphs(*graph.node(id).op)) found.bodies[id].push_back(find_candidates(*body, device, options));
    if (found.offers[id].empty()) fail(ErrorCode::no_kernel, "{}: no tactic of device '{}' can run it", graph.describe_node(id), device.kind);
  }
  return found;
}

Choices first_offers(const Candidates& candidates) {
  return *pick(candidates, [](const auto&) { return std::optional<size_t>(0); });
}

Choices random_offers(const Candidates& candidates, uint64_t seed) {
  return *pick(candidates, [&](const auto& offers) { return std::optional<size_t>(next_random(seed) % offers.size()); });
}

std::optional<Choices> offers_of_texts(const Candidates& candidates, const std::vector<std::string>& texts) {
  size_t next = 0;
  std::vector<Config> knobs;
  auto choices = pick(candidates, [&](const std::vector<Offer>& offers) -> std::optional<size_t> {
    if (next == texts.size()) return std::nullopt;
    auto [text, its_knobs] = split_knobs(texts[next++]);
    const auto it = std::find_if(offers.begin(), offers.end(), [&, &text = text](const Offer& o) { return o.str() == text; });
    knobs.push_back(std::move(its_knobs));
    return it == offers.end() ? std::nullopt : std::optional<size_t>(it - offers.begin());
  });
  if (!choices || next != texts.size()) return std::nullopt;
  next = 0;
  add_knobs(*choices, [&] { return knobs[next++]; });
  return choices;
}

void replace_unknown(const Graph& g, const Candidates& candidates, Choices& choices, const std::function<void(const std::string&)>& told) {
  for (NodeId id = 0; id < g.capacity(); ++id) {
    const auto& offers = candidates.offers[id];
    Offer& chosen = choices.offers[id];
    if (offers.empty()) continue;
    if (std::none_of(offers.begin(), offers.end(), [&](const Offer& o) { return same_but_for_knobs(o, chosen); })) {
      told(fmt::format("{}: the choice '{}' does not hold here; '{}' is taken", g.describe_node(id), chosen.str(), offers[0].str()));
      chosen = offers[0];
    }
    if (chosen.tactic != kBodiesTactic) {
      choices.bodies.erase(id);
      continue;
    }
    const auto graphs = subgraphs(*g.node(id).op);
    auto& bodies = choices.bodies[id];
    for (size_t i = 0; i < graphs.size(); ++i) {
      if (i == bodies.size()) bodies.push_back(first_offers(candidates.bodies.at(id)[i]));
      replace_unknown(*graphs[i], candidates.bodies.at(id)[i], bodies[i], told);
    }
  }
}

}  // namespace tenon::core
