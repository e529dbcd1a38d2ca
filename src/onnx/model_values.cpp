#include "base/error.h"
#include "onnx/model_reader.h"
#include "onnx/wire.h"

namespace tenon::core {

void ModelReader::read(std::string_view bytes, OnnxTensor& tensor) {
  tensor.message = bytes;
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        in.integers(tensor.dims);
        break;
      case 2:
        tensor.data_type = in.integer();
        break;
      case 3:
        tensor.has_segment = true, in.skip();
        break;
      case 8:
        tensor.name = in.text();
        break;
      case 9:
        tensor.raw = in.bytes(), tensor.has_raw = true;
        break;
      case 13:
        append(in.bytes(), tensor.external_data);
        break;
      case 14:
        tensor.external = in.integer() == 1;
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, std::pair<std::string_view, std::string_view>& entry) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        entry.first = in.text();
        break;
      case 2:
        entry.second = in.text();
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxSparseTensor& tensor) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        read(in.bytes(), tensor.values);
        break;
      case 2:
        read(in.bytes(), tensor.indices);
        break;
      case 3:
        in.integers(tensor.dims);
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxValueInfo& info) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        info.name = in.text();
        break;
      case 2:
        read(in.bytes(), info.type);
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read(std::string_view bytes, OnnxType& type) {
  using Kind = OnnxType::Kind;
  const Nesting nesting(*this);
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        type.kind = Kind::tensor, read_tensor_type(in.bytes(), type);
        break;
      case 4:
      case 9: {
        type.kind = in.field() == 4 ? Kind::sequence : Kind::optional;
        type.element = std::make_unique<OnnxType>();
        WireReader element(in.bytes());
        while (element.next()) element.field() == 1 ? replace(element.bytes(), type.element) : element.skip();
        break;
      }
      case 5:
        type.kind = Kind::map, in.skip();
        break;
      case 7:
        type.kind = Kind::opaque, in.skip();
        break;
      case 8:
        type.kind = Kind::sparse_tensor, in.skip();
        break;
      default:
        in.skip();
    }
  }
}

void ModelReader::read_tensor_type(std::string_view bytes, OnnxType& type) {
  WireReader in(bytes);
  while (in.next()) {
    switch (in.field()) {
      case 1:
        type.data_type = in.integer();
        break;
      case 2:
        type.has_shape = true, read_shape(in.bytes(), type);
        break;
      default:
        in.skip();
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
        case 1:
          dim.value = field.integer();
          break;
        case 2:
          dim.param = field.text();
          break;
        default:
          field.skip();
      }
    }
  }
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
      DType::none, DType::f32,    DType::u8,      DType::i8,       DType::u16,        DType::i16,    DType::i32,
      DType::i64,  DType::string, DType::boolean, DType::f16,      DType::f64,        DType::u32,    DType::u64,
      DType::c64,  DType::c128,   DType::bf16,    DType::f8e4m3fn, DType::f8e4m3fnuz, DType::f8e5m2, DType::f8e5m2fnuz,
      DType::u4,   DType::i4,     DType::f4e2m1,  DType::f8e8m0,   DType::u2,         DType::i2};
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
