#include "build/mark_outputs.h"

#include <algorithm>

#include "base/error.h"

namespace tenon::core {
namespace {

std::map<std::string, Value> named_values(const Graph& g) {
  std::map<std::string, Value> values;
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (n.as<InputOp>() || n.as<ConstantOp>()) continue;
    for (int i = 0; i < static_cast<int>(n.outputs.size()); ++i)
      if (!n.output_names[i].empty()) values.emplace(n.output_names[i], Value{id, i});
  }
  return values;
}

}  // namespace

void mark_outputs(Graph& g, const std::vector<std::string>& names) {
  if (names.empty()) return;
  const auto values = named_values(g);
  const bool all = std::find(names.begin(), names.end(), "all") != names.end();
  for (const auto& entry : values) {
    const bool wanted = all || std::find(names.begin(), names.end(), entry.first) != names.end();
    if (wanted && !g.is_output(entry.second)) g.add_output(entry.first, entry.second);
  }
  for (const auto& name : names)
    if (name != "all" && !values.count(name))
      fail(ErrorCode::unknown_name, "the model computes no tensor named '{}', so it can't be an output; `tenon inspect` lists the names", name);
}

}  // namespace tenon::core
