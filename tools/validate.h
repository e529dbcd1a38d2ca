#pragma once
#include <string>
#include <vector>

#include "inputs.h"

namespace tenon::cli {

/// The first tensor of a run that holds NaN or infinity while all inputs of the run are finite numbers.
struct FirstBad {
  bool found = false;
  std::string tensor, what;
  std::vector<std::string> nodes;
};
/// Runs once, looking at every tensor as it is produced.
FirstBad find_first_bad(Context&, uint64_t seed);
/// Throws ErrorCode::accuracy when there is one; notes the result in the envelope. Where a fused step of several nodes
/// is to blame, `model` (empty: none) is run on the reference executor, node by node, to tell which.
void validate(Session&, Context&, const NamedValues& inputs, uint64_t seed, const std::string& model = "");

}  // namespace tenon::cli
