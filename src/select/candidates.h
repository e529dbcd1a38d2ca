#pragma once
#include <string>
#include <vector>

#include "tactics/tactic.h"

namespace tenon::core {

/// What could run each node: every tactic's offers, best guess first, the reference last; and why others can't.
struct Candidates {
  struct Rejection {
    std::string tactic, why;
  };
  std::vector<std::vector<Offer>> offers;          // by NodeId; empty for inputs and constants
  std::vector<std::vector<Rejection>> rejections;  // by NodeId
};

/// Nodes whose shapes are open (see nodes_with_open_shapes), and all nodes when `reference_only`, get the reference alone.
Candidates find_candidates(const Graph&, const DeviceInfo&, const TacticOptions&, bool reference_only = false);

/// The first offer of every node: complete without measuring.
Choices first_offers(const Candidates&);
/// A random offer for every node: results must not depend on it.
Choices random_offers(const Candidates&, uint64_t seed);

}  // namespace tenon::core
