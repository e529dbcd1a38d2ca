#include "onnx/ops_pointwise.h"

#include "onnx/all.h"

namespace tenon::core {

void register_pointwise(ImportTable& table) {
  register_activations(table);
  register_arithmetic(table);
  register_quantize(table);
}

}  // namespace tenon::core
