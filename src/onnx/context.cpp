#include "onnx/import_state.h"

namespace tenon::core {
namespace {

using Kind = OnnxAttribute::Kind;

std::string_view kind_name(Kind kind) {
  static constexpr std::string_view kNames[] = {"nothing", "a float",         "an integer",     "a string", "a tensor",
                                                "a graph", "floats",          "integers",       "strings",  "tensors",
                                                "graphs",  "a sparse tensor", "sparse tensors", "a type",   "types"};
  return kNames[static_cast<int>(kind)];
}

void expect_kind(const OnnxAttribute& attribute, Kind kind) {
  if (attribute.kind != kind)
    fail(ErrorCode::invalid_model, "its attribute '{}' is {}; {} was expected", attribute.name,
         kind_name(attribute.kind), kind_name(kind));
}

[[noreturn]] void fail_missing(std::string_view name) {
  fail(ErrorCode::invalid_model, "its attribute '{}' is required but not given", name);
}

}  // namespace

const OnnxAttribute* ImportContext::find(std::string_view name) const {
  for (const auto& attribute : node_.attributes) {
    if (attribute.name != name) continue;
    if (attribute.reference.empty()) return &attribute;
    if (!state_.attributes)
      fail(ErrorCode::invalid_model, "its attribute '{}' refers to '{}' of a function, but it is in none", name,
           attribute.reference);
    const auto it = state_.attributes->find(attribute.reference);
    if (it == state_.attributes->end()) return nullptr;
    if (it->second->graph)
      fail(ErrorCode::invalid_model, "its attribute '{}' is a graph given to a function, which is not supported", name);
    return it->second;
  }
  return nullptr;
}

int ImportContext::opset() const {
  const auto it = state_.opsets.find(std::string(node_.domain));
  return it == state_.opsets.end() ? 1 : it->second;
}

const std::string& ImportContext::op_type() const { return node_.op_type; }
int ImportContext::input_count() const { return static_cast<int>(node_.inputs.size()); }
int ImportContext::output_count() const { return static_cast<int>(node_.outputs.size()); }

bool ImportContext::has(int i) const { return static_cast<bool>(input(i)); }

bool ImportContext::wants(int output) const { return output < output_count() && !node_.outputs[output].empty(); }

Value ImportContext::input(int i) const {
  if (i >= input_count() || node_.inputs[i].empty()) return {};
  const auto value = state_.scope.find(node_.inputs[i]);
  if (!value)
    fail(ErrorCode::invalid_model, "its input '{}' is no input or initializer of the model and no node computes it",
         node_.inputs[i]);
  return *value;
}

Value ImportContext::required(int i, std::string_view what) const {
  const Value value = input(i);
  if (!value) fail(ErrorCode::invalid_model, "its input {} ({}) is required but not given", i, what);
  return value;
}

std::vector<Value> ImportContext::inputs() const {
  std::vector<Value> values;
  for (int i = 0; i < input_count(); ++i) values.push_back(input(i));
  return values;
}

const Fact& ImportContext::fact(Value v) const { return state_.scope.graph.fact(v); }

int ImportContext::rank(Value v, std::string_view what) const {
  const Type& type = fact(v).type;
  if (!type.is_tensor()) fail(ErrorCode::invalid_model, "{} must be a tensor; found {}", what, type.str());
  if (!type.ranked)
    fail(ErrorCode::needs_shapes, "the rank of {} must be known, but it depends on data or on an input without a shape",
         what);
  return type.rank();
}

bool ImportContext::has_attribute(std::string_view name) const { return find(name) != nullptr; }

int64_t ImportContext::integer(std::string_view name, int64_t otherwise) const {
  return find(name) ? integer(name) : otherwise;
}

int64_t ImportContext::integer(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) fail_missing(name);
  expect_kind(*attribute, Kind::integer);
  return attribute->integer;
}

double ImportContext::real(std::string_view name, double otherwise) const {
  return find(name) ? real(name) : otherwise;
}

double ImportContext::real(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) fail_missing(name);
  expect_kind(*attribute, Kind::real);
  return attribute->real;
}

