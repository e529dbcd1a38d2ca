#pragma once
#include "ir/op.h"

namespace tenon::core {

/// Where random numbers come from: element i of the result depends on the seed, the stream and i alone.
struct RandomSource {
  bool has_seed = false;
  double seed = 0;     // when has_seed; else the executor's
  int64_t stream = 0;  // tells apart the ops of a graph that have no seed of their own
  void fields(FieldVisitor& v) {
    v.visit("has_seed", has_seed);
    v.visit("seed", seed);
    v.visit("stream", stream);
  }
};

enum class RandomKind {
  uniform,  // a <= x < b
  normal,   // mean a, deviation b
};
std::span<const std::string_view> enum_names(RandomKind);

/// Random(shape: i64[k]).
struct Random : OpDef<Random> {
  static constexpr std::string_view op_name = "Random";
  RandomKind kind = RandomKind::uniform;
  double a = 0, b = 1;
  DType dtype = DType::f32;
  RandomSource source;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "kind", kind);
    v.visit("a", a);
    v.visit("b", b);
    v.visit("dtype", dtype);
    source.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
  bool pure() const override { return false; }
};

/// Bernoulli(p): 1 with probability p, else 0.
struct Bernoulli : OpDef<Bernoulli> {
  static constexpr std::string_view op_name = "Bernoulli";
  DType dtype = DType::none;  // none: p's
  RandomSource source;
  void fields(FieldVisitor& v) override {
    v.visit("dtype", dtype);
    source.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
  bool pure() const override { return false; }
};

/// Multinomial(x [B,C] of unnormalized log-probabilities) -> [B,samples] of classes.
struct Multinomial : OpDef<Multinomial> {
  static constexpr std::string_view op_name = "Multinomial";
  int64_t samples = 1;
  DType dtype = DType::i32;
  RandomSource source;
  void fields(FieldVisitor& v) override {
    v.visit("samples", samples);
    v.visit("dtype", dtype);
    source.fields(v);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
  bool pure() const override { return false; }
};

}  // namespace tenon::core
