#include "onnx/model.h"

#include <algorithm>

#include "base/error.h"
#include "onnx/model_reader.h"
#include "onnx/wire.h"

namespace tenon::core {

ModelReader::Nesting::Nesting(ModelReader& reader) : depth(reader.depth_) {
  if (depth >= kMaxNesting)
    fail(ErrorCode::too_large, "graphs or types nested more than {} deep; no such model is supported", kMaxNesting);
  ++depth;
}

void ModelReader::count() {
  if (++messages_ > kMaxMessages)
    fail(ErrorCode::too_large, "more than {} nodes, attributes, tensors and types; no such model is supported",
         kMaxMessages);
}

void ModelReader::read(std::string_view bytes, OnnxModel& model) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        model.ir_version = in.integer();
        break;
      case 2:
        model.producer = in.text();
        break;
      case 7:
        if (!model.graph) model.graph.emplace();
        read(in.bytes(), *model.graph);
        model.node_count = node_count_;
        break;
      case 8:
        read(in.bytes(), model.opsets);
        break;
      case 25:
        append(in.bytes(), model.functions);
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, Opsets& opsets) {
  count();
  std::string domain;
  int64_t version = 0;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        domain = in.text();
        break;
      case 2:
        version = in.integer();
        break;
      default:
        in.skip();
    }
  }
  if (domain == "ai.onnx") domain.clear();
  opsets[domain] = static_cast<int>(std::clamp<int64_t>(version, 0, INT32_MAX));
}

void ModelReader::read(std::string_view bytes, OnnxFunction& function) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        function.name = in.text();
        break;
      case 4:
        function.inputs.push_back(in.text());
        break;
      case 5:
        function.outputs.push_back(in.text());
        break;
      case 7:
        append(in.bytes(), function.nodes);
        break;
      case 9:
        read(in.bytes(), function.opsets);
        break;
      case 10:
        function.domain = in.text();
        break;
      case 11:
        append(in.bytes(), function.attributes);
        break;
      case 13:
        function.overload = in.text();
        break;
      default:
        in.skip();
    }
  }
  if (function.domain == "ai.onnx") function.domain = "";
}

void ModelReader::read(std::string_view bytes, OnnxGraph& graph) {
  const Nesting nesting(*this);
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        append(in.bytes(), graph.nodes);
        break;
      case 2:
        graph.name = in.text();
        break;
      case 5:
        append(in.bytes(), graph.initializers);
        break;
      case 11:
        append(in.bytes(), graph.inputs);
        break;
      case 12:
        append(in.bytes(), graph.outputs);
        break;
      case 15:
        append(in.bytes(), graph.sparse_initializers);
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxNode& node) {
  ++node_count_;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        node.inputs.push_back(in.text());
        break;
      case 2:
        node.outputs.push_back(in.text());
        break;
      case 3:
        node.name = in.text();
        break;
      case 4:
        node.op_type = in.text();
        break;
      case 5:
        append(in.bytes(), node.attributes);
        break;
      case 7:
        node.domain = in.text();
        break;
      case 8:
        node.overload = in.text();
        break;
      default:
        in.skip();
    }
  }
  if (node.domain == "ai.onnx") node.domain = "";
}

void ModelReader::read(std::string_view bytes, OnnxAttribute& attribute) {
  using Kind = OnnxAttribute::Kind;
  Kind seen = Kind::undefined;
  int64_t declared = 0;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        attribute.name = in.text();
        continue;
      case 20:
        declared = in.integer();
        continue;
      case 21:
        attribute.reference = in.text();
        continue;
      case 2:
        attribute.real = in.real(), seen = Kind::real;
        break;
      case 3:
        attribute.integer = in.integer(), seen = Kind::integer;
        break;
      case 4:
        attribute.text = in.bytes(), seen = Kind::text;
        break;
      case 5:
        replace(in.bytes(), attribute.tensor), seen = Kind::tensor;
        break;
      case 6:
        replace(in.bytes(), attribute.graph), seen = Kind::graph;
        break;
      case 7:
        in.reals(attribute.reals), seen = Kind::reals;
        break;
      case 8:
        in.integers(attribute.integers), seen = Kind::integers;
        break;
      case 9:
        attribute.texts.push_back(in.bytes()), seen = Kind::texts;
        break;
      case 14:
        replace(in.bytes(), attribute.type), seen = Kind::type;
        break;
      case 22:
        replace(in.bytes(), attribute.sparse_tensor), seen = Kind::sparse_tensor;
        break;
      default:
        in.skip();
    }
  }
  // The numbers of AttributeProto.AttributeType are those of Kind. Files older than IR version 2 leave it out.
  const bool known = declared > 0 && declared <= static_cast<int64_t>(Kind::types);
  attribute.kind = known ? static_cast<Kind>(declared) : seen;
}

namespace {

class ParameterCount {
 public:
  void add(const OnnxGraph& graph) {
    for (const auto& tensor : graph.initializers) add(tensor.dims);
    for (const auto& tensor : graph.sparse_initializers) add(tensor.dims);
    add(graph.nodes);
  }
  void add(const std::vector<OnnxNode>& nodes) {
    for (const auto& node : nodes)
      for (const auto& attribute : node.attributes)
        if (attribute.graph) add(*attribute.graph);
  }
  int64_t total = 0;

 private:
  void add(const Dims& dims) {
    int64_t size = 1;
    for (int64_t d : dims)
      if (__builtin_mul_overflow(size, d, &size)) return;
    if (!__builtin_add_overflow(total, size, &size)) total = size;
  }
};

}  // namespace

int64_t count_parameters(const OnnxModel& model) {
  ParameterCount count;
  if (model.graph) count.add(*model.graph);
  for (const auto& function : model.functions) count.add(function.nodes);
  return count.total;
}

OnnxModel read_model(std::string_view bytes) {
  if (bytes.empty()) fail(ErrorCode::not_onnx, "the file is empty; an ONNX model was expected");
  OnnxModel model;
  ModelReader().read(bytes, model);
  if (!model.graph)
    fail(ErrorCode::not_onnx, "not an ONNX model: it holds no graph; check that the file is what its name says");
  if (model.opsets.empty() && model.ir_version < 3) model.opsets[""] = 1;
  return model;
}

}  // namespace tenon::core
