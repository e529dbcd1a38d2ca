#include "base/error.h"
#include "onnx/ops_spatial.h"
#include "ops/loss.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

/// Before opset 13 the input was seen as 2-D, flattened at the axis.
template <class Op>
void import_along_axis(ImportContext& cx, Op op) {
  const Value x = cx.required(0, "input");
  if (cx.opset() >= 13) {
    op.axis = cx.integer("axis", -1);
    return cx.output(0, cx.add(op, {x}));
  }
  const int64_t rank = cx.rank(x, "the input"), axis = cx.integer("axis", 1), first = axis < 0 ? axis + rank : axis;
  if (first == rank - 1) {
    op.axis = -1;
    return cx.output(0, cx.add(op, {x}));
  }
  Flatten flatten;
  flatten.axis = first;
  op.axis = 1;
  Reshape back;
  back.allowzero = true;
  cx.output(0, cx.add(back, {cx.add(op, {cx.add(flatten, {x})}), cx.add(ShapeOf{}, {x})}));
}

void import_softmax(ImportContext& cx) { import_along_axis(cx, Softmax{}); }
void import_hardmax(ImportContext& cx) { import_along_axis(cx, Hardmax{}); }
void import_log_softmax(ImportContext& cx) {
  Softmax op;
  op.log = true;
  import_along_axis(cx, op);
}

Value binary(ImportContext& cx, BinaryKind kind, Value a, Value b) { return cx.add(Binary(kind), {a, b}); }

/// Parameters of shape [C,spatial]: (x - mean) / sqrt(variance + epsilon) * scale + bias, element by element.
void import_per_element_norm(ImportContext& cx, double epsilon) {
  const Value x = cx.input(0), variance = cx.input(4);
  const Value shifted = binary(cx, BinaryKind::add, variance, cx.constant_scalar(cx.fact(variance).dtype(), epsilon));
  const Value factor = binary(cx, BinaryKind::div, cx.input(1), cx.add(Unary(UnaryKind::sqrt), {shifted}));
  const Value centered = binary(cx, BinaryKind::sub, x, cx.input(3));
  cx.output(0, binary(cx, BinaryKind::add, binary(cx, BinaryKind::mul, centered, factor), cx.input(2)));
}

void import_batch_norm(ImportContext& cx) {
  std::vector<Value> inputs;
  for (int i = 0; i < 5; ++i) inputs.push_back(cx.required(i, "X, scale, B, mean or variance"));
  BatchNorm op;
  op.epsilon = cx.real("epsilon", 1e-5f);
  op.momentum = cx.real("momentum", 0.9f);
  bool statistics = false;
  for (int i = 1; i < cx.output_count(); ++i) statistics = statistics || cx.wants(i);
  if (cx.opset() >= 14)
    op.training = cx.integer("training_mode", 0) != 0;
  else
    op.training = statistics && !(cx.opset() < 7 && cx.integer("is_test", 0) != 0);
  if (cx.wants(3) || cx.wants(4))
    fail(ErrorCode::unsupported_operator, "its outputs saved_mean and saved_var are not supported; leave them out");
  if (statistics && !op.training)
    fail(ErrorCode::invalid_model, "the running mean and variance are computed in training mode only");
  if (cx.opset() < 9 && cx.integer("spatial", 1) == 0) {
    if (op.training) fail(ErrorCode::unsupported_operator, "training with spatial=0 is not supported");
    return import_per_element_norm(cx, op.epsilon);
  }
  cx.outputs_of(cx.add(op, inputs));
}

void import_instance_norm(ImportContext& cx) {
  GroupNorm op;
  op.epsilon = cx.real("epsilon", 1e-5f);
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.required(1, "scale"), cx.required(2, "B")}));
}

void import_group_norm(ImportContext& cx) {
  GroupNorm op;
  op.epsilon = cx.real("epsilon", 1e-5f);
  op.groups = cx.integer("num_groups");
  op.per_group_scale = cx.opset() < 21;
  if (op.groups < 1)
    fail(ErrorCode::invalid_model, "its attribute 'num_groups' must be 1 or more; found {}", op.groups);
  cx.output(0, cx.add(op, {cx.required(0, "X"), cx.required(1, "scale"), cx.required(2, "bias")}));
}

