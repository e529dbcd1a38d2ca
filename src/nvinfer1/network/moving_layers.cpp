#include "nvinfer1/network/moving_layers.h"

#include <algorithm>
#include <numeric>

#include "nvinfer1/network/network.h"
#include "ops/index.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace tenon::adapter {

using core::Binary;
using core::Value;
using B = core::BinaryKind;
using Code = nv::ErrorCode;

std::vector<Value> ConcatenationLayer::lower(Lowering& l) const {
  std::vector<Value> values;
  for (NetTensor* tensor : inputs()) values.push_back(l.value(*tensor));
  const int rank = l.rank(values[0]);
  const int64_t at = axis < 0 ? axis + rank : axis + l.lead();
  if (at < l.lead() || at >= rank) refuse(Code::kINVALID_ARGUMENT, "its axis {} is not one of the inputs' {}", axis, rank - l.lead());
  // What is shared by the whole batch is repeated for it: the result never is.
  if (l.lead())
    for (Value& v : values)
      if (l.shape(v)[0] == core::Dim(1)) v = l.network.over_batch(l, v);
  for (size_t i = 1; i < values.size(); ++i) l.unify(values[0], values[i]);
  core::Concat op;
  op.axis = at;
  return {l.add(op, std::move(values))};
}

ShuffleLayer::ShuffleLayer(Network& network, NetTensor& input) : LayerOf(network, nv::LayerType::kSHUFFLE, {&input}) {
  std::iota(std::begin(first.order), std::end(first.order), 0);
  second = first;
}

void ShuffleLayer::setReshapeDimensions(nv::Dims value) noexcept {
  dims_ = to_vector(value);
  changed();
}

nv::Dims ShuffleLayer::getReshapeDimensions() const noexcept {
  nv::Dims none{};
  none.nbDims = -1;
  return dims_ ? to_dims(*dims_) : none;
}

Value ShuffleLayer::transpose(Lowering& l, Value x, const nv::Permutation& order) const {
  const int rank = l.rank(x);
  std::vector<int64_t> permutation(static_cast<size_t>(rank)), seen(static_cast<size_t>(rank), 0);
  for (int i = 0; i < rank; ++i) {
    const int64_t from = i < l.lead() ? 0 : order.order[i - l.lead()] + l.lead();
    if (from < 0 || from >= rank || seen[static_cast<size_t>(from)]++) refuse(Code::kINVALID_ARGUMENT, "a transpose is no permutation of the {} axes", rank - l.lead());
    permutation[static_cast<size_t>(i)] = from;
  }
  return l.transposed(x, permutation);
}

std::vector<Value> ShuffleLayer::lower(Lowering& l) const {
  const Value source = l.value(required(0));
  Value x = transpose(l, source, first);
  if (input(1)) {
    core::Reshape op;
    op.allowzero = !zero_is_placeholder;
    x = l.add(op, {x, l.shape_operand(*input(1))});
  } else if (dims_) {
    std::vector<int64_t> dims = *dims_;
    if (l.lead()) dims.insert(dims.begin(), 0);
    core::Reshape op;
    op.allowzero = !zero_is_placeholder && !l.lead();
    x = l.add(op, {x, l.i64(dims)});
  }
  x = transpose(l, x, second);
  return {x == source ? l.add(core::Identity{}, {x}) : x};
}

Value SliceLayer::operand(Lowering& l, int i, const std::vector<int64_t>& values) const { return input(i) ? l.shape_operand(*input(i)) : l.i64(values); }