std::string ImportContext::text(std::string_view name, std::string_view otherwise) const {
  return find(name) ? text(name) : std::string(otherwise);
}

std::string ImportContext::text(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) fail_missing(name);
  expect_kind(*attribute, Kind::text);
  return std::string(attribute->text);
}

std::vector<int64_t> ImportContext::integers(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) return {};
  expect_kind(*attribute, Kind::integers);
  return attribute->integers;
}

std::vector<double> ImportContext::reals(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) return {};
  expect_kind(*attribute, Kind::reals);
  return {attribute->reals.begin(), attribute->reals.end()};
}

std::vector<std::string> ImportContext::texts(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) return {};
  expect_kind(*attribute, Kind::texts);
  return {attribute->texts.begin(), attribute->texts.end()};
}

ConstRef ImportContext::tensor(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) return nullptr;
  return with_context(fmt::format("its attribute '{}'", name), [&] {
    TensorSource& source = state_.model.tensors();
    if (attribute->kind == Kind::sparse_tensor && attribute->sparse_tensor)
      return Constant::make(source.read(*attribute->sparse_tensor));
    expect_kind(*attribute, Kind::tensor);
    if (!attribute->tensor) fail_missing(name);
    return Constant::make(source.read(*attribute->tensor));
  });
}

DType ImportContext::dtype(std::string_view name, DType otherwise) const {
  return find(name)
             ? with_context(fmt::format("its attribute '{}'", name), [&] { return require_dtype(integer(name)); })
             : otherwise;
}

Type ImportContext::type(std::string_view name) const {
  const OnnxAttribute* attribute = find(name);
  if (!attribute) return {};
  expect_kind(*attribute, Kind::type);
  if (!attribute->type) fail_missing(name);
  return with_context(fmt::format("its attribute '{}'", name),
                      [&] { return state_.model.convert(*attribute->type, name, state_.scope.graph); });
}

namespace {

const OnnxGraph& require_graph(const OnnxAttribute* attribute, std::string_view name) {
  if (!attribute) fail_missing(name);
  expect_kind(*attribute, Kind::graph);
  if (!attribute->graph) fail_missing(name);
  return *attribute->graph;
}

}  // namespace

GraphRef ImportContext::subgraph(std::string_view name, std::vector<Value>& captured,
                                 std::span<const Type> inputs) const {
  const OnnxGraph& graph = require_graph(find(name), name);
  return state_.model.import_subgraph(graph, state_, inputs, captured);
}

int ImportContext::subgraph_inputs(std::string_view name) const {
  return static_cast<int>(require_graph(find(name), name).inputs.size());
}

std::vector<Value> ImportContext::inline_subgraph(std::string_view name) {
  const OnnxGraph& graph = require_graph(find(name), name);
  if (!graph.inputs.empty())
    fail(ErrorCode::invalid_model, "its graph '{}' takes {} inputs; none were expected", name, graph.inputs.size());
  return state_.model.import_inline(graph, state_);
}

Value ImportContext::add(OpRef op, std::vector<Value> inputs) {
  return state_.scope.graph.add(std::move(op), std::move(inputs), {state_.origin});
}

Value ImportContext::constant(Tensor value) { return state_.scope.add_constant(Constant::make(std::move(value))); }
Value ImportContext::constant_i64(std::vector<int64_t> values) {
  const auto size = static_cast<int64_t>(values.size());
  return constant(tensor_of<int64_t>({size}, values));
}
Value ImportContext::constant_scalar(DType dtype, double value) { return constant(scalar(dtype, value)); }

void ImportContext::output(int i, Value value) {
  if (i >= output_count()) return;
  state_.outputs[i] = value;
  state_.is_set[i] = true;
}

void ImportContext::outputs_of(Value value) {
  const int available = static_cast<int>(graph().node(value.node).outputs.size());
  for (int i = 0; i < output_count(); ++i) {
    if (i < available)
      output(i, Graph::output(value, i));
    else if (wants(i))
      fail(ErrorCode::invalid_model, "it has {} outputs; the model uses output {}", available, i);
  }
}

Graph& ImportContext::graph() { return state_.scope.graph; }

}  // namespace tenon::core
