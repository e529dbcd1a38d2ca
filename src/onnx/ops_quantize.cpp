#include "onnx/ops_pointwise.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"

namespace tenon::core {
namespace {

/// An optional type attribute, where 0 is the same as leaving it out.
DType optional_dtype(ImportContext& cx, std::string_view name) {
  return cx.integer(name, 0) == 0 ? DType::none : cx.dtype(name, DType::none);
}

void import_quantize_linear(ImportContext& cx) {
  QuantizeLinear op;
  op.axis = cx.integer("axis", 1);
  op.block_size = cx.integer("block_size", 0);
  op.saturate = cx.integer("saturate", 1) != 0;
  op.output = optional_dtype(cx, "output_dtype");
  op.precision = optional_dtype(cx, "precision");
  cx.output(0, cx.add(op, {cx.required(0, "the input"), cx.required(1, "the scale"), cx.input(2)}));
}

void import_dequantize_linear(ImportContext& cx) {
  DequantizeLinear op;
  op.axis = cx.integer("axis", 1);
  op.block_size = cx.integer("block_size", 0);
  op.output = optional_dtype(cx, "output_dtype");
  cx.output(0, cx.add(op, {cx.required(0, "the input"), cx.required(1, "the scale"), cx.input(2)}));
}

void import_dynamic_quantize_linear(ImportContext& cx) {
  cx.outputs_of(cx.add(DynamicQuantizeLinear{}, {cx.required(0, "the input")}));
}

/// Inputs `at`, `at + 1` and `at + 2` of the node are a quantized tensor, its scale and its optional zero point.
Value dequantized(ImportContext& cx, int at) {
  return cx.add(DequantizeLinear{},
                {cx.required(at, "a quantized input"), cx.required(at + 1, "a scale"), cx.input(at + 2)});
}

/// `y` quantized to the type of the node's first input by the scale and zero point that are inputs `at` and `at + 1`.
void output_quantized(ImportContext& cx, Value y, int at) {
  QuantizeLinear op;
  op.output = cx.fact(cx.input(0)).dtype();
  cx.output(0, cx.add(op, {y, cx.required(at, "the output's scale"), cx.input(at + 1)}));
}

template <BinaryKind kind>
void import_qlinear_binary(ImportContext& cx) {
  const Value a = dequantized(cx, 0), b = dequantized(cx, 3);
  output_quantized(cx, cx.add(Binary(kind), {a, b}), 6);
}

void import_qlinear_sigmoid(ImportContext& cx) {
  output_quantized(cx, cx.add(Unary(UnaryKind::sigmoid), {dequantized(cx, 0)}), 3);
}

void import_qlinear_leaky_relu(ImportContext& cx) {
  const Unary leaky_relu(UnaryKind::leaky_relu, cx.real("alpha", 0.01f));
  output_quantized(cx, cx.add(leaky_relu, {dequantized(cx, 0)}), 3);
}

}  // namespace

void register_quantize(ImportTable& table) {
  for (const char* domain : {"", "com.microsoft"}) {
    table.add(domain, "QuantizeLinear", import_quantize_linear);
    table.add(domain, "DequantizeLinear", import_dequantize_linear);
  }
  table.add("", "DynamicQuantizeLinear", import_dynamic_quantize_linear);
  table.add("com.microsoft", "QLinearAdd", import_qlinear_binary<BinaryKind::add>);
  table.add("com.microsoft", "QLinearMul", import_qlinear_binary<BinaryKind::mul>);
  table.add("com.microsoft", "QLinearSigmoid", import_qlinear_sigmoid);
  table.add("com.microsoft", "QLinearLeakyRelu", import_qlinear_leaky_relu);
}

}  // namespace tenon::core
