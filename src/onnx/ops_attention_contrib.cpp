#include "base/error.h"
#include "onnx/ops_linear.h"
#include "ops/matmul.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

/// q, k and v split in heads, with the caches before them, and what hides keys.
struct Parts {
  Value q, k, v;
  Value past;  // of k, for its length
  Value mask, lengths;
};

/// 0 where `keep` is true, the attribute mask_filter_value elsewhere.
Value filter_mask(ImportContext& cx, Value keep, DType dtype) {
  const double filter = std::max(cx.real("mask_filter_value", -10000), dtype == DType::f16 ? -65504.0 : -3.0e38);
  return cx.add(Where(), {keep, cx.constant_scalar(dtype, 0), cx.constant_scalar(dtype, filter)});
}

/// True at [b, 0, 0, j] for starts[b] <= j < ends[b].
Value range_mask(ImportContext& cx, Value starts, Value ends, Value keys) {
  const auto column = [&](Value v) { return reshaped(cx, converted(cx, v, DType::i64), {-1, 1, 1, 1}); };
  const Value count = squeezed(cx, dims_of(cx, keys, 2, 3), {0});
  const Value j = cx.add(Range(), {cx.constant_scalar(DType::i64, 0), count, cx.constant_scalar(DType::i64, 1)});
  return cx.add(Binary(BinaryKind::logical_and), {cx.add(Binary(BinaryKind::greater_equal), {j, column(starts)}),
                                                  cx.add(Binary(BinaryKind::less), {j, column(ends)})});
}

/// Mask of rank 4, [B,1,M,M]: the rows of the queries and the columns of the keys.
Value window_of_mask(ImportContext& cx, Value mask, const Parts& p) {
  const Value queries = dims_of(cx, p.q, 2, 3), keys = dims_of(cx, p.k, 2, 3);
  const Value first = cx.add(Binary(BinaryKind::sub), {keys, queries});
  const Value rows = cx.add(Slice(), {mask, first, keys, cx.constant_i64({2})});
  return cx.add(Slice(), {rows, cx.constant_i64({0}), keys, cx.constant_i64({3})});
}

/// A mask of integers, not 0 where a key counts, or lengths, in one of the shapes that ONNX Runtime takes.
void read_mask(ImportContext& cx, Value mask, Parts& p) {
  if (!mask) return;
  const DType dtype = cx.fact(p.q).dtype();
  const int rank = cx.rank(mask, "the mask");
  if (rank > 1) {
    if (rank == 2) mask = unsqueezed(cx, mask, {1, 2});
    if (rank == 3) mask = unsqueezed(cx, mask, {1});
    if (rank == 4) mask = window_of_mask(cx, mask, p);
    p.mask = filter_mask(cx, converted(cx, mask, DType::boolean), dtype);
    return;
  }
  const Dim count = rank == 1 ? cx.fact(mask).shape()[0] : Dim(0), batch = cx.fact(p.q).shape()[0];
  if (known_equal(count, batch)) {
    p.lengths = converted(cx, mask, DType::i64);
  } else if (known_equal(count, Dim(2) * batch)) {
    const Value size = dims_of(cx, p.q, 0, 1), axis = cx.constant_i64({0});
    const Value ends = cx.add(Slice(), {mask, cx.constant_i64({0}), size, axis});
    const Value starts = cx.add(Slice(), {mask, size, cx.constant_i64({INT64_MAX}), axis});
    p.mask = filter_mask(cx, range_mask(cx, starts, ends, p.k), dtype);
  } else if (known_equal(count, Dim(3) * batch + Dim(2))) {
    p.lengths = converted(
        cx, cx.add(Slice(), {mask, cx.constant_i64({0}), dims_of(cx, p.q, 0, 1), cx.constant_i64({0})}), DType::i64);
  } else {
    fail(ErrorCode::needs_shapes,
         "a mask of rank 1 must have as many elements as samples, twice that, or three times and 2; found {} for a "
         "batch of {}",
         cx.fact(mask).type.str(), batch.str());
  }
}

Value attend(ImportContext& cx, const Parts& p, Value bias, AttentionProbe probe) {
  Attention op;
  op.scale = cx.real("scale", 0);
  op.causal = cx.integer("unidirectional", 0) != 0;
  op.probe = probe;
  const Value offset = op.causal && p.past ? dims_of(cx, p.past, 2, 3) : Value();
  return cx.add(op, {p.q, p.k, p.v, added(cx, p.mask, bias), p.lengths, offset});
}

