#include "onnx/ops_moving.h"

#include "onnx/all.h"

namespace tenon::core {

Value input_or_attribute(ImportContext& cx, int since, int i, std::string_view attribute) {
  if (cx.opset() >= since) return cx.input(i);
  return cx.has_attribute(attribute) ? cx.constant_i64(cx.integers(attribute)) : Value();
}

void register_moving(ImportTable& table) {
  register_shape(table);
  register_index(table);
  register_reduce(table);
}

}  // namespace tenon::core
