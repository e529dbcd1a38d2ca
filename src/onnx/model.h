#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/tensor.h"

namespace tenon::core {

/// The messages of onnx.proto as views into the bytes they were read from, which must outlive them. Only structure is
/// copied, never weights.
struct OnnxGraph;

struct OnnxTensor {
  std::string_view name;
  Dims dims;
  int64_t data_type = 0;  // a number of TensorProto.DataType
  std::string_view raw;
  bool has_raw = false, has_segment = false, external = false;
  std::vector<std::pair<std::string_view, std::string_view>> external_data;
  std::string_view message;  // the whole message, for its typed data fields
};

struct OnnxSparseTensor {
  OnnxTensor values, indices;
  Dims dims;
};

struct OnnxDim {
  int64_t value = -1;  // negative: not a number
  std::string_view param;
};

struct OnnxType {
  enum class Kind { missing, tensor, sequence, optional, map, sparse_tensor, opaque };
  Kind kind = Kind::missing;
  int64_t data_type = 0;
  bool has_shape = false;
  std::vector<OnnxDim> dims;
  std::unique_ptr<OnnxType> element;
};

struct OnnxValueInfo {
  std::string_view name;
  OnnxType type;
};

struct OnnxAttribute {
  enum class Kind {
    undefined,
    real,
    integer,
    text,
    tensor,
    graph,
    reals,
    integers,
    texts,
    tensors,
    graphs,
    sparse_tensor,
    sparse_tensors,
    type,
    types
  };
  std::string_view name;
  std::string_view reference;  // the attribute of the function around it that it stands for
  Kind kind = Kind::undefined;
  float real = 0;
  int64_t integer = 0;
  std::string_view text;
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<std::string_view> texts;
  std::unique_ptr<OnnxTensor> tensor;
  std::unique_ptr<OnnxSparseTensor> sparse_tensor;
  std::unique_ptr<OnnxGraph> graph;
  std::unique_ptr<OnnxType> type;
};

struct OnnxNode {
  std::string_view name, domain, overload;
  std::string op_type;
  std::vector<std::string_view> inputs, outputs;
  std::vector<OnnxAttribute> attributes;
};

struct OnnxGraph {
  std::string_view name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxSparseTensor> sparse_initializers;
  std::vector<OnnxValueInfo> inputs, outputs;
};

/// Domain -> version; "ai.onnx" is written "".
using Opsets = std::map<std::string, int>;

struct OnnxFunction {
  std::string_view name, domain, overload;
  std::vector<std::string_view> inputs, outputs;
  std::vector<OnnxAttribute> attributes;  // those with a default
  std::vector<OnnxNode> nodes;
  Opsets opsets;
};

struct OnnxModel {
  int64_t ir_version = 0;
  std::string_view producer;
  Opsets opsets;
  std::optional<OnnxGraph> graph;
  std::vector<OnnxFunction> functions;
  int64_t node_count = 0;  // of the graph and its subgraphs
};

/// Fails with not_onnx when the bytes are not a ModelProto, and with too_large beyond the limits on nesting and counts.
OnnxModel read_model(std::string_view bytes);
/// Elements of all initializers, those of subgraphs and of functions too; dims that overflow are left out.
int64_t count_parameters(const OnnxModel&);
/// A TensorProto on its own, as in a test's `input_0.pb`.
OnnxTensor read_tensor_proto(std::string_view bytes);
OnnxType read_type_proto(std::string_view bytes);

/// Graphs inside graphs, types inside types, functions inside functions.
inline constexpr int kMaxNesting = 16;
/// No tensor has as many elements.
inline constexpr int64_t kMaxElements = int64_t{1} << 40;

/// DType::none when there is no such number.
DType dtype_of_onnx(int64_t data_type);
/// Fails with a sentence for undefined, unknown and unsupported numbers.
DType require_dtype(int64_t data_type);

}  // namespace tenon::core
