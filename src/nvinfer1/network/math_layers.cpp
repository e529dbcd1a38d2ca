#include "nvinfer1/network/math_layers.h"

#include "nvinfer1/network/axes.h"
#include "nvinfer1/network/network.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Binary;
using core::Unary;
using core::Value;
using B = core::BinaryKind;
using U = core::UnaryKind;
using Code = nv::ErrorCode;

std::vector<Value> ActivationLayer::lower(Lowering& l) const {
  using A = nv::ActivationType;
  const Value x = l.value(required(0));
  const auto unary = [&](U kind, double a = 0, double b = 0) { return std::vector{l.add(Unary(kind, a, b), {x})}; };
  const auto times = [&](Value v, double factor) { return factor == 1 ? v : l.add(Binary(B::mul), {v, l.number(l.dtype(v), factor)}); };
  switch (type) {
    case A::kRELU: return unary(U::relu);
    case A::kSIGMOID: return unary(U::sigmoid);
    case A::kTANH: return unary(U::tanh);
    case A::kLEAKY_RELU: return unary(U::leaky_relu, alpha);
    case A::kELU: return unary(U::elu, alpha);
    case A::kSELU: return unary(U::selu, alpha, beta);
    case A::kSOFTSIGN: return unary(U::softsign);
    case A::kSOFTPLUS: return {times(l.add(Unary(U::softplus), {times(x, beta)}), alpha)};
    case A::kCLIP: return {l.add(core::Clip{}, {x, l.number(l.dtype(x), alpha), l.number(l.dtype(x), beta)})};
    case A::kHARD_SIGMOID: return unary(U::hard_sigmoid, alpha, beta);
    case A::kSCALED_TANH: return {times(l.add(Unary(U::tanh), {times(x, beta)}), alpha)};
    case A::kTHRESHOLDED_RELU: return unary(U::thresholded_relu, alpha);
    case A::kGELU_ERF: return unary(U::gelu_erf);
    case A::kGELU_TANH: return unary(U::gelu_tanh);
  }
  refuse(Code::kINVALID_ARGUMENT, "its activation {} does not exist", static_cast<int>(type));
}

std::vector<Value> SoftMaxLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  core::Softmax op;
  op.axis = single_axis(l, axes, l.rank(x));
  if (op.axis == l.rank(x) - 1) op.axis = -1;
  return {l.add(op, {x})};
}

nv::DataType ElementWiseLayer::infer_type(int) const {
  using E = nv::ElementWiseOperation;
  if (operation == E::kEQUAL || operation == E::kGREATER || operation == E::kLESS) return nv::DataType::kBOOL;
  return LayerBase::infer_type(0);
}

std::vector<Value> ElementWiseLayer::lower(Lowering& l) const {
  static constexpr B kKinds[] = {B::add, B::mul, B::max, B::min, B::sub, B::div, B::pow, B::div, B::logical_and, B::logical_or, B::logical_xor, B::equal, B::greater, B::less};
  const auto i = static_cast<size_t>(operation);
  if (i >= std::size(kKinds)) refuse(Code::kINVALID_ARGUMENT, "its operation {} does not exist", i);
  Value a = l.value(required(0)), b = l.value(required(1));
  l.unify(a, b);
  if (operation != nv::ElementWiseOperation::kFLOOR_DIV) return {l.add(Binary(kKinds[i]), {a, b})};
  if (core::is_float(l.dtype(a))) return {l.add(Unary(U::floor), {l.add(Binary(B::div), {a, b})})};
  // What is left after the remainder divides without one.
  const Value rest = l.add(Binary(B::sub), {a, l.add(Binary(B::mod), {a, b})});
  return {l.add(Binary(B::div), {rest, b})};
}

nv::DataType UnaryLayer::infer_type(int) const {
  using O = nv::UnaryOperation;
  return operation == O::kNOT || operation == O::kISINF || operation == O::kISNAN ? nv::DataType::kBOOL : LayerBase::infer_type(0);
}

std::vector<Value> UnaryLayer::lower(Lowering& l) const {
  static constexpr U kKinds[] = {U::exp, U::log, U::sqrt, U::reciprocal, U::abs, U::neg, U::sin, U::cos, U::tan, U::sinh, U::cosh, U::asin, U::acos, U::atan, U::asinh, U::acosh,
                                 U::atanh, U::ceil, U::floor, U::erf, U::logical_not, U::sign, U::round, U::is_inf, U::is_nan};
  const auto i = static_cast<size_t>(operation);
  if (i >= std::size(kKinds)) refuse(Code::kINVALID_ARGUMENT, "its operation {} does not exist", i);
  const double both = kKinds[i] == U::is_inf ? 1 : 0;
  return {l.add(Unary(kKinds[i], both, both), {l.value(required(0))})};
}

