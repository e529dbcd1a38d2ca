#include "base/error.h"
#include "onnx/ops_spatial.h"
#include "ops/fold.h"
#include "ops/roi.h"

namespace tenon::core {
namespace {

Pool make_pool(const ImportContext& cx, PoolKind kind) {
  Pool op;
  op.kind = kind;
  op.window = import_window(cx);
  if (op.window.kernel.empty())
    fail(ErrorCode::invalid_model, "its attribute 'kernel_shape' is required but not given");
  op.window = op.window.filled(static_cast<int>(op.window.kernel.size()));
  op.ceil_mode = cx.integer("ceil_mode", 0) != 0;
  if (kind == PoolKind::average) op.count_include_pad = cx.integer("count_include_pad", 0) != 0;
  if (kind == PoolKind::lp) op.p = cx.integer("p", 2);
  return op;
}

Pool make_global(const ImportContext& cx, PoolKind kind) {
  Pool op;
  op.kind = kind;
  op.global = true;
  if (kind == PoolKind::lp) op.p = cx.integer("p", 2);
  return op;
}

template <PoolKind kind>
void import_pool(ImportContext& cx) {
  cx.output(0, cx.add(make_pool(cx, kind), {cx.required(0, "X")}));
}

template <PoolKind kind>
void import_global_pool(ImportContext& cx) {
  cx.output(0, cx.add(make_global(cx, kind), {cx.required(0, "X")}));
}

void import_max_pool(ImportContext& cx) {
  Pool op = make_pool(cx, PoolKind::max);
  op.with_indices = cx.wants(1);
  if (op.with_indices) op.storage_order = cx.integer("storage_order", 0);
  cx.outputs_of(cx.add(op, {cx.required(0, "X")}));
}

void import_nhwc_max_pool(ImportContext& cx) {
  const Value x = to_channels_first(cx, cx.required(0, "x"));
  cx.output(0, to_channels_last(cx, cx.add(make_pool(cx, PoolKind::max), {x})));
}

/// quantize(pool(dequantize(x))).
void import_quantized(ImportContext& cx, const Pool& op) {
  const bool channels_last = cx.integer("channels_last", 0) != 0;
  const Value x = cx.required(0, "X");
  const Value real =
      dequantized(cx, channels_last ? to_channels_first(cx, x) : x, cx.required(1, "x_scale"), cx.input(2));
  const Value y = quantized(cx, cx.add(op, {real}), cx.required(3, "y_scale"), cx.input(4));
  cx.output(0, channels_last ? to_channels_last(cx, y) : y);
}

void import_qlinear_average_pool(ImportContext& cx) { import_quantized(cx, make_pool(cx, PoolKind::average)); }
void import_qlinear_global_average_pool(ImportContext& cx) { import_quantized(cx, make_global(cx, PoolKind::average)); }

void import_max_unpool(ImportContext& cx) {
  MaxUnpool op;
  op.window.kernel = cx.integers("kernel_shape");
  op.window.strides = cx.integers("strides");
  op.window.pads = cx.integers("pads");
  if (op.window.kernel.empty())
    fail(ErrorCode::invalid_model, "its attribute 'kernel_shape' is required but not given");
  cx.output(0, cx.add(op, trimmed({cx.required(0, "X"), cx.required(1, "I"), cx.input(2)})));
}

void import_roi_align(ImportContext& cx) {
  static constexpr std::string_view kModes[] = {"avg", "max"}, kCoordinates[] = {"half_pixel", "output_half_pixel"};
  RoiAlign op;
  op.max = import_choice(cx, "mode", "avg", kModes) == 1;
  const std::string_view usual = cx.opset() < 16 ? "output_half_pixel" : "half_pixel";
  op.half_pixel = import_choice(cx, "coordinate_transformation_mode", usual, kCoordinates) == 0;
  op.height = cx.integer("output_height", 1);
  op.width = cx.integer("output_width", 1);
  op.sampling_ratio = cx.integer("sampling_ratio", 0);
  op.spatial_scale = cx.real("spatial_scale", 1);
  cx.output(0, cx.add(op, {cx.required(0, "X"), cx.required(1, "rois"), cx.required(2, "batch_indices")}));
}

void import_max_roi_pool(ImportContext& cx) {
  const std::vector<int64_t> shape = cx.integers("pooled_shape");
  if (shape.size() != 2)
    fail(ErrorCode::invalid_model, "its attribute 'pooled_shape' must have 2 elements; found {}", shape.size());
  MaxRoiPool op;
  op.height = shape[0];
  op.width = shape[1];
  op.spatial_scale = cx.real("spatial_scale", 1);
  cx.output(0, cx.add(op, {cx.required(0, "X"), cx.required(1, "rois")}));
}

}  // namespace

void register_pool(ImportTable& table) {
  table.add("", "MaxPool", import_max_pool);
  table.add("", "AveragePool", import_pool<PoolKind::average>);
  table.add("", "LpPool", import_pool<PoolKind::lp>);
  table.add("", "GlobalMaxPool", import_global_pool<PoolKind::max>);
  table.add("", "GlobalAveragePool", import_global_pool<PoolKind::average>);
  table.add("", "GlobalLpPool", import_global_pool<PoolKind::lp>);
  table.add("", "MaxUnpool", import_max_unpool);
  table.add("", "RoiAlign", import_roi_align);
  table.add("", "MaxRoiPool", import_max_roi_pool);
  table.add("com.microsoft", "NhwcMaxPool", import_nhwc_max_pool);
  table.add("com.microsoft", "QLinearAveragePool", import_qlinear_average_pool);
  table.add("com.microsoft", "QLinearGlobalAveragePool", import_qlinear_global_average_pool);
}

}  // namespace tenon::core
