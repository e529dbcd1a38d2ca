#pragma once
#include "select/candidates.h"

namespace tenon::core {

/// Costs in microseconds: of each node's offers (infinite: can't run), and of moving a value between formats.
struct Costs {
  std::vector<std::vector<double>> offers;  // as Candidates::offers
  std::function<double(Value, const Format& from, const Format& to)> reorder;
};

/// The offer of each node that makes the whole least: PBQP over offers with reorders as edges, compared with the
/// solutions that use one layout everywhere, then improved node by node. Deterministic.
std::vector<int> assign_offers(const Graph&, const Candidates&, const Costs&);
/// Microseconds of the whole; a reorder that several readers share is paid once.
double total_cost(const Graph&, const Candidates&, const Costs&, const std::vector<int>& picks);

}  // namespace tenon::core
