#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tactics/tactic.h"

namespace tenon::core {

/// What could run each node: every tactic's offers, best guess first, the reference last; and why others can't.
struct Candidates {
  struct Rejection {
    std::string tactic, why;
    bool operator==(const Rejection&) const = default;
  };
  std::vector<std::vector<Offer>> offers;          // by NodeId; empty for inputs and constants
  std::vector<std::vector<Rejection>> rejections;  // by NodeId
  std::map<NodeId, std::vector<Candidates>> bodies;  // of nodes with the offer "bodies", in the order of their graphs
};

/// Nodes whose shapes are open (see nodes_with_open_shapes), and all nodes when `reference_only`, get the reference alone.
Candidates find_candidates(const Graph&, const DeviceInfo&, const TacticOptions&, bool reference_only = false);

/// The first offer of every node: complete without measuring.
Choices first_offers(const Candidates&);
/// A random offer for every node: results must not depend on it.
Choices random_offers(const Candidates&, uint64_t seed);
/// The offers whose texts these are, as `offer_texts` gives them, with their knobs; nothing when they are not those of the candidates.
std::optional<Choices> offers_of_texts(const Candidates&, const std::vector<std::string>& texts);
/// Offers that are no candidates give way to the first one that is; `told` hears of each.
void replace_unknown(const Graph&, const Candidates&, Choices&, const std::function<void(const std::string&)>& told);

}  // namespace tenon::core
