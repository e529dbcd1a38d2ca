#include "onnx/model.h"

#include <algorithm>

#include "base/error.h"
#include "onnx/wire.h"

namespace tenon::core {
namespace {

/// Messages a model may hold: they cost more memory than the file when they are tiny.
constexpr int64_t kMaxMessages = 5'000'000;

/// Reads with a count of messages and a depth of nesting, both limited.
class ModelReader {
 public:
  void read(std::string_view bytes, OnnxModel& model);
  void read(std::string_view bytes, OnnxTensor& tensor);
  void read(std::string_view bytes, OnnxType& type);
  int64_t node_count() const { return node_count_; }

 private:
  struct Nesting {
    explicit Nesting(ModelReader& reader);
    ~Nesting() { --depth; }
    int& depth;
  };
  void count();
  void read(std::string_view bytes, OnnxGraph& graph);
  void read(std::string_view bytes, OnnxFunction& function);
  void read(std::string_view bytes, OnnxNode& node);
  void read(std::string_view bytes, OnnxAttribute& attribute);
  void read(std::string_view bytes, OnnxSparseTensor& tensor);
  void read(std::string_view bytes, OnnxValueInfo& info);
  void read(std::string_view bytes, Opsets& opsets);
  void read(std::string_view bytes, std::pair<std::string_view, std::string_view>& entry);
  void read_tensor_type(std::string_view bytes, OnnxType& type);
  void read_shape(std::string_view bytes, OnnxType& type);

  template <class T>
  void append(std::string_view bytes, std::vector<T>& into) {
    count();
    read(bytes, into.emplace_back());
  }
  template <class T>
  void replace(std::string_view bytes, std::unique_ptr<T>& into) {
    count();
    into = std::make_unique<T>();
    read(bytes, *into);
  }

  int64_t messages_ = 0, node_count_ = 0;
  int depth_ = 0;
};

ModelReader::Nesting::Nesting(ModelReader& reader) : depth(reader.depth_) {
  if (depth >= kMaxNesting)
    fail(ErrorCode::too_large, "graphs or types nested more than {} deep; no such model is supported", kMaxNesting);
  ++depth;
}

void ModelReader::count() {
  if (++messages_ > kMaxMessages)
    fail(ErrorCode::too_large, "more than {} nodes, attributes, tensors and types; no such model is supported", kMaxMessages);
}

void ModelReader::read(std::string_view bytes, OnnxModel& model) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: model.ir_version = in.integer(); break;
      case 2: model.producer = in.text(); break;
      case 7:
        if (!model.graph) model.graph.emplace();
        read(in.bytes(), *model.graph);
        model.node_count = node_count_;
        break;
      case 8: read(in.bytes(), model.opsets); break;
      case 25: append(in.bytes(), model.functions); break;
      default: in.skip();
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
      case 1: domain = in.text(); break;
      case 2: version = in.integer(); break;
      default: in.skip();
    }
  }
  if (domain == "ai.onnx") domain.clear();
  opsets[domain] = static_cast<int>(std::clamp<int64_t>(version, 0, INT32_MAX));
}

void ModelReader::read(std::string_view bytes, OnnxFunction& function) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: function.name = in.text(); break;
      case 4: function.inputs.push_back(in.text()); break;
      case 5: function.outputs.push_back(in.text()); break;
      case 7: append(in.bytes(), function.nodes); break;
      case 9: read(in.bytes(), function.opsets); break;
      case 10: function.domain = in.text(); break;
      case 11: append(in.bytes(), function.attributes); break;
      case 13: function.overload = in.text(); break;
      default: in.skip();
    }
  }
  if (function.domain == "ai.onnx") function.domain = "";
}

void ModelReader::read(std::string_view bytes, OnnxGraph& graph) {
  const Nesting nesting(*this);
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: append(in.bytes(), graph.nodes); break;
      case 2: graph.name = in.text(); break;
      case 5: append(in.bytes(), graph.initializers); break;
      case 11: append(in.bytes(), graph.inputs); break;
      case 12: append(in.bytes(), graph.outputs); break;
      case 15: append(in.bytes(), graph.sparse_initializers); break;
      default: in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxNode& node) {
  ++node_count_;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: node.inputs.push_back(in.text()); break;
      case 2: node.outputs.push_back(in.text()); break;
      case 3: node.name = in.text(); break;
      case 4: node.op_type = in.text(); break;
      case 5: append(in.bytes(), node.attributes); break;
      case 7: node.domain = in.text(); break;
      case 8: node.overload = in.text(); break;
      default: in.skip();
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
      case 1: attribute.name = in.text(); continue;
      case 20: declared = in.integer(); continue;
      case 21: attribute.reference = in.text(); continue;
      case 2: attribute.real = in.real(), seen = Kind::real; break;
      case 3: attribute.integer = in.integer(), seen = Kind::integer; break;
      case 4: attribute.text = in.bytes(), seen = Kind::text; break;
      case 5: replace(in.bytes(), attribute.tensor), seen = Kind::tensor; break;
      case 6: replace(in.bytes(), attribute.graph), seen = Kind::graph; break;
      case 7: in.reals(attribute.reals), seen = Kind::reals; break;
      case 8: in.integers(attribute.integers), seen = Kind::integers; break;
      case 9: attribute.texts.push_back(in.bytes()), seen = Kind::texts; break;
      case 14: replace(in.bytes(), attribute.type), seen = Kind::type; break;
      case 22: replace(in.bytes(), attribute.sparse_tensor), seen = Kind::sparse_tensor; break;
      default: in.skip();
    }
  }
  // The numbers of AttributeProto.AttributeType are those of Kind. Files older than IR version 2 leave it out.
  const bool known = declared > 0 && declared <= static_cast<int64_t>(Kind::types);
  attribute.kind = known ? static_cast<Kind>(declared) : seen;
}

