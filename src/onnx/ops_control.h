#pragma once
#include "onnx/import.h"

namespace tenon::core {

void register_sequences(ImportTable&);
void register_strings(ImportTable&);

}  // namespace tenon::core
