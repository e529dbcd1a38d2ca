#include "onnx/ops_spatial.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "onnx/all.h"
#include "ops/quantize.h"
#include "ops/shape.h"

namespace tenon::core {

void register_spatial(ImportTable& table) {
  register_conv(table);
  register_pool(table);
  register_norm(table);
  register_resample(table);
}

int import_choice(const ImportContext& cx, std::string_view name, std::string_view otherwise,
                  std::span<const std::string_view> choices) {
  const std::string found = cx.text(name, otherwise);
  const auto at = std::find(choices.begin(), choices.end(), found);
  if (at != choices.end()) return static_cast<int>(at - choices.begin());
  std::string list;
  for (std::string_view c : choices) list += (list.empty() ? "" : ", ") + std::string(c);
  fail(ErrorCode::invalid_model, "its attribute '{}' must be one of {}; found '{}'", name, list, found);
}

Window import_window(const ImportContext& cx) {
  Window w;
  w.kernel = cx.integers("kernel_shape");
  w.strides = cx.integers("strides");
  w.dilations = cx.integers("dilations");
  static constexpr std::string_view kChoices[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""};
  const int choice = import_choice(cx, "auto_pad", "NOTSET", kChoices);
  w.auto_pad = choice == 4 ? AutoPad::notset : static_cast<AutoPad>(choice);
  if (w.auto_pad == AutoPad::notset) w.pads = cx.integers("pads");
  return w;
}

std::vector<Value> trimmed(std::vector<Value> values) {
  while (!values.empty() && !values.back()) values.pop_back();
  return values;
}

Value to_channels_first(ImportContext& cx, Value x) {
  Transpose op;
  op.permutation.resize(static_cast<size_t>(cx.rank(x, "the input")));
  std::iota(op.permutation.begin(), op.permutation.end(), 0);
  if (op.permutation.size() > 2)
    std::rotate(op.permutation.begin() + 1, op.permutation.end() - 1, op.permutation.end());
  return cx.add(std::move(op), {x});
}

Value to_channels_last(ImportContext& cx, Value x) {
  Transpose op;
  op.permutation.resize(static_cast<size_t>(cx.rank(x, "the output")));
  std::iota(op.permutation.begin(), op.permutation.end(), 0);
  if (op.permutation.size() > 2)
    std::rotate(op.permutation.begin() + 1, op.permutation.begin() + 2, op.permutation.end());
  return cx.add(std::move(op), {x});
}

Value dequantized(ImportContext& cx, Value x, Value scale, Value zero, int64_t axis) {
  DequantizeLinear op;
  op.axis = axis;
  return cx.add(op, trimmed({x, scale, zero}));
}

Value quantized(ImportContext& cx, Value x, Value scale, Value zero) {
  return cx.add(QuantizeLinear{}, trimmed({x, scale, zero}));
}

}  // namespace tenon::core
