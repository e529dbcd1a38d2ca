#pragma once
#include <optional>

#include "ir/graph.h"

namespace tenon::core {

/// A reshape to `dims` and a transpose: what a chain of reshapes and transposes comes to, but for a last reshape.
struct AxesMove {
  Shape dims;
  std::vector<int64_t> permutation;
  Shape result() const;
};

/// Transpose(Reshape(Transpose(x, first), between), second) for an x of these dims, as one transpose; nothing when the
/// dims of the two have no common parts.
std::optional<AxesMove> combined(const Shape& x, const std::vector<int64_t>& first, const Shape& between,
                             const std::vector<int64_t>& second);
/// `x` moved, then reshaped to `target`. Nothing, and no node added, where dims that are open stand in the way.
std::optional<Value> moved(Graph&, Value x, const AxesMove&, const Shape& target);
bool can_move(const Shape& x, const AxesMove&, const Shape& target);

}  // namespace tenon::core
