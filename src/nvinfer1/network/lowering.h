#pragma once
#include <map>
#include <memory>
#include <set>

#include "NvInfer.h"
#include "ir/graph.h"
#include "nvinfer1/reporter.h"

namespace tenon::adapter {

namespace nv = nvinfer1;

class Network;
class NetTensor;
class LayerBase;
class LoopImpl;
class ConditionalImpl;

/// Adds layers of a network to a graph, each when a value of it is first asked for. Dims of an implicit batch network
/// get the batch in front. Weakly typed networks compute their floats in f32. INT32 of the API may be 64-bit inside
/// where shapes are computed; outputs are converted.
class Lowering {
 public:
  /// `types_only`: the bodies of loops and conditionals are added to the graph itself, with inputs in place of what
  /// changes from one iteration to the next: good for types alone.
  Lowering(const Network& network, core::Graph& graph, bool types_only);
  /// Of a body: what does not depend on the loop or conditional comes from `outer`, as further inputs of `graph`.
  Lowering(Lowering& outer, core::Graph& graph);

  core::Value value(const NetTensor&);
  /// The same with other values in place of some tensors' own; nothing of it is kept.
  core::Value value_with(const std::map<const NetTensor*, core::Value>& others, const NetTensor&);
  /// Of a body: the value outside.
  core::Value outer_value(const NetTensor& tensor) { return capture_tensor(tensor); }
  void bind(const NetTensor& tensor, core::Value value) { values_[&tensor] = value; }
  /// A value of `outer` as an input of a body.
  core::Value capture(core::Value outside);
  void forget(const LayerBase&);

  template <class T>
  core::Value add(T op, std::vector<core::Value> inputs) {
    return graph.add(std::move(op), std::move(inputs), origins());
  }
  core::Value add_op(core::OpRef op, std::vector<core::Value> inputs) { return graph.add(std::move(op), std::move(inputs), origins()); }
  const core::Fact& fact(core::Value v) const { return graph.fact(v); }
  const core::Shape& shape(core::Value v) const { return graph.fact(v).type.shape; }
  int rank(core::Value v) const { return graph.fact(v).rank(); }
  DType dtype(core::Value v) const { return graph.fact(v).type.dtype; }

  /// 1 in an implicit batch network: what axes of the API are shifted by.
  int lead() const;
  bool weak() const;
  core::Value i64(std::vector<int64_t> values);
  core::Value number(DType dtype, double value);  // rank 0
  core::Value cast(core::Value v, DType to);      // itself when it has that type
  /// A shape operand: i64, rank 1.
  core::Value shape_operand(const NetTensor&);
  /// The values of a tensor that must be known at the build.
  std::vector<int64_t> known(const NetTensor&, const char* what);
  /// Weights as a constant of these dims, named for the refitter. Fails when the count differs.
  core::Value weights(const nv::Weights&, std::vector<int64_t> dims, const char* what, nv::WeightsRole role);
  /// A constant that a refitter finds by its name, where the network is built for it.
  core::Value named_constant(core::Tensor value, const std::string& name);
  /// Two operands in one type: floats to f32, integers to the wider.
  void unify(core::Value& a, core::Value& b);
  core::Value binary(int kind, core::Value a, core::Value b);  // a core::BinaryKind
  core::Value reshaped(core::Value v, std::vector<int64_t> dims);  // 0 keeps a dim
  core::Value transposed(core::Value v, std::vector<int64_t> permutation);
  core::Value squeezed(core::Value v, std::vector<int64_t> axes);
  core::Value unsqueezed(core::Value v, std::vector<int64_t> axes);

  const Network& network;
  core::Graph& graph;
  const bool types_only;
  Lowering* const outer = nullptr;
  /// Inside a body: values of `outer` that became inputs.
  std::vector<core::Value> captured;
  /// The loops whose tensors have a value here, with the index of the iteration; and the conditional whose branch this is.
  std::map<const LoopImpl*, core::Value> iterations;
  const ConditionalImpl* conditional = nullptr;
  /// Dims in place of declared ones, by input.
  std::map<std::string, core::Shape> input_shapes;
  bool obeys_precision = false;
  /// Which weights become constants whose values no rewrite relies on.
  enum class Refit { none, marked, all } refits = Refit::none;
  /// Constants a refitter may replace.
  struct RefitWeights {
    const LayerBase* layer;
    nv::WeightsRole role;
    std::string constant;
  };
  std::vector<RefitWeights> refit;
  /// Takes a name for a tensor or constant of the graph: false when it is taken.
  bool claim(const std::string& name) { return !name.empty() && names_.insert(name).second; }

 private:
  std::vector<core::OriginId> origins();
  core::Value capture_tensor(const NetTensor&);
  core::Value lower_input(const NetTensor&);
  void lower_layer(const LayerBase&);
  core::Value finished(const LayerBase&, int output, core::Value);
  std::map<const NetTensor*, core::Value> values_;
  std::map<core::Value, core::Value> captures_;
  std::set<const LayerBase*> active_;  // layers being lowered: one met again is a cycle
  std::set<std::string> names_;
  const LayerBase* current_ = nullptr;
  std::map<const LayerBase*, core::OriginId> origin_of_;
};

/// core's element type for one of the API; fails for one that does not exist.
DType core_type(nv::DataType);

}  // namespace tenon::adapter