std::vector<Value> ReduceLayer::lower(Lowering& l) const {
  using K = core::ReduceKind;
  static constexpr K kKinds[] = {K::sum, K::prod, K::max, K::min, K::mean};
  const auto i = static_cast<size_t>(operation);
  if (i >= std::size(kKinds)) refuse(Code::kINVALID_ARGUMENT, "its operation {} does not exist", i);
  const Value x = l.value(required(0));
  core::Reduce op;
  op.kind = kKinds[i];
  op.keepdims = keep;
  const auto which = axes_of(l, axes, l.rank(x));
  if (which.empty()) refuse(Code::kINVALID_ARGUMENT, "its mask of axes is empty");
  return {l.add(op, {x, l.i64(which)})};
}

bool TopKLayer::setIndicesType(nv::DataType type) noexcept {
  if (type != nv::DataType::kINT32 && type != nv::DataType::kINT64) return false;
  indices_ = type;
  changed();
  return true;
}

std::vector<Value> TopKLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  core::TopK op;
  op.axis = single_axis(l, axes, l.rank(x));
  op.largest = operation == nv::TopKOperation::kMAX;
  const Value values = l.add(op, {x, input(1) ? l.shape_operand(*input(1)) : l.i64({k})});
  return {values, core::Graph::output(values, 1)};
}

void MatrixMultiplyLayer::setOperation(int32_t index, nv::MatrixOperation op) noexcept {
  guarded(network().reporter(), "IMatrixMultiplyLayer::setOperation", [&] {
    if (index < 0 || index > 1) refuse(Code::kINVALID_ARGUMENT, "{} has 2 inputs: there is no input {}", describe(), index);
    operations_[index] = op;
    changed();
  });
}

nv::MatrixOperation MatrixMultiplyLayer::getOperation(int32_t index) const noexcept { return operations_[index == 1 ? 1 : 0]; }

std::vector<Value> MatrixMultiplyLayer::lower(Lowering& l) const {
  using M = nv::MatrixOperation;
  Value a = l.value(required(0)), b = l.value(required(1));
  l.unify(a, b);
  core::MatMul op;
  op.transpose_a = operations_[0] == M::kTRANSPOSE;
  op.transpose_b = operations_[1] == M::kTRANSPOSE;
  std::vector<int64_t> drop;
  const int out_rank = std::max(l.rank(a) + (operations_[0] == M::kVECTOR), l.rank(b) + (operations_[1] == M::kVECTOR));
  if (operations_[0] == M::kVECTOR) a = l.unsqueezed(a, {l.rank(a) - 1}), drop.push_back(out_rank - 2);
  if (operations_[1] == M::kVECTOR) b = l.unsqueezed(b, {l.rank(b)}), drop.push_back(out_rank - 1);
  const Value y = l.add(std::move(op), {a, b});
  return {drop.empty() ? y : l.squeezed(y, drop)};
}

std::vector<Value> RaggedSoftMaxLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const int rank = l.rank(x);
  core::ShapeOf length;
  length.start = rank - 1;
  const Value n = l.squeezed(l.add(length, {x}), {0});
  const Value index = l.add(core::Range{}, {l.number(DType::i64, 0), n, l.number(DType::i64, 1)});
  const Value inside = l.add(Binary(B::less), {index, l.cast(l.value(required(1)), DType::i64)});
  const Value masked = l.add(core::Where{}, {inside, x, l.number(l.dtype(x), -std::numeric_limits<double>::infinity())});
  return {l.add(core::Where{}, {inside, l.add(core::Softmax{}, {masked}), l.number(l.dtype(x), 0)})};
}

std::vector<Value> IdentityLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const DType to = core_type(type_of(0));
  if (LayerBase::outputTypeIsSet(0) && to != l.dtype(x)) return {l.add(core::Cast(to), {x})};
  return {l.add(core::Identity{}, {x})};
}

std::vector<Value> CastLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  const DType to = core_type(type);
  if (l.dtype(x) == to) return {l.add(core::Identity{}, {x})};
  const Value y = l.add(core::Cast(to), {x});
  // A weakly typed network goes on in f32, with what the conversion rounded away lost.
  return {l.weak() && (to == DType::f16 || to == DType::bf16) ? l.cast(y, DType::f32) : y};
}

