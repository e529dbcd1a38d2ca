#include "base/error.h"
#include "onnx/ops_linear.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

AttentionProbe probe_of(int64_t mode) {
  static constexpr AttentionProbe kModes[] = {AttentionProbe::raw, AttentionProbe::capped, AttentionProbe::masked,
                                              AttentionProbe::softmax};
  if (mode < 0 || mode > 3)
    fail(ErrorCode::invalid_model, "its attribute 'qk_matmul_output_mode' must be 0 to 3, found {}", mode);
  return kModes[mode];
}

/// What precedes the first query: the rows of the cache, or the valid keys less the queries.
Value query_offset(ImportContext& cx, Value q, Value past, Value lengths) {
  if (past) return dims_of(cx, past, 2, 3);
  if (lengths) return cx.add(Binary(BinaryKind::sub), {lengths, dims_of(cx, q, 2, 3)});
  return {};
}

void import_attention(ImportContext& cx) {
  Value q = cx.required(0, "Q"), k = cx.required(1, "K"), v = cx.required(2, "V");
  const bool packed = cx.rank(q, "Q") == 3;
  if (packed) {
    q = split_heads(cx, q, head_count(cx, "q_num_heads"));
    k = split_heads(cx, k, head_count(cx, "kv_num_heads"));
    v = split_heads(cx, v, head_count(cx, "kv_num_heads"));
  }
  const Value past_key = cx.input(4), past_value = cx.input(5), lengths = cx.input(6);
  if (static_cast<bool>(past_key) != static_cast<bool>(past_value) || (past_key && lengths))
    fail(ErrorCode::invalid_model, "past_key and past_value must be given together, and not with nonpad_kv_seqlen");
  if (past_key) {
    k = concatenated(cx, {past_key, k}, 2);
    v = concatenated(cx, {past_value, v}, 2);
  }
  Value mask = cx.input(3);
  if (mask && cx.fact(mask).dtype() != DType::boolean && !is_float(cx.fact(mask).dtype()))
    mask = converted(cx, mask, cx.fact(q).dtype());
  Attention op;
  op.scale = cx.real("scale", 0);
  op.softcap = cx.real("softcap", 0);
  op.causal = cx.integer("is_causal", 0) != 0;
  op.left = cx.integer("left_window_size", -1);
  op.right = cx.integer("right_window_size", -1);
  if (cx.wants(3)) op.probe = probe_of(cx.integer("qk_matmul_output_mode", 0));
  const bool positional = op.causal || op.left >= 0 || op.right >= 0;
  const Value y = cx.add(op, {q, k, v, mask, lengths, positional ? query_offset(cx, q, past_key, lengths) : Value()});
  cx.output(0, packed ? merge_heads(cx, y) : y);
  cx.output(1, k);
  cx.output(2, v);
  if (cx.wants(3)) cx.output(3, Graph::output(y, 1));
}

void import_linear_attention(ImportContext& cx) {
  LinearAttention op;
  const std::string rule = cx.text("update_rule", "gated_delta");
  const auto names = enum_names(op.rule);
  int found = -1;
  for (int i = 0; i < static_cast<int>(names.size()); ++i)
    if (names[i] == rule) found = i;
  if (found < 0)
    fail(ErrorCode::invalid_model,
         "its attribute 'update_rule' must be linear, gated, delta or gated_delta, found '{}'", rule);
  op.rule = static_cast<LinearAttentionRule>(found);
  op.heads = head_count(cx, "q_num_heads");
  op.kv_heads = head_count(cx, "kv_num_heads");
  op.scale = cx.real("scale", 0);
  cx.outputs_of(cx.add(op, {cx.required(0, "query"), cx.required(1, "key"), cx.required(2, "value"), cx.input(3),
                            cx.input(4), cx.input(5)}));
}

void import_rotary_embedding(ImportContext& cx) {
  RotaryEmbedding op;
  const Value x = cx.required(0, "X");
  if (cx.rank(x, "X") == 3) op.heads = head_count(cx, "num_heads");
  op.rotary = cx.integer("rotary_embedding_dim", 0);
  op.interleaved = cx.integer("interleaved", 0) != 0;
  cx.output(0, cx.add(op, {x, cx.required(1, "cos_cache"), cx.required(2, "sin_cache"), cx.input(3)}));
}

/// X, position_ids, cos_cache, sin_cache; the number of heads and the rotated part follow from cos_cache when not
/// given.
void import_contrib_rotary_embedding(ImportContext& cx) {
  if (cx.integer("is_packed_batching", 0) != 0 || cx.real("scale", 1) != 1)
    fail(ErrorCode::unsupported_operator, "packed batches and a scale other than 1 are not supported");
  const Value x = cx.required(0, "input"), cosines = cx.required(2, "cos_cache");
  RotaryEmbedding op;
  op.interleaved = cx.integer("interleaved", 0) != 0;
  op.rotary = cx.integer("rotary_embedding_dim", 0);
  if (cx.rank(x, "input") == 3) {
    op.heads = cx.integer("num_heads", 0);
    if (op.heads == 0)
      op.heads = known_dim(cx, x, 2, "the input") / std::max<int64_t>(1, 2 * known_dim(cx, cosines, 1, "cos_cache"));
  }
  cx.output(0, cx.add(op, {x, cosines, cx.required(3, "sin_cache"), cx.required(1, "position_ids")}));
}

}  // namespace

void register_attention(ImportTable& table) {
  table.add("", "Attention", import_attention);
  table.add("", "LinearAttention", import_linear_attention);
  table.add("", "RotaryEmbedding", import_rotary_embedding);
  table.add("com.microsoft", "RotaryEmbedding", import_contrib_rotary_embedding);
}

}  // namespace tenon::core
