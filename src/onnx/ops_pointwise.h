#pragma once
#include "onnx/import.h"

namespace tenon::core {

/// Parts of `register_pointwise`, each in the file of its name.
void register_activations(ImportTable&);
void register_arithmetic(ImportTable&);
void register_quantize(ImportTable&);

}  // namespace tenon::core
