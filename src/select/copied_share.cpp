#include "select/copied_share.h"

#include <algorithm>

#include "base/checked.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

bool has_memory_of_its_own(const Graph& g, Value v) {
  const Node& n = g.node(v.node);
  return !n.as<InputOp>() && !n.as<ConstantOp>() && !n.as<Split>() && !n.as<Slice>() && !g.is_output(v);
}

bool is_joined_before(const Graph& g, NodeId id, int input) {
  const auto uses = g.uses(g.node(id).inputs[input]);
  return std::any_of(uses.begin(), uses.end(), [&](const Use& u) {
    return g.node(u.user).as<Concat>() && (u.user < id || (u.user == id && u.input < input));
  });
}

}  // namespace

double copied_share(const Graph& g, NodeId id, const std::vector<Dims>& inputs) {
  double copied = 0, all = 0;
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
    const auto size = static_cast<double>(checked_product(inputs[i]));
    all += size;
    if (!has_memory_of_its_own(g, g.node(id).inputs[i]) || is_joined_before(g, id, i)) copied += size;
  }
  return all > 0 ? copied / all : 0;
}

}  // namespace tenon::core
