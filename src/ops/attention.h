#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Which step of the scores the second output of Attention shows.
enum class AttentionProbe {
  none,     // there is no second output
  raw,      // scale * q @ k^T
  capped,   // after the soft cap
  masked,   // after the mask
  softmax,  // the probabilities
};
std::span<const std::string_view> enum_names(AttentionProbe);

/// Attention(q [B,H,S,D], k [B,G,T,D], v [B,G,T,E], mask?, lengths?: i64[B], offset?: i64[B or 1], sink? [H])
///   -> y [B,H,S,E], probe? [B,H,S,T]
///
///   score[b,h,i,j] = cap(scale * q[b,h,i] . k[b,h*G/H,j]) + mask[b,h,i,j];  y = softmax(score) @ v
///
/// H is a multiple of G; cap(x) = softcap * tanh(x / softcap) when softcap > 0. `mask` broadcasts to [B,H,S,T] but for
/// its last axis, which may be shorter: what is missing is hidden. A bool mask hides where it is false; another one is
/// added. Key j is hidden from query i too when j >= lengths[b], and, with p = offset[b] + i (offset 0 when absent),
/// when causal and j > p, when left >= 0 and j < p - left, or when right >= 0 and j > p + right. A query from which
/// every key is hidden gives zeros. `sink` adds exp(sink[h]) to the denominator of the softmax.
struct Attention : OpDef<Attention> {
  static constexpr std::string_view op_name = "Attention";
  double scale = 0;  // 0: 1 / sqrt(D)
  double softcap = 0;
  bool causal = false;
  int64_t left = -1, right = -1;
  AttentionProbe probe = AttentionProbe::none;
  void fields(FieldVisitor& v) override {
    v.visit("scale", scale);
    v.visit("softcap", softcap);
    v.visit("causal", causal);
    v.visit("left", left);
    v.visit("right", right);
    visit_enum(v, "probe", probe);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// A cache of keys or values: CacheAppend(past? [B,G,P,D], new [B,G,S,D], used: i64[B], total: i64[]) ->
/// [B,G,max(P,total),D]. Sample b holds the first used[b] rows of past, then the rows of new, then what past has there,
/// or zeros.
struct CacheAppend : OpDef<CacheAppend> {
  static constexpr std::string_view op_name = "CacheAppend";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class LinearAttentionRule {
  linear,       // S' = S + k v^T
  gated,        // S' = exp(g) S + k v^T
  delta,        // S' = S + beta k (v - S^T k)^T
  gated_delta,  // S' = exp(g) S + beta k (v - exp(g) S^T k)^T
};
std::span<const std::string_view> enum_names(LinearAttentionRule);

/// LinearAttention(q [B,T,H*D], k [B,T,G*D], v [B,T,G*E], state? [B,G,D,E], decay? [B,T,G or G*D], beta? [B,T,G or 1])
///   -> y [B,T,H*E], state [B,G,D,E]. Per step the state changes by `rule`, then y = scale * q^T S.
struct LinearAttention : OpDef<LinearAttention> {
  static constexpr std::string_view op_name = "LinearAttention";
  LinearAttentionRule rule = LinearAttentionRule::gated_delta;
  int64_t heads = 1, kv_heads = 1;
  double scale = 0;  // 0: 1 / sqrt(D)
  void fields(FieldVisitor& v) override {
    visit_enum(v, "rule", rule);
    v.visit("heads", heads);
    v.visit("kv_heads", kv_heads);
    v.visit("scale", scale);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// RotaryEmbedding(x, cos, sin, positions?): rotates pairs of the first `rotary` elements of each head (0: of all).
/// x is [B,H,S,D], or [B,S,H*D] when `heads` is not 0. Pairs are (i, i + rotary/2), or (2i, 2i+1) when interleaved.
/// Angles: row positions[b,s] of cos and sin [P,rotary/2]; positions i64[B,S], or i64[1], the position of the first
/// token. Without positions cos and sin are [B,S,rotary/2].
struct RotaryEmbedding : OpDef<RotaryEmbedding> {
  static constexpr std::string_view op_name = "RotaryEmbedding";
  int64_t heads = 0, rotary = 0;
  bool interleaved = false;
  void fields(FieldVisitor& v) override {
    v.visit("heads", heads);
    v.visit("rotary", rotary);
    v.visit("interleaved", interleaved);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// size / heads; a size that is known must divide.
Dim per_head_dim(const Dim& size, int64_t heads, std::string_view what);

}  // namespace tenon::core