/// GroupNorm and SkipGroupNorm of com.microsoft: channels last unless told otherwise, SiLU on request.
void import_contrib_group_norm(ImportContext& cx, Value x) {
  GroupNorm op;
  op.epsilon = cx.real("epsilon", 1e-5f);
  op.groups = cx.integer("groups");
  if (op.groups < 1) fail(ErrorCode::invalid_model, "its attribute 'groups' must be 1 or more; found {}", op.groups);
  const bool channels_last = cx.integer("channels_last", 1) != 0;
  Value y = cx.add(op, {channels_last ? to_channels_first(cx, x) : x, cx.required(1, "gamma"), cx.required(2, "beta")});
  if (cx.integer("activation") != 0) y = cx.add(Unary(UnaryKind::swish, 1), {y});
  cx.output(0, channels_last ? to_channels_last(cx, y) : y);
}

void import_microsoft_group_norm(ImportContext& cx) { import_contrib_group_norm(cx, cx.required(0, "X")); }

/// [N,C] to [N,1,1,C], so that it broadcasts over the pixels.
Value over_pixels(ImportContext& cx, Value skip) {
  return cx.rank(skip, "skip") == 2 ? cx.add(Unsqueeze{}, {skip, cx.constant_i64({1, 2})}) : skip;
}

void import_skip_group_norm(ImportContext& cx) {
  Value sum = binary(cx, BinaryKind::add, cx.required(0, "X"), over_pixels(cx, cx.required(3, "skip")));
  if (cx.has(4)) sum = binary(cx, BinaryKind::add, sum, cx.input(4));
  import_contrib_group_norm(cx, sum);
  if (cx.wants(1)) cx.output(1, sum);
}

LayerNorm make_layer_norm(const ImportContext& cx, bool rms) {
  LayerNorm op;
  op.axis = cx.integer("axis", -1);
  op.epsilon = cx.real("epsilon", 1e-5f);
  op.stash = cx.dtype("stash_type", DType::f32);
  op.rms = rms;
  return op;
}

void import_layer_norm(ImportContext& cx) {
  cx.outputs_of(
      cx.add(make_layer_norm(cx, false), trimmed({cx.required(0, "X"), cx.required(1, "Scale"), cx.input(2)})));
}

void import_simplified_layer_norm(ImportContext& cx) {
  const Value y = cx.add(make_layer_norm(cx, true), {cx.required(0, "X"), cx.required(1, "scale")});
  cx.output(0, y);
  if (cx.wants(1)) cx.output(1, Graph::output(y, 2));
}

/// The output has the scale's type, which may differ from the input's.
void import_rms_norm(ImportContext& cx) {
  const Value x = cx.required(0, "X"), scale = cx.required(1, "scale");
  const LayerNorm op = make_layer_norm(cx, true);
  const DType result = cx.fact(scale).dtype();
  if (result == cx.fact(x).dtype()) return cx.output(0, cx.add(op, {x, scale}));
  cx.output(0, binary(cx, BinaryKind::mul, cx.add(Cast(result), {cx.add(op, {x})}), scale));
}

/// Outputs: normalized, mean, inverse deviation, the sum that was normalized.
void import_skip_norm(ImportContext& cx, bool rms) {
  Value sum = binary(cx, BinaryKind::add, cx.required(0, "input"), cx.required(1, "skip"));
  const Value bias = cx.input(rms ? 3 : 4), beta = rms ? Value{} : cx.input(3);
  if (bias) sum = binary(cx, BinaryKind::add, sum, bias);
  LayerNorm op;
  op.epsilon = cx.real("epsilon", 1e-12f);
  op.rms = rms;
  const Value y = cx.add(op, trimmed({sum, cx.required(2, "gamma"), beta}));
  for (int i = 0; i < 3; ++i)
    if (cx.wants(i)) cx.output(i, Graph::output(y, i));
  if (cx.wants(3)) cx.output(3, sum);
}

