#include "build/workspace_limit.h"

#include <algorithm>

#include "base/error.h"
#include "build/memory_limit.h"
#include "devices/device.h"

namespace tenon::core {
namespace {

bool limit_node(Built& built, NodeId id, const std::vector<Bindings>& dims, int64_t limit) {
  std::vector<NodeShapes> shapes;
  for (const Bindings& bindings : dims) shapes.push_back(shapes_at(built.data.graph, id, bindings));
  const auto most = [&](const Offer& offer) {
    int64_t bytes = 0;
    for (const NodeShapes& s : shapes) bytes = std::max(bytes, workspace_bytes(built, id, offer, s));
    return bytes;
  };
  if (most(built.data.choices.offers[id]) <= limit) return false;
  std::vector<Offer> kept;
  std::string wanted;
  for (const Offer& offer : built.candidates.offers[id]) {
    const int64_t bytes = most(offer);
    if (bytes <= limit) kept.push_back(offer);
    else wanted += fmt::format("\n  {} wants {} bytes", offer.str(), bytes);
  }
  if (kept.empty())
    fail(ErrorCode::no_kernel, "could not find any implementation for node '{}' within a workspace of {} bytes; allow more (setMemoryPoolLimit, --memPoolSize=workspace:N):{}",
         built.data.graph.display_name(id), limit, wanted);
  built.candidates.offers[id] = std::move(kept);
  return true;
}

}  // namespace

NodeShapes shapes_at(const Graph& g, NodeId id, const Bindings& bindings) {
  const auto dims = [&](const Type& type) {
    try {
      return type.boxed() ? Dims{} : evaluate(type.shape, bindings);
    } catch (const Error&) {
      return Dims{};
    }
  };
  NodeShapes shapes;
  for (Value v : g.node(id).inputs) shapes.in.push_back(v ? dims(g.type(v)) : Dims{});
  for (const Fact& f : g.node(id).outputs) shapes.out.push_back(dims(f.type));
  return shapes;
}

int64_t workspace_bytes(const Built& built, NodeId id, const Offer& offer, const NodeShapes& shapes) {
  const Problem problem{built.data.graph, id, built.data.device, built.data.options};
  const Tactic* tactic = find_tactic(built.data.device.kind, offer.tactic);
  Weights weights;
  std::string why;
  try {
    const auto executable = tactic ? tactic->prepare({problem, offer, shapes, weights, *built.threads}, why) : nullptr;
    return executable ? executable->workspace_bytes() : 0;
  } catch (const std::exception&) {
    return 0;
  }
}

bool limit_workspace(Built& built, int64_t limit) {
  std::vector<Bindings> dims = {built.data.profile.opt};
  if (const Bindings largest = largest_dims(built.data.profile); largest != dims[0]) dims.push_back(largest);
  bool fewer = false;
  for (NodeId id = 0; id < built.data.graph.capacity(); ++id)
    if (!built.candidates.offers[id].empty()) fewer = limit_node(built, id, dims, limit) || fewer;
  return fewer;
}

}  // namespace tenon::core
