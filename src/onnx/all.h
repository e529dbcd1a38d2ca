#pragma once
#include "onnx/import.h"

namespace tenon::core {

/// One function per family of operators, each defined in its ops_*.cpp and called by `import_table`.
void register_pointwise(ImportTable&);
void register_spatial(ImportTable&);
void register_moving(ImportTable&);
void register_linear(ImportTable&);
void register_control(ImportTable&);

}  // namespace tenon::core