/// Attention and QAttention from the projected [B,S,q+k+v]; `past` and `present` hold keys and values on a first axis
/// of 2.
void attend_projected(ImportContext& cx, Value projected, Value mask, Value past, Value bias) {
  if (cx.integer("do_rotary", 0) != 0 || cx.integer("past_present_share_buffer", 0) != 0)
    fail(ErrorCode::unsupported_operator, "do_rotary and past_present_share_buffer are not supported");
  const int64_t heads = head_count(cx, "num_heads");
  std::vector<int64_t> sizes = cx.integers("qkv_hidden_sizes");
  if (sizes.empty()) sizes.assign(3, known_dim(cx, projected, 2, "the projected input") / 3);
  if (sizes.size() != 3)
    fail(ErrorCode::invalid_model, "its attribute 'qkv_hidden_sizes' must hold 3 sizes, found {}", sizes.size());
  const auto part = [&](int64_t begin, int64_t size) {
    return split_heads(cx, sliced(cx, projected, 2, begin, checked_add(begin, size)), heads);
  };
  Parts p;
  p.q = part(0, sizes[0]);
  p.k = part(sizes[0], sizes[1]);
  p.v = part(checked_add(sizes[0], sizes[1]), sizes[2]);
  if (past) {
    p.past = squeezed(cx, sliced(cx, past, 0, 0, 1), {0});
    p.k = concatenated(cx, {p.past, p.k}, 2);
    p.v = concatenated(cx, {squeezed(cx, sliced(cx, past, 0, 1, 2), {0}), p.v}, 2);
  }
  read_mask(cx, mask, p);
  cx.output(0, merge_heads(cx, attend(cx, p, bias, AttentionProbe::none)));
  if (cx.wants(1)) cx.output(1, concatenated(cx, {unsqueezed(cx, p.k, {0}), unsqueezed(cx, p.v, {0})}, 0));
}

void import_contrib_attention(ImportContext& cx) {
  const Value projected = cx.add(MatMul(), {cx.required(0, "input"), cx.required(1, "weights"), cx.input(2)});
  attend_projected(cx, projected, cx.input(3), cx.input(4), cx.input(5));
}

void import_qattention(ImportContext& cx) {
  const Value projected =
      scaled_integer_product(cx, cx.required(0, "input"), cx.required(1, "weight"), cx.required(3, "input_scale"),
                             cx.required(4, "weight_scale"), cx.input(6), cx.input(7), cx.required(2, "bias"));
  attend_projected(cx, projected, cx.input(5), cx.input(8), {});
}

/// Part `i` of packed [B,S,heads,parts,D] as [B,S,heads*D].
Value unpacked(ImportContext& cx, Value packed, int64_t i) {
  const int64_t size = known_dim(cx, packed, 2, "packed heads") * known_dim(cx, packed, 4, "packed heads");
  return reshaped(cx, sliced(cx, packed, 3, i, i + 1), {0, 0, size});
}

/// Part of the bias for x [B,S,size] that starts at `begin`, which moves on.
Value with_bias(ImportContext& cx, Value x, Value bias, int64_t& begin) {
  if (!bias) return x;
  const int64_t size = known_dim(cx, x, 2, "an input with a bias");
  begin += size;
  return added(cx, x, sliced(cx, bias, 0, begin - size, begin));
}

void import_multi_head_attention(ImportContext& cx) {
  if (cx.has(8) || cx.has(9))
    fail(ErrorCode::unsupported_operator,
         "past_sequence_length and cache_indirection (shared buffers) are not supported");
  const int64_t heads = head_count(cx, "num_heads");
  Value q = cx.required(0, "query"), k = cx.input(1), v = cx.input(2), bias = cx.input(3);
  if (cx.rank(q, "query") == 5) {
    const Value packed = q;
    q = unpacked(cx, packed, 0);
    k = unpacked(cx, packed, 1);
    v = unpacked(cx, packed, 2);
  } else if (k && cx.rank(k, "key") == 5) {
    const Value packed = k;
    k = unpacked(cx, packed, 0);
    v = unpacked(cx, packed, 1);
  }
  if (!k || !v) fail(ErrorCode::invalid_model, "key and value are required unless query or key is packed");
  Parts p;
  int64_t begin = 0;
  p.q = split_heads(cx, with_bias(cx, q, bias, begin), heads);
  if (cx.rank(k, "key") == 4) {
    p.k = k;
    p.v = v;
  } else {
    p.k = split_heads(cx, with_bias(cx, k, bias, begin), heads);
    p.v = split_heads(cx, with_bias(cx, v, bias, begin), heads);
  }
  if (cx.has(6)) {
    p.past = cx.input(6);
    p.k = concatenated(cx, {p.past, p.k}, 2);
    p.v = concatenated(cx, {cx.required(7, "past_value"), p.v}, 2);
  }
  read_mask(cx, cx.input(4), p);
  const Value y = attend(cx, p, cx.input(5), cx.wants(3) ? AttentionProbe::masked : AttentionProbe::none);
  cx.output(0, merge_heads(cx, y));
  cx.output(1, p.k);
  cx.output(2, p.v);
  if (cx.wants(3)) cx.output(3, Graph::output(y, 1));
}

}  // namespace

void register_attention_contrib(ImportTable& table) {
  table.add("com.microsoft", "Attention", import_contrib_attention);
  table.add("com.microsoft", "QAttention", import_qattention);
  table.add("com.microsoft", "MultiHeadAttention", import_multi_head_attention);
}

}  // namespace tenon::core
