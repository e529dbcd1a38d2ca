#include "base/error.h"
#include "onnx/ops_pointwise.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

/// `b` with dims of 1 behind it, so that its first axis meets `axis` of `a`.
Value align_axis(ImportContext& cx, Value a, Value b, int64_t axis) {
  const int64_t rank = cx.rank(a, "the first input"), own = cx.rank(b, "the second input");
  if (axis < 0) axis += rank;
  if (axis < 0 || axis + own > rank)
    fail(ErrorCode::invalid_model, "its attribute 'axis' {} does not fit inputs of ranks {} and {}", axis, rank, own);
  std::vector<int64_t> axes;
  for (int64_t i = own; i < rank - axis; ++i) axes.push_back(i);
  if (own == 0 || axes.empty()) return b;
  return cx.add(Unsqueeze{}, {b, cx.constant_i64(std::move(axes))});
}

/// Before opset 7 broadcasting is asked for by `broadcast`, and the second input starts at `axis` of the first one.
template <BinaryKind kind>
void import_binary(ImportContext& cx) {
  const Value a = cx.required(0, "the first operand");
  Value b = cx.required(1, "the second operand");
  if (cx.opset() < 7 && cx.integer("broadcast", 0) != 0 && cx.has_attribute("axis"))
    b = align_axis(cx, a, b, cx.integer("axis"));
  cx.output(0, cx.add(Binary(kind), {a, b}));
}

/// Before opset 7 a slope of rank 1 has one element for each channel, axis 1.
void import_prelu(ImportContext& cx) {
  const Value x = cx.required(0, "the input");
  Value slope = cx.required(1, "the slope");
  if (cx.opset() < 7 && cx.rank(slope, "the slope") == 1 && cx.rank(x, "the input") > 2 &&
      equal(cx.fact(slope).shape()[0], Dim(1)) != Tri::yes)
    slope = align_axis(cx, x, slope, 1);
  cx.output(0, cx.add(Binary(BinaryKind::prelu), {x, slope}));
}

void import_mod(ImportContext& cx) {
  const BinaryKind kind = cx.integer("fmod", 0) != 0 ? BinaryKind::fmod : BinaryKind::mod;
  cx.output(0, cx.add(Binary(kind), {cx.required(0, "the dividend"), cx.required(1, "the divisor")}));
}

void import_bit_shift(ImportContext& cx) {
  const std::string direction = cx.text("direction");
  if (direction != "LEFT" && direction != "RIGHT")
    fail(ErrorCode::invalid_model, "its attribute 'direction' must be LEFT or RIGHT; found '{}'", direction);
  const BinaryKind kind = direction == "LEFT" ? BinaryKind::shift_left : BinaryKind::shift_right;
  cx.output(0, cx.add(Binary(kind), {cx.required(0, "the input"), cx.required(1, "the amount")}));
}

Value chain(ImportContext& cx, BinaryKind kind) {
  Value result = cx.required(0, "the first operand");
  if (cx.input_count() == 1) return cx.add(Identity{}, {result});
  for (int i = 1; i < cx.input_count(); ++i) result = cx.add(Binary(kind), {result, cx.required(i, "an operand")});
  return result;
}

template <BinaryKind kind>
void import_variadic(ImportContext& cx) {
  cx.output(0, chain(cx, kind));
}

void import_mean(ImportContext& cx) {
  const Value sum = chain(cx, BinaryKind::add);
  const Value count = cx.constant_scalar(cx.fact(sum).dtype(), cx.input_count());
  cx.output(0, cx.add(Binary(BinaryKind::div), {sum, count}));
}

void import_where(ImportContext& cx) {
  cx.output(0, cx.add(Where{}, {cx.required(0, "the condition"), cx.required(1, "the values where it holds"),
                                cx.required(2, "the other values")}));
}

void import_clip(ImportContext& cx) {
  const Value x = cx.required(0, "the input");
  if (cx.opset() >= 11) {
    cx.output(0, cx.add(Clip{}, {x, cx.input(1), cx.input(2)}));
    return;
  }
  const auto bound = [&](std::string_view name) {
    return cx.has_attribute(name) ? cx.constant_scalar(cx.fact(x).dtype(), cx.real(name)) : Value{};
  };
  const Value low = bound("min");
  cx.output(0, cx.add(Clip{}, {x, low, bound("max")}));
}

Cast cast_to(ImportContext& cx, DType to) {
  Cast cast(to);
  cast.saturate = cx.integer("saturate", 1) != 0;
  cast.round_mode = cx.text("round_mode", "up");
  return cast;
}

DType target(ImportContext& cx) {
  cx.integer("to");
  return cx.dtype("to", DType::none);
}

void import_cast(ImportContext& cx) { cx.output(0, cx.add(cast_to(cx, target(cx)), {cx.required(0, "the input")})); }

