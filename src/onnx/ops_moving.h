#pragma once
#include "onnx/import.h"

namespace tenon::core {

void register_shape(ImportTable&);
void register_index(ImportTable&);
void register_reduce(ImportTable&);

/// Input `i` where the operator has it as an input, from opset `since` on; before, its attribute as a constant. An
/// empty Value when not given.
Value input_or_attribute(ImportContext&, int since, int i, std::string_view attribute);

}  // namespace tenon::core