void import_skip_layer_norm(ImportContext& cx) { import_skip_norm(cx, false); }
void import_skip_simplified_layer_norm(ImportContext& cx) { import_skip_norm(cx, true); }

void import_lp_norm(ImportContext& cx) {
  LpNorm op;
  op.axis = cx.integer("axis", -1);
  op.p = cx.integer("p", 2);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_lrn(ImportContext& cx) {
  LRN op;
  op.size = cx.integer("size");
  op.alpha = cx.real("alpha", 1e-4f);
  op.beta = cx.real("beta", 0.75);
  op.bias = cx.real("bias", 1);
  cx.output(0, cx.add(op, {cx.required(0, "X")}));
}

/// (x - mean) / (deviation + 1e-9) over the axes.
void import_mean_variance_norm(ImportContext& cx) {
  const Value x = cx.required(0, "X");
  const std::vector<int64_t> axes = cx.has_attribute("axes") ? cx.integers("axes") : std::vector<int64_t>{0, 2, 3};
  Reduce mean;
  mean.kind = ReduceKind::mean;
  const Value over = cx.constant_i64(axes);
  const Value centered = binary(cx, BinaryKind::sub, x, cx.add(mean, {x, over}));
  const Value variance = cx.add(mean, {cx.add(Unary(UnaryKind::square), {centered}), over});
  const Value deviation = binary(cx, BinaryKind::add, cx.add(Unary(UnaryKind::sqrt), {variance}),
                                 cx.constant_scalar(cx.fact(x).dtype(), 1e-9));
  cx.output(0, binary(cx, BinaryKind::div, centered, deviation));
}

NegativeLogLikelihood make_loss(const ImportContext& cx) {
  static constexpr std::string_view kReductions[] = {"none", "mean", "sum"};
  NegativeLogLikelihood op;
  op.reduction = static_cast<LossReduction>(import_choice(cx, "reduction", "mean", kReductions));
  if (cx.has_attribute("ignore_index")) op.ignore = cx.integer("ignore_index");
  return op;
}

void import_likelihood_loss(ImportContext& cx) {
  cx.output(0, cx.add(make_loss(cx), trimmed({cx.required(0, "input"), cx.required(1, "target"), cx.input(2)})));
}

void import_cross_entropy_loss(ImportContext& cx) {
  Softmax softmax;
  softmax.axis = 1;
  softmax.log = true;
  const Value log_probability = cx.add(softmax, {cx.required(0, "scores")});
  cx.output(0, cx.add(make_loss(cx), trimmed({log_probability, cx.required(1, "labels"), cx.input(2)})));
  if (cx.wants(1)) cx.output(1, log_probability);
}

}  // namespace

void register_norm(ImportTable& table) {
  table.add("", "Softmax", import_softmax);
  table.add("", "LogSoftmax", import_log_softmax);
  table.add("", "Hardmax", import_hardmax);
  table.add("", "BatchNormalization", import_batch_norm);
  table.add("", "InstanceNormalization", import_instance_norm);
  table.add("", "GroupNormalization", import_group_norm);
  table.add("", "RMSNormalization", import_rms_norm);
  table.add("", "LpNormalization", import_lp_norm);
  table.add("", "LRN", import_lrn);
  table.add("", "MeanVarianceNormalization", import_mean_variance_norm);
  table.add("", "NegativeLogLikelihoodLoss", import_likelihood_loss);
  table.add("", "SoftmaxCrossEntropyLoss", import_cross_entropy_loss);
  for (std::string_view domain : {"", "com.microsoft"}) {
    table.add(domain, "LayerNormalization", import_layer_norm);
    table.add(domain, "SimplifiedLayerNormalization", import_simplified_layer_norm);
  }
  table.add("com.microsoft", "SkipLayerNormalization", import_skip_layer_norm);
  table.add("com.microsoft", "SkipSimplifiedLayerNormalization", import_skip_simplified_layer_norm);
  table.add("com.microsoft", "GroupNorm", import_microsoft_group_norm);
  table.add("com.microsoft", "SkipGroupNorm", import_skip_group_norm);
}

}  // namespace tenon::core
