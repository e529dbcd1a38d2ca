#include <algorithm>

#include "ops/index.h"
#include "ops/shape.h"
#include "passes/bodies.h"
#include "passes/control_flow.h"
#include "passes/fold.h"
#include "passes/loop_conditions.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

constexpr std::string_view kEquation = "a loop of few known trips => its body, once for each";

bool is_small(const Graph& body, int64_t trips) {
  int64_t nodes = 0;
  for (NodeId id : body.order()) {
    const Node& node = body.node(id);
    if (!node.op->pure() && !node.as<InputOp>()) return false;
    nodes += !node.as<ConstantOp>() && !node.as<InputOp>();
  }
  return trips >= 1 && trips <= kMaxUnrolledNodes && trips * std::max<int64_t>(nodes, 1) <= kMaxUnrolledNodes;
}

bool wanted(const Graph& g, NodeId id, PassContext& context) {
  if (!context.options().unrolls || context.options().unrolls(g, id)) return true;
  context.near_miss(g, id, kEquation, "it was measured to be faster as a loop");
  return false;
}

/// The values of each trip, stacked along a new axis.
Value stack(Graph& g, std::vector<Value> elements, int64_t axis, bool backward) {
  if (backward) std::reverse(elements.begin(), elements.end());
  for (Value& v : elements) v = g.add(Unsqueeze{}, {v, constant_i64(g, {axis})});
  Concat concat;
  concat.axis = axis;
  return g.add(std::move(concat), std::move(elements));
}

bool stackable(const Graph& body, size_t first) {
  for (size_t i = first; i < body.outputs().size(); ++i)
    if (!ranked_tensor(body, body.outputs()[i])) return false;
  return true;
}

std::optional<Patch> unroll_loop(Graph& g, NodeId id, PassContext& context) {
  const auto* loop = g.node(id).as<Loop>();
  if (!loop) return std::nullopt;
  const std::vector<Value> inputs = g.node(id).inputs;
  const auto trips = numbers(g, inputs[0]);
  const GraphRef body = loop->body;
  const size_t carried = loop->carried;
  if (!trips || (inputs[1] && !is_true(g, inputs[1])) || !stays_true(*body)) return std::nullopt;
  if (!is_small(*body, (*trips)[0]) || !stackable(*body, 1 + carried)) return std::nullopt;
  if (!wanted(g, id, context)) return std::nullopt;
  std::vector<Value> state(inputs.begin() + 2, inputs.begin() + 2 + carried);
  std::vector<std::vector<Value>> scanned(body->outputs().size() - 1 - carried);
  for (int64_t trip = 0; trip < (*trips)[0]; ++trip) {
    std::vector<Value> operands{g.add_constant(scalar(DType::i64, static_cast<double>(trip))),
                                g.add_constant(scalar(DType::boolean, 1))};
    operands.insert(operands.end(), state.begin(), state.end());
    operands.insert(operands.end(), inputs.begin() + 2 + carried, inputs.end());
    const auto out = inline_body(g, *body, operands, false);
    state.assign(out.begin() + 1, out.begin() + 1 + carried);
    for (size_t i = 0; i < scanned.size(); ++i) scanned[i].push_back(out[1 + carried + i]);
  }
  for (auto& elements : scanned) state.push_back(stack(g, std::move(elements), 0, false));
  return replace_outputs(g, id, state);
}

int64_t at_or_zero(const std::vector<int64_t>& values, size_t i) { return i < values.size() ? values[i] : 0; }

/// The number of elements that the sequences of a Scan have; nothing when it is not a number.
std::optional<int64_t> scan_length(const Graph& g, const Scan& scan, const std::vector<Value>& inputs) {
  const Value first = inputs[scan.states];
  if (scan.sequences < 1 || !ranked_tensor(g, first)) return std::nullopt;
  const int64_t axis = at_or_zero(scan.input_axes, 0), rank = g.type(first).rank();
  const Dim& length = g.type(first).shape[axis < 0 ? axis + rank : axis];
  return length.is_const() ? std::optional(length.value()) : std::nullopt;
}

Value element(Graph& g, Value sequence, int64_t axis, int64_t index) {
  Gather gather;
  gather.axis = axis;
  return g.add(std::move(gather), {sequence, g.add_constant(scalar(DType::i64, static_cast<double>(index)))});
}

std::optional<Patch> unroll_scan(Graph& g, NodeId id, PassContext& context) {
  const auto* found = g.node(id).as<Scan>();
  if (!found) return std::nullopt;
  const Scan scan = *found;
  const std::vector<Value> inputs = g.node(id).inputs;
  const auto length = scan_length(g, scan, inputs);
  if (!length || !is_small(*scan.body, *length) || !stackable(*scan.body, scan.states)) return std::nullopt;
  if (!wanted(g, id, context)) return std::nullopt;
  std::vector<Value> state(inputs.begin(), inputs.begin() + scan.states);
  std::vector<std::vector<Value>> stacked(scan.body->outputs().size() - scan.states);
  for (int64_t trip = 0; trip < *length; ++trip) {
    std::vector<Value> operands = state;
    for (int64_t i = 0; i < scan.sequences; ++i)
      operands.push_back(element(g, inputs[scan.states + i], at_or_zero(scan.input_axes, i),
                                 at_or_zero(scan.input_directions, i) ? *length - 1 - trip : trip));
    operands.insert(operands.end(), inputs.begin() + scan.states + scan.sequences, inputs.end());
    const auto out = inline_body(g, *scan.body, operands, false);
    state.assign(out.begin(), out.begin() + scan.states);
    for (size_t i = 0; i < stacked.size(); ++i) stacked[i].push_back(out[scan.states + i]);
  }
  for (size_t i = 0; i < stacked.size(); ++i) {
    const int64_t rank = g.type(stacked[i][0]).rank() + 1, axis = at_or_zero(scan.output_axes, i);
    state.push_back(
        stack(g, std::move(stacked[i]), axis < 0 ? axis + rank : axis, at_or_zero(scan.output_directions, i) != 0));
  }
  return replace_outputs(g, id, state);
}

}  // namespace

void unroll_loops(Graph& g, PassContext& context) {
  for (NodeId id : g.order()) {
    if (!context.may_change()) return;
    if (!g.alive(id)) continue;
    auto patch = unroll_loop(g, id, context);
    if (!patch) patch = unroll_scan(g, id, context);
    if (patch && !patch->replace.empty())
      context.apply(g, *patch, kEquation);
  }
}

}  // namespace tenon::core
