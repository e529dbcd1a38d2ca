#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Bits that carry the value: 2 and 4 for the types that take a byte in memory.
int64_t width(DType dtype) {
  switch (dtype) {
    case DType::i2:
    case DType::u2:
      return 2;
    case DType::i4:
    case DType::u4:
    case DType::f4e2m1:
      return 4;
    default:
      return 8 * size_of(dtype);
  }
}

/// Dims after the change of width: the last dim times or divided by the ratio.
template <class D, class Divide>
void rescale_last(std::vector<D>& dims, DType from, DType to, Divide divide) {
  const int64_t before = width(from), after = width(to);
  if (before == after) return;
  if (dims.empty()) fail(ErrorCode::shape_mismatch, "a scalar of {} bits can't be read as {} bits", before, after);
  dims.back() = before > after ? dims.back() * D(before / after) : divide(dims.back(), after / before);
}

[[noreturn]] void refuse(int64_t last, DType from, DType to) {
  fail(ErrorCode::shape_mismatch, "a last dim of {} elements of {} is not a whole number of {}", last, to_string(from),
       to_string(to));
}

/// The low bits of each byte as the stored form of `to`: integers of 2 and 4 bits are sign-extended, bool is 0 or 1.
Tensor reread_bytes(const Tensor& x, DType to) {
  Tensor y(to, x.dims());
  const int bits = static_cast<int>(width(to));
  const auto from = x.bytes();
  const auto out = y.mutable_bytes();
  for (size_t i = 0; i < from.size(); ++i) {
    int value = static_cast<int>(from[i]) & ((1 << bits) - 1);
    if (to == DType::boolean) value = value != 0;
    if (is_signed_integer(to) && (value >> (bits - 1))) value -= 1 << bits;
    out[i] = static_cast<std::byte>(value);
  }
  return y;
}

}  // namespace

std::vector<Fact> BitCast::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  const int64_t before = width(x.dtype()), after = width(to);
  if (before == 0 || after == 0 || (before != after && (before < 8 || after < 8)))
    fail(ErrorCode::invalid_model, "the bits of {} can't be read as {}", to_string(x.dtype()), to_string(to));
  if (!x.type.ranked) return {unranked(to)};
  Shape shape = x.shape();
  rescale_last(shape, x.dtype(), to, [&](const Dim& last, int64_t ratio) {
    if (last.is_const() && last.value() % ratio != 0) refuse(last.value(), x.dtype(), to);
    return floordiv(last, Dim(ratio));
  });
  return {Fact::tensor(to, shape)};
}

std::vector<HostValue> BitCast::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  if (width(to) < 8 || to == DType::boolean) return {reread_bytes(x, to)};
  Dims dims = x.dims();
  rescale_last(dims, x.dtype(), to, [&](int64_t last, int64_t ratio) {
    if (last % ratio != 0) refuse(last, x.dtype(), to);
    return last / ratio;
  });
  if (dims == x.dims()) return {x.retyped(to)};
  Tensor y(to, dims);
  std::copy(x.bytes().begin(), x.bytes().end(), y.mutable_bytes().begin());
  return {y};
}

}  // namespace tenon::core