/// x with what lies outside of its bounds added, as the mode says, and `start` moved along.
Value SliceLayer::padded(Lowering& l, Value x, std::vector<int64_t>& start, const std::vector<int64_t>& size, const std::vector<int64_t>& stride) const {
  using M = nv::SliceMode;
  const auto rank = static_cast<size_t>(l.rank(x));
  const size_t lead = rank - start.size();
  std::vector<int64_t> pads(2 * rank, 0);
  bool any = false;
  for (size_t i = 0; i < start.size(); ++i) {
    const core::Dim& d = l.shape(x)[i + lead];
    if (!d.is_const()) refuse(Code::kUNSUPPORTED_STATE, "slicing out of bounds needs known dims; found {}", l.fact(x).type.str());
    const int64_t last = start[i] + (size[i] - 1) * stride[i];
    const int64_t before = std::max<int64_t>(0, -std::min(start[i], last)), after = std::max<int64_t>(0, std::max(start[i], last) - d.value() + 1);
    if (size[i] == 0) continue;
    pads[i + lead] = before;
    pads[rank + i + lead] = after;
    start[i] += before;
    any = any || before > 0 || after > 0;
  }
  if (!any) return x;
  core::Pad op;
  op.mode = mode == M::kWRAP ? core::PadMode::wrap : mode == M::kCLAMP ? core::PadMode::edge : mode == M::kREFLECT ? core::PadMode::reflect : core::PadMode::constant;
  Value fill;
  if (mode == M::kFILL && input(4)) {
    fill = l.cast(l.value(*input(4)), l.dtype(x));
    if (l.rank(fill) != 0) fill = l.reshaped(fill, {});
  }
  return l.add(op, {x, l.i64(pads), fill});
}

std::vector<Value> SliceLayer::lower(Lowering& l) const {
  Value x = l.value(required(0));
  const int rank = l.rank(x);
  std::vector<int64_t> axes = axes_;
  if (axes.empty() && !input(5)) {
    axes.resize(static_cast<size_t>(rank - l.lead()));
    std::iota(axes.begin(), axes.end(), l.lead());
  } else {
    for (int64_t& a : axes) a += a < 0 ? rank : l.lead();
  }
  const Value which = input(5) ? l.shape_operand(*input(5)) : l.i64(axes);
  Value start = operand(l, 1, start_);
  const Value size = operand(l, 2, size_), stride = operand(l, 3, stride_);
  const auto starts = l.fact(start).numbers(), sizes = l.fact(size).numbers(), strides = l.fact(stride).numbers();
  if (mode != nv::SliceMode::kSTRICT_BOUNDS) {
    if (!starts || !sizes || !strides || static_cast<int>(starts->size()) != rank - l.lead())
      refuse(Code::kUNSUPPORTED_STATE, "slicing out of bounds needs start, size and stride of all axes that are known when the engine is built");
    auto moved = *starts;
    x = padded(l, x, moved, *sizes, *strides);
    start = l.i64(moved);
  }
  if (starts && sizes && strides) {
    const auto from = *l.fact(start).numbers();
    const size_t count = axes.empty() ? from.size() : axes.size();
    if (from.size() != count || sizes->size() != count || strides->size() != count)
      refuse(Code::kINVALID_ARGUMENT, "start, size and stride must have {} elements; found {}, {} and {}", count, from.size(), sizes->size(), strides->size());
    std::vector<int64_t> ends(count);
    for (size_t i = 0; i < count; ++i) {
      ends[i] = from[i] + (*sizes)[i] * (*strides)[i];
      if (ends[i] < 0) ends[i] = INT64_MIN;
    }
    return {l.add(core::Slice{}, {x, start, l.i64(ends), which, stride})};
  }
  // An end below 0 stands for "before the first element", not for one from the end.
  const Value end = l.add(Binary(B::add), {start, l.add(Binary(B::mul), {size, stride})});
  const Value outside = l.add(Binary(B::less), {end, l.number(DType::i64, 0)});
  const bool forward = strides && std::all_of(strides->begin(), strides->end(), [](int64_t s) { return s > 0; });
  const Value ends = forward ? end : l.add(core::Where{}, {outside, l.number(DType::i64, -9e15), end});
  return {l.add(core::Slice{}, {x, start, ends, which, stride})};
}

std::vector<Value> ShapeLayer::lower(Lowering& l) const {
  if (l.lead()) refuse(Code::kUNSUPPORTED_STATE, "a network with an implicit batch has no shape layers");
  return {l.add(core::ShapeOf{}, {l.value(required(0))})};
}

std::vector<Value> SqueezeLayer::lower(Lowering& l) const { return {l.add(core::Squeeze{}, {l.value(required(0)), l.shape_operand(required(1))})}; }
std::vector<Value> UnsqueezeLayer::lower(Lowering& l) const { return {l.add(core::Unsqueeze{}, {l.value(required(0)), l.shape_operand(required(1))})}; }

