#pragma once
#include "onnx/import.h"
#include "ops/conv.h"

namespace tenon::core {

void register_conv(ImportTable&);
void register_pool(ImportTable&);
void register_norm(ImportTable&);
void register_resample(ImportTable&);

/// The attributes kernel_shape, strides, dilations, pads and auto_pad.
Window import_window(const ImportContext&);
/// Without the absent inputs at the end.
std::vector<Value> trimmed(std::vector<Value>);
/// The index of the attribute's text in `choices`; fails with the list of them.
int import_choice(const ImportContext&, std::string_view name, std::string_view otherwise,
                  std::span<const std::string_view> choices);
/// Moves the channels of [N,...,C] to axis 1, and back. The rank must be known.
Value to_channels_first(ImportContext&, Value);
Value to_channels_last(ImportContext&, Value);
/// f32 values of a quantized tensor; an absent zero point is 0.
Value dequantized(ImportContext&, Value x, Value scale, Value zero, int64_t axis = 1);
Value quantized(ImportContext&, Value x, Value scale, Value zero);

}  // namespace tenon::core
