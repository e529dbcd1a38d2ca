#include "onnx/ops_control.h"
#include "ops/strings.h"

namespace tenon::core {
namespace {

void import_normalizer(ImportContext& cx) {
  StringNormalizer op;
  const std::string change = cx.text("case_change_action", "NONE");
  if (change != "NONE" && change != "LOWER" && change != "UPPER")
    fail(ErrorCode::invalid_model, "its case_change_action is '{}'; NONE, LOWER or UPPER was expected", change);
  op.change = change == "NONE" ? CaseChange::none : change == "LOWER" ? CaseChange::lower : CaseChange::upper;
  op.case_sensitive = cx.integer("is_case_sensitive", 0) != 0;
  op.stopwords = cx.texts("stopwords");
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "the strings")}));
}

void import_concat(ImportContext& cx) {
  cx.outputs_of(cx.add(StringConcat{}, {cx.required(0, "the first strings"), cx.required(1, "the second strings")}));
}

void import_split(ImportContext& cx) {
  StringSplit op;
  op.delimiter = cx.text("delimiter", "");
  if (cx.has_attribute("maxsplit")) op.maxsplit = cx.integer("maxsplit");
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "the strings")}));
}

void import_regex(ImportContext& cx) {
  RegexFullMatch op;
  op.pattern = cx.text("pattern");
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "the strings")}));
}

void import_tfidf(ImportContext& cx) {
  TfIdfVectorizer op;
  const std::string mode = cx.text("mode");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF")
    fail(ErrorCode::invalid_model, "its mode is '{}'; TF, IDF or TFIDF was expected", mode);
  op.mode = mode == "TF" ? TfIdfMode::tf : mode == "IDF" ? TfIdfMode::idf : TfIdfMode::tfidf;
  op.min_gram = cx.integer("min_gram_length");
  op.max_gram = cx.integer("max_gram_length");
  op.max_skip = cx.integer("max_skip_count");
  op.counts = cx.integers("ngram_counts");
  op.columns = cx.integers("ngram_indexes");
  op.pool_integers = cx.integers("pool_int64s");
  op.pool_strings = cx.texts("pool_strings");
  op.weights = cx.reals("weights");
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "the items")}));
}

}  // namespace

void register_strings(ImportTable& table) {
  table.add("", "StringNormalizer", import_normalizer);
  table.add("", "StringConcat", import_concat);
  table.add("", "StringSplit", import_split);
  table.add("", "RegexFullMatch", import_regex);
  table.add("", "TfIdfVectorizer", import_tfidf);
}

}  // namespace tenon::core
