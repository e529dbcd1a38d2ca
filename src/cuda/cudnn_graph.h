#pragma once
#include <compare>
#include <limits>
#include <map>
#include <optional>

#include "cuda/cudnn.h"
#include "ir/tensor.h"

namespace tenon::core::cuda::cudnn {

cudnnDataType_t data_type(DType);

/// One value of a graph. A virtual one is never stored; one with a `value` is that number, given at each run.
struct GraphTensor {
  Dims dims, strides;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  bool is_virtual = false;
  std::optional<float> value;
};

/// One operation; tensors by their number, -1 for none.
struct GraphOp {
  enum class Kind { conv, conv_transpose, matmul, pointwise, reduce };
  Kind kind = Kind::pointwise;
  int x = -1, b = -1, t = -1, y = -1;  // b: weights, right side or second operand; t: the condition of a select
  // conv
  Dims strides, dilations, pre, post;
  // pointwise
  cudnnPointwiseMode_t mode = CUDNN_POINTWISE_IDENTITY;
  double low = 0, high = std::numeric_limits<float>::max(), slope = 0, alpha = 1;
  int64_t axis = -1;
  // reduce
  cudnnReduceTensorOp_t reduction = CUDNN_REDUCE_TENSOR_MAX;
};

/// A graph in plain data. All products are accumulated, and all pointwise operations computed, in f32.
class GraphSpec {
 public:
  /// A tensor in memory; its pointer has the tensor's number in the list of a run.
  int memory(Dims dims, Dims strides, cudnnDataType_t type);
  int scalar(float value, size_t rank);
  /// The product of x and w; `op` carries strides, dilations and pads.
  int convolve(GraphOp::Kind, int x, int w, Dims y_dims, Dims y_strides, GraphOp op);
  int matmul(int a, int b);
  int pointwise(cudnnPointwiseMode_t mode, int x, int b = -1) { return pointwise(mode, x, b, {}); }
  int pointwise(cudnnPointwiseMode_t mode, int x, int b, GraphOp parameters);
  int select(int condition, int if_true, int if_false);
  int reduce(cudnnReduceTensorOp_t, int x, Dims dims);
  /// The type in which a virtual tensor reaches its readers.
  void set_type(int t, cudnnDataType_t type) { tensors_[static_cast<size_t>(t)].type = type; }
  /// Makes the virtual tensor `t` the result in memory.
  void store(int t, cudnnDataType_t type);
  void store(int t, cudnnDataType_t type, Dims strides);

  const std::vector<GraphTensor>& tensors() const { return tensors_; }
  const std::vector<GraphOp>& ops() const { return ops_; }
  /// Names the problem completely: equal texts, equal plans.
  std::string text() const;

 private:
  int intermediate(Dims dims, Dims strides);
  std::vector<GraphTensor> tensors_;
  std::vector<GraphOp> ops_;
};

/// Whose engines are asked for: a device that a handle stands for, or (version 9.8) one given by its properties.
struct Target {
  cudnnHandle_t handle = nullptr;
  const Descriptor* properties = nullptr;
};

/// Which engines may be used.
struct EngineRules {
  bool tf32 = false;  // f32 factors may be rounded
  bool operator==(const EngineRules&) const = default;
};

/// An engine and its knobs by cuDNN's own numbers, which mean the same in every version that has them.
struct EngineChoice {
  int64_t engine = -1;
  std::map<int64_t, int64_t> knobs;  // by type
  auto operator<=>(const EngineChoice&) const = default;
};

/// One engine with its knobs, ready to be compiled.
struct Engine {
  Descriptor config;
  EngineChoice choice;
  std::string name;        // "cudnn:engine 38 2=1 13=4"
  bool generated = false;  // its code is compiled at run time, which takes longer
};

/// A finished operation graph.
class Graph {
 public:
  Graph(const Library&, const GraphSpec&, const Target&);
  /// The engines that the rules allow, best guess first, those that generate code last; never one whose results change
  /// from run to run. The list depends on the graph, the device and the library's version alone. Takes some milliseconds.
  std::vector<Engine> engines(const EngineRules&) const;
  /// The engine of a choice that was kept; refused where this version has none, or the rules forbid it.
  Engine engine(const EngineChoice&, const EngineRules&) const;

 private:
  std::vector<Descriptor> results(cudnnBackendHeurMode_t) const;
  const Library& lib_;
  Target target_;
  bool f32_;
  std::vector<Descriptor> parts_, ops_;
  Descriptor graph_;
};
/// The compiled engine. Takes 20 to 300 ms, more where code is generated.
Descriptor compile(const Library&, const Engine&, const Target&);
int64_t workspace_of(const Descriptor& plan);

}  // namespace tenon::core::cuda::cudnn
