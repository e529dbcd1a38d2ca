#pragma once
#include <string>
#include <vector>

namespace tenon::core {

/// The axes of Einsum's operands and of its output: those with one label go together, those that the output lacks are summed.
struct EinsumLabels {
  std::vector<std::vector<int>> terms;
  std::vector<int> output;
};
/// Fails when the equation does not fit operands of these ranks.
EinsumLabels einsum_labels(const std::string& equation, const std::vector<int>& ranks);

}  // namespace tenon::core
