#pragma once
#include <map>

#include "select/measure.h"

namespace tenon::core {

/// The bytes that offers take at their shapes: workspace, weights in a form of their own, and results. Found by preparing
/// them, and remembered per problem; one that can't be prepared takes none.
class OfferMemory {
 public:
  int64_t bytes(const Graph&, const Measurement&, Device&, const TacticOptions&, Threads&);

 private:
  std::map<std::pair<std::string, std::string>, int64_t> known_;  // problem, offer
};

}  // namespace tenon::core
