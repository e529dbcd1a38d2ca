#include "passes/merge_common.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxCompared = 64 << 10;

/// Constants that may be merged have equal keys.
Hash constant_key(const Constant& c) {
  Hasher h;
  h.add(std::string_view("constant"));
  if (c.byte_size() <= kMaxCompared && !c.is_expression()) {
    h.add(hash_of(c).hex());
    h.add(c.name());
  } else {
    h.add(static_cast<int64_t>(reinterpret_cast<intptr_t>(&c)));
  }
  return h.finish();
}

/// Shape arithmetic with one result: what it gives, however it is computed.
Hash content_key(const Fact& fact) {
  Hasher h;
  h.add(std::string_view("content"));
  h.add(fact.type.str());
  for (const Dim& d : *fact.content) h.add(d.str());
  return h.finish();
}

Hash key_of(const Node& node) {
  if (const auto* c = node.as<ConstantOp>()) return constant_key(*c->value);
  if (node.outputs.size() == 1 && node.outputs[0].content) return content_key(node.outputs[0]);
  Hasher h;
  h.add(hash_of(*node.op).hex());
  for (Value v : node.inputs) {
    h.add(int64_t{v.node});
    h.add(int64_t{v.output});
  }
  return h.finish();
}

}  // namespace

void merge_common(Graph& g, PassContext& context) {
  std::map<Hash, NodeId> first;
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    const Node& node = g.node(id);
    if (!node.op->pure() || node.as<InputOp>()) continue;
    const auto [it, fresh] = first.emplace(key_of(node), id);
    if (fresh || !g.alive(it->second)) {
      it->second = id;
      continue;
    }
    Patch patch;
    for (int32_t i = 0; i < static_cast<int32_t>(node.outputs.size()); ++i)
      if (g.use_count({id, i}) > 0) patch.replace.push_back({{id, i}, {it->second, i}});
    if (!patch.replace.empty()) context.apply_quietly(g, patch, "the same as an earlier node");
  }
}

}  // namespace tenon::core
