#include "build/io_types.h"

#include <algorithm>

#include "base/error.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Builds the copy node by node.
class Copy {
 public:
  Copy(const Graph& from, const std::map<std::string, DType>& types) : from_(from), types_(types) {
    to_.name = from.name;
    to_.ranges = from.ranges;
    for (const Origin& origin : from.origins()) to_.add_origin(origin);
    for (const auto& [origin, why] : from.dropped()) to_.note_dropped(origin, why);
  }

  Graph make() {
    check_names();
    for (size_t i = 0; i < from_.inputs().size(); ++i) add_input(static_cast<int>(i));
    for (NodeId id : from_.order()) add_node(id);
    for (size_t i = 0; i < from_.outputs().size(); ++i) add_output(static_cast<int>(i));
    return std::move(to_);
  }

 private:
  void check_names() const {
    for (const auto& entry : types_) {
      bool known = false;
      for (size_t i = 0; i < from_.inputs().size(); ++i) known = known || from_.input_name(static_cast<int>(i)) == entry.first;
      for (size_t i = 0; i < from_.outputs().size(); ++i) known = known || from_.output_name(static_cast<int>(i)) == entry.first;
      if (!known) fail(ErrorCode::unknown_name, "a type is given for '{}', which is neither an input nor an output of the model", entry.first);
    }
  }

  /// The type wanted for a tensor of this name and type; its own when none is.
  DType wanted(const std::string& name, const Type& type) const {
    const auto it = types_.find(name);
    if (it == types_.end()) return type.dtype;
    if (!type.is_tensor() || type.boxed() || size_of(it->second) == 0)
      fail(ErrorCode::usage, "'{}' is {}: it can't be given the type {}", name, type.str(), to_string(it->second));
    return it->second;
  }

  void add_input(int index) {
    const Value old = from_.inputs()[index];
    Type type = from_.type(old);
    const DType own = type.dtype;
    type.dtype = wanted(from_.input_name(index), type);
    Value value = to_.add_input(from_.input_name(index), type);
    if (type.dtype != own) value = to_.add(Cast(own), {value});
    values_[old] = value;
  }

  void add_node(NodeId id) {
    const Node& node = from_.node(id);
    if (node.as<InputOp>()) return;
    std::vector<Value> inputs;
    for (Value v : node.inputs) inputs.push_back(v ? values_.at(v) : Value{});
    const auto* constant = node.as<ConstantOp>();
    const Value first = constant ? to_.add_constant(constant->value) : to_.add(node.op, std::move(inputs), node.origins);
    for (int i = 0; i < static_cast<int>(node.outputs.size()); ++i) {
      values_[{id, i}] = Graph::output(first, i);
      if (!node.output_names[i].empty()) to_.set_name(Graph::output(first, i), node.output_names[i]);
    }
  }

  void add_output(int index) {
    const Value old = from_.outputs()[index];
    const DType type = wanted(from_.output_name(index), from_.type(old));
    Value value = values_.at(old);
    if (type != from_.type(old).dtype) value = to_.add(Cast(type), {value});
    to_.add_output(from_.output_name(index), value);
  }

  const Graph& from_;
  const std::map<std::string, DType>& types_;
  Graph to_;
  std::map<Value, Value> values_;
};

}  // namespace

Graph with_io_types(const Graph& graph, const std::map<std::string, DType>& types) { return Copy(graph, types).make(); }

}  // namespace tenon::core
