#include "base/error.h"
#include "onnx/ops_moving.h"
#include "ops/reduce.h"

namespace tenon::core {
namespace {

template <ReduceKind Kind>
void import_reduce(ImportContext& cx) {
  Reduce op;
  op.kind = Kind;
  op.keepdims = cx.integer("keepdims", 1) != 0;
  op.noop_with_empty_axes = cx.integer("noop_with_empty_axes", 0) != 0;
  const int axes_input_since = Kind == ReduceKind::sum ? 13 : 18;
  cx.output(0, cx.add(op, {cx.required(0, "data"), input_or_attribute(cx, axes_input_since, 1, "axes")}));
}

template <bool Minimum>
void import_arg(ImportContext& cx) {
  ArgReduce op;
  op.minimum = Minimum;
  op.axis = cx.integer("axis", 0);
  op.keepdims = cx.integer("keepdims", 1) != 0;
  op.select_last_index = cx.integer("select_last_index", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "data")}));
}

void import_top_k(ImportContext& cx) {
  TopK op;
  op.axis = cx.integer("axis", -1);
  op.largest = cx.integer("largest", 1) != 0;
  op.sorted = cx.integer("sorted", 1) != 0;
  const Value k = cx.opset() >= 10 ? cx.required(1, "K") : cx.constant_i64({cx.integer("k")});
  cx.outputs_of(cx.add(op, {cx.required(0, "X"), k}));
}

template <bool Product>
void import_cumulative(ImportContext& cx) {
  Cumulative op;
  op.product = Product;
  op.exclusive = cx.integer("exclusive", 0) != 0;
  op.reverse = cx.integer("reverse", 0) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "x"), cx.required(1, "axis")}));
}

}  // namespace

void register_reduce(ImportTable& table) {
  table.add("", "ReduceSum", import_reduce<ReduceKind::sum>);
  table.add("", "ReduceMean", import_reduce<ReduceKind::mean>);
  table.add("", "ReduceMax", import_reduce<ReduceKind::max>);
  table.add("", "ReduceMin", import_reduce<ReduceKind::min>);
  table.add("", "ReduceProd", import_reduce<ReduceKind::prod>);
  table.add("", "ReduceSumSquare", import_reduce<ReduceKind::sum_square>);
  table.add("", "ReduceL1", import_reduce<ReduceKind::l1>);
  table.add("", "ReduceL2", import_reduce<ReduceKind::l2>);
  table.add("", "ReduceLogSum", import_reduce<ReduceKind::log_sum>);
  table.add("", "ReduceLogSumExp", import_reduce<ReduceKind::log_sum_exp>);
  table.add("", "ArgMax", import_arg<false>);
  table.add("", "ArgMin", import_arg<true>);
  table.add("", "TopK", import_top_k);
  table.add("", "CumSum", import_cumulative<false>);
  table.add("", "CumProd", import_cumulative<true>);
}

}  // namespace tenon::core
