#include <cmath>

#include "base/error.h"
#include "onnx/ops_linear.h"
#include "ops/index.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

constexpr std::string_view kMicrosoft = "com.microsoft";

/// Input `i`, a matrix.
Value matrix(ImportContext& cx, int i, std::string_view what) {
  const Value x = cx.required(i, what);
  const Type& type = cx.fact(x).type;
  if (type.is_tensor() && type.ranked && type.rank() != 2)
    fail(ErrorCode::invalid_model, "{} must be a matrix, found {}", what, type.str());
  return x;
}

/// c times the attribute beta; nothing when that is 0.
Value scaled_bias(ImportContext& cx, Value c) {
  const double beta = cx.real("beta", 1);
  if (!c || beta == 0) return {};
  if (beta == 1) return c;
  if (!is_float(cx.fact(c).dtype()) && beta != std::trunc(beta))
    fail(ErrorCode::invalid_model, "its attribute 'beta' must be whole for integers, found {}", beta);
  return multiplied(cx, c, scalar_like(cx, c, beta));
}

void add_gemm(ImportContext& cx, const Activation& activation) {
  MatMul op;
  op.transpose_a = cx.integer("transA", 0) != 0;
  op.transpose_b = cx.integer("transB", 0) != 0;
  op.alpha = cx.real("alpha", 1);
  op.activation = activation;
  cx.output(0, cx.add(op, {matrix(cx, 0, "A"), matrix(cx, 1, "B"), scaled_bias(cx, cx.input(2))}));
}

void import_gemm(ImportContext& cx) { add_gemm(cx, {}); }

/// The activation of a fused operator by its ONNX name, with defaults of its parameters.
Activation fused_activation(ImportContext& cx) {
  struct Known {
    std::string_view onnx, kind;
    double alpha, beta;
  };
  static constexpr Known kKnown[] = {{"Relu", "relu", 0, 0},
                                     {"Tanh", "tanh", 0, 0},
                                     {"Sigmoid", "sigmoid", 0, 0},
                                     {"LeakyRelu", "leaky_relu", 0.01, 0},
                                     {"HardSigmoid", "hard_sigmoid", 0.2, 0.5},
                                     {"Elu", "elu", 1, 0},
                                     {"Softplus", "softplus", 0, 0},
                                     {"Softsign", "softsign", 0, 0},
                                     {"ThresholdedRelu", "thresholded_relu", 1, 0}};
  const std::string name = cx.text("activation", "");
  if (name.empty()) return {};
  for (const Known& k : kKnown)
    if (k.onnx == name)
      return {std::string(k.kind), cx.real("activation_alpha", k.alpha), cx.real("activation_beta", k.beta)};
  fail(ErrorCode::unsupported_operator, "its activation '{}' is not supported", name);
}

void import_fused_gemm(ImportContext& cx) { add_gemm(cx, fused_activation(cx)); }

void import_matmul(ImportContext& cx) { cx.output(0, cx.add(MatMul(), {cx.required(0, "A"), cx.required(1, "B")})); }

/// [M, batch..., K] -> [batch..., M, K].
Value batch_transposed(ImportContext& cx, Value x, std::string_view attribute) {
  if (cx.integer(attribute, 0) == 0) return x;
  const int rank = cx.rank(x, "an operand with transposed batch dims");
  if (rank < 3)
    fail(ErrorCode::invalid_model, "its attribute '{}' needs an operand of rank 3 or more, found {}", attribute,
         cx.fact(x).type.str());
  std::vector<int64_t> permutation;
  for (int i = 1; i + 1 < rank; ++i) permutation.push_back(i);
  permutation.push_back(0);
  permutation.push_back(rank - 1);
  return transposed(cx, x, permutation);
}

void import_fused_matmul(ImportContext& cx) {
  MatMul op;
  op.transpose_a = cx.integer("transA", 0) != 0;
  op.transpose_b = cx.integer("transB", 0) != 0;
  op.alpha = cx.real("alpha", 1);
  cx.output(0, cx.add(op, {batch_transposed(cx, cx.required(0, "A"), "transBatchA"),
                           batch_transposed(cx, cx.required(1, "B"), "transBatchB")}));
}

void import_einsum(ImportContext& cx) {
  Einsum op;
  op.equation = cx.text("equation");
  cx.output(0, cx.add(op, cx.inputs()));
}

void import_matmul_integer(ImportContext& cx) {
  cx.output(0, cx.add(MatMulInteger(), {cx.required(0, "A"), cx.required(1, "B"), cx.input(2), cx.input(3)}));
}

void import_qlinear_matmul(ImportContext& cx) {
  std::vector<Value> inputs;
  for (int i = 0; i < 8; ++i) inputs.push_back(cx.required(i, "a quantized operand, scale or zero point"));
  cx.output(0, cx.add(QLinearMatMul(), inputs));
}

void import_matmul_integer_to_float(ImportContext& cx) {
  cx.output(0, scaled_integer_product(cx, cx.required(0, "A"), cx.required(1, "B"), cx.required(2, "a_scale"),
                                      cx.required(3, "b_scale"), cx.input(4), cx.input(5), cx.input(6)));
}

void import_dynamic_quantize_matmul(ImportContext& cx) {
  const Value a = cx.add(DynamicQuantizeLinear(), {cx.required(0, "A")});
  cx.output(0, scaled_integer_product(cx, a, cx.required(1, "B"), Graph::output(a, 1), cx.required(2, "b_scale"),
                                      Graph::output(a, 2), cx.input(3), cx.input(4)));
}

