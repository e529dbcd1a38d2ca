#include <algorithm>

#include "nvinfer1/network/axes.h"
#include "nvinfer1/network/math_layers.h"
#include "nvinfer1/network/network.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Binary;
using core::Value;
using B = core::BinaryKind;
using Code = nv::ErrorCode;

std::vector<int64_t> axes_of(const Lowering& l, uint32_t mask, int rank) {
  std::vector<int64_t> axes;
  for (int i = 0; i < 32; ++i)
    if (mask >> i & 1) {
      if (i + l.lead() >= rank) refuse(Code::kINVALID_ARGUMENT, "its mask of axes has axis {}; the input has {}", i, rank - l.lead());
      axes.push_back(i + l.lead());
    }
  return axes;
}

int64_t single_axis(const Lowering& l, uint32_t mask, int rank) {
  const auto axes = axes_of(l, mask, rank);
  if (axes.size() != 1) refuse(Code::kINVALID_ARGUMENT, "its mask of axes must have exactly one bit set; found {:#x}", mask);
  return axes[0];
}

namespace {

bool is_run(const std::vector<int64_t>& axes, int64_t from, int64_t to) {
  if (static_cast<int64_t>(axes.size()) != to - from) return false;
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != from + static_cast<int64_t>(i)) return false;
  return true;
}

/// Moments over any axes, in ops.
Value generic_norm(Lowering& l, Value x, Value scale, Value bias, const std::vector<int64_t>& axes, double epsilon) {
  core::Reduce mean;
  mean.kind = core::ReduceKind::mean;
  const Value over = l.i64(axes);
  const Value centered = l.add(Binary(B::sub), {x, l.add(mean, {x, over})});
  const Value variance = l.add(mean, {l.add(core::Unary(core::UnaryKind::square), {centered}), over});
  const Value deviation = l.add(core::Unary(core::UnaryKind::sqrt), {l.add(Binary(B::add), {variance, l.number(l.dtype(x), epsilon)})});
  const Value normal = l.add(Binary(B::div), {centered, deviation});
  return l.add(Binary(B::add), {l.add(Binary(B::mul), {normal, scale}), bias});
}

}  // namespace

std::vector<Value> NormalizationLayer::lower(Lowering& l) const {
  const Value x = l.value(required(0)), scale = l.value(required(1)), bias = l.value(required(2));
  const int rank = l.rank(x);
  const auto over = axes_of(l, axes, rank);
  if (over.empty()) refuse(Code::kINVALID_ARGUMENT, "its mask of axes is empty");
  // By groups of channels; every channel a group is instance normalization.
  const auto per_channel = [&](Value v) { return core::all_const(l.shape(v)) && l.rank(x) > 2 && core::product(l.shape(v)) == l.shape(x)[1]; };
  if (rank > 2 && is_run(over, 2, rank) && per_channel(scale) && per_channel(bias)) {
    core::GroupNorm op;
    op.groups = groups == 1 ? 0 : groups;
    op.epsilon = epsilon;
    return {l.add(op, {x, l.rank(scale) == 1 ? scale : l.reshaped(scale, {-1}), l.rank(bias) == 1 ? bias : l.reshaped(bias, {-1})})};
  }
  if (groups != 1) {
    core::GroupNorm op;
    op.groups = groups;
    op.epsilon = epsilon;
    op.per_group_scale = !per_channel(scale);
    return {l.add(op, {x, l.reshaped(scale, {-1}), l.reshaped(bias, {-1})})};
  }
  if (is_run(over, over[0], rank)) {
    core::LayerNorm op;
    op.axis = over[0] - rank;
    op.epsilon = epsilon;
    return {l.add(op, {x, scale, bias})};
  }
  return {generic_norm(l, x, scale, bias, over, epsilon)};
}

std::vector<Value> FillLayer::lower(Lowering& l) const {
  const Value shape = input(0) ? l.shape_operand(*input(0)) : l.i64(dims_);
  return {operation == nv::FillOperation::kLINSPACE ? linspace(l, shape) : random(l, shape)};
}

/// start + sum over the axes of step[axis] * index.
Value FillLayer::linspace(Lowering& l, Value shape) const {
  const auto rank_dim = l.shape(shape)[0];
  if (!rank_dim.is_const()) refuse(Code::kUNSUPPORTED_STATE, "the rank of what it fills must be known");
  const int64_t rank = rank_dim.value();
  if (!input(1) && rank > 1) refuse(Code::kINVALID_ARGUMENT, "the start and the steps of {} dims must be given as inputs 1 and 2", rank);
  const Value start = input(1) ? l.value(*input(1)) : l.number(core_type(type), alpha);
  const DType dtype = l.dtype(start);
  Value result = start;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const Value n = l.squeezed(l.add(core::Slice{}, {shape, l.i64({axis}), l.i64({axis + 1})}), {0});
    Value index = l.cast(l.add(core::Range{}, {l.number(DType::i64, 0), n, l.number(DType::i64, 1)}), dtype);
    Value step = input(2) ? l.value(*input(2)) : l.number(dtype, beta);
    if (l.rank(step) == 1) step = l.squeezed(l.add(core::Slice{}, {step, l.i64({axis}), l.i64({axis + 1})}), {0});
    index = l.add(Binary(B::mul), {index, l.cast(step, dtype)});
    std::vector<int64_t> behind;
    for (int64_t i = axis + 1; i < rank; ++i) behind.push_back(i - axis);
    if (!behind.empty()) index = l.unsqueezed(index, behind);
    result = l.add(Binary(B::add), {result, index});
  }
  return result;
}

Value FillLayer::random(Lowering& l, Value shape) const {
  core::Random op;
  op.dtype = core_type(type);
  op.kind = operation == nv::FillOperation::kRANDOM_UNIFORM ? core::RandomKind::uniform : core::RandomKind::normal;
  op.source.stream = static_cast<int64_t>(l.graph.capacity());
  const bool from_inputs = input(1) || input(2);
  if (!from_inputs) {
    op.a = alpha;
    op.b = beta;
    return l.add(op, {shape});
  }
  const Value low = input(1) ? l.value(*input(1)) : l.number(op.dtype, alpha);
  const Value high = input(2) ? l.value(*input(2)) : l.number(op.dtype, beta);
  const Value unit = l.add(op, {shape});
  const Value width = operation == nv::FillOperation::kRANDOM_UNIFORM ? l.add(Binary(B::sub), {high, low}) : high;
  return l.add(Binary(B::add), {l.add(Binary(B::mul), {unit, width}), low});
}

}  // namespace tenon::adapter
