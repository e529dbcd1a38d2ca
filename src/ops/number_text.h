#pragma once
#include <cstddef>
#include <string>

#include "tenon/dtype.h"

namespace tenon::core {

/// The element at `from` as ONNX Cast writes it: the shortest decimal that reads back as the same number, "inf",
/// "-inf", "nan", 1 and 0 for bool.
std::string number_to_text(DType dtype, const std::byte* from);
/// The inverse. Takes plain and scientific numbers, INF, +INF, -INF and NaN in any case; integers may have a fraction,
/// which is dropped. Fails with runtime_value on anything else.
void text_to_number(const std::string& text, DType dtype, std::byte* to, bool saturate);

}  // namespace tenon::core
