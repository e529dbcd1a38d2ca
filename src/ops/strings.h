#pragma once
#include "ir/op.h"

namespace tenon::core {

enum class CaseChange { none, lower, upper };
std::span<const std::string_view> enum_names(CaseChange);

/// StringNormalizer(x: string[C] or [1,C]): stop words removed, letters changed; one empty string when nothing is left.
/// Without `case_sensitive` stop words match in any case.
struct StringNormalizer : OpDef<StringNormalizer> {
  static constexpr std::string_view op_name = "StringNormalizer";
  CaseChange change = CaseChange::none;
  bool case_sensitive = false;
  std::vector<std::string> stopwords;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "change", change);
    v.visit("case_sensitive", case_sensitive);
    v.visit("stopwords", stopwords);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Element-wise a + b, NumPy broadcasting.
struct StringConcat : OpDef<StringConcat> {
  static constexpr std::string_view op_name = "StringConcat";
  void fields(FieldVisitor&) override {}
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// StringSplit(x) -> parts with a new last axis, filled up with empty strings; numbers of parts, i64. At most
/// `maxsplit` splits where given. An empty delimiter means runs of white space, which count for nothing at the ends.
struct StringSplit : OpDef<StringSplit> {
  static constexpr std::string_view op_name = "StringSplit";
  std::string delimiter;
  std::optional<int64_t> maxsplit;
  void fields(FieldVisitor& v) override {
    v.visit("delimiter", delimiter);
    v.visit("maxsplit", maxsplit);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// Whether the whole string matches a pattern in RE2's syntax, bool.
struct RegexFullMatch : OpDef<RegexFullMatch> {
  static constexpr std::string_view op_name = "RegexFullMatch";
  std::string pattern;
  void fields(FieldVisitor& v) override { v.visit("pattern", pattern); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class TfIdfMode { tf, idf, tfidf };
std::span<const std::string_view> enum_names(TfIdfMode);

/// Counts of the pool's n-grams in each row of x (string, i32 or i64; [C] or [N,C]) -> f32[columns] or [N, columns].
/// `counts[n-1]` is where the n-grams of length n begin in the pool, `columns[i]` where the i-th n-gram is counted.
/// Items of an n-gram stand 1 to max_skip + 1 apart. idf: weight where present; tfidf: count times weight.
struct TfIdfVectorizer : OpDef<TfIdfVectorizer> {
  static constexpr std::string_view op_name = "TfIdfVectorizer";
  TfIdfMode mode = TfIdfMode::tf;
  int64_t min_gram = 1, max_gram = 1, max_skip = 0;
  std::vector<int64_t> counts, columns, pool_integers;
  std::vector<std::string> pool_strings;
  std::vector<double> weights;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "mode", mode);
    v.visit("min_gram", min_gram);
    v.visit("max_gram", max_gram);
    v.visit("max_skip", max_skip);
    v.visit("counts", counts);
    v.visit("columns", columns);
    v.visit("pool_integers", pool_integers);
    v.visit("pool_strings", pool_strings);
    v.visit("weights", weights);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

void register_string_ops(OpRegistry&);

}  // namespace tenon::core
