#include "select/constraints.h"

#include <algorithm>

#include "base/error.h"

namespace tenon::core {
namespace {

/// Floats in memory of the wanted type; other values are not concerned.
bool is_stored_as(const Format& format, DType logical, DType wanted) {
  return !is_float(logical) || wanted == DType::none || stored_as(format, logical) == wanted;
}

bool holds(const Graph& g, NodeId id, const Offer& offer, const LayerTypes& types) {
  const Node& node = g.node(id);
  for (size_t i = 0; i < node.inputs.size() && i < offer.in.size(); ++i)
    if (node.inputs[i] && !g.constant(node.inputs[i]) && !is_stored_as(offer.in[i], g.type(node.inputs[i]).dtype, types.computes_in)) return false;
  for (size_t i = 0; i < node.outputs.size() && i < offer.out.size(); ++i) {
    DType wanted = types.computes_in;
    if (!types.outputs.empty()) wanted = types.outputs[std::min(i, types.outputs.size() - 1)];
    if (!is_stored_as(offer.out[i], node.outputs[i].type.dtype, wanted)) return false;
  }
  return true;
}

bool names(const Graph& g, NodeId id, const std::string& layer) {
  const auto& origins = g.node(id).origins;
  return g.display_name(id) == layer || std::any_of(origins.begin(), origins.end(), [&](OriginId o) { return g.origins()[o].name == layer; });
}

void check_names(const Graph& g, const std::vector<LayerTypes>& all) {
  for (const LayerTypes& types : all) {
    if (types.layer == "*") continue;
    const bool known = std::any_of(g.origins().begin(), g.origins().end(), [&](const Origin& o) { return o.name == types.layer; });
    if (!known) fail(ErrorCode::unknown_name, "types are given for the layer '{}', but the model has no node of that name; `tenon check` lists them", types.layer);
  }
}

/// What the user wants of a node: entries by name one over the other, else those for "*".
LayerTypes wanted(const Graph& g, NodeId id, const std::vector<LayerTypes>& all) {
  LayerTypes named, other;
  bool found = false;
  for (const LayerTypes& types : all) {
    const bool star = types.layer == "*";
    if (!star && !names(g, id, types.layer)) continue;
    LayerTypes& into = star ? other : named;
    if (types.computes_in != DType::none) into.computes_in = types.computes_in;
    if (!types.outputs.empty()) into.outputs = types.outputs;
    found = found || !star;
  }
  return found ? named : other;
}

std::string text_of(const LayerTypes& types) {
  std::string text = types.computes_in == DType::none ? "" : fmt::format("computing in {}", to_string(types.computes_in));
  for (DType t : types.outputs) text += fmt::format("{}{}", text.empty() ? "giving " : ", ", to_string(t));
  return text;
}

}  // namespace

void constrain(Candidates& candidates, const Graph& g, const std::vector<LayerTypes>& all, bool obey, const Log& log) {
  if (all.empty()) return;
  check_names(g, all);
  for (NodeId id = 0; id < static_cast<NodeId>(candidates.offers.size()); ++id) {
    auto& offers = candidates.offers[id];
    if (offers.empty()) continue;
    const LayerTypes types = wanted(g, id, all);
    if (types.computes_in == DType::none && types.outputs.empty()) continue;
    std::vector<Offer> left;
    std::copy_if(offers.begin(), offers.end(), std::back_inserter(left), [&](const Offer& offer) { return holds(g, id, offer, types); });
    if (!left.empty()) {
      offers = std::move(left);
      continue;
    }
    const std::string problem = fmt::format("{}: no kernel of this device is {}; allow the type with --fp16 or --bf16, or name another", g.describe_node(id), text_of(types));
    if (obey) fail(ErrorCode::no_kernel, "{}", problem);
    log.warning("select", "{}", problem);
  }
}

}  // namespace tenon::core
