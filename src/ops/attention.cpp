#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/gemm.h"
#include "ops/infer_util.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

constexpr int64_t kQueryBlock = 128;  // queries whose scores are held at once

enum Input { kQuery, kKey, kValue, kMask, kLengths, kOffset, kSink };

void expect_divides(const Dim& heads, const Dim& groups) {
  if (groups.is_const() && groups.value() < 1)
    fail(ErrorCode::invalid_model, "attention needs at least one head of keys, found {}", groups.value());
  if (heads.is_const() && groups.is_const() && heads.value() % groups.value() != 0)
    fail(ErrorCode::invalid_model, "attention: {} heads of queries are not a multiple of {} heads of keys",
         heads.value(), groups.value());
}

void infer_mask(InferContext& cx, const Shape& scores) {
  if (!cx.has(kMask)) return;
  expect_rank(cx, kMask, "the mask of attention", 1, 4);
  const Fact& mask = cx.input(kMask);
  if (!is_float(mask.dtype()) && mask.dtype() != DType::boolean)
    fail(ErrorCode::invalid_model, "the mask of attention must be bool or a float type; found {}", mask.type.str());
  if (!mask.type.ranked) return;
  const Shape& shape = mask.shape();
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const Dim &given = shape[axis], &wanted = scores[4 - shape.size() + axis];
    const bool last = axis + 1 == shape.size();
    if (!given.is_const() || !wanted.is_const() || given.value() == wanted.value()) continue;
    if (last ? given.value() > wanted.value() : given.value() != 1)
      fail(ErrorCode::shape_mismatch, "the mask of attention must broadcast to {}; found shape {}", to_string(scores),
           to_string(shape));
  }
}

/// What hides keys from queries, resolved for concrete shapes.
template <class T>
class Mask {
 public:
  Mask(const Attention& op, const EvalContext& cx, const Dims& scores) : op_(op), keys_(scores[3]) {
    if (cx.has(kMask)) read_bias(cx.tensor(kMask), scores);
    if (cx.has(kLengths)) {
      expect_dims(cx.tensor(kLengths), {scores[0]}, "the lengths of attention");
      lengths_ = to_int64s(cx.tensor(kLengths));
    }
    if (cx.has(kOffset)) {
      offsets_ = to_int64s(cx.tensor(kOffset));
      if (offsets_.size() != 1) expect_dims(cx.tensor(kOffset), {scores[0]}, "the offset of attention");
    }
  }

  /// Adds to the scores of query i; hidden keys become -infinity. Returns whether any key is left.
  bool apply(int64_t batch, int64_t head, int64_t i, T* scores) const {
    const auto [first, last] = visible(batch, i);
    std::fill(scores, scores + first, kHidden);
    std::fill(scores + last, scores + keys_, kHidden);
    if (!biased_) return first < last;
    const T* bias = bias_.data() + batch * strides_[0] + head * strides_[1] + i * strides_[2];
    bool any = false;
    for (int64_t j = first; j < last; ++j) {
      const T b = j < columns_ ? bias[j] : kHidden;
      scores[j] = b == kHidden ? kHidden : scores[j] + b;
      any |= b != kHidden;
    }
    return any;
  }

 private:
  static constexpr T kHidden = -std::numeric_limits<T>::infinity();

  /// Keys [first, last) are not hidden by lengths, causality or the window.
  std::pair<int64_t, int64_t> visible(int64_t batch, int64_t i) const {
    int64_t first = 0, last = keys_;
    if (!lengths_.empty()) last = std::min(last, lengths_[batch]);
    const int64_t offset = offsets_.empty() ? 0 : offsets_[offsets_.size() == 1 ? 0 : batch];
    const int64_t position = std::clamp(offset, -kFar, kFar) + i;
    if (op_.causal) last = std::min(last, position + 1);
    if (op_.right >= 0) last = std::min(last, position + std::min(op_.right, kFar) + 1);
    if (op_.left >= 0) first = std::max(first, position - std::min(op_.left, kFar));
    last = std::max<int64_t>(last, 0);
    return {std::min(first, last), last};
  }

