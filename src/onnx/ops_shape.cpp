#include "base/error.h"
#include "onnx/ops_moving.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

void import_reshape(ImportContext& cx) {
  Reshape op;
  op.allowzero = cx.integer("allowzero", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "data"), cx.required(1, "shape")}));
}

void import_transpose(ImportContext& cx) {
  Transpose op;
  op.permutation = cx.integers("perm");
  cx.output(0, cx.add(op, {cx.required(0, "data")}));
}

void import_squeeze(ImportContext& cx) {
  cx.output(0, cx.add(Squeeze(), {cx.required(0, "data"), input_or_attribute(cx, 13, 1, "axes")}));
}

void import_unsqueeze(ImportContext& cx) {
  const Value axes = input_or_attribute(cx, 13, 1, "axes");
  if (!axes) fail(ErrorCode::invalid_model, "its axes are required but not given");
  cx.output(0, cx.add(Unsqueeze(), {cx.required(0, "data"), axes}));
}

void import_expand_dims(ImportContext& cx) {
  cx.output(0, cx.add(Unsqueeze(), {cx.required(0, "X"), cx.required(1, "axis")}));
}

void import_flatten(ImportContext& cx) {
  Flatten op;
  op.axis = cx.integer("axis", 1);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_concat(ImportContext& cx) {
  Concat op;
  op.axis = cx.integer("axis");
  for (int i = 0; i < cx.input_count(); ++i) cx.required(i, "a tensor to concatenate");
  cx.output(0, cx.add(op, cx.inputs()));
}

void import_split(ImportContext& cx) {
  Split op;
  op.axis = cx.integer("axis", 0);
  op.outputs = cx.output_count();
  const Value sizes = input_or_attribute(cx, 13, 1, "split");
  if (cx.opset() >= 18) {
    if (static_cast<bool>(sizes) == cx.has_attribute("num_outputs"))
      fail(ErrorCode::invalid_model, "it needs either its input 'split' or its attribute 'num_outputs', and not both");
    if (const int64_t parts = cx.integer("num_outputs", op.outputs); parts != op.outputs)
      fail(ErrorCode::invalid_model, "its num_outputs is {}, but it has {} outputs", parts, op.outputs);
  }
  cx.outputs_of(cx.add(op, {cx.required(0, "input"), sizes}));
}

void import_slice(ImportContext& cx) {
  const Value x = cx.required(0, "data");
  if (cx.opset() >= 10) {
    cx.output(0, cx.add(Slice(), {x, cx.required(1, "starts"), cx.required(2, "ends"), cx.input(3), cx.input(4)}));
    return;
  }
  const auto starts = cx.integers("starts"), ends = cx.integers("ends");
  std::vector<int64_t> axes = cx.integers("axes");
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  cx.output(0, cx.add(Slice(), {x, cx.constant_i64(starts), cx.constant_i64(ends), cx.constant_i64(axes)}));
}

void import_expand(ImportContext& cx) {
  cx.output(0, cx.add(Expand(), {cx.required(0, "input"), cx.required(1, "shape")}));
}

void import_tile(ImportContext& cx) {
  cx.output(0, cx.add(Tile(), {cx.required(0, "input"), cx.required(1, "repeats")}));
}

PadMode pad_mode(ImportContext& cx) {
  const std::string mode = cx.text("mode", "constant");
  const auto names = enum_names(PadMode{});
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == mode) return static_cast<PadMode>(i);
  fail(ErrorCode::invalid_model, "its mode is '{}'; it must be constant, reflect, edge or wrap", mode);
}

void import_pad(ImportContext& cx) {
  Pad op;
  op.mode = pad_mode(cx);
  const Value x = cx.required(0, "data");
  cx.output(0, cx.add(op, {x, cx.required(1, "pads"), cx.input(2), cx.input(3)}));
}

void import_pad_attributes(ImportContext& cx) {
  Pad op;
  op.mode = pad_mode(cx);
  const Value x = cx.required(0, "data");
  if (!cx.has_attribute("pads")) fail(ErrorCode::invalid_model, "its attribute 'pads' is required but not given");
  const Value fill = cx.constant_scalar(cx.fact(x).dtype(), cx.real("value", 0));
  cx.output(0, cx.add(op, {x, cx.constant_i64(cx.integers("pads")), fill}));
}

void import_onnx_pad(ImportContext& cx) { cx.opset() >= 11 ? import_pad(cx) : import_pad_attributes(cx); }

void import_shape(ImportContext& cx) {
  ShapeOf op;
  op.start = cx.integer("start", 0);
  if (cx.has_attribute("end")) op.end = cx.integer("end");
  cx.output(0, cx.add(op, {cx.required(0, "data")}));
}

void import_size(ImportContext& cx) { cx.output(0, cx.add(SizeOf(), {cx.required(0, "data")})); }

void import_constant_of_shape(ImportContext& cx) {
  ConstantOfShape op;
  op.value = cx.tensor("value");
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_range(ImportContext& cx) {
  cx.output(0, cx.add(Range(), {cx.required(0, "start"), cx.required(1, "limit"), cx.required(2, "delta")}));
}

void import_eye_like(ImportContext& cx) {
  EyeLike op;
  op.dtype = cx.dtype("dtype", DType::none);
  op.k = cx.integer("k", 0);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_trilu(ImportContext& cx) {
  Trilu op;
  op.upper = cx.integer("upper", 1) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.input(1)}));
}

bool is_crd(ImportContext& cx) {
  const std::string mode = cx.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") fail(ErrorCode::invalid_model, "its mode is '{}'; it must be DCR or CRD", mode);
  return mode == "CRD";
}

template <class Op>
void import_blocks(ImportContext& cx) {
  Op op;
  op.blocksize = cx.integer("blocksize");
  op.crd = is_crd(cx);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_center_crop_pad(ImportContext& cx) {
  CenterCropPad op;
  op.axes = cx.integers("axes");
  cx.output(0, cx.add(op, {cx.required(0, "input_data"), cx.required(1, "shape")}));
}

void import_reverse_sequence(ImportContext& cx) {
  ReverseSequence op;
  op.batch_axis = cx.integer("batch_axis", 1);
  op.time_axis = cx.integer("time_axis", 0);
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.required(1, "sequence_lens")}));
}

}  // namespace

void register_shape(ImportTable& table) {
  table.add("", "Reshape", import_reshape);
  table.add("", "Transpose", import_transpose);
  table.add("", "Squeeze", import_squeeze);
  table.add("", "Unsqueeze", import_unsqueeze);
  table.add("", "Flatten", import_flatten);
  table.add("", "Concat", import_concat);
  table.add("", "Split", import_split);
  table.add("", "Slice", import_slice);
  table.add("", "Expand", import_expand);
  table.add("", "Tile", import_tile);
  table.add("", "Pad", import_onnx_pad);
  table.add("", "Shape", import_shape);
  table.add("", "Size", import_size);
  table.add("", "ConstantOfShape", import_constant_of_shape);
  table.add("", "Range", import_range);
  table.add("", "EyeLike", import_eye_like);
  table.add("", "Trilu", import_trilu);
  table.add("", "DepthToSpace", import_blocks<DepthToSpace>);
  table.add("", "SpaceToDepth", import_blocks<SpaceToDepth>);
  table.add("", "CenterCropPad", import_center_crop_pad);
  table.add("", "ReverseSequence", import_reverse_sequence);
  table.add("com.microsoft", "Pad", import_pad);
  table.add("com.microsoft", "ExpandDims", import_expand_dims);
  table.add("com.microsoft", "Trilu", import_trilu);
}

}  // namespace tenon::core