void ConstantLayer::keep(core::ConstRef constant) {
  constant_ = std::move(constant);
  value_ = constant_->value();
  weights_.values = value_.bytes().data();
}

std::vector<Value> ConstantLayer::lower(Lowering& l) const {
  if (constant_ && weights_.values == value_.bytes().data()) {
    // Single numbers of models are factors and epsilons that fusions look for.
    const bool refits = l.refits != Lowering::Refit::none && core::is_float(value_.dtype()) && weights_.count > 1 && l.claim(constant_->name());
    if (!refits) return {l.graph.add_constant(constant_)};
    l.refit.push_back({this, nv::WeightsRole::kCONSTANT, constant_->name()});
    return {l.named_constant(value_, constant_->name())};
  }
  std::vector<int64_t> dims = dims_;
  if (l.lead()) dims.insert(dims.begin(), 1);
  return {l.weights(weights_, dims, "constant", nv::WeightsRole::kCONSTANT)};
}

std::vector<Value> ParametricReLULayer::lower(Lowering& l) const {
  return {l.binary(static_cast<int>(B::prelu), l.value(required(0)), l.value(required(1)))};
}

std::vector<Value> SelectLayer::lower(Lowering& l) const {
  Value a = l.value(required(1)), b = l.value(required(2));
  l.unify(a, b);
  return {l.add(core::Where{}, {l.value(required(0)), a, b})};
}

namespace {

/// A scale of one element as a scalar; of more, as one per index along the axis.
Value flat_scale(Lowering& l, const NetTensor& tensor, bool& one) {
  const Value v = l.value(tensor);
  one = l.rank(v) == 0 || (core::all_const(l.shape(v)) && core::product(l.shape(v)) == core::Dim(1));
  if (l.rank(v) == 0) return v;
  return one ? l.reshaped(v, {}) : l.rank(v) == 1 ? v : l.reshaped(v, {-1});
}

int64_t quantized_axis(const LayerBase& layer, Lowering& l, int32_t axis, int rank, bool one) {
  if (one) return 1;
  const int64_t at = axis < 0 ? axis + rank : axis + l.lead();
  if (axis == -1 || at < 0 || at >= rank) refuse(Code::kINVALID_ARGUMENT, "{}: its scale has several elements, so setAxis must name an axis of the input; found {}", layer.describe(), axis);
  return at;
}

}  // namespace

std::vector<Value> QuantizeLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  bool one = true, one_zero = true;
  const Value scale = flat_scale(l, required(1), one);
  core::QuantizeLinear op;
  op.output = core_type(type);
  op.axis = quantized_axis(*this, l, axis, l.rank(x), one);
  const Value zero = input(2) ? l.cast(flat_scale(l, *input(2), one_zero), op.output) : Value{};
  return {l.add(op, {x, scale, zero})};
}

std::vector<Value> DequantizeLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0));
  bool one = true, one_zero = true;
  const Value scale = flat_scale(l, required(1), one);
  core::DequantizeLinear op;
  op.axis = quantized_axis(*this, l, axis, l.rank(x), one);
  const Value zero = input(2) ? l.cast(flat_scale(l, *input(2), one_zero), l.dtype(x)) : Value{};
  return {l.add(op, {x, scale, zero})};
}

bool EinsumLayer::setEquation(char const* equation) noexcept {
  return guarded(network().reporter(), "IEinsumLayer::setEquation", false, [&] {
    equation_ = need(equation, "equation");
    changed();
    return true;
  });
}

std::vector<Value> EinsumLayer::lower(Lowering& l) const {
  core::Einsum op;
  op.equation = equation_;
  std::vector<Value> values;
  for (NetTensor* tensor : inputs()) values.push_back(l.value(*tensor));
  return {l.add(std::move(op), std::move(values))};
}

std::vector<Value> CumulativeLayer::lower(Lowering& l) const {
  core::Cumulative op;
  op.exclusive = exclusive;
  op.reverse = reverse;
  Value axis = l.value(required(1));
  if (l.rank(axis) == 1) axis = l.squeezed(axis, {0});
  return {l.add(op, {l.value(required(0)), axis})};
}

void AssertionLayer::setMessage(char const* message) noexcept {
  guarded(network().reporter(), "IAssertionLayer::setMessage", [&] { message_ = need(message, "message"); });
}

std::vector<Value> AssertionLayer::lower(Lowering& l) const {
  network().check_assertion(l, l.value(required(0)), message_);
  return {};
}

}  // namespace tenon::adapter
