#include "base/error.h"
#include "onnx/ops_pointwise.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

void add_unary(ImportContext& cx, UnaryKind kind, double alpha = 0, double beta = 0) {
  cx.output(0, cx.add(Unary(kind, alpha, beta), {cx.required(0, "the input")}));
}

template <UnaryKind kind>
void import_unary(ImportContext& cx) {
  add_unary(cx, kind);
}

void import_is_inf(ImportContext& cx) {
  add_unary(cx, UnaryKind::is_inf, cx.integer("detect_negative", 1) != 0, cx.integer("detect_positive", 1) != 0);
}
void import_leaky_relu(ImportContext& cx) { add_unary(cx, UnaryKind::leaky_relu, cx.real("alpha", 0.01f)); }
void import_elu(ImportContext& cx) { add_unary(cx, UnaryKind::elu, cx.real("alpha", 1)); }
void import_celu(ImportContext& cx) { add_unary(cx, UnaryKind::celu, cx.real("alpha", 1)); }
void import_thresholded_relu(ImportContext& cx) { add_unary(cx, UnaryKind::thresholded_relu, cx.real("alpha", 1)); }
void import_selu(ImportContext& cx) {
  const double alpha = cx.real("alpha", 1.67326319217681884765625);
  add_unary(cx, UnaryKind::selu, alpha, cx.real("gamma", 1.05070102214813232421875));
}
void import_hard_sigmoid(ImportContext& cx) {
  const double alpha = cx.real("alpha", 0.2f);
  add_unary(cx, UnaryKind::hard_sigmoid, alpha, cx.real("beta", 0.5));
}
void import_shrink(ImportContext& cx) {
  const double lambda = cx.real("lambd", 0.5);
  add_unary(cx, UnaryKind::shrink, lambda, cx.real("bias", 0));
}

void import_gelu(ImportContext& cx) {
  const std::string approximate = cx.text("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    fail(ErrorCode::invalid_model, "its attribute 'approximate' must be none or tanh; found '{}'", approximate);
  add_unary(cx, approximate == "tanh" ? UnaryKind::gelu_tanh : UnaryKind::gelu_erf);
}

void import_swish(ImportContext& cx) { add_unary(cx, UnaryKind::swish, cx.real("alpha", 1)); }
void import_quick_gelu(ImportContext& cx) { add_unary(cx, UnaryKind::swish, cx.real("alpha", 1.702f)); }

void import_swiglu(ImportContext& cx) {
  const Value gate = cx.add(Unary(UnaryKind::swish, cx.real("alpha", 1)), {cx.required(0, "the gate")});
  cx.output(0, cx.add(Binary(BinaryKind::mul), {gate, cx.required(1, "the linear input")}));
}

/// The activation of x + bias, or of x without a bias.
template <UnaryKind kind>
void import_biased(ImportContext& cx) {
  Value x = cx.required(0, "the input");
  if (cx.has(1)) x = cx.add(Binary(BinaryKind::add), {x, cx.input(1)});
  cx.output(0, cx.add(Unary(kind), {x}));
}

}  // namespace

void register_activations(ImportTable& table) {
  using K = UnaryKind;
  table.add("", "Abs", import_unary<K::abs>);
  table.add("", "Neg", import_unary<K::neg>);
  table.add("", "Sign", import_unary<K::sign>);
  table.add("", "Floor", import_unary<K::floor>);
  table.add("", "Ceil", import_unary<K::ceil>);
  table.add("", "Round", import_unary<K::round>);
  table.add("", "Sqrt", import_unary<K::sqrt>);
  table.add("", "Reciprocal", import_unary<K::reciprocal>);
  table.add("", "Exp", import_unary<K::exp>);
  table.add("", "Log", import_unary<K::log>);
  table.add("", "Sin", import_unary<K::sin>);
  table.add("", "Cos", import_unary<K::cos>);
  table.add("", "Tan", import_unary<K::tan>);
  table.add("", "Asin", import_unary<K::asin>);
  table.add("", "Acos", import_unary<K::acos>);
  table.add("", "Atan", import_unary<K::atan>);
  table.add("", "Sinh", import_unary<K::sinh>);
  table.add("", "Cosh", import_unary<K::cosh>);
  table.add("", "Tanh", import_unary<K::tanh>);
  table.add("", "Asinh", import_unary<K::asinh>);
  table.add("", "Acosh", import_unary<K::acosh>);
  table.add("", "Atanh", import_unary<K::atanh>);
  table.add("", "Erf", import_unary<K::erf>);
  table.add("", "Sigmoid", import_unary<K::sigmoid>);
  table.add("", "Relu", import_unary<K::relu>);
  table.add("", "Softplus", import_unary<K::softplus>);
  table.add("", "Softsign", import_unary<K::softsign>);
  table.add("", "Not", import_unary<K::logical_not>);
  table.add("", "BitwiseNot", import_unary<K::bitwise_not>);
  table.add("", "IsNaN", import_unary<K::is_nan>);
  table.add("", "IsInf", import_is_inf);
  table.add("", "LeakyRelu", import_leaky_relu);
  table.add("", "Elu", import_elu);
  table.add("", "Selu", import_selu);
  table.add("", "Celu", import_celu);
  table.add("", "HardSigmoid", import_hard_sigmoid);
  table.add("", "HardSwish", import_unary<K::hard_swish>);
  table.add("", "ThresholdedRelu", import_thresholded_relu);
  table.add("", "Shrink", import_shrink);
  table.add("", "Gelu", import_gelu);
  table.add("", "Mish", import_unary<K::mish>);
  table.add("", "Swish", import_swish);
  table.add("", "SwiGLU", import_swiglu);
  table.add("com.microsoft", "Gelu", import_unary<K::gelu_erf>);
  table.add("com.microsoft", "FastGelu", import_biased<K::gelu_tanh>);
  table.add("com.microsoft", "BiasGelu", import_biased<K::gelu_erf>);
  table.add("com.microsoft", "QuickGelu", import_quick_gelu);
}

}  // namespace tenon::core
