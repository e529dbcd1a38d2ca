#include "ops/control.h"

#include <algorithm>

#include "ir/evaluate.h"
#include "ops/all.h"
#include "ops/body_types.h"
#include "ops/infer_util.h"
#include "ops/sequence.h"
#include "ops/stack.h"
#include "ops/strings.h"

namespace tenon::core {
namespace {

std::vector<Type> input_types(const InferContext& cx, size_t first, size_t count) {
  std::vector<Type> types;
  for (size_t i = first; i < first + count; ++i) types.push_back(cx.input(static_cast<int>(i)).type);
  return types;
}

void expect_single(InferContext& cx, int input, std::string_view what, DType dtype) {
  expect_dtype(cx, input, what, {dtype});
  for (const Dim& d : cx.input(input).shape())
    if (equal(d, 1) == Tri::no)
      fail(ErrorCode::invalid_model, "{} must have one element; found {}", what, cx.input(input).type.str());
}

template <class T>
T single(const Tensor& t, std::string_view what) {
  if (t.size() != 1)
    fail(ErrorCode::runtime_value, "{} must have one element; found shape {}", what, dims_to_string(t.dims()));
  return t.data<T>()[0];
}

void expect_inputs(const InferContext& cx, size_t expected) {
  if (static_cast<size_t>(cx.size()) != expected)
    fail(ErrorCode::invalid_model, "its graphs take {} values, but {} are given", expected, cx.size());
}

/// True when the condition, once true, can never become false.
bool condition_stays_true(const Graph& body) {
  Value v = body.outputs()[0];
  while (body.node(v.node).op->name() == "Identity") v = body.node(v.node).inputs[0];
  if (v == body.inputs()[1]) return true;
  const ConstRef constant = body.constant(v);
  return constant && constant->dtype() == DType::boolean && single<bool>(constant->value(), "the condition");
}

bool surely_begins(const InferContext& cx) {
  const ConstRef condition = cx.input(1).constant;
  return !cx.has(1) || (condition && single<bool>(condition->value(), "the condition"));
}

/// False when the body may never run, because there are no trips or the condition is false at once.
bool surely_runs(const InferContext& cx) {
  const auto trips = cx.has(0) ? cx.input(0).elements() : std::nullopt;
  return surely_begins(cx) && (!cx.has(0) || (trips && (*trips)[0].is_const() && (*trips)[0].value() > 0));
}

Dim trip_count(InferContext& cx, const Graph& body) {
  const bool begins = surely_begins(cx);
  const auto trips = cx.has(0) ? cx.input(0).elements() : std::nullopt;
  if (!trips) return cx.unknown("trips");
  const Dim count = max((*trips)[0], 0);
  if (begins && condition_stays_true(body)) return count;
  return cx.unknown("trips", count);
}

Type stacked(const Type& element, const Dim& count, int64_t axis) {
  if (!element.is_tensor()) fail(ErrorCode::invalid_model, "{} can't be stacked; a tensor was expected", element.str());
  if (!element.ranked) return element;
  Type type = element;
  type.shape.insert(type.shape.begin() + resolve_axis(axis, element.rank() + 1), count);
  return type;
}

int64_t at_or_zero(const std::vector<int64_t>& values, size_t i) { return i < values.size() ? values[i] : 0; }

/// What a loop gives whose body can't run on these dims: the states as they were, and stacks of nothing.
/// `first` of the body's outputs come before its states.
std::vector<Fact> without_a_trip(const std::vector<Type>& states, const Graph& body, size_t first,
                                 const std::vector<int64_t>& axes = {}) {
  std::vector<Fact> facts(states.begin(), states.end());
  for (size_t i = first + states.size(); i < body.outputs().size(); ++i) {
    Type element = body.type(body.outputs()[i]);
    for (Dim& d : element.shape)
      if (!d.is_const()) d = 0;
    facts.emplace_back(stacked(element, 0, at_or_zero(axes, i - first - states.size())));
  }
  return facts;
}

}  // namespace

std::vector<Fact> If::infer(InferContext& cx) const {
  const size_t then_inputs = then_branch->inputs().size(), else_inputs = else_branch->inputs().size();
  expect_inputs(cx, 1 + then_inputs + else_inputs);
  expect_single(cx, 0, "the condition", DType::boolean);
  if (then_branch->outputs().size() != else_branch->outputs().size())
    fail(ErrorCode::invalid_model, "its branches give {} and {} outputs; the same number was expected",
         then_branch->outputs().size(), else_branch->outputs().size());
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  const auto branch = [&](bool taken) -> const Graph& { return taken ? *then_branch : *else_branch; };
  const auto inputs = [&](bool taken) {
    return taken ? input_types(cx, 1, then_inputs) : input_types(cx, 1 + then_inputs, else_inputs);
  };
  const auto lifted = [&](bool taken, std::vector<Type> types) {
    LiftTypes lift(inputs(taken), fresh);
    for (Type& type : types) type = lift(type);
    return types;
  };
  const auto only = [&](bool taken) {
    const auto types = lifted(taken, body_types(branch(taken), inputs(taken)));
    return std::vector<Fact>(types.begin(), types.end());
  };
  if (const ConstRef condition = cx.input(0).constant)
    return only(single<bool>(condition->value(), "the condition"));
  // A branch that the dims contradict fails when it is taken, so what comes out is of the other.
  const auto on_true = try_body_types(branch(true), inputs(true));
  const auto on_false = try_body_types(branch(false), inputs(false));
  if (!on_true || !on_false) return only(on_true || !on_false);
  const auto then_types = lifted(true, *on_true), else_types = lifted(false, *on_false);
  std::vector<Fact> facts;
  for (size_t i = 0; i < then_types.size(); ++i)
    facts.emplace_back(merge_types(then_types[i], else_types[i], fresh, fmt::format("output {}", i)));
  return facts;
}

std::vector<HostValue> If::evaluate(const EvalContext& cx) const {
  const size_t then_inputs = then_branch->inputs().size();
  const bool taken = single<bool>(cx.tensor(0), "the condition");
  const auto inputs = taken ? cx.inputs().subspan(1, then_inputs) : cx.inputs().subspan(1 + then_inputs);
  return core::evaluate(taken ? *then_branch : *else_branch, inputs, cx.threads(), {cx.seed()});
}

std::vector<Fact> Loop::infer(InferContext& cx) const {
  const size_t captured = body->inputs().size() - 2 - carried;
  expect_inputs(cx, 2 + carried + captured);
  if (static_cast<int64_t>(body->outputs().size()) < 1 + carried)
    fail(ErrorCode::invalid_model, "its body gives {} outputs; a condition and {} carried values were expected",
         body->outputs().size(), carried);
  if (cx.has(0)) expect_single(cx, 0, "the trip count", DType::i64);
  if (cx.has(1)) expect_single(cx, 1, "the condition", DType::boolean);
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  CarriedTypes types(input_types(cx, 2, carried));
  std::vector<Type> inputs, outputs;
  do {
    inputs = {Type::tensor(DType::i64, {}), Type::tensor(DType::boolean, {})};
    inputs.insert(inputs.end(), types.types().begin(), types.types().end());
    const auto rest = input_types(cx, 2 + carried, captured);
    inputs.insert(inputs.end(), rest.begin(), rest.end());
    const auto made = surely_runs(cx) ? body_types(*body, inputs) : try_body_types(*body, inputs);
    if (!made) return without_a_trip(types.types(), *body, 1);
    outputs = *made;
  } while (types.widen({outputs.data() + 1, static_cast<size_t>(carried)}, fresh));
  std::vector<Fact> facts(types.types().begin(), types.types().end());
  if (outputs[0].kind != Type::Kind::tensor || outputs[0].dtype != DType::boolean)
    fail(ErrorCode::invalid_model, "the first output of its body must be a bool condition; found {}", outputs[0].str());
  LiftTypes lift(inputs, fresh);
  std::optional<Dim> trips;
  for (size_t i = 1 + carried; i < outputs.size(); ++i) {
    if (!trips) trips = trip_count(cx, *body);
    facts.emplace_back(stacked(lift(outputs[i]), *trips, 0));
  }
  return facts;
}

std::vector<HostValue> Loop::evaluate(const EvalContext& cx) const {
  const int64_t trips = cx.has(0) ? single<int64_t>(cx.tensor(0), "the trip count") : INT64_MAX;
  bool condition = cx.has(1) ? single<bool>(cx.tensor(1), "the condition") : true;
  std::vector<HostValue> inputs(cx.inputs().begin(), cx.inputs().end());
  std::vector<std::vector<Tensor>> scanned(body->outputs().size() - 1 - carried);
  for (int64_t i = 0; i < trips && condition; ++i) {
    inputs[0] = tensor_of<int64_t>({}, {i});
    inputs[1] = tensor_of<bool>({}, {true});
    auto outputs = core::evaluate(*body, inputs, cx.threads(), {cx.seed()});
    condition = single<bool>(std::get<Tensor>(outputs[0]), "the condition");
    for (int64_t k = 0; k < carried; ++k) inputs[2 + k] = std::move(outputs[1 + k]);
    for (size_t k = 0; k < scanned.size(); ++k)
      scanned[k].push_back(std::get<Tensor>(std::move(outputs[1 + carried + k])));
  }
  std::vector<HostValue> results(inputs.begin() + 2, inputs.begin() + 2 + carried);
  for (size_t k = 0; k < scanned.size(); ++k)
    results.push_back(stack(scanned[k], 0, output_type_at(*body, 1 + carried + k, inputs), cx.threads()));
  return results;
}

std::vector<Fact> Scan::infer(InferContext& cx) const {
  expect_inputs(cx, body->inputs().size());
  if (static_cast<int64_t>(body->outputs().size()) < states)
    fail(ErrorCode::invalid_model, "its body gives {} outputs; {} states were expected", body->outputs().size(),
         states);
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  std::vector<Type> rest = input_types(cx, states, cx.size() - states);
  std::optional<Dim> count;
  for (int64_t i = 0; i < sequences; ++i) {
    expect_rank(cx, static_cast<int>(states + i), "a scanned input", 1);
    Type& type = rest[i];
    if (!type.ranked) continue;
    const int64_t axis = resolve_axis(at_or_zero(input_axes, i), type.rank());
    if (count)
      cx.require_equal(*count, type.shape[axis], "the scanned axes of two inputs");
    else
      count = type.shape[axis];
    type.shape.erase(type.shape.begin() + axis);
  }
  if (!count) count = cx.unknown("trips");
  CarriedTypes types(input_types(cx, 0, states));
  std::vector<Type> inputs, outputs;
  do {
    inputs = types.types();
    inputs.insert(inputs.end(), rest.begin(), rest.end());
    const bool runs = count->is_const() && count->value() > 0;
    const auto made = runs ? body_types(*body, inputs) : try_body_types(*body, inputs);
    if (!made) return without_a_trip(types.types(), *body, 0, output_axes);
    outputs = *made;
  } while (types.widen({outputs.data(), static_cast<size_t>(states)}, fresh));
  std::vector<Fact> facts(types.types().begin(), types.types().end());
  LiftTypes lift(inputs, fresh);
  for (size_t i = states; i < outputs.size(); ++i)
    facts.emplace_back(stacked(lift(outputs[i]), *count, at_or_zero(output_axes, i - states)));
  return facts;
}

std::vector<HostValue> Scan::evaluate(const EvalContext& cx) const {
  std::vector<HostValue> inputs(cx.inputs().begin(), cx.inputs().end());
  std::optional<int64_t> count;
  for (int64_t k = 0; k < sequences; ++k) {
    const Tensor& x = cx.tensor(static_cast<int>(states + k));
    const int64_t length = x.dim(resolve_axis(at_or_zero(input_axes, k), x.rank()));
    if (count && *count != length)
      fail(ErrorCode::shape_mismatch, "the scanned axes of its inputs have {} and {} elements", *count, length);
    count = length;
  }
  std::vector<std::vector<Tensor>> collected(body->outputs().size() - states);
  for (int64_t i = 0; i < count.value_or(0); ++i) {
    for (int64_t k = 0; k < sequences; ++k) {
      const Tensor& x = cx.tensor(static_cast<int>(states + k));
      const int64_t at = at_or_zero(input_directions, k) ? *count - 1 - i : i;
      inputs[states + k] = element_of(x, resolve_axis(at_or_zero(input_axes, k), x.rank()), at, cx.threads());
    }
    auto outputs = core::evaluate(*body, inputs, cx.threads(), {cx.seed()});
    for (int64_t k = 0; k < states; ++k) inputs[k] = std::move(outputs[k]);
    for (size_t k = 0; k < collected.size(); ++k)
      collected[k].push_back(std::get<Tensor>(std::move(outputs[states + k])));
  }
  std::vector<HostValue> results(inputs.begin(), inputs.begin() + states);
  for (size_t k = 0; k < collected.size(); ++k) {
    if (at_or_zero(output_directions, k)) std::reverse(collected[k].begin(), collected[k].end());
    results.push_back(
        stack(collected[k], at_or_zero(output_axes, k), output_type_at(*body, states + k, inputs), cx.threads()));
  }
  return results;
}

std::vector<Fact> BatchedScan::infer(InferContext& cx) const {
  expect_inputs(cx, 1 + body->inputs().size());
  if (static_cast<int64_t>(body->outputs().size()) < states || sequences < 1)
    fail(ErrorCode::invalid_model, "its body gives {} outputs; {} states were expected", body->outputs().size(),
         states);
  if (cx.has(0)) expect_dtype(cx, 0, "the lengths", {DType::i64});
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  std::vector<Type> inputs = input_types(cx, 1, cx.size() - 1);
  const int mapped = static_cast<int>(states + sequences);
  for (int i = 0; i < mapped; ++i) {
    expect_rank(cx, 1 + i, "a state or scanned input", i < states ? 1 : 2);
    if (!inputs[i].ranked) fail(ErrorCode::needs_shapes, "the rank of input {} must be known", 1 + i);
    inputs[i].shape.erase(inputs[i].shape.begin(), inputs[i].shape.begin() + (i < states ? 1 : 2));
  }
  const Shape& first = cx.input(static_cast<int>(1 + states)).shape();
  LiftTypes lift(inputs, fresh);
  std::vector<Fact> facts;
  for (const Type& type : body_types(*body, inputs)) {
    const bool is_state = static_cast<int64_t>(facts.size()) < states;
    const Type outer = lift(type);
    facts.emplace_back(stacked(is_state ? outer : stacked(outer, first[1], 0), first[0], 0));
  }
  return facts;
}

std::vector<HostValue> BatchedScan::evaluate(const EvalContext& cx) const {
  const Tensor& first = cx.tensor(static_cast<int>(1 + states));
  const int64_t batch = first.dim(0);
  const int64_t time = first.dim(1);
  Scan scan;
  scan.body = body;
  scan.states = states;
  scan.sequences = sequences;
  scan.input_directions = input_directions;
  std::vector<std::vector<Tensor>> results(body->outputs().size());
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t length = cx.has(0) ? to_int64s(cx.tensor(0)).at(b) : time;
    if (length < 0 || length > time)
      fail(ErrorCode::runtime_value, "the length of item {} is {}; 0 to {} were expected", b, length, time);
    std::vector<HostValue> inputs(cx.inputs().begin() + 1, cx.inputs().end());
    for (int64_t k = 0; k < states + sequences; ++k) {
      Tensor item = element_of(std::get<Tensor>(inputs[k]), 0, b, cx.threads());
      inputs[k] = k < states ? item : resized(item, length, cx.threads());
    }
    const auto outputs = scan.evaluate(EvalContext(inputs, cx.threads(), cx.seed()));
    for (size_t k = 0; k < outputs.size(); ++k) {
      const auto& value = std::get<Tensor>(outputs[k]);
      results[k].push_back(static_cast<int64_t>(k) < states ? value : resized(value, time, cx.threads()));
    }
  }
  std::vector<HostValue> values;
  for (size_t k = 0; k < results.size(); ++k) {
    const Type& inner = body->type(body->outputs()[k]);
    values.push_back(
        stack(results[k], 0, static_cast<int64_t>(k) < states ? inner : stacked(inner, time, 0), cx.threads()));
  }
  return values;
}