namespace {

/// Gather along `axis` where the first `batch` axes of both inputs are walked together.
Value batched_gather(Lowering& l, Value data, Value indices, int64_t axis, int64_t batch) {
  const int64_t rank = l.rank(data), index_rank = l.rank(indices) - batch, between = axis - batch;
  std::vector<int64_t> to_front;
  for (int64_t i = 0; i < batch; ++i) to_front.push_back(i);
  to_front.push_back(axis);
  for (int64_t i = batch; i < rank; ++i)
    if (i != axis) to_front.push_back(i);
  core::GatherND op;
  op.batch_dims = batch;
  const Value y = l.add(op, {l.transposed(data, to_front), l.cast(l.unsqueezed(indices, {l.rank(indices)}), DType::i64)});
  // Now batch, indices, rest; wanted: batch, the axes before `axis`, indices, the axes after it.
  std::vector<int64_t> order;
  for (int64_t i = 0; i < batch; ++i) order.push_back(i);
  for (int64_t i = 0; i < between; ++i) order.push_back(batch + index_rank + i);
  for (int64_t i = 0; i < index_rank; ++i) order.push_back(batch + i);
  for (int64_t i = batch + index_rank + between; i < l.rank(y); ++i) order.push_back(i);
  return l.transposed(y, order);
}

}  // namespace

std::vector<Value> GatherLayer::lower(Lowering& l) const {
  Value data = l.value(required(0)), indices = l.value(required(1));
  const int rank = l.rank(data);
  const int64_t at = axis < 0 ? axis + rank : axis + l.lead();
  if (mode != nv::GatherMode::kND && (at < 0 || at >= rank)) refuse(Code::kINVALID_ARGUMENT, "its axis {} is not one of the data's {}", axis, rank - l.lead());
  if (mode == nv::GatherMode::kELEMENT) {
    core::GatherElements op;
    op.axis = at;
    return {l.add(op, {data, indices})};
  }
  int64_t batch = batch_dims;
  if (l.lead()) {
    // Data or indices that all of the batch share need no pairing.
    const bool shared_data = l.shape(data)[0] == core::Dim(1), shared_indices = l.shape(indices)[0] == core::Dim(1);
    if (mode == nv::GatherMode::kDEFAULT && batch == 0 && shared_indices) {
      core::Gather op;
      op.axis = at;
      return {l.add(op, {data, l.squeezed(indices, {0})})};
    }
    if (mode == nv::GatherMode::kDEFAULT && batch == 0 && shared_data && at == 1) {
      core::Gather op;
      return {l.add(op, {l.squeezed(data, {0}), indices})};
    }
    data = l.network.over_batch(l, data);
    indices = l.network.over_batch(l, indices);
    ++batch;
  }
  if (mode == nv::GatherMode::kND) {
    core::GatherND op;
    op.batch_dims = batch;
    return {l.add(op, {data, l.cast(indices, DType::i64)})};
  }
  if (batch > 0) {
    if (at < batch) refuse(Code::kINVALID_ARGUMENT, "its axis {} lies among the {} dims that go element by element", axis, batch_dims);
    return {batched_gather(l, data, indices, at, batch)};
  }
  core::Gather op;
  op.axis = at;
  return {l.add(op, {data, indices})};
}

std::vector<Value> ScatterLayer::lower(Lowering& l) const {
  Value data = l.value(required(0)), updates = l.value(required(2));
  l.unify(data, updates);
  if (mode == nv::ScatterMode::kND) return {l.add(core::ScatterND{}, {data, l.cast(l.value(required(1)), DType::i64), updates})};
  core::ScatterElements op;
  op.axis = axis < 0 ? axis + l.rank(data) : axis + l.lead();
  return {l.add(op, {data, l.value(required(1)), updates})};
}

std::vector<Value> OneHotLayer::lower(Lowering& l) const {
  core::OneHot op;
  op.axis = axis;
  return {l.add(op, {l.value(required(0)), l.value(required(2)), l.value(required(1))})};
}

namespace {

bool is_index_type(nv::DataType type) { return type == nv::DataType::kINT32 || type == nv::DataType::kINT64; }

}  // namespace

bool NonZeroLayer::setIndicesType(nv::DataType type) noexcept {
  if (!is_index_type(type)) return false;
  indices_ = type;
  changed();
  return true;
}

std::vector<Value> NonZeroLayer::lower(Lowering& l) const { return {l.add(core::NonZero{}, {l.value(required(0))})}; }

bool NmsLayer::setIndicesType(nv::DataType type) noexcept {
  if (!is_index_type(type)) return false;
  indices_ = type;
  changed();
  return true;
}

