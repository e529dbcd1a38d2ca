#include "ops/quantize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/elementwise.h"
#include "ops/infer_util.h"
#include "ops/saturate.h"

namespace tenon::core {
namespace {

bool is_quantized(DType dtype) {
  switch (dtype) {
    case DType::i8:
    case DType::u8:
    case DType::i16:
    case DType::u16:
    case DType::i4:
    case DType::u4:
    case DType::i2:
    case DType::u2:
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz:
    case DType::f4e2m1:
      return true;
    default:
      return false;
  }
}

bool is_scale(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f64 ||
         dtype == DType::f8e8m0;
}

void check_scale(InferContext& cx, int64_t axis, int64_t block_size) {
  expect_tensor(cx, 1, "the scale");
  const Fact &x = cx.input(0), &scale = cx.input(1);
  if (!is_scale(scale.dtype()) && scale.dtype() != DType::i32)
    fail(ErrorCode::invalid_model, "the scale must be a float tensor; found {}", scale.type.str());
  if (block_size < 0) fail(ErrorCode::invalid_model, "block_size must not be negative; found {}", block_size);
  if (cx.has(2)) {
    expect_tensor(cx, 2, "the zero point");
    const Type& zero = cx.input(2).type;
    const auto a = zero.ranked ? const_dims(zero.shape) : std::nullopt;
    const auto b = scale.type.ranked ? const_dims(scale.shape()) : std::nullopt;
    if (a && b && *a != *b && (product(scale.shape()) != Dim(1) || product(zero.shape) != Dim(1)))
      fail(ErrorCode::shape_mismatch, "the zero point must have the scale's shape; found {} and {}", zero.str(),
           scale.type.str());
  }
  const auto dims = x.type.ranked ? const_dims(x.shape()) : std::nullopt;
  const auto scale_dims = scale.type.ranked ? const_dims(scale.shape()) : std::nullopt;
  if (dims && scale_dims) scale_layout(*dims, *scale_dims, axis, block_size);
}

/// Calls `run(at, n, scale, stride)` for pieces of [begin, end): elements [at, at + n) have the scales numbered
/// `scale`, `scale + stride`, ...
template <class F>
void for_scales(const ScaleLayout& layout, int64_t begin, int64_t end, F&& run) {
  if (layout.kind == ScaleKind::tensor) return run(begin, end - begin, int64_t{0}, int64_t{0});
  for (int64_t at = begin; at < end;) {
    const int64_t row = at / layout.inner, column = at % layout.inner;
    const int64_t index = row % layout.axis_size, outer = row / layout.axis_size;
    int64_t n = layout.inner - column, scale = index, stride = 0;
    if (layout.inner == 1 && layout.kind == ScaleKind::axis) {
      n = layout.axis_size - index;
      stride = 1;
    } else if (layout.kind == ScaleKind::block) {
      const int64_t block = outer * layout.blocks + index / layout.block_size;
      scale = block * layout.inner + column;
      stride = layout.inner > 1;
      if (layout.inner == 1) n = std::min(layout.axis_size - index, layout.block_size - index % layout.block_size);
    }
    n = std::min(n, end - at);
    run(at, n, scale, stride);
    at += n;
  }
}

/// A float rounded to a type of at most its precision.
void round_to(DType dtype, float* values, int64_t n) {
  if (dtype != DType::f16 && dtype != DType::bf16) return;
  std::byte stored[2 * kStrip];
  write_elements(dtype, values, n, stored);
  read_elements(dtype, stored, n, values);
}

std::vector<float> zero_points(const EvalContext& cx, int64_t count) {
  std::vector<float> zeros = cx.has(2) ? to_floats(cx.tensor(2)) : std::vector<float>(static_cast<size_t>(count));
  if (static_cast<int64_t>(zeros.size()) != count)
    fail(ErrorCode::shape_mismatch, "there are {} zero points for {} scales", zeros.size(), count);
  return zeros;
}

/// `quotients` become the numbers to store: rounded, shifted and, for integer types, saturated. NaN becomes the zero
/// point.
void finish_quotients(DType dtype, float* quotients, int64_t n, const float* zeros, int64_t stride) {
  if (is_float(dtype)) {
    for (int64_t i = 0; i < n; ++i) quotients[i] += zeros[i * stride];
    return;
  }
  const auto [low, high] = integer_range(dtype);
  for (int64_t i = 0; i < n; ++i) {
    const float rounded = std::isnan(quotients[i]) ? 0.0f : std::nearbyint(quotients[i]);
    quotients[i] = static_cast<float>(std::clamp(static_cast<double>(rounded) + zeros[i * stride], low, high));
  }
}

void quantize(Threads& threads, const Tensor& x, const std::vector<float>& scales, const std::vector<float>& zeros,
              const ScaleLayout& layout, DType precision, bool saturate, Tensor& y) {
  const Operand<float> in(x, x.dims());
  std::byte* out = y.mutable_bytes().data();
  for_strips(threads, x.size(), [&](int64_t begin, int64_t n) {
    float buffer[kStrip], quotients[kStrip];
    const float* from = in.read(begin, n, buffer);
    for_scales(layout, begin, begin + n, [&](int64_t at, int64_t count, int64_t scale, int64_t stride) {
      float* q = quotients + (at - begin);
      std::copy_n(from + (at - begin), count, q);
      round_to(precision, q, count);
      for (int64_t i = 0; i < count; ++i) q[i] /= scales[scale + i * stride];
      round_to(precision, q, count);
      finish_quotients(y.dtype(), q, count, zeros.data() + scale, stride);
    });
    write_elements(y.dtype(), quotients, n, out + begin * size_of(y.dtype()), saturate);
  });
}

}  // namespace

ScaleLayout scale_layout(const Dims& x, const Dims& scale, int64_t axis, int64_t block_size) {
  ScaleLayout layout;
  if (block_size == 0 && checked_product(scale) == 1) return layout;
  const int64_t rank = static_cast<int64_t>(x.size());
  axis = rank == 1 && block_size == 0 ? 0 : resolve_axis(axis, rank);
  layout.axis_size = x[axis];
  layout.inner = checked_product(std::span(x).subspan(axis + 1));
  if (block_size == 0) {
    if (scale.size() != 1 || scale[0] != x[axis])
      fail(ErrorCode::shape_mismatch,
           "the scale must be one number or have {} elements, as axis {} of the input; found {}", x[axis], axis,
           dims_to_string(scale));
    layout.kind = ScaleKind::axis;
    return layout;
  }
  layout.kind = ScaleKind::block;
  layout.block_size = block_size;
  layout.blocks = x[axis] / block_size + (x[axis] % block_size != 0);
  Dims expected = x;
  expected[axis] = layout.blocks;
  if (scale != expected)
    fail(ErrorCode::shape_mismatch, "with blocks of {} along axis {} the scale must have the dims {}; found {}",
         block_size, axis, dims_to_string(expected), dims_to_string(scale));
  return layout;
}

std::vector<Fact> QuantizeLinear::infer(InferContext& cx) const {
  expect_dtype(cx, 0, "the input", {DType::f32, DType::f16, DType::bf16, DType::f64, DType::i32});
  check_scale(cx, axis, block_size);
  const DType zero = cx.input(2).dtype();
  if (cx.has(2) && output != DType::none && zero != output)
    fail(ErrorCode::invalid_model, "output_dtype {} contradicts the zero point's type {}", to_string(output),
         to_string(zero));
  const DType dtype = output != DType::none ? output : cx.has(2) ? zero : DType::u8;
  if (!is_quantized(dtype))
    fail(ErrorCode::invalid_model,
         "{} is not a type to quantize to: use int2 to int16, uint2 to uint16, a float 8 type or float4e2m1",
         to_string(dtype));
  Fact result(cx.input(0).type);
  result.type.dtype = dtype;
  return {result};
}

std::vector<HostValue> QuantizeLinear::evaluate(const EvalContext& cx) const {
  const Tensor &x = cx.tensor(0), &scale = cx.tensor(1);
  const DType dtype = output != DType::none ? output : cx.has(2) ? cx.tensor(2).dtype() : DType::u8;
  const ScaleLayout layout = scale_layout(x.dims(), scale.dims(), axis, block_size);
  const DType precise = precision == DType::none ? scale.dtype() : precision;
  std::vector<float> scales = to_floats(scale);
  for (size_t at = 0; at < scales.size(); at += kStrip)
    round_to(precise, scales.data() + at, std::min<int64_t>(kStrip, scales.size() - at));
  Tensor y(dtype, x.dims());
  quantize(cx.threads(), x, scales, zero_points(cx, scale.size()), layout, precise, saturate, y);
  return {y};
}

std::vector<Fact> DequantizeLinear::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!is_quantized(x.dtype()) && x.dtype() != DType::i32)
    fail(ErrorCode::invalid_model, "the input must be of a quantized type; found {}", x.type.str());
  check_scale(cx, axis, block_size);
  if (cx.has(2) && cx.input(2).dtype() != x.dtype())
    fail(ErrorCode::invalid_model, "the zero point must be of the input's type {}; found {}", to_string(x.dtype()),
         cx.input(2).type.str());
  Fact result(x.type);
  result.type.dtype = output == DType::none ? cx.input(1).dtype() : output;
  if (!is_float(result.dtype()))
    fail(ErrorCode::invalid_model, "the output must be of a float type; found {}", to_string(result.dtype()));
  return {result};
}

