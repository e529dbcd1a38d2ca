#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/infer_util.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

struct LinearAttentionRun {
  const LinearAttention& op;
  int64_t steps, depth, width;
  Reals<float> q, k, v, decay, beta;
  bool decay_per_head = false, beta_per_head = false;

  /// One head of keys of one sample: changes its state s and writes y of its heads of queries.
  void all_steps(int64_t piece, float* s, float* y) const {
    const int64_t b = piece / op.kv_heads, g = piece % op.kv_heads, share = op.heads / op.kv_heads;
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t row = b * steps + t;
      update(row, g, s);
      for (int64_t h = g * share; h < (g + 1) * share; ++h)
        read(q.data() + (row * op.heads + h) * depth, s, y + (row * op.heads + h) * width);
    }
  }

  void update(int64_t row, int64_t g, float* s) const {
    const int64_t head = row * op.kv_heads + g;
    const float *key = k.data() + head * depth, *value = v.data() + head * width;
    if (decay)
      for (int64_t i = 0; i < depth; ++i) {
        const float keep = std::exp(decay[decay_per_head ? head : head * depth + i]);
        for (int64_t j = 0; j < width; ++j) s[i * width + j] *= keep;
      }
    std::vector<float> change(value, value + width);
    if (beta) {
      for (int64_t i = 0; i < depth; ++i)
        for (int64_t j = 0; j < width; ++j) change[j] -= s[i * width + j] * key[i];
      for (float& c : change) c *= beta[beta_per_head ? head : row];
    }
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t j = 0; j < width; ++j) s[i * width + j] += key[i] * change[j];
  }

  void read(const float* query, const float* s, float* out) const {
    const float factor = op.scale != 0 ? static_cast<float>(op.scale) : 1 / std::sqrt(static_cast<float>(depth));
    for (int64_t i = 0; i < depth; ++i)
      for (int64_t j = 0; j < width; ++j) out[j] += factor * query[i] * s[i * width + j];
  }
};

}  // namespace

std::span<const std::string_view> enum_names(LinearAttentionRule) {
  static constexpr std::string_view kNames[] = {"linear", "gated", "delta", "gated_delta"};
  return kNames;
}

std::vector<Fact> LinearAttention::infer(InferContext& cx) const {
  static constexpr std::string_view kNames[] = {"query", "key", "value", "past state", "decay", "beta"};
  for (int i = 0; i < 6; ++i) {
    if (i > 2 && !cx.has(i)) continue;
    expect_rank(cx, i, kNames[i], i == 3 ? 4 : 3, i == 3 ? 4 : 3);
    expect_dtype(cx, i, kNames[i], {DType::f32, DType::f16, DType::bf16});
  }
  if (kv_heads < 1 || heads < 1 || heads % kv_heads != 0)
    fail(ErrorCode::invalid_model,
         "linear attention: {} heads of queries must be a positive multiple of {} heads of keys", heads, kv_heads);
  const bool gates = rule == LinearAttentionRule::gated || rule == LinearAttentionRule::gated_delta;
  const bool corrects = rule == LinearAttentionRule::delta || rule == LinearAttentionRule::gated_delta;
  if (cx.has(4) != gates || cx.has(5) != corrects)
    fail(ErrorCode::invalid_model,
         "linear attention: decay and beta must be given exactly where the rule uses them; the rule is '{}'",
         enum_names(rule)[static_cast<int>(rule)]);
  const DType state_type = cx.has(3) ? cx.input(3).dtype() : cx.input(0).dtype();
  const Fact &q = cx.input(0), &k = cx.input(1), &v = cx.input(2);
  if (!q.type.ranked || !k.type.ranked || !v.type.ranked) return {unranked(q.dtype()), unranked(state_type)};
  const Dim depth = per_head_dim(k.shape()[2], kv_heads, "the key of linear attention");
  const Dim width = per_head_dim(v.shape()[2], kv_heads, "the value of linear attention");
  cx.require_equal(per_head_dim(q.shape()[2], heads, "the query of linear attention"), depth,
                   "the head sizes of the query and key of linear attention");
  for (int axis : {0, 1}) {
    cx.require_equal(q.shape()[axis], k.shape()[axis],
                     fmt::format("axis {} of the query and key of linear attention", axis));
    cx.require_equal(k.shape()[axis], v.shape()[axis],
                     fmt::format("axis {} of the key and value of linear attention", axis));
  }
  return {Fact::tensor(q.dtype(), {q.shape()[0], q.shape()[1], width * Dim(heads)}),
          Fact::tensor(state_type, {q.shape()[0], kv_heads, depth, width})};
}

std::vector<HostValue> LinearAttention::evaluate(const EvalContext& cx) const {
  const Tensor &q = cx.tensor(0), &v = cx.tensor(2);
  LinearAttentionRun run{*this, q.dim(1), q.dim(2) / heads, v.dim(2) / kv_heads};
  const int64_t batch = q.dim(0), steps = run.steps;
  expect_dims(q, {batch, steps, heads * run.depth}, "the query of linear attention");
  expect_dims(cx.tensor(1), {batch, steps, kv_heads * run.depth}, "the key of linear attention");
  expect_dims(v, {batch, steps, kv_heads * run.width}, "the value of linear attention");
  run.q = Reals<float>(q);
  run.k = Reals<float>(cx.tensor(1));
  run.v = Reals<float>(v);
  const Dims state_dims{batch, kv_heads, run.depth, run.width};
  RealResult<float> y(q.dtype(), {batch, steps, heads * run.width}),
      state(cx.has(3) ? cx.tensor(3).dtype() : q.dtype(), state_dims);
  if (cx.has(3)) {
    expect_dims(cx.tensor(3), state_dims, "the past state of linear attention");
    const Reals<float> past(cx.tensor(3));
    std::copy(past.data(), past.data() + past.size(), state.data());
  }
  if (cx.has(4)) {
    run.decay_per_head = cx.tensor(4).dims().back() == kv_heads;
    expect_dims(cx.tensor(4), {batch, steps, run.decay_per_head ? kv_heads : kv_heads * run.depth},
                "the decay of linear attention");
    run.decay = Reals<float>(cx.tensor(4));
  }
  if (cx.has(5)) {
    run.beta_per_head = cx.tensor(5).dims().back() == kv_heads;
    expect_dims(cx.tensor(5), {batch, steps, run.beta_per_head ? kv_heads : 1}, "the beta of linear attention");
    run.beta = Reals<float>(cx.tensor(5));
  }
  cx.threads().parallel(batch * kv_heads, [&](int64_t piece) {
    run.all_steps(piece, state.data() + piece * run.depth * run.width, y.data());
  });
  return {y.finish(), state.finish()};
}

}  // namespace tenon::core