void import_cast_like(ImportContext& cx) {
  const Value x = cx.required(0, "the input"), like = cx.required(1, "the value whose type is taken");
  cx.output(0, cx.add(cast_to(cx, cx.fact(like).dtype()), {x}));
}

void import_bit_cast(ImportContext& cx) {
  BitCast op;
  op.to = target(cx);
  cx.output(0, cx.add(op, {cx.required(0, "the input")}));
}

void import_identity(ImportContext& cx) { cx.output(0, cx.add(Identity{}, {cx.required(0, "the input")})); }

/// What Dropout does outside of training: the input, and a mask that keeps everything.
void pass_through(ImportContext& cx, Value x) {
  cx.output(0, cx.add(Identity{}, {x}));
  if (!cx.wants(1)) return;
  ConstantOfShape ones;
  ones.value =
      Constant::make(from_doubles(cx.opset() < 10 ? cx.fact(x).dtype() : DType::boolean, {1}, std::vector{1.0}));
  cx.output(1, cx.add(ones, {cx.add(ShapeOf{}, {x})}));
}

void import_dropout(ImportContext& cx) {
  const Value x = cx.required(0, "the input");
  const Value training = cx.opset() >= 12 ? cx.input(2) : Value{};
  const auto mode = cx.fact(training).numbers();
  if (!training || (mode && mode->size() == 1 && mode->front() == 0)) return pass_through(cx, x);
  Dropout op;
  if (cx.has_attribute("seed")) op.seed = cx.integer("seed");
  cx.outputs_of(cx.add(op, {x, cx.input(1), training}));
}

Tensor constant_tensor(ImportContext& cx, const std::string& form) {
  if (form == "value_int") return tensor_of<int64_t>({}, {cx.integer(form)});
  if (form == "value_float") return scalar(DType::f32, cx.real(form));
  if (form == "value_string") return tensor_of<std::string>({}, {cx.text(form)});
  if (form == "value_ints") {
    const auto values = cx.integers(form);
    return tensor_of<int64_t>({static_cast<int64_t>(values.size())}, values);
  }
  if (form == "value_floats") {
    const auto values = cx.reals(form);
    return from_doubles(DType::f32, {static_cast<int64_t>(values.size())}, values);
  }
  const auto values = cx.texts(form);
  return tensor_of<std::string>({static_cast<int64_t>(values.size())}, values);
}

void import_constant(ImportContext& cx) {
  std::vector<std::string> given;
  for (const char* name : {"value", "sparse_value", "value_int", "value_ints", "value_float", "value_floats",
                           "value_string", "value_strings"})
    if (cx.has_attribute(name)) given.push_back(name);
  if (given.size() != 1)
    fail(ErrorCode::invalid_model, "it must have exactly one of the attributes that give its value; found {}",
         given.size());
  const std::string& form = given[0];
  const bool tensor = form == "value" || form == "sparse_value";
  cx.output(0, tensor ? cx.graph().add_constant(cx.tensor(form)) : cx.constant(constant_tensor(cx, form)));
}

}  // namespace

void register_arithmetic(ImportTable& table) {
  using K = BinaryKind;
  table.add("", "Add", import_binary<K::add>);
  table.add("", "Sub", import_binary<K::sub>);
  table.add("", "Mul", import_binary<K::mul>);
  table.add("", "Div", import_binary<K::div>);
  table.add("", "Pow", import_binary<K::pow>);
  table.add("", "Equal", import_binary<K::equal>);
  table.add("", "Less", import_binary<K::less>);
  table.add("", "Greater", import_binary<K::greater>);
  table.add("", "LessOrEqual", import_binary<K::less_equal>);
  table.add("", "GreaterOrEqual", import_binary<K::greater_equal>);
  table.add("", "And", import_binary<K::logical_and>);
  table.add("", "Or", import_binary<K::logical_or>);
  table.add("", "Xor", import_binary<K::logical_xor>);
  table.add("", "BitwiseAnd", import_binary<K::bitwise_and>);
  table.add("", "BitwiseOr", import_binary<K::bitwise_or>);
  table.add("", "BitwiseXor", import_binary<K::bitwise_xor>);
  table.add("", "PRelu", import_prelu);
  table.add("", "Mod", import_mod);
  table.add("", "BitShift", import_bit_shift);
  table.add("", "Max", import_variadic<K::max>);
  table.add("", "Min", import_variadic<K::min>);
  table.add("", "Sum", import_variadic<K::add>);
  table.add("", "Mean", import_mean);
  table.add("", "Where", import_where);
  table.add("", "Clip", import_clip);
  table.add("", "Cast", import_cast);
  table.add("", "CastLike", import_cast_like);
  table.add("", "BitCast", import_bit_cast);
  table.add("", "Identity", import_identity);
  table.add("", "Dropout", import_dropout);
  table.add("", "Constant", import_constant);
}

}  // namespace tenon::core