std::vector<HostValue> DequantizeLinear::evaluate(const EvalContext& cx) const {
  const Tensor &x = cx.tensor(0), &scale = cx.tensor(1);
  const ScaleLayout layout = scale_layout(x.dims(), scale.dims(), axis, block_size);
  const std::vector<float> scales = to_floats(scale), zeros = zero_points(cx, scale.size());
  const Operand<double> in(x, x.dims());
  Tensor y(output == DType::none ? scale.dtype() : output, x.dims());
  const Result<float> out(y);
  for_strips(cx.threads(), x.size(), [&](int64_t begin, int64_t n) {
    double in_buffer[kStrip];
    float out_buffer[kStrip];
    const double* from = in.read(begin, n, in_buffer);
    float* to = out.strip(begin, out_buffer);
    for_scales(layout, begin, begin + n, [&](int64_t at, int64_t count, int64_t s, int64_t stride) {
      for (int64_t i = at - begin, k = s; i < at - begin + count; ++i, k += stride)
        to[i] = static_cast<float>(from[i] - zeros[k]) * scales[k];
    });
    out.store(begin, n, to);
  });
  return {y};
}

std::vector<Fact> DynamicQuantizeLinear::infer(InferContext& cx) const {
  expect_dtype(cx, 0, "the input", {DType::f32});
  Fact y(cx.input(0).type);
  y.type.dtype = DType::u8;
  return {y, Fact::tensor(DType::f32, {}), Fact::tensor(DType::u8, {})};
}

std::vector<HostValue> DynamicQuantizeLinear::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  float low = 0, high = 0;
  for (float value : to_floats(x)) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const float scale = low == high ? 1.0f : (high - low) / 255.0f;
  const float zero = std::nearbyint(std::clamp(0.0f - low / scale, 0.0f, 255.0f));
  Tensor y(DType::u8, x.dims());
  quantize(cx.threads(), x, {scale}, {zero}, ScaleLayout{}, DType::f32, true, y);
  return {y, scalar(DType::f32, scale), scalar(DType::u8, zero)};
}

}  // namespace tenon::core
