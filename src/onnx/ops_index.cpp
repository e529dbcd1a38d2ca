#include "base/error.h"
#include "onnx/ops_moving.h"
#include "ops/index.h"

namespace tenon::core {
namespace {

template <class Op>
void import_gather(ImportContext& cx) {
  Op op;
  op.axis = cx.integer("axis", 0);
  cx.output(0, cx.add(op, {cx.required(0, "data"), cx.required(1, "indices")}));
}

void import_gather_nd(ImportContext& cx) {
  GatherND op;
  op.batch_dims = cx.integer("batch_dims", 0);
  cx.output(0, cx.add(op, {cx.required(0, "data"), cx.required(1, "indices")}));
}

ScatterReduction reduction(ImportContext& cx) {
  const std::string name = cx.text("reduction", "none");
  const auto names = enum_names(ScatterReduction{});
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<ScatterReduction>(i);
  fail(ErrorCode::invalid_model, "its reduction is '{}'; it must be none, add, mul, max or min", name);
}

void import_scatter_elements(ImportContext& cx) {
  ScatterElements op;
  op.axis = cx.integer("axis", 0);
  op.reduction = reduction(cx);
  cx.output(0, cx.add(op, {cx.required(0, "data"), cx.required(1, "indices"), cx.required(2, "updates")}));
}

void import_scatter_nd(ImportContext& cx) {
  ScatterND op;
  op.reduction = reduction(cx);
  cx.output(0, cx.add(op, {cx.required(0, "data"), cx.required(1, "indices"), cx.required(2, "updates")}));
}

void import_tensor_scatter(ImportContext& cx) {
  TensorScatter op;
  op.axis = cx.integer("axis", -2);
  const std::string mode = cx.text("mode", "linear");
  if (mode != "linear" && mode != "circular")
    fail(ErrorCode::invalid_model, "its mode is '{}'; it must be linear or circular", mode);
  op.circular = mode == "circular";
  cx.output(0, cx.add(op, {cx.required(0, "past_cache"), cx.required(1, "update"), cx.input(2)}));
}

void import_one_hot(ImportContext& cx) {
  OneHot op;
  op.axis = cx.integer("axis", -1);
  cx.output(0, cx.add(op, {cx.required(0, "indices"), cx.required(1, "depth"), cx.required(2, "values")}));
}

void import_non_zero(ImportContext& cx) { cx.output(0, cx.add(NonZero(), {cx.required(0, "X")})); }

void import_unique(ImportContext& cx) {
  Unique op;
  if (cx.has_attribute("axis")) op.axis = cx.integer("axis");
  op.sorted = cx.integer("sorted", 1) != 0;
  cx.outputs_of(cx.add(op, {cx.required(0, "X")}));
}

// Values in the order of their first occurrence, inverse indices, counts.
void import_contrib_unique(ImportContext& cx) {
  Unique op;
  op.sorted = false;
  const Value unique = cx.add(op, {cx.required(0, "x")});
  constexpr int outputs[] = {0, 2, 3};
  for (int i = 0; i < 3; ++i) cx.output(i, Graph::output(unique, outputs[i]));
}

void import_compress(ImportContext& cx) {
  Compress op;
  if (cx.has_attribute("axis")) op.axis = cx.integer("axis");
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.required(1, "condition")}));
}

void import_non_max_suppression(ImportContext& cx) {
  NonMaxSuppression op;
  op.center_point_box = cx.integer("center_point_box", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "boxes"), cx.required(1, "scores"), cx.input(2), cx.input(3), cx.input(4)}));
}

}  // namespace

void register_index(ImportTable& table) {
  table.add("", "Gather", import_gather<Gather>);
  table.add("", "GatherElements", import_gather<GatherElements>);
  table.add("", "GatherND", import_gather_nd);
  table.add("", "Scatter", import_scatter_elements);
  table.add("", "ScatterElements", import_scatter_elements);
  table.add("", "ScatterND", import_scatter_nd);
  table.add("", "TensorScatter", import_tensor_scatter);
  table.add("", "OneHot", import_one_hot);
  table.add("", "NonZero", import_non_zero);
  table.add("", "Unique", import_unique);
  table.add("", "Compress", import_compress);
  table.add("", "NonMaxSuppression", import_non_max_suppression);
  table.add("com.microsoft", "GatherND", import_gather_nd);
  table.add("com.microsoft", "Unique", import_contrib_unique);
}

}  // namespace tenon::core
