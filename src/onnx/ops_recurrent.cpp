#include "ops/recurrent.h"

#include <algorithm>

#include "base/error.h"
#include "onnx/ops_linear.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// "LeakyRelu" and "leakyrelu" -> "leaky_relu".
std::string activation_name(std::string onnx) {
  const auto plain = [](std::string_view s) {
    std::string out;
    for (char c : s)
      if (c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  };
  static constexpr std::string_view kNames[] = {
      "relu",        "tanh",         "sigmoid", "affine",   "leaky_relu", "thresholded_relu",
      "scaled_tanh", "hard_sigmoid", "elu",     "softsign", "softplus"};
  for (std::string_view name : kNames)
    if (plain(name) == plain(onnx)) return std::string(name);
  fail(ErrorCode::invalid_model, "its activation '{}' is none of the operator's", onnx);
}

/// Activations by name, with parameters: the lists hold one element for each activation that has that parameter.
void read_activations(ImportContext& cx, Recurrent& op, std::vector<std::string> defaults) {
  std::vector<std::string> names = cx.texts("activations");
  const size_t expected = defaults.size() * op.directions();
  if (names.empty())
    for (int64_t d = 0; d < op.directions(); ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  if (names.size() == defaults.size() && names.size() * 2 == expected)
    names.insert(names.end(), names.begin(), names.begin() + defaults.size());
  names.resize(std::min(names.size(), expected));
  const std::vector<double> alpha = cx.reals("activation_alpha"), beta = cx.reals("activation_beta");
  size_t next_alpha = 0, next_beta = 0;
  for (const std::string& name : names) {
    op.activations.push_back(activation_name(name));
    const RecurrentActivation* known = find_recurrent_activation(op.activations.back());
    op.alpha.push_back(known->has_alpha && next_alpha < alpha.size() ? alpha[next_alpha++] : known->alpha);
    op.beta.push_back(known->has_beta && next_beta < beta.size() ? beta[next_beta++] : known->beta);
  }
}

Recurrent read_common(ImportContext& cx, std::vector<std::string> activations) {
  Recurrent op;
  const std::string direction = cx.text("direction", "forward");
  if (direction == "reverse")
    op.direction = Direction::reverse;
  else if (direction == "bidirectional")
    op.direction = Direction::bidirectional;
  else if (direction != "forward")
    fail(ErrorCode::invalid_model, "its attribute 'direction' must be forward, reverse or bidirectional, found '{}'",
         direction);
  op.clip = cx.real("clip", 0);
  read_activations(cx, op, std::move(activations));
  return op;
}

/// Adds the op; with layout 1, [batch, steps or directions, ...] inputs and outputs are transposed around it.
void add_recurrent(ImportContext& cx, OpRef op, std::vector<Value> inputs) {
  const bool batch_first = cx.integer("layout", 0) != 0;
  if (batch_first)
    for (size_t i : {0, 5, 6})
      if (i < inputs.size() && inputs[i]) inputs[i] = transposed(cx, inputs[i], {1, 0, 2});
  const Type& r = cx.fact(inputs[2]).type;
  const int64_t hidden = cx.integer("hidden_size", 0);
  if (hidden != 0 && r.ranked && r.rank() == 3 && r.shape[2].is_const() && r.shape[2].value() != hidden)
    fail(ErrorCode::invalid_model, "its attribute 'hidden_size' is {}, but R has shape {}", hidden, to_string(r.shape));
  const Value y = cx.add(std::move(op), inputs);
  if (!batch_first) return cx.outputs_of(y);
  for (int i = 0; i < cx.output_count(); ++i)
    if (cx.wants(i))
      cx.output(i, transposed(cx, Graph::output(y, i),
                              i == 0 ? std::vector<int64_t>{2, 0, 1, 3} : std::vector<int64_t>{1, 0, 2}));
}

std::vector<Value> standard_inputs(ImportContext& cx, int count) {
  std::vector<Value> inputs{cx.required(0, "X"), cx.required(1, "W"), cx.required(2, "R")};
  for (int i = 3; i < count; ++i) inputs.push_back(cx.input(i));
  return inputs;
}

LSTM read_lstm(ImportContext& cx) {
  LSTM op;
  op.common = read_common(cx, {"Sigmoid", "Tanh", "Tanh"});
  op.input_forget = cx.integer("input_forget", 0) != 0;
  return op;
}

void import_lstm(ImportContext& cx) {
  add_recurrent(cx, std::make_shared<const LSTM>(read_lstm(cx)), standard_inputs(cx, 8));
}

void import_gru(ImportContext& cx) {
  GRU op;
  op.common = read_common(cx, {"Sigmoid", "Tanh"});
  op.linear_before_reset = cx.integer("linear_before_reset", 0) != 0;
  add_recurrent(cx, std::make_shared<const GRU>(op), standard_inputs(cx, 6));
}

void import_rnn(ImportContext& cx) {
  RNN op;
  op.common = read_common(cx, {"Tanh"});
  add_recurrent(cx, std::make_shared<const RNN>(op), standard_inputs(cx, 6));
}

/// Quantized [D,K,N] with a scale per direction or per column -> f32 [D,N,K].
Value dequantized_weights(ImportContext& cx, Value w, Value scale, Value zero_point) {
  const auto spread = [&](Value v) {
    return unsqueezed(cx, v,
                      cx.rank(v, "a scale or zero point") == 1 ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{1});
  };
  const Value centered =
      cx.add(Binary(BinaryKind::sub), {converted(cx, w, DType::f32), spread(converted(cx, zero_point, DType::f32))});
  return transposed(cx, multiplied(cx, centered, spread(scale)), {0, 2, 1});
}

/// The LSTM of the dequantized weights: ONNX Runtime's own result also carries the error of quantizing X and the state.
void import_dynamic_quantize_lstm(ImportContext& cx) {
  std::vector<Value> inputs = standard_inputs(cx, 8);
  inputs[1] = dequantized_weights(cx, inputs[1], cx.required(8, "W_scale"), cx.required(9, "W_zero_point"));
  inputs[2] = dequantized_weights(cx, inputs[2], cx.required(10, "R_scale"), cx.required(11, "R_zero_point"));
  add_recurrent(cx, std::make_shared<const LSTM>(read_lstm(cx)), inputs);
}

}  // namespace

void register_recurrent(ImportTable& table) {
  table.add("", "LSTM", import_lstm);
  table.add("", "GRU", import_gru);
  table.add("", "RNN", import_rnn);
  table.add("com.microsoft", "DynamicQuantizeLSTM", import_dynamic_quantize_lstm);
}

}  // namespace tenon::core