void import_qgemm(ImportContext& cx) {
  Value a = matrix(cx, 0, "A"), b = matrix(cx, 3, "B");
  if (cx.integer("transA", 0) != 0) a = transposed(cx, a, {1, 0});
  if (cx.integer("transB", 0) != 0) b = transposed(cx, b, {1, 0});
  const Value sum = added(cx, cx.add(MatMulInteger(), {a, b, cx.input(2), cx.input(5)}), cx.input(6));
  const Value scale = multiplied(cx, cx.required(1, "a_scale"), cx.required(4, "b_scale"));
  Value y = multiplied(cx, converted(cx, sum, cx.fact(scale).dtype()), scale);
  if (const double alpha = cx.real("alpha", 1); alpha != 1) y = multiplied(cx, y, scalar_like(cx, y, alpha));
  if (cx.has(7)) y = cx.add(QuantizeLinear(), {y, cx.input(7), cx.input(8)});
  cx.output(0, y);
}

void import_matmul_nbits(ImportContext& cx) {
  if (cx.integer("weight_prepacked", 0) != 0)
    fail(ErrorCode::unsupported_operator,
         "its weights are packed for one device ('weight_prepacked'); export them unpacked");
  MatMulNBits op;
  op.k = cx.integer("K");
  op.n = cx.integer("N");
  op.bits = cx.integer("bits", 4);
  op.block_size = cx.integer("block_size");
  std::vector<Value> inputs{cx.required(0, "A"), cx.required(1, "B"), cx.required(2, "scales")};
  for (int i = 3; i < 6; ++i) inputs.push_back(cx.input(i));
  cx.output(0, cx.add(op, inputs));
}

void import_det(ImportContext& cx) { cx.output(0, cx.add(Det(), {cx.required(0, "X")})); }
void import_inverse(ImportContext& cx) { cx.output(0, cx.add(Inverse(), {cx.required(0, "X")})); }

/// The number of tokens in each sample's mask.
Value mask_lengths(ImportContext& cx, Value mask, Value ids) {
  if (mask) {
    Reduce sum;
    sum.keepdims = false;
    return cx.add(sum, {mask, cx.constant_i64({1})});
  }
  ConstantOfShape zeros;
  zeros.value = Constant::make(tensor_of<int32_t>({1}, {0}));
  return cx.add(zeros, {dims_of(cx, ids, 0, 1)});
}

void import_embed_layer_normalization(ImportContext& cx) {
  const Value ids = cx.required(0, "input_ids"), segments = cx.input(1);
  const Value positions = cx.required(3, "position_embedding");
  Value sum = cx.add(Gather(), {cx.required(2, "word_embedding"), ids});
  sum = added(cx, sum,
              cx.has(8)
                  ? cx.add(Gather(), {positions, cx.input(8)})
                  : cx.add(Slice(), {positions, cx.constant_i64({0}), dims_of(cx, ids, 1, 2), cx.constant_i64({0})}));
  if (segments) sum = added(cx, sum, cx.add(Gather(), {cx.required(4, "segment_embedding"), segments}));
  LayerNorm norm;
  norm.epsilon = cx.real("epsilon", 1e-12);
  cx.output(0, cx.add(norm, {sum, cx.required(5, "gamma"), cx.required(6, "beta")}));
  if (cx.wants(1)) cx.output(1, mask_lengths(cx, cx.input(7), ids));
  cx.output(2, sum);
}

}  // namespace

Value scaled_integer_product(ImportContext& cx, Value a, Value b, Value a_scale, Value b_scale, Value a_zero_point,
                             Value b_zero_point, Value bias) {
  if (cx.fact(a_scale).rank() == 1 && known_dim(cx, a_scale, 0, "the scale of A") != 1)
    fail(ErrorCode::unsupported_operator, "the scale of A must be one number, found {}", cx.fact(a_scale).type.str());
  const DType dtype = cx.fact(a_scale).dtype();
  const Value scale = multiplied(cx, converted(cx, a_scale, DType::f32), converted(cx, b_scale, DType::f32));
  const Value product = cx.add(MatMulInteger(), {a, b, a_zero_point, b_zero_point});
  return added(cx, converted(cx, multiplied(cx, converted(cx, product, DType::f32), scale), dtype), bias);
}

void register_matmul(ImportTable& table) {
  table.add("", "Gemm", import_gemm);
  table.add("", "MatMul", import_matmul);
  table.add("", "Einsum", import_einsum);
  table.add("", "MatMulInteger", import_matmul_integer);
  table.add("", "QLinearMatMul", import_qlinear_matmul);
  table.add("", "Det", import_det);
  table.add(kMicrosoft, "Inverse", import_inverse);
  table.add(kMicrosoft, "FusedMatMul", import_fused_matmul);
  table.add(kMicrosoft, "TransposeMatMul", import_fused_matmul);
  table.add(kMicrosoft, "FusedGemm", import_fused_gemm);
  table.add(kMicrosoft, "MatMulNBits", import_matmul_nbits);
  table.add(kMicrosoft, "MatMulIntegerToFloat", import_matmul_integer_to_float);
  table.add(kMicrosoft, "DynamicQuantizeMatMul", import_dynamic_quantize_matmul);
  table.add(kMicrosoft, "QGemm", import_qgemm);
  table.add(kMicrosoft, "EmbedLayerNormalization", import_embed_layer_normalization);
}

}  // namespace tenon::core
