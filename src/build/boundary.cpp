#include "build/boundary.h"

#include <algorithm>

#include "base/error.h"
#include "build/reformat.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Builds the copy node by node.
class Copy {
 public:
  Copy(const Graph& from, const Boundary& boundary, IoFormats& made) : from_(from), types_(boundary.types), formats_(boundary.formats), made_(made) {
    to_.name = from.name;
    to_.ranges = from.ranges;
    for (const Origin& origin : from.origins()) to_.add_origin(origin);
    for (const auto& [origin, why] : from.dropped()) to_.note_dropped(origin, why);
  }

  Graph make() {
    for (const auto& entry : types_) check_name("a type", entry.first);
    for (const auto& entry : formats_) check_name("a memory format", entry.first);
    for (size_t i = 0; i < from_.inputs().size(); ++i) add_input(static_cast<int>(i));
    for (NodeId id : from_.order()) add_node(id);
    for (size_t i = 0; i < from_.outputs().size(); ++i) add_output(static_cast<int>(i));
    return std::move(to_);
  }

 private:
  void check_name(const char* given, const std::string& name) const {
    for (size_t i = 0; i < from_.inputs().size(); ++i)
      if (from_.input_name(static_cast<int>(i)) == name) return;
    for (size_t i = 0; i < from_.outputs().size(); ++i)
      if (from_.output_name(static_cast<int>(i)) == name) return;
    fail(ErrorCode::unknown_name, "{} is given for '{}', which is neither an input nor an output of the model", given, name);
  }

  /// The type wanted for a tensor of this name and type; its own when none is.
  DType wanted(const std::string& name, const Type& type) const {
    const auto it = types_.find(name);
    if (it == types_.end()) return type.dtype;
    if (!type.is_tensor() || type.boxed() || size_of(it->second) == 0)
      fail(ErrorCode::usage, "'{}' is {}: it can't be given the type {}", name, type.str(), to_string(it->second));
    return it->second;
  }

  /// Nothing where it is dense.
  std::optional<IoFormat> format_of(const std::string& name, const Type& type) {
    const auto it = formats_.find(name);
    if (it == formats_.end() || it->second == MemoryFormat::linear) return std::nullopt;
    const MemoryFormat format = it->second;
    if (is_of_dla(format)) fail(ErrorCode::usage, "'{}': the memory format {} is one of DLA cores, and there are none", name, to_string(format));
    if (!type.is_tensor() || type.boxed() || size_of(type.dtype) == 0 || !type.ranked)
      fail(ErrorCode::usage, "'{}' is {}: it can't have the memory format {}", name, type.str(), to_string(format));
    const FormatTraits t = traits(format);
    with_context("'" + name + "'", [&] { return stored_shape(format, type.shape); });
    IoFormat made{format, t.components == 1 ? -1 : type.shape[type.shape.size() - static_cast<size_t>(t.axis_from_end)].value()};
    made_[name] = made;
    return made;
  }

  /// TensorRT's name for such a step.
  OriginId reformat_origin(const char* direction, int place, const std::string& layer) {
    return to_.add_origin({fmt::format("Reformatting CopyNode for {} Tensor {} to {}", direction, place, layer), std::string(kReformat)});
  }

  void add_input(int index) {
    const Value old = from_.inputs()[index];
    const std::string& name = from_.input_name(index);
    Type type = from_.type(old);
    const DType own = type.dtype;
    type.dtype = wanted(name, type);
    const auto format = format_of(name, type);
    if (format) type.shape = stored_shape(format->format, type.shape);
    Value value = to_.add_input(name, type);
    if (format) {
      const auto& uses = from_.uses(old);
      const OriginId origin = uses.empty() ? reformat_origin("Input", 0, "the output") : reformat_origin("Input", uses[0].input, from_.display_name(uses[0].user));
      value = dense_from(to_, value, *format, origin);
    }
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
    const std::string& name = from_.output_name(index);
    const DType type = wanted(name, from_.type(old));
    Value value = values_.at(old);
    if (type != from_.type(old).dtype) value = to_.add(Cast(type), {value});
    if (const auto format = format_of(name, to_.type(value)))
      value = stored_from(to_, value, format->format, reformat_origin("Output", old.output, from_.display_name(old.node)));
    to_.add_output(name, value);
  }

  const Graph& from_;
  const std::map<std::string, DType>& types_;
  const std::map<std::string, MemoryFormat>& formats_;
  IoFormats& made_;
  Graph to_;
  std::map<Value, Value> values_;
};

}  // namespace

Graph with_boundary(const Graph& graph, const Boundary& boundary, IoFormats& made) { return Copy(graph, boundary, made).make(); }

}  // namespace tenon::core