std::vector<Fact> SequenceMap::infer(InferContext& cx) const {
  expect_inputs(cx, body->inputs().size());
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  std::vector<Type> inputs = input_types(cx, 0, cx.size());
  if (inputs.empty() || inputs[0].kind != Type::Kind::sequence)
    fail(ErrorCode::invalid_model, "the first input must be a sequence");
  for (int64_t i = 0; i < mapped; ++i)
    if (inputs[i].kind == Type::Kind::sequence) inputs[i] = element_type(inputs[i], fresh);
  std::vector<Fact> facts;
  LiftTypes lift(inputs, fresh);
  for (const Type& type : body_types(*body, inputs)) facts.emplace_back(Type::sequence(lift(type)));
  return facts;
}

std::vector<HostValue> SequenceMap::evaluate(const EvalContext& cx) const {
  const size_t count = cx.sequence(0).size();
  std::vector<std::vector<Tensor>> results(body->outputs().size());
  for (size_t i = 0; i < count; ++i) {
    std::vector<HostValue> inputs(cx.inputs().begin(), cx.inputs().end());
    for (int64_t k = 0; k < mapped; ++k) {
      const auto* sequence = std::get_if<std::vector<Tensor>>(&cx.value(static_cast<int>(k)));
      if (!sequence) continue;
      if (sequence->size() != count)
        fail(ErrorCode::runtime_value, "its sequences have {} and {} elements", count, sequence->size());
      inputs[k] = (*sequence)[i];
    }
    auto outputs = core::evaluate(*body, inputs, cx.threads(), {cx.seed()});
    for (size_t k = 0; k < results.size(); ++k) results[k].push_back(std::get<Tensor>(std::move(outputs[k])));
  }
  return {results.begin(), results.end()};
}

void register_control_ops(OpRegistry& registry) {
  registry.add<If>();
  registry.add<Loop>();
  registry.add<Scan>();
  registry.add<BatchedScan>();
  registry.add<SequenceMap>();
  register_sequence_ops(registry);
  register_string_ops(registry);
}

}  // namespace tenon::core
