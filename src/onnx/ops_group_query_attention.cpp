#include "base/error.h"
#include "onnx/ops_linear.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

void refuse_what_is_missing(ImportContext& cx) {
  if (cx.integer("sliding_window_cache", 0) != 0)
    fail(ErrorCode::unsupported_operator, "a sliding_window_cache is not supported");
  for (std::string_view name : {"k_quant_type", "v_quant_type"})
    if (cx.text(name, "NONE") != "NONE")
      fail(ErrorCode::unsupported_operator, "a quantized cache ('{}') is not supported", name);
}

/// Norms each head of x [B,S,heads*D] by `weight` [D].
Value normed_heads(ImportContext& cx, Value x, Value weight, int64_t heads) {
  if (!weight) return x;
  LayerNorm norm;
  norm.rms = true;
  norm.epsilon = cx.real("qk_norm_epsilon", 1e-6);
  const int64_t size = known_dim(cx, x, 2, "a normed input");
  return reshaped(cx, cx.add(norm, {reshaped(cx, x, {0, 0, heads, size / heads}), weight}), {0, 0, size});
}

struct Tokens {
  Value used;       // i64[B]: keys before the queries
  Value lengths;    // i64[B]: keys with the new ones
  Value positions;  // i64[B,S]
};

Tokens locate(ImportContext& cx, Value query) {
  const Value one = cx.constant_scalar(DType::i64, 1), zero = cx.constant_scalar(DType::i64, 0);
  Tokens t;
  t.lengths = added(cx, reshaped(cx, converted(cx, cx.required(5, "seqlens_k"), DType::i64), {-1}), one);
  const Value count = dims_of(cx, query, 1, 2);
  t.used = cx.add(Binary(BinaryKind::max), {cx.add(Binary(BinaryKind::sub), {t.lengths, count}), zero});
  t.positions = cx.has(9)
                    ? cx.input(9)
                    : added(cx, unsqueezed(cx, t.used, {1}), cx.add(Range(), {zero, squeezed(cx, count, {0}), one}));
  return t;
}

Value rotated(ImportContext& cx, Value x, Value positions, int64_t heads) {
  if (cx.integer("do_rotary", 0) == 0) return x;
  RotaryEmbedding op;
  op.heads = heads;
  op.interleaved = cx.integer("rotary_interleaved", 0) != 0;
  const Value cosines = cx.required(7, "cos_cache");
  op.rotary = 2 * known_dim(cx, cosines, 1, "cos_cache");
  return cx.add(op, {x, cosines, cx.required(8, "sin_cache"), positions});
}

AttentionProbe probe_of(ImportContext& cx) {
  if (!cx.wants(3)) return AttentionProbe::none;
  return cx.integer("qk_output", 0) == 1 ? AttentionProbe::masked : AttentionProbe::softmax;
}

void import_group_query_attention(ImportContext& cx) {
  refuse_what_is_missing(cx);
  const int64_t heads = head_count(cx, "num_heads"), groups = head_count(cx, "kv_num_heads");
  Value q = cx.required(0, "query"), k = cx.input(1), v = cx.input(2);
  if (!k) {
    const int64_t size = known_dim(cx, q, 2, "the packed query") / (heads + 2 * groups);
    const Value packed = q;
    q = sliced(cx, packed, 2, 0, heads * size);
    k = sliced(cx, packed, 2, heads * size, (heads + groups) * size);
    v = sliced(cx, packed, 2, (heads + groups) * size, (heads + 2 * groups) * size);
  }
  const Tokens tokens = locate(cx, q);
  q = split_heads(cx, rotated(cx, normed_heads(cx, q, cx.input(14), heads), tokens.positions, heads), heads);
  k = split_heads(cx, rotated(cx, normed_heads(cx, k, cx.input(15), groups), tokens.positions, groups), groups);
  v = split_heads(cx, v, groups);
  const Value total = reshaped(cx, converted(cx, cx.required(6, "total_sequence_length"), DType::i64), {});
  k = cx.add(CacheAppend(), {cx.input(3), k, tokens.used, total});
  v = cx.add(CacheAppend(), {cx.input(4), v, tokens.used, total});
  Value sink = cx.input(11);
  if (!sink && cx.integer("smooth_softmax", -1) == 1) sink = cx.constant(Tensor(cx.fact(q).dtype(), {heads}));  // zeros
  Attention op;
  op.scale = cx.real("scale", 0);
  op.softcap = cx.real("softcap", 0);
  op.causal = cx.integer("causal", 1) != 0;
  if (const int64_t window = cx.integer("local_window_size", -1); window > 0)
    op.left = window - 1;  // it counts the query
  op.probe = probe_of(cx);
  const Value y = cx.add(op, {q, k, v, cx.input(10), tokens.lengths, tokens.used, sink});
  cx.output(0, merge_heads(cx, y));
  cx.output(1, k);
  cx.output(2, v);
  if (cx.wants(3)) cx.output(3, Graph::output(y, 1));
}

}  // namespace

void register_group_query_attention(ImportTable& table) {
  table.add("com.microsoft", "GroupQueryAttention", import_group_query_attention);
}

}  // namespace tenon::core