  void read_bias(const Tensor& mask, const Dims& scores) {
    biased_ = true;
    columns_ = mask.dims().back();
    Dims dims(4 - mask.rank(), 1);
    dims.insert(dims.end(), mask.dims().begin(), mask.dims().end());
    bool fits = columns_ <= keys_;
    int64_t stride = columns_;
    for (int axis = 2; axis >= 0; --axis) {
      fits &= dims[axis] == 1 || dims[axis] == scores[axis];
      strides_[axis] = dims[axis] == 1 ? 0 : stride;
      stride *= dims[axis];
    }
    if (!fits)
      fail(ErrorCode::shape_mismatch, "the mask of attention must broadcast to {}; found shape {}",
           dims_to_string(scores), dims_to_string(mask.dims()));
    const Reals<T> given(mask);
    bias_.assign(given.data(), given.data() + given.size());
    if (mask.dtype() == DType::boolean)
      for (T& b : bias_) b = b != 0 ? T(0) : kHidden;
  }

  static constexpr int64_t kFar = int64_t{1} << 60;
  const Attention& op_;
  int64_t keys_, columns_ = 0;
  bool biased_ = false;
  std::vector<T> bias_;
  int64_t strides_[3] = {};
  std::vector<int64_t> lengths_, offsets_;
};

/// Softmax in place; a row without any key, or of zeros only, becomes zero. `sink` joins the denominator.
template <class T>
void softmax_row(T* x, int64_t n, bool any, const T* sink) {
  T largest = sink ? *sink : -std::numeric_limits<T>::infinity();
  for (int64_t j = 0; j < n; ++j) largest = std::max(largest, x[j]);
  if (!any) {
    std::fill(x, x + n, T(0));
    return;
  }
  T sum = sink ? std::exp(*sink - largest) : T(0);
  for (int64_t j = 0; j < n; ++j) sum += x[j] = std::exp(x[j] - largest);
  for (int64_t j = 0; j < n; ++j) x[j] /= sum;
}

template <class T>
std::vector<HostValue> evaluate_as(const Attention& op, const EvalContext& cx) {
  const Tensor &q = cx.tensor(kQuery), &k = cx.tensor(kKey), &v = cx.tensor(kValue);
  if (q.rank() != 4 || k.rank() != 4) fail(ErrorCode::shape_mismatch, "attention needs queries and keys of rank 4");
  const int64_t batch = q.dim(0), heads = q.dim(1), queries = q.dim(2), depth = q.dim(3);
  const int64_t groups = k.dim(1), keys = k.dim(2), width = v.dims().back();
  expect_divides(heads, groups);
  expect_dims(k, {batch, groups, keys, depth}, "the keys of attention");
  expect_dims(v, {batch, groups, keys, width}, "the values of attention");
  const Reals<T> qs(q), ks(k), vs(v), sink = cx.has(kSink) ? Reals<T>(cx.tensor(kSink)) : Reals<T>();
  if (cx.has(kSink)) expect_dims(cx.tensor(kSink), {heads}, "the sink of attention");
  const Dims score_dims{batch, heads, queries, keys};
  const Mask<T> mask(op, cx, score_dims);
  RealResult<T> y(q.dtype(), {batch, heads, queries, width});
  RealResult<T> probe(q.dtype(), op.probe == AttentionProbe::none ? Dims{0} : score_dims);
  const T scale = op.scale != 0 ? static_cast<T>(op.scale) : T(1) / std::sqrt(static_cast<T>(depth));
  const T cap = static_cast<T>(op.softcap);
  const int64_t blocks = (queries + kQueryBlock - 1) / kQueryBlock;
  for_each_product(checked_mul(batch * heads, blocks), cx.threads(), [&](int64_t piece) {
    const int64_t row = piece / blocks, b = row / heads, h = row % heads;
    const int64_t begin = piece % blocks * kQueryBlock, count = std::min(kQueryBlock, queries - begin);
    const int64_t group = b * groups + h / (heads / groups);
    std::vector<T> scores(static_cast<size_t>(checked_mul(count, keys)), T(0));
    const auto show = [&](AttentionProbe stage) {
      if (op.probe == stage) std::copy(scores.begin(), scores.end(), probe.data() + (row * queries + begin) * keys);
    };
    gemm<T>(count, keys, depth, {qs.data() + (row * queries + begin) * depth, depth, 1},
            {ks.data() + group * keys * depth, 1, depth}, scores.data(), keys, cx.threads());
    for (T& s : scores) s *= scale;
    show(AttentionProbe::raw);
    if (cap > 0)
      for (T& s : scores) s = cap * std::tanh(s / cap);
    show(AttentionProbe::capped);
    std::vector<bool> any(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) any[i] = mask.apply(b, h, begin + i, scores.data() + i * keys);
    show(AttentionProbe::masked);
    for (int64_t i = 0; i < count; ++i)
      softmax_row(scores.data() + i * keys, keys, any[i], sink ? sink.data() + h : nullptr);
    show(AttentionProbe::softmax);
    gemm<T>(count, width, keys, {scores.data(), keys, 1}, {vs.data() + group * keys * width, width, 1},
            y.data() + (row * queries + begin) * width, width, cx.threads());
  });
  if (op.probe == AttentionProbe::none) return {y.finish()};
  return {y.finish(), probe.finish()};
}

}  // namespace

