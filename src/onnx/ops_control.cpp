#include "onnx/ops_control.h"

#include <algorithm>

#include "ir/subgraphs.h"
#include "onnx/all.h"
#include "ops/body_types.h"
#include "ops/control.h"

namespace tenon::core {
namespace {

/// How far back a condition is computed while importing.
constexpr int kMaxFolded = 64;

/// The value of a tensor that follows from constants and known shapes alone.
std::optional<Tensor> known_value(const Graph& g, Value v, Threads& threads, int& budget) {
  if (--budget < 0 || !v) return std::nullopt;
  const Fact& fact = g.fact(v);
  if (fact.constant)
    return fact.constant->byte_size() <= kMaxContent * 8 ? std::optional(fact.constant->value()) : std::nullopt;
  if (!fact.type.is_tensor() || !fact.type.ranked) return std::nullopt;
  const auto dims = const_dims(fact.shape());
  if (!dims || checked_product(*dims) > kMaxContent) return std::nullopt;
  if (const auto numbers = fact.numbers()) return from_int64s(fact.dtype(), *dims, *numbers);
  const Node& node = g.node(v.node);
  if (!node.op->pure() || !subgraphs(*node.op).empty()) return std::nullopt;
  std::vector<HostValue> inputs;
  for (Value input : node.inputs) {
    auto value = input ? known_value(g, input, threads, budget) : std::nullopt;
    if (input && !value) return std::nullopt;
    inputs.emplace_back();
    if (value) inputs.back() = *value;
  }
  try {
    auto outputs = node.op->evaluate(EvalContext(inputs, threads));
    auto* tensor = std::get_if<Tensor>(&outputs[v.output]);
    return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // reported when the node itself runs
  }
}

/// A condition that is known already: exporters guard rank and shape changes that would fail on the other way.
std::optional<bool> known_condition(const Graph& g, Value condition) {
  Threads threads(1);
  int budget = kMaxFolded;
  const auto value = known_value(g, condition, threads, budget);
  if (!value || value->dtype() != DType::boolean || value->size() != 1) return std::nullopt;
  return value->data<bool>()[0];
}

std::vector<Type> types_of(ImportContext& cx, const std::vector<Value>& values) {
  std::vector<Type> types;
  for (Value v : values) types.push_back(cx.fact(v).type);
  return types;
}

std::vector<Value> required_inputs(ImportContext& cx, int first, int end, std::string_view what) {
  std::vector<Value> values;
  for (int i = first; i < end; ++i) values.push_back(cx.required(i, what));
  return values;
}

void append(std::vector<Value>& to, const std::vector<Value>& from) { to.insert(to.end(), from.begin(), from.end()); }
void append(std::vector<Type>& to, const std::vector<Type>& from) { to.insert(to.end(), from.begin(), from.end()); }

void import_if(ImportContext& cx) {
  const Value condition = cx.required(0, "condition");
  if (const auto known = known_condition(cx.graph(), condition)) {
    const auto outputs = cx.inline_subgraph(*known ? "then_branch" : "else_branch");
    if (static_cast<int>(outputs.size()) < cx.output_count())
      fail(ErrorCode::invalid_model, "its branch gives {} outputs; {} are used", outputs.size(), cx.output_count());
    for (int i = 0; i < cx.output_count(); ++i) cx.output(i, outputs[i]);
    return;
  }
  If op;
  std::vector<Value> inputs{condition};
  for (auto [branch, name] : {std::pair(&op.then_branch, "then_branch"), std::pair(&op.else_branch, "else_branch")}) {
    std::vector<Value> captured;
    *branch = cx.subgraph(name, captured);
    if ((*branch)->inputs().size() != captured.size())
      fail(ErrorCode::invalid_model, "its graph '{}' takes inputs; none were expected", name);
    append(inputs, captured);
  }
  cx.outputs_of(cx.add(std::move(op), inputs));
}

/// The body of a Loop or Scan under types of its states that hold in every iteration. `before` and `after` are the
/// types of the inputs around the states; the states are the outputs from `first_state` on.
GraphRef import_body(ImportContext& cx, const std::vector<Type>& before, std::vector<Type> states,
                     const std::vector<Type>& after, size_t first_state, std::vector<Value>& captured) {
  const size_t expected = before.size() + states.size() + after.size();
  if (static_cast<size_t>(cx.subgraph_inputs("body")) != expected)
    fail(ErrorCode::invalid_model, "its body takes {} inputs; the node gives it {}", cx.subgraph_inputs("body"),
         expected);
  const auto fresh = [&](std::string_view hint) { return Dim::symbol(cx.graph().fresh_symbol(hint)); };
  const size_t count = states.size();
  CarriedTypes types(std::move(states));
  while (true) {
    std::vector<Type> inputs = before;
    append(inputs, types.types());
    append(inputs, after);
    captured.clear();
    GraphRef body = cx.subgraph("body", captured, inputs);
    if (body->outputs().size() < first_state + count)
      fail(ErrorCode::invalid_model, "its body gives {} outputs; at least {} were expected", body->outputs().size(),
           first_state + count);
    std::vector<Type> made;
    for (size_t i = 0; i < count; ++i) made.push_back(body->type(body->outputs()[first_state + i]));
    if (!types.widen(made, fresh)) return body;
  }
}

void import_loop(ImportContext& cx) {
  const auto carried = required_inputs(cx, 2, cx.input_count(), "a loop-carried value");
  std::vector<Value> captured;
  Loop op;
  op.carried = static_cast<int64_t>(carried.size());
  const std::vector<Type> counters{Type::tensor(DType::i64, {}), Type::tensor(DType::boolean, {})};
  op.body = import_body(cx, counters, types_of(cx, carried), {}, 1, captured);
  std::vector<Value> inputs{cx.input(0), cx.input(1)};
  append(inputs, carried);
  append(inputs, captured);
  cx.outputs_of(cx.add(std::move(op), inputs));
}

void expect_count(const std::vector<int64_t>& values, size_t count, std::string_view what) {
  if (!values.empty() && values.size() != count)
    fail(ErrorCode::invalid_model, "its attribute '{}' has {} entries; {} were expected", what, values.size(), count);
}

/// Splits the inputs from `first` on into states and scanned sequences.
void import_scan_inputs(ImportContext& cx, int first, std::vector<Value>& states, std::vector<Value>& sequences) {
  const int64_t scanned = cx.integer("num_scan_inputs");
  const int64_t given = cx.input_count() - first;
  if (scanned < 1 || scanned > given)
    fail(ErrorCode::invalid_model, "num_scan_inputs is {}, but the node has {} inputs", scanned, given);
  const int middle = cx.input_count() - static_cast<int>(scanned);
  states = required_inputs(cx, first, middle, "a state");
  sequences = required_inputs(cx, middle, cx.input_count(), "a scanned input");
}

std::vector<Type> without_axes(std::vector<Type> types, const std::function<std::vector<int64_t>(size_t)>& axes) {
  for (size_t i = 0; i < types.size(); ++i) {
    if (!types[i].is_tensor())
      fail(ErrorCode::invalid_model, "{} can't be scanned; a tensor was expected", types[i].str());
    if (!types[i].ranked) continue;
    Shape kept;
    const auto dropped = axes(i);
    for (int64_t axis : dropped)
      if (axis >= types[i].rank())
        fail(ErrorCode::invalid_model, "axis {} is outside the input {}", axis, types[i].str());
    for (int64_t axis = 0; axis < types[i].rank(); ++axis)
      if (std::find(dropped.begin(), dropped.end(), axis) == dropped.end()) kept.push_back(types[i].shape[axis]);
    types[i].shape = kept;
  }
  return types;
}

void import_batched_scan(ImportContext& cx) {
  BatchedScan op;
  std::vector<Value> states, sequences, captured;
  import_scan_inputs(cx, 1, states, sequences);
  op.states = static_cast<int64_t>(states.size());
  op.sequences = static_cast<int64_t>(sequences.size());
  op.input_directions = cx.integers("directions");
  expect_count(op.input_directions, sequences.size(), "directions");
  auto types = without_axes(types_of(cx, states), [](size_t) { return std::vector<int64_t>{0}; });
  append(types, without_axes(types_of(cx, sequences), [](size_t) { return std::vector<int64_t>{0, 1}; }));
  if (static_cast<size_t>(cx.subgraph_inputs("body")) != types.size())
    fail(ErrorCode::invalid_model, "its body takes {} inputs; the node gives it {}", cx.subgraph_inputs("body"),
         types.size());
  op.body = cx.subgraph("body", captured, types);
  std::vector<Value> inputs{cx.input(0)};
  append(inputs, states);
  append(inputs, sequences);
  append(inputs, captured);
  cx.outputs_of(cx.add(std::move(op), inputs));
}

void import_scan(ImportContext& cx) {
  if (cx.opset() < 9) return import_batched_scan(cx);
  Scan op;
  std::vector<Value> states, sequences, captured;
  import_scan_inputs(cx, 0, states, sequences);
  op.states = static_cast<int64_t>(states.size());
  op.sequences = static_cast<int64_t>(sequences.size());
  op.input_axes = cx.integers("scan_input_axes");
  op.input_directions = cx.integers("scan_input_directions");
  op.output_axes = cx.integers("scan_output_axes");
  op.output_directions = cx.integers("scan_output_directions");
  expect_count(op.input_axes, sequences.size(), "scan_input_axes");
  expect_count(op.input_directions, sequences.size(), "scan_input_directions");
  const auto types = types_of(cx, sequences);
  const auto scanned_axis = [&](size_t i) {
    const int64_t axis = op.input_axes.empty() ? 0 : op.input_axes[i];
    return std::vector<int64_t>{axis < 0 ? axis + types[i].rank() : axis};
  };
  op.body = import_body(cx, {}, types_of(cx, states), without_axes(types, scanned_axis), 0, captured);
  const size_t stacked = op.body->outputs().size() - states.size();
  expect_count(op.output_axes, stacked, "scan_output_axes");
  expect_count(op.output_directions, stacked, "scan_output_directions");
  std::vector<Value> inputs = states;
  append(inputs, sequences);
  append(inputs, captured);
  cx.outputs_of(cx.add(std::move(op), inputs));
}

void import_sequence_map(ImportContext& cx) {
  const auto mapped = required_inputs(cx, 0, cx.input_count(), "a sequence or tensor");
  const auto fresh = [&](std::string_view hint) { return Dim::symbol(cx.graph().fresh_symbol(hint)); };
  std::vector<Type> types = types_of(cx, mapped);
  for (Type& type : types)
    if (type.kind == Type::Kind::sequence) type = element_type(type, fresh);
  if (static_cast<size_t>(cx.subgraph_inputs("body")) != types.size())
    fail(ErrorCode::invalid_model, "its body takes {} inputs; the node gives it {}", cx.subgraph_inputs("body"),
         types.size());
  std::vector<Value> captured;
  SequenceMap op;
  op.mapped = static_cast<int64_t>(mapped.size());
  op.body = cx.subgraph("body", captured, types);
  std::vector<Value> inputs = mapped;
  append(inputs, captured);
  cx.outputs_of(cx.add(std::move(op), inputs));
}

}  // namespace

void register_control(ImportTable& table) {
  table.add("", "If", import_if);
  table.add("", "Loop", import_loop);
  table.add("", "Scan", import_scan);
  table.add("", "SequenceMap", import_sequence_map);
  register_sequences(table);
  register_strings(table);
}

}  // namespace tenon::core