void ModelReader::read(std::string_view bytes, OnnxTensor& tensor) {
  tensor.message = bytes;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: in.integers(tensor.dims); break;
      case 2: tensor.data_type = in.integer(); break;
      case 3: tensor.has_segment = true, in.skip(); break;
      case 8: tensor.name = in.text(); break;
      case 9: tensor.raw = in.bytes(), tensor.has_raw = true; break;
      case 13: append(in.bytes(), tensor.external_data); break;
      case 14: tensor.external = in.integer() == 1; break;
      default: in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, std::pair<std::string_view, std::string_view>& entry) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: entry.first = in.text(); break;
      case 2: entry.second = in.text(); break;
      default: in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxSparseTensor& tensor) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: read(in.bytes(), tensor.values); break;
      case 2: read(in.bytes(), tensor.indices); break;
      case 3: in.integers(tensor.dims); break;
      default: in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxValueInfo& info) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: info.name = in.text(); break;
      case 2: read(in.bytes(), info.type); break;
      default: in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxType& type) {
  using Kind = OnnxType::Kind;
  const Nesting nesting(*this);
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: type.kind = Kind::tensor, read_tensor_type(in.bytes(), type); break;
      case 4:
      case 9: {
        type.kind = in.field() == 4 ? Kind::sequence : Kind::optional;
        type.element = std::make_unique<OnnxType>();
        WireReader element(in.bytes());
        while (element.next()) element.field() == 1 ? replace(element.bytes(), type.element) : element.skip();
        break;
      }
      case 5: type.kind = Kind::map, in.skip(); break;
      case 7: type.kind = Kind::opaque, in.skip(); break;
      case 8: type.kind = Kind::sparse_tensor, in.skip(); break;
      default: in.skip();
    }
  }
}

void ModelReader::read_tensor_type(std::string_view bytes, OnnxType& type) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1: type.data_type = in.integer(); break;
      case 2: type.has_shape = true, read_shape(in.bytes(), type); break;
      default: in.skip();
    }
  }
}

void ModelReader::read_shape(std::string_view bytes, OnnxType& type) {
  WireReader in(bytes);
  while (in.next()) {
    if (in.field() != 1) {
      in.skip();
      continue;
    }
    count();
    OnnxDim& dim = type.dims.emplace_back();
    WireReader field(in.bytes());
    while (field.next()) {
      switch (field.field()) {
        case 1: dim.value = field.integer(); break;
        case 2: dim.param = field.text(); break;
        default: field.skip();
      }
    }
  }
}

}  // namespace

OnnxModel read_model(std::string_view bytes) {
  if (bytes.empty()) fail(ErrorCode::not_onnx, "the file is empty; an ONNX model was expected");
  OnnxModel model;
  ModelReader().read(bytes, model);
  if (!model.graph)
    fail(ErrorCode::not_onnx, "not an ONNX model: it holds no graph; check that the file is what its name says");
  if (model.opsets.empty() && model.ir_version < 3) model.opsets[""] = 1;
  return model;
}

OnnxTensor read_tensor_proto(std::string_view bytes) {
  OnnxTensor tensor;
  ModelReader().read(bytes, tensor);
  return tensor;
}

OnnxType read_type_proto(std::string_view bytes) {
  OnnxType type;
  ModelReader().read(bytes, type);
  return type;
}

DType dtype_of_onnx(int64_t data_type) {
  static constexpr DType kTypes[] = {
      DType::none,  DType::f32,     DType::u8,   DType::i8,  DType::u16, DType::i16,      DType::i32,
      DType::i64,   DType::string,  DType::boolean, DType::f16, DType::f64, DType::u32,   DType::u64,
      DType::c64,   DType::c128,    DType::bf16, DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz,
      DType::u4,    DType::i4,      DType::f4e2m1, DType::f8e8m0, DType::u2, DType::i2};
  return data_type > 0 && data_type < static_cast<int64_t>(std::size(kTypes)) ? kTypes[data_type] : DType::none;
}

DType require_dtype(int64_t data_type) {
  const DType dtype = dtype_of_onnx(data_type);
  if (dtype != DType::none) return dtype;
  if (data_type == 27 || data_type == 28)
    fail(ErrorCode::invalid_model, "the 6-bit float types of ONNX (element type {}) are not supported", data_type);
  fail(ErrorCode::invalid_model, "{} is not an ONNX element type; 1 (float) to 26 (int2) were expected", data_type);
}

}  // namespace tenon::core
