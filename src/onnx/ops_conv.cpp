#include "base/error.h"
#include "onnx/ops_spatial.h"
#include "ops/conv_integer.h"
#include "ops/deform_conv.h"
#include "ops/fold.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

/// The window of a convolution, its kernel taken from the weights when there is no attribute, spelled out.
Window conv_window(ImportContext& cx, Value weights) {
  Window w = import_window(cx);
  if (w.kernel.empty() && cx.rank(weights, "the weights") >= 3) {
    const Shape& shape = cx.fact(weights).shape();
    if (const auto kernel = const_dims(Shape(shape.begin() + 2, shape.end()))) w.kernel = *kernel;
  }
  return w.kernel.empty() ? w : w.filled(static_cast<int>(w.kernel.size()));
}

Conv make_conv(ImportContext& cx, Value weights) {
  Conv op;
  op.window = conv_window(cx, weights);
  op.group = cx.integer("group", 1);
  return op;
}

void import_conv(ImportContext& cx) {
  const Value x = cx.required(0, "X"), w = cx.required(1, "W");
  cx.output(0, cx.add(make_conv(cx, w), trimmed({x, w, cx.input(2)})));
}

Activation import_activation(ImportContext& cx) {
  static constexpr std::string_view kNames[] = {"", "Relu", "Tanh", "Sigmoid", "LeakyRelu", "Clip", "HardSigmoid"};
  static constexpr std::string_view kKinds[] = {"", "relu", "tanh", "sigmoid", "leaky_relu", "clip", "hard_sigmoid"};
  Activation a;
  a.kind = kKinds[import_choice(cx, "activation", "", kNames)];
  const std::vector<double> parameters = cx.reals("activation_params");
  const size_t expected = a.kind == "leaky_relu" ? 1 : a.kind == "clip" || a.kind == "hard_sigmoid" ? 2 : 0;
  if (parameters.size() < expected)
    fail(ErrorCode::invalid_model,
         "its attribute 'activation_params' must have {} elements for this activation; found {}", expected,
         parameters.size());
  if (expected > 0) a.alpha = parameters[0];
  if (expected > 1) a.beta = parameters[1];
  return a;
}

void import_fused_conv(ImportContext& cx) {
  const Value x = cx.required(0, "X"), w = cx.required(1, "W");
  Conv op = make_conv(cx, w);
  op.activation = import_activation(cx);
  cx.output(0, cx.add(op, trimmed({x, w, cx.input(2), cx.input(3)})));
}

void import_conv_transpose(ImportContext& cx) {
  const Value x = cx.required(0, "X"), w = cx.required(1, "W");
  ConvTranspose op;
  op.window = conv_window(cx, w);
  op.group = cx.integer("group", 1);
  op.output_padding = cx.integers("output_padding");
  op.output_shape = cx.integers("output_shape");
  const auto rank = static_cast<size_t>(cx.rank(x, "X"));
  if (op.output_shape.size() == rank && rank > 2)
    op.output_shape.erase(op.output_shape.begin(), op.output_shape.begin() + 2);
  cx.output(0, cx.add(op, trimmed({x, w, cx.input(2)})));
}

void import_conv_integer(ImportContext& cx) {
  const Value x = cx.required(0, "x"), w = cx.required(1, "w");
  ConvInteger op;
  op.window = conv_window(cx, w);
  op.group = cx.integer("group", 1);
  cx.output(0, cx.add(op, trimmed({x, w, cx.input(2), cx.input(3)})));
}

/// quantize(conv(dequantize(x), dequantize(w), dequantize(bias))), the bias in steps of the product of the scales.
void import_qlinear_conv(ImportContext& cx) {
  const bool channels_last = cx.integer("channels_last", 0) != 0;
  const Value x = cx.required(0, "x"), x_scale = cx.required(1, "x_scale"), w = cx.required(3, "w"),
              w_scale = cx.required(4, "w_scale");
  Value bias = cx.input(8);
  if (bias) bias = dequantized(cx, bias, cx.add(Binary(BinaryKind::mul), {x_scale, w_scale}), {}, 0);
  const Value real = dequantized(cx, channels_last ? to_channels_first(cx, x) : x, x_scale, cx.input(2));
  const Value weights = dequantized(cx, w, w_scale, cx.input(5), 0);
  Value y = cx.add(make_conv(cx, w), trimmed({real, weights, bias}));
  y = quantized(cx, y, cx.required(6, "y_scale"), cx.input(7));
  cx.output(0, channels_last ? to_channels_last(cx, y) : y);
}

void import_deform_conv(ImportContext& cx) {
  const Value x = cx.required(0, "X"), w = cx.required(1, "W"), offset = cx.required(2, "offset");
  DeformConv op;
  op.window = conv_window(cx, w);
  op.group = cx.integer("group", 1);
  op.offset_group = cx.integer("offset_group", 1);
  cx.output(0, cx.add(op, trimmed({x, w, offset, cx.input(3), cx.input(4)})));
}

/// Concat(past, x) > depthwise Conv > activation; the new state is the end of the concatenation.
void import_causal_conv(ImportContext& cx) {
  const Value x = cx.required(0, "input"), w = cx.required(1, "weight"), past = cx.input(3);
  const auto weights = const_dims(cx.fact(w).shape());
  if (cx.rank(w, "the weight") != 3 || !weights)
    fail(ErrorCode::unsupported_operator, "the weight must have a known shape [channels,1,k]; found {}",
         cx.fact(w).type.str());
  const int64_t state = (*weights)[2] - 1;
  Value padded;
  if (past) {
    Concat concat;
    concat.axis = 2;
    padded = cx.add(concat, {past, x});
  } else {
    padded = cx.add(Pad{}, {x, cx.constant_i64({0, 0, state, 0, 0, 0})});
  }
  Conv conv;
  conv.group = (*weights)[0];
  conv.window.kernel = {(*weights)[2]};
  Value y = cx.add(conv, trimmed({padded, w, cx.input(2)}));
  static constexpr std::string_view kActivations[] = {"none", "silu", "swish"};
  if (import_choice(cx, "activation", "none", kActivations) != 0) y = cx.add(Unary(UnaryKind::swish, 1), {y});
  cx.output(0, y);
  const int64_t start = state > 0 ? -state : INT64_MAX;
  cx.output(1, cx.add(Slice{}, {padded, cx.constant_i64({start}), cx.constant_i64({INT64_MAX}), cx.constant_i64({2})}));
}

void import_col2im(ImportContext& cx) {
  Col2Im op;
  op.window.strides = cx.integers("strides");
  op.window.dilations = cx.integers("dilations");
  op.window.pads = cx.integers("pads");
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.required(1, "image_shape"), cx.required(2, "block_shape")}));
}

}  // namespace

void register_conv(ImportTable& table) {
  table.add("", "Conv", import_conv);
  table.add("", "ConvTranspose", import_conv_transpose);
  table.add("", "ConvInteger", import_conv_integer);
  table.add("", "QLinearConv", import_qlinear_conv);
  table.add("", "DeformConv", import_deform_conv);
  table.add("", "CausalConvWithState", import_causal_conv);
  table.add("", "Col2Im", import_col2im);
  table.add("com.microsoft", "FusedConv", import_fused_conv);
  table.add("com.microsoft", "QLinearConv", import_qlinear_conv);
}

}  // namespace tenon::core
