#pragma once
#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/op.h"

namespace tenon::core {

using NodeId = int32_t;

/// Output `output` of node `node`; default-constructed: an input left out.
struct Value {
  NodeId node = -1;
  int32_t output = 0;
  explicit operator bool() const { return node >= 0; }
  auto operator<=>(const Value&) const = default;
};

/// A node of the imported model, kept so that every kernel, error and log line can name it.
struct Origin {
  std::string name;      // the model's name, or "Conv_12" when it has none
  std::string operation; // "Conv", "com.microsoft.Gelu"
};
using OriginId = int32_t;

struct Node {
  OpRef op;
  std::vector<Value> inputs;
  std::vector<Fact> outputs;
  std::vector<std::string> output_names;  // tensor names of the model; empty where there is none
  std::vector<OriginId> origins;          // in the model's order
  template <class T> const T* as() const { return core::as<T>(op); }
};

/// Two dims that a pass or an op relied on; evaluated when shapes are bound.
struct Check {
  Dim a, b;
  std::string what;  // "inputs 'a' and 'b' of node 'add'"
};

/// Replacements made by one rewrite: old value -> new value. New nodes are added to the graph first.
struct Patch {
  std::vector<std::pair<Value, Value>> replace;
};

struct Use {
  NodeId user;
  int input;
};

/// Two leaves every graph has. `Input` holds nothing but its declared type; `ConstantOp` holds a constant.
struct InputOp;
struct ConstantOp;

/// Nodes and values, logical and always typed: adding a node infers its facts. Changed only by `add...` and
/// `apply(Patch)`; a subgraph (of If, Loop, Scan, Fused) captures nothing from outside, values reach it as inputs.
class Graph {
 public:
  std::string name = "main";
  /// Range of each symbol: the union of the profiles.
  Ranges ranges;
  std::vector<Check> checks;

  Value add_input(const std::string& name, Type type);
  Value add_constant(ConstRef constant);
  Value add_constant(Tensor value, const std::string& name = "") { return add_constant(Constant::make(std::move(value), name)); }
  /// Infers the facts; an Error gets the node's origins in front. Returns output 0; `output(v, i)` gives the others.
  Value add(OpRef op, std::vector<Value> inputs, std::vector<OriginId> origins = {});
  template <std::derived_from<Op> T>
  Value add(T op, std::vector<Value> inputs, std::vector<OriginId> origins = {}) {
    return add(std::make_shared<const T>(std::move(op)), std::move(inputs), std::move(origins));
  }
  static Value output(Value v, int i) { return {v.node, i}; }
  void add_output(const std::string& name, Value value);
  /// Gives a value the tensor name it has in the model.
  void set_name(Value value, const std::string& name);
  OriginId add_origin(Origin origin);

  /// Rewires all uses of each old value to the new one. Refuses (internal error) a new value that does not refine the
  /// old type. Nodes that die give their origins to the new nodes; tensor names move along.
  void apply(const Patch&);
  /// Drops nodes that no output needs (inputs stay). Returns how many; `note_dropped` is called with `reason`.
  int remove_dead(std::string_view reason);
  /// Infers all facts again in order, after inputs or ranges were narrowed.
  void reinfer();
  void set_input_type(int input, Type type);

  const Node& node(NodeId id) const { return nodes_[id]; }
  bool alive(NodeId id) const { return nodes_[id].op != nullptr; }
  int capacity() const { return static_cast<int>(nodes_.size()); }  // ids are below this; some may be dead
  const Fact& fact(Value v) const;                                  // an absent fact for a value left out
  const Type& type(Value v) const { return fact(v).type; }
  ConstRef constant(Value v) const { return v ? fact(v).constant : nullptr; }
  const std::vector<Use>& uses(Value v) const;  // in order of insertion; graph outputs are not uses
  /// Uses plus the number of times it is a graph output.
  int use_count(Value v) const;
  bool is_output(Value v) const;
  /// Live nodes, producers first; stable for equal graphs.
  std::vector<NodeId> order() const;

  const std::vector<Value>& inputs() const { return inputs_; }
  const std::string& input_name(int i) const { return input_names_[i]; }
  const std::vector<Value>& outputs() const { return outputs_; }
  const std::string& output_name(int i) const { return output_names_[i]; }
  const std::string& name_of(Value v) const;  // empty when it has none
  const std::vector<Origin>& origins() const { return origins_; }
  /// Why an origin is no longer behind any live node: "folded into a constant", "dead", ...
  const std::map<OriginId, std::string>& dropped() const { return dropped_; }
  void note_dropped(OriginId origin, std::string_view reason);

  /// "a + b" from the origins in order, "fusedPointwiseNode(a, b)" for a pointwise chain, or the op's name and id.
  std::string display_name(NodeId id) const;
  /// "node 'a + b' (Conv)".
  std::string describe_node(NodeId id) const;
  /// A symbol name not used so far: "hint", "hint_1", ...
  std::string fresh_symbol(std::string_view hint);
  /// The same graph without dead nodes, ids in order().
  Graph compacted() const;

 private:
  std::vector<Fact> infer_node(const Op& op, const std::vector<Value>& inputs, const std::vector<OriginId>& origins);
  NodeId append(OpRef op, std::vector<Value> inputs, std::vector<Fact> facts, std::vector<OriginId> origins);
  void kill(NodeId id);
  void note_symbols(const Type& type);  // `fresh_symbol` never gives those of an input
  void give_origins(const Patch& patch, NodeId oldest_new);
  std::vector<Node> nodes_;
  std::vector<std::vector<std::vector<Use>>> uses_;  // node, output, uses
  std::vector<Value> inputs_, outputs_;
  std::vector<std::string> input_names_, output_names_;
  std::vector<Origin> origins_;
  std::map<OriginId, std::string> dropped_;
  std::map<std::string, int> symbols_;
};

struct InputOp : OpDef<InputOp> {
  static constexpr std::string_view op_name = "Input";
  Type type;
  void fields(FieldVisitor&) override {}  // the type is written with the graph's signature
  std::vector<Fact> infer(InferContext&) const override { return {Fact(type)}; }
  std::vector<HostValue> evaluate(const EvalContext&) const override;
  bool pure() const override { return false; }
};

struct ConstantOp : OpDef<ConstantOp> {
  static constexpr std::string_view op_name = "Constant";
  ConstRef value;
  void fields(FieldVisitor& v) override { v.visit("value", value); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// The number in a constant tensor whose elements are all equal; nothing otherwise.
std::optional<double> uniform_constant(const Graph&, Value);
bool is_constant(const Graph&, Value);

}  // namespace tenon::core
