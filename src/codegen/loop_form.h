#pragma once
#include <optional>

#include "ir/graph.h"

namespace tenon::core {

/// A pointwise computation over one box of loops, as every device generates it: operands that broadcast, scalar ops on
/// their elements, results of the box's own shape. Values are numbered, operands first, then the ops in order.
struct LoopForm {
  struct Operand {
    int input = -1;     // of the node; -1: the number `constant`
    ConstRef constant;  // one element
    Fact fact;
  };
  /// A Unary or Binary kind by name, or "where", "cast", "copy". A clip is a "max" and a "min".
  struct Scalar {
    std::string_view op;
    DType dtype;  // of the result
    std::vector<int> args;
    double alpha = 0, beta = 0;
  };
  Shape shape;
  std::vector<Operand> operands;
  std::vector<Scalar> body;
  std::vector<int> results;

  int values() const { return static_cast<int>(operands.size() + body.size()); }
  DType dtype(int value) const {
    const auto v = static_cast<size_t>(value);
    return v < operands.size() ? operands[v].fact.dtype() : body[v - operands.size()].dtype;
  }
};

/// The form of a pointwise node or of a Fused node whose body is pointwise; nothing, with a sentence, for others.
std::optional<LoopForm> lower(const Graph&, NodeId, std::string& why);

}  // namespace tenon::core
