#pragma once
#include <functional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "onnx/import.h"
#include "onnx/model.h"
#include "onnx/read_tensor.h"

namespace tenon::core {

/// The tensor names that the nodes of one graph (or of one inlined function) can see.
struct Scope {
  Graph& graph;
  Scope* outer = nullptr;  // of the graph around this one; null for the main graph and for functions
  std::vector<Value>* captured =
      nullptr;  // outer values that became inputs of `graph`; null when it is the outer one's
  bool open = false;  // the inputs of `graph` have open dims in the place of those outside
  std::unordered_map<std::string_view, Value> values;
  std::unordered_map<std::string_view, ConstRef> constants;  // initializers, added to the graph at their first use
  std::unordered_set<std::string_view> failed;  // `check_onnx`: outputs of nodes that could not be imported
  /// Tensor names given out in `graph`; shared by all scopes over it.
  std::shared_ptr<std::unordered_set<std::string>> names = std::make_shared<std::unordered_set<std::string>>();

  /// Nothing when no such tensor exists; an empty Value for an absent optional input of a function.
  std::optional<Value> find(std::string_view name);
  bool has_failed(std::string_view name) const;
  /// This graph or one around it has open inputs.
  bool is_open() const { return open || (outer && outer->is_open()); }
  /// An input of `graph`, with open dims where those are asked for.
  Value add_input(std::string_view name, Type type);
  Value add_constant(ConstRef constant);
  /// Names a value that has none, unless the name is taken.
  void set_name(Value value, const std::string& name);
};

/// The attributes of a function call, for the nodes inside that refer to them.
using AttributeBindings = std::map<std::string_view, const OnnxAttribute*>;

/// What the graphs of one model share.
class ModelImporter {
 public:
  /// `reports`: go on after a failing node and collect the problems there; null: throw the first.
  ModelImporter(const OnnxModel& model, TensorSource& tensors, const ImportOptions& options,
                std::vector<NodeReport>* reports);
  void run(ImportedModel& result);
  /// A graph got open dims, and may contradict the dims that the model declares as well.
  bool opened() const { return opened_; }

  TensorSource& tensors() { return tensors_; }
  const OnnxFunction* function(const OnnxNode& node) const;

  /// Adds the nodes to state.scope.graph, producers first.
  void import_nodes(const std::vector<OnnxNode>& nodes, ImportState& state);
  /// A graph attribute as a graph of its own. `input_types` empty: the types that its inputs declare.
  /// A graph that contradicts what ImportOptions::input_shapes makes of its dims takes open ones: it may never run.
  GraphRef import_subgraph(const OnnxGraph& source, ImportState& outer, std::span<const Type> input_types,
                           std::vector<Value>& captured);
  /// A graph attribute without inputs, added in place; gives its outputs.
  std::vector<Value> import_inline(const OnnxGraph& source, ImportState& outer);
  Type convert(const OnnxType& type, std::string_view name, Graph& graph);

 private:
  GraphRef import_body(const OnnxGraph& source, ImportState& outer, std::span<const Type> input_types,
                       std::vector<Value>& captured, bool open);
  void add_inputs(const OnnxGraph& source, Scope& scope);
  void add_initializers(const OnnxGraph& source, Scope& scope);
  void narrow_inputs(std::vector<Type>& types);
  Dim convert(const OnnxDim& dim, std::string_view name, size_t axis, Graph& graph);
  std::vector<Value> find_outputs(const OnnxGraph& source, Scope& scope);
  void import_node(const OnnxNode& node, int index, ImportState& state);
  void import_operator(const OnnxNode& node, ImportState& state);
  void import_call(const OnnxFunction& function, const OnnxNode& node, const std::string& name, ImportState& state);
  void finish_node(const OnnxNode& node, int first_new, ImportState& state);
  void bind_outputs(const OnnxNode& node, ImportState& state);
  void report(const OnnxNode& node, const std::string& name, const ImportState& state, const Error* problem);
  /// Runs `f`; while checking, an Error from it becomes a report without a node.
  void attempt(const std::function<void()>& f);

  const OnnxModel& model_;
  std::unordered_multimap<std::string_view, const OnnxFunction*> functions_;  // by name
  TensorSource& tensors_;
  const ImportOptions& options_;
  std::vector<NodeReport>* reports_;
  std::map<std::pair<const OnnxNode*, std::string>, size_t> report_of_;
  std::map<std::string_view, std::string> symbols_;  // dim_param -> symbol
  std::map<std::string, Dim> narrowed_;              // symbol -> what ImportOptions::input_shapes makes of it
  int64_t imported_nodes_ = 0;
  bool opened_ = false;
  int main_node_ = -1;  // the node of the main graph that is being imported
};

/// The nodes of one graph being imported, and the one whose turn it is.
struct ImportState {
  ModelImporter& model;
  Scope& scope;
  const Opsets& opsets;
  const AttributeBindings* attributes = nullptr;  // null outside functions
  std::string prefix;                             // of names inside an inlined function or branch: "call/"
  std::vector<const OnnxFunction*> calls;         // functions being inlined, outermost first
  int depth = 0;

  OriginId origin = -1;
  std::vector<Value> outputs;
  std::vector<bool> is_set;
};

/// Thrown while checking when a graph inside a node could not be imported; its problems are already reported.
struct SubgraphFailed {};

/// Tensor names that a subgraph, or a graph in it, takes from outside; each once, in order of use.
std::vector<std::string_view> free_names(const OnnxGraph& graph);
/// The same for a node: its inputs and what its subgraphs take from outside.
std::vector<std::string_view> used_names(const OnnxNode& node);
/// Node indices, producers first, in file order where that is one. Fails on cycles and on names defined twice.
std::vector<int> order_nodes(const std::vector<OnnxNode>& nodes, const Scope& scope);
/// "Conv_12" for a node without a name.
std::string node_name(const OnnxNode& node, int index);
std::string operation_name(const OnnxNode& node);
/// Fails when the opset asks for a form of the operator from before version 6 that is not supported.
void refuse_old_form(const OnnxNode& node, int opset);
/// Fails saying why the operator can't be imported and what comes near.
[[noreturn]] void fail_unknown_operator(const OnnxNode& node, int opset);

}  // namespace tenon::core
