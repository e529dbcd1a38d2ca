#include "onnx/ops_linear.h"

#include "base/error.h"
#include "onnx/all.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {

Value transposed(ImportContext& cx, Value x, std::vector<int64_t> permutation) {
  Transpose op;
  op.permutation = std::move(permutation);
  return cx.add(op, {x});
}

Value reshaped(ImportContext& cx, Value x, std::vector<int64_t> shape) {
  return cx.add(Reshape(), {x, cx.constant_i64(std::move(shape))});
}

Value unsqueezed(ImportContext& cx, Value x, std::vector<int64_t> axes) {
  return cx.add(Unsqueeze(), {x, cx.constant_i64(std::move(axes))});
}

Value squeezed(ImportContext& cx, Value x, std::vector<int64_t> axes) {
  return cx.add(Squeeze(), {x, cx.constant_i64(std::move(axes))});
}

Value sliced(ImportContext& cx, Value x, int64_t axis, int64_t start, int64_t end) {
  return cx.add(Slice(), {x, cx.constant_i64({start}), cx.constant_i64({end}), cx.constant_i64({axis})});
}

Value converted(ImportContext& cx, Value x, DType to) { return cx.fact(x).dtype() == to ? x : cx.add(Cast(to), {x}); }

Value concatenated(ImportContext& cx, std::vector<Value> parts, int64_t axis) {
  Concat op;
  op.axis = axis;
  return cx.add(op, std::move(parts));
}

Value dims_of(ImportContext& cx, Value x, int64_t start, int64_t end) {
  ShapeOf op;
  op.start = start;
  op.end = end;
  return cx.add(op, {x});
}

Value scalar_like(ImportContext& cx, Value x, double value) { return cx.constant_scalar(cx.fact(x).dtype(), value); }

Value added(ImportContext& cx, Value a, Value b) { return !a ? b : !b ? a : cx.add(Binary(BinaryKind::add), {a, b}); }

Value multiplied(ImportContext& cx, Value a, Value b) { return cx.add(Binary(BinaryKind::mul), {a, b}); }

Value split_heads(ImportContext& cx, Value x, int64_t heads) {
  if (cx.rank(x, "a tensor of packed heads") != 3)
    fail(ErrorCode::invalid_model, "expected a tensor of rank 3 to split in heads, found {}", cx.fact(x).type.str());
  const Dim& size = cx.fact(x).shape()[2];
  if (size.is_const() && size.value() % heads != 0)
    fail(ErrorCode::shape_mismatch, "{} elements can't be shared by {} heads", size.value(), heads);
  const int64_t each = size.is_const() ? size.value() / heads : -1;
  return transposed(cx, reshaped(cx, x, {0, 0, heads, each}), {0, 2, 1, 3});
}

Value merge_heads(ImportContext& cx, Value x) {
  const Shape& shape = cx.fact(x).shape();
  const Dim size = shape.size() == 4 ? shape[1] * shape[3] : Dim::symbol("unknown");
  return reshaped(cx, transposed(cx, x, {0, 2, 1, 3}), {0, 0, size.is_const() ? size.value() : -1});
}

int64_t head_count(ImportContext& cx, std::string_view attribute) {
  const int64_t heads = cx.integer(attribute);
  if (heads < 1 || heads > INT32_MAX)
    fail(ErrorCode::invalid_model, "its attribute '{}' must be a number of heads, found {}", attribute, heads);
  return heads;
}

int64_t known_dim(ImportContext& cx, Value x, int axis, std::string_view what) {
  const Type& type = cx.fact(x).type;
  if (!type.ranked || axis >= type.rank() || !type.shape[axis].is_const())
    fail(ErrorCode::needs_shapes, "axis {} of {} must be a number, found {}", axis, what, type.str());
  return type.shape[axis].value();
}

void register_linear(ImportTable& table) {
  register_matmul(table);
  register_attention(table);
  register_attention_contrib(table);
  register_group_query_attention(table);
  register_recurrent(table);
  register_signal(table);
  register_random(table);
}

}  // namespace tenon::core
