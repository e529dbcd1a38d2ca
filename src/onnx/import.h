#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "ir/graph.h"

namespace tenon::core {

struct OnnxAttribute;
struct OnnxNode;
struct ImportState;

/// What an operator's importer works with: one node of the model, its attributes and inputs, and the graph it adds to.
/// All errors thrown inside get the node's name and operator in front.
class ImportContext {
 public:
  /// The version of the node's domain that the model (or function) asks for.
  int opset() const;
  const std::string& op_type() const;
  int input_count() const;  // as written, trailing empty names included
  int output_count() const;
  bool has(int i) const;         // given and not empty
  bool wants(int output) const;  // the model uses this output
  Value input(int i) const;      // an empty Value when absent
  Value required(int i, std::string_view what) const;
  std::vector<Value> inputs() const;
  const Fact& fact(Value v) const;
  int rank(Value v, std::string_view what) const;  // fails with a sentence when unranked

  /// Attributes by name. The required forms fail naming the attribute; a wrong attribute type fails too.
  bool has_attribute(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t otherwise) const;
  int64_t integer(std::string_view name) const;
  double real(std::string_view name, double otherwise) const;
  double real(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::string text(std::string_view name) const;
  std::vector<int64_t> integers(std::string_view name) const;  // empty when not given
  std::vector<double> reals(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  ConstRef tensor(std::string_view name) const;               // null when not given; sparse ones densified
  DType dtype(std::string_view name, DType otherwise) const;  // an ONNX element type number
  Type type(std::string_view name) const;                     // a type attribute (Optional); absent when not given
  /// A graph attribute, imported with its captured outer values turned into extra inputs: `captured` gets them.
  /// Captured constants are copied into it instead. `inputs`: the types of its own inputs, in place of declared ones.
  GraphRef subgraph(std::string_view name, std::vector<Value>& captured, std::span<const Type> inputs = {}) const;
  /// How many inputs the model gives that graph.
  int subgraph_inputs(std::string_view name) const;
  /// A graph attribute without inputs, its nodes added to the graph in place of this one; gives its outputs.
  std::vector<Value> inline_subgraph(std::string_view name);

  /// Adds to the graph under this node's origin.
  Value add(OpRef op, std::vector<Value> inputs);
  template <std::derived_from<Op> T>
  Value add(T op, std::vector<Value> inputs) {
    return add(std::make_shared<const T>(std::move(op)), std::move(inputs));
  }
  Value constant(Tensor value);
  Value constant_i64(std::vector<int64_t> values);   // rank 1
  Value constant_scalar(DType dtype, double value);  // rank 0
  /// Sets what the node's output i is; all outputs the model uses must be set.
  void output(int i, Value value);
  /// Sets outputs 0.. to outputs 0.. of the node of `value`.
  void outputs_of(Value value);
  Graph& graph();

  ImportContext(ImportState& state, const OnnxNode& node) : state_(state), node_(node) {}

 private:
  const OnnxAttribute* find(std::string_view name) const;
  ImportState& state_;
  const OnnxNode& node_;
};

using ImportFunction = void (*)(ImportContext&);

/// One line per operator: `table.add("", "Conv", import_conv)`. Domain "" is ai.onnx, "com.microsoft" the contrib one.
class ImportTable {
 public:
  void add(std::string_view domain, std::string_view op_type, ImportFunction);
  ImportFunction find(std::string_view domain, std::string_view op_type) const;  // null when unknown
  std::vector<std::pair<std::string, std::string>> entries() const;
  std::vector<std::string> nearest(std::string_view domain, std::string_view op_type) const;

 private:
  std::map<std::pair<std::string, std::string>, ImportFunction> entries_;
};
/// Filled by src/onnx/all.cpp alone.
const ImportTable& import_table();

struct ImportOptions {
  /// Narrows the declared dims of inputs, wherever their symbols are used. Dims without a name are symbols
  /// "<input>_dim<i>".
  std::map<std::string, Shape> input_shapes;
  const Log* log = nullptr;
};

struct ImportedModel {
  Graph graph;
  std::map<std::string, int> opsets;
  int64_t ir_version = 0;
  std::string producer;
  int64_t node_count = 0;       // those of subgraphs too
  int64_t parameter_count = 0;  // see count_parameters
};

/// Fails with the first problem. Weights stay views of the mapped file.
ImportedModel import_onnx(const std::string& path, const ImportOptions& = {});
/// A model in memory; external data is looked up beneath `folder` ("" = none allowed).
ImportedModel import_onnx_bytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                                const std::string& folder, const ImportOptions& = {});

/// `tenon check`: goes on after a failing node and collects every problem, in the order of the nodes. What needs the
/// outputs of a failed node is only checked for being known. Problems outside nodes have no name.
struct NodeReport {
  std::string name, operation, problem;  // problem empty: imported
  ErrorCode code = ErrorCode::internal;
  int node = -1;                   // index in the main graph; inside another node, that node's
  std::string output;              // name of its first output
  std::vector<std::string> calls;  // functions around it, outermost first
};
std::vector<NodeReport> check_onnx(const std::string& path, const ImportOptions& = {});
std::vector<NodeReport> check_onnx_bytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                                         const std::string& folder, const ImportOptions& = {});

}  // namespace tenon::core