std::span<const std::string_view> enum_names(AttentionProbe) {
  static constexpr std::string_view kNames[] = {"none", "raw", "capped", "masked", "softmax"};
  return kNames;
}

std::vector<Fact> Attention::infer(InferContext& cx) const {
  static constexpr std::string_view kNames[] = {"the queries of attention", "the keys of attention",
                                                "the values of attention"};
  for (int i : {kQuery, kKey, kValue}) {
    expect_rank(cx, i, kNames[i], 4, 4);
    expect_dtype(cx, i, kNames[i], {DType::f32, DType::f64, DType::f16, DType::bf16});
  }
  if (left < -1 || right < -1)
    fail(ErrorCode::invalid_model, "attention: a window size must be -1 (none) or more, found {} and {}", left, right);
  for (int i : {kLengths, kOffset})
    if (cx.has(i)) {
      expect_dtype(cx, i, "the lengths or the offset of attention", {DType::i64});
      expect_rank(cx, i, "the lengths or the offset of attention", 1, 1);
    }
  const Fact &q = cx.input(kQuery), &k = cx.input(kKey), &v = cx.input(kValue);
  const size_t outputs = probe == AttentionProbe::none ? 1 : 2;
  if (!q.type.ranked || !k.type.ranked || !v.type.ranked) return std::vector<Fact>(outputs, unranked(q.dtype()));
  const Shape &qs = q.shape(), &ks = k.shape(), &vs = v.shape();
  expect_divides(qs[1], ks[1]);
  cx.require_equal(qs[0], ks[0], "the batch sizes of the queries and keys of attention");
  cx.require_equal(ks[0], vs[0], "the batch sizes of the keys and values of attention");
  cx.require_equal(ks[1], vs[1], "the heads of the keys and values of attention");
  cx.require_equal(ks[2], vs[2], "the numbers of keys and values of attention");
  cx.require_equal(qs[3], ks[3], "the head sizes of the queries and keys of attention");
  if (cx.has(kSink)) {
    expect_rank(cx, kSink, "the sink of attention", 1, 1);
    if (cx.input(kSink).type.ranked)
      cx.require_equal(cx.input(kSink).shape()[0], qs[1], "the size of the sink and the heads of attention");
  }
  const Shape scores{qs[0], qs[1], qs[2], ks[2]};
  infer_mask(cx, scores);
  std::vector<Fact> facts{Fact::tensor(q.dtype(), {qs[0], qs[1], qs[2], vs[3]})};
  if (outputs == 2) facts.push_back(Fact::tensor(q.dtype(), scores));
  return facts;
}

std::vector<HostValue> Attention::evaluate(const EvalContext& cx) const {
  return with_float_type(cx.tensor(kQuery).dtype(), [&]<class T>(T) { return evaluate_as<T>(*this, cx); });
}

}  // namespace tenon::core
