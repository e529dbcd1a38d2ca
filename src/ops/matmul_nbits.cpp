#include "base/error.h"
#include "ops/gemm.h"
#include "ops/infer_util.h"
#include "ops/matmul_quantized.h"
#include "ops/product.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

/// Bytes of `count` packed values.
int64_t packed_size(int64_t count, int64_t bits) { return (checked_mul(count, bits) + 7) / 8; }

int unpack(const uint8_t* bytes, int64_t index, int64_t bits) {
  const int64_t at = index * bits;
  return (bytes[at / 8] >> (at % 8)) & ((1 << bits) - 1);
}

void expect_size(const Tensor& t, int64_t low, int64_t high, std::string_view what) {
  if (t.size() < low || t.size() > high)
    fail(ErrorCode::shape_mismatch, "MatMulNBits: expected {} elements of {}, found shape {}", low, what,
         dims_to_string(t.dims()));
}

/// Zero points of all rows and blocks as plain numbers.
std::vector<float> zero_points(const MatMulNBits& op, const EvalContext& cx) {
  const int64_t blocks = op.blocks(), count = checked_mul(op.n, blocks);
  if (!cx.has(3)) return std::vector<float>(static_cast<size_t>(count), static_cast<float>(1 << (op.bits - 1)));
  const Tensor& t = cx.tensor(3);
  if (t.dtype() != DType::u8) {
    expect_size(t, count, count, "zero points");
    return to_floats(t);
  }
  const int64_t row = packed_size(blocks, op.bits);
  expect_size(t, op.n * row, op.n * row, "packed zero points");
  std::vector<float> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < op.n; ++i)
    for (int64_t j = 0; j < blocks; ++j)
      values[i * blocks + j] = static_cast<float>(unpack(t.data<uint8_t>() + i * row, j, op.bits));
  return values;
}

/// The block of scales for each k.
std::vector<int64_t> scale_blocks(const MatMulNBits& op, const EvalContext& cx) {
  std::vector<int64_t> blocks(static_cast<size_t>(op.k));
  for (int64_t i = 0; i < op.k; ++i) blocks[i] = i / op.block_size;
  if (!cx.has(4)) return blocks;
  const std::vector<int64_t> given = to_int64s(cx.tensor(4));
  expect_size(cx.tensor(4), op.k, op.blocks() * op.block_size, "group indices");
  for (int64_t i = 0; i < op.k; ++i) {
    if (given[i] < 0 || given[i] >= op.blocks())
      fail(ErrorCode::runtime_index, "MatMulNBits: group index {} of k = {} is outside [0, {})", given[i], i,
           op.blocks());
    blocks[i] = given[i];
  }
  return blocks;
}

std::vector<float> dequantize(const MatMulNBits& op, const EvalContext& cx) {
  const int64_t blocks = op.blocks(), row = checked_mul(blocks, op.block_size * op.bits / 8);
  expect_size(cx.tensor(1), checked_mul(op.n, row), op.n * row, "packed weights");
  expect_size(cx.tensor(2), op.n * blocks, op.n * blocks, "scales");
  const std::vector<float> scales = to_floats(cx.tensor(2)), zeros = zero_points(op, cx);
  const std::vector<int64_t> block_of = scale_blocks(op, cx);
  std::vector<float> weights(static_cast<size_t>(checked_mul(op.n, op.k)));
  const uint8_t* packed = cx.tensor(1).data<uint8_t>();
  cx.threads().parallel_ranges(op.n, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      for (int64_t j = 0; j < op.k; ++j) {
        const int64_t block = i * blocks + block_of[j];
        weights[i * op.k + j] =
            (static_cast<float>(unpack(packed + i * row, j, op.bits)) - zeros[block]) * scales[block];
      }
  });
  return weights;
}

}  // namespace

std::vector<Fact> MatMulNBits::infer(InferContext& cx) const {
  if ((bits != 2 && bits != 4 && bits != 8) || k < 1 || n < 1 || k > INT32_MAX || n > INT32_MAX)
    fail(ErrorCode::invalid_model,
         "MatMulNBits: bits must be 2, 4 or 8 and K and N between 1 and 2^31; found bits = {}, K = {}, N = {}", bits, k,
         n);
  if (block_size < 16 || block_size > (1 << 20) || (block_size & (block_size - 1)) != 0)
    fail(ErrorCode::invalid_model, "MatMulNBits: block_size must be a power of two from 16 to 2^20; found {}",
         block_size);
  expect_rank(cx, 0, "MatMulNBits' input A", 1);
  expect_dtype(cx, 0, "MatMulNBits' input A", {DType::f32, DType::f16, DType::bf16});
  expect_dtype(cx, 1, "MatMulNBits' input B", {DType::u8});
  for (int i : {2, 5})
    if (i == 2 || cx.has(i))
      expect_dtype(cx, i, i == 2 ? "MatMulNBits' scales" : "MatMulNBits' bias", {cx.input(0).dtype()});
  if (cx.has(3)) expect_dtype(cx, 3, "MatMulNBits' zero points", {DType::u8, cx.input(0).dtype()});
  if (cx.has(4)) expect_dtype(cx, 4, "MatMulNBits' group indices", {DType::i32});
  const Fact& a = cx.input(0);
  if (!a.type.ranked) return {unranked(a.dtype())};
  Shape shape = a.shape();
  cx.require_equal(shape.back(), k,
                   fmt::format("MatMulNBits: the last dim of A {} and the attribute K", to_string(shape)));
  shape.back() = n;
  return {Fact::tensor(a.dtype(), shape)};
}

std::vector<HostValue> MatMulNBits::evaluate(const EvalContext& cx) const {
  const Tensor& a = cx.tensor(0);
  const ProductPlan plan = plan_product(a.dims(), {n, k}, false, true);
  const Reals<float> left(a);
  const std::vector<float> weights = dequantize(*this, cx);
  RealResult<float> y(a.dtype(), plan.dims);
  add_product(plan, left.data(), weights.data(), y.data(), cx.threads());
  if (cx.has(5)) {
    expect_size(cx.tensor(5), n, n, "bias");
    const Reals<float> bias(cx.tensor(5));
    for (int64_t i = 0; i < y.size(); ++i) y.data()[i] += bias[i % n];
  }
  return {y.finish()};
}

}  // namespace tenon::core
