#include "onnx/all.h"

namespace tenon::core {

const ImportTable& import_table() {
  static const ImportTable table = [] {
    ImportTable t;
    register_pointwise(t);
    register_moving(t);
    register_spatial(t);
    register_control(t);
    register_linear(t);
    return t;
  }();
  return table;
}

}  // namespace tenon::core
