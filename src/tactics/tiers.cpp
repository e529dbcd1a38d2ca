#include "tactics/tiers.h"

#include "tactics/all.h"

namespace tenon::core {

std::string_view tier_of(const Problem& problem, const Offer& offer) {
  const Tactic* tactic = find_tactic(problem.device.kind, offer.tactic);
  if (!tactic) return "reference";
  const bool vectorised = tactic == &pointwise_tactic() && problem.device.kind == "cpu" && is_vectorised_pointwise(problem, offer);
  return vectorised ? "fast" : tactic->tier();
}

}  // namespace tenon::core
