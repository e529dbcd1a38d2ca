#pragma once
#include "ir/op.h"

namespace tenon::core {

/// MatMulInteger(a, b, a_zero_point?, b_zero_point?): (a - a_zero_point) @ (b - b_zero_point) of 8-bit integers in i32.
/// A zero point is a scalar, one element per row of a (column of b), or that with the batch dims.
struct MatMulInteger : OpDef<MatMulInteger> {
  static constexpr std::string_view op_name = "MatMulInteger";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// QLinearMatMul(a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point): the product of the
/// dequantized operands, quantized to the type of y_zero_point. Scales have the shapes of zero points.
struct QLinearMatMul : OpDef<QLinearMatMul> {
  static constexpr std::string_view op_name = "QLinearMatMul";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// MatMulNBits(a [..., K], b: u8, scales, zero_points?, group_index?: i32[K], bias? [N]) = a @ dequantized(b)^T + bias.
/// b holds N rows of blocks of `block_size` values of `bits` bits, the first value in the low bits of the first byte;
/// the last block of a row is filled up. One scale per row and block. Zero points are packed like b (u8, each row
/// filled up to whole bytes) or plain numbers of a's type; without them 2^(bits - 1). `group_index` gives the block
/// whose scale belongs to each k, in place of k / block_size.
struct MatMulNBits : OpDef<MatMulNBits> {
  static constexpr std::string_view op_name = "MatMulNBits";
  int64_t k = 0, n = 0, bits = 4, block_size = 32;
  void fields(FieldVisitor& v) override {
    v.visit("k", k);
    v.visit("n", n);
    v.visit("bits", bits);
    v.visit("block_size", block_size);
  }
  int64_t blocks() const { return (k + block_size - 1) / block_size; }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core