namespace {

/// (image of a class, 0, box) as (image, class, box).
Value classes_apart(Lowering& l, Value kept, int64_t classes) {
  const auto column = [&](int64_t i) { return l.add(core::Slice{}, {kept, l.i64({i}), l.i64({i + 1}), l.i64({1})}); };
  const Value both = column(0), count = l.number(l.dtype(kept), static_cast<double>(classes));
  core::Concat join;
  join.axis = 1;
  return l.add(join, {l.add(Binary(B::div), {both, count}), l.add(Binary(B::mod), {both, count}), column(2)});
}

}  // namespace

std::vector<Value> NmsLayer::lower(Lowering& l) const {
  Value boxes = l.value(required(0));
  const Value by_class = l.value(required(1));
  if (l.rank(boxes) < 3 || l.rank(boxes) > 4 || l.rank(by_class) != 3)
    refuse(Code::kINVALID_ARGUMENT, "boxes [batch,count,4] or [batch,count,classes,4] and scores [batch,count,classes] were expected; found {} and {}",
           l.fact(boxes).type.str(), l.fact(by_class).type.str());
  const core::Dim classes = l.rank(boxes) == 4 ? l.shape(boxes)[2] : core::Dim(1);
  if (!classes.is_const()) refuse(Code::kUNSUPPORTED_STATE, "the number of classes must be known; found {}", l.fact(boxes).type.str());
  Value scores = l.transposed(by_class, {0, 2, 1});
  const bool apart = classes.value() != 1;
  if (apart) {  // classes as images of their own
    const core::Dim batch = l.shape(boxes)[0], each = l.shape(boxes)[1];
    if (!batch.is_const() && !each.is_const())
      refuse(Code::kUNSUPPORTED_STATE, "boxes of their own for each class need a known batch or number of boxes; found {}", l.fact(boxes).type.str());
    const int64_t images = batch.is_const() ? batch.value() * classes.value() : -1, count = each.is_const() ? each.value() : -1;
    boxes = l.reshaped(l.transposed(boxes, {0, 2, 1, 3}), {images, count, 4});
    scores = l.reshaped(scores, {images, 1, count});
  } else if (l.rank(boxes) == 4) {
    boxes = l.squeezed(boxes, {2});
  }
  core::NonMaxSuppression op;
  op.center_point_box = format == nv::BoundingBoxFormat::kCENTER_SIZES;
  Value most = l.cast(l.value(required(2)), DType::i64);
  most = l.add(Binary(B::min), {most, l.number(DType::i64, limit)});
  const auto threshold = [&](int i) { return input(i) ? l.value(*input(i)) : Value{}; };
  const Value iou = threshold(3), least = threshold(4);
  Value kept = l.add(op, {boxes, scores, most, iou, least});
  if (apart) kept = classes_apart(l, kept, classes.value());
  core::ShapeOf count;
  count.end = 1;
  return {kept, l.squeezed(l.add(count, {kept}), {0})};
}

std::vector<Value> ReverseSequenceLayer::lower(Lowering& l) const {
  core::ReverseSequence op;
  op.batch_axis = batch_axis;
  op.time_axis = sequence_axis;
  return {l.add(op, {l.value(required(0)), l.cast(l.value(required(1)), DType::i64)})};
}

std::vector<Value> PluginV2Layer::lower(Lowering&) const {
  refuse(Code::kUNSUPPORTED_STATE, "plugin '{}' version '{}' can't run: this release runs no plugins", plugin_.getPluginType(), plugin_.getPluginVersion());
}

ModelLayer::ModelLayer(Network& network, nv::LayerType type, Inputs inputs, core::OpRef op, std::vector<nv::DataType> types)
    : LayerBase(network, type, std::move(inputs), static_cast<int>(types.size())), op_(std::move(op)), types_(std::move(types)) {
  mLayer = this;
}

std::vector<Value> ModelLayer::lower(Lowering& l) const {
  std::vector<Value> values;
  for (NetTensor* tensor : inputs()) values.push_back(tensor ? l.value(*tensor) : Value{});
  const Value first = l.add_op(op_, std::move(values));
  std::vector<Value> results;
  for (size_t i = 0; i < types_.size(); ++i) results.push_back(core::Graph::output(first, static_cast<int>(i)));
  return results;
}

}  // namespace tenon::adapter
