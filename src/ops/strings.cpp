#include "ops/strings.h"

#include <locale.h>
#include <re2/re2.h>
#include <wctype.h>

#include <algorithm>

#include "ops/infer_util.h"

namespace tenon::core {
namespace {

/// The code point at `i`, which moves behind it; a byte that is no UTF-8 stands for itself, marked.
constexpr uint32_t kRawByte = 0x80000000;
uint32_t next_code_point(std::string_view text, size_t& i) {
  const auto lead = static_cast<unsigned char>(text[i++]);
  const int more = lead >= 0xF0 && lead < 0xF5   ? 3
                   : lead >= 0xE0 && lead < 0xF0 ? 2
                   : lead >= 0xC2 && lead < 0xE0 ? 1
                                                 : 0;
  if (lead < 0x80) return lead;
  if (more == 0 || text.size() - i < static_cast<size_t>(more)) return kRawByte | lead;
  uint32_t code = lead & (0x3F >> more);
  for (int k = 0; k < more; ++k) {
    const auto byte = static_cast<unsigned char>(text[i + k]);
    if ((byte & 0xC0) != 0x80) return kRawByte | lead;
    code = code << 6 | (byte & 0x3F);
  }
  i += more;
  return code;
}

void append_code_point(std::string& text, uint32_t code) {
  if (code & kRawByte || code < 0x80) {
    text += static_cast<char>(code & 0xFF);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr int kLead[] = {0, 0xC0, 0xE0, 0xF0};
  text += static_cast<char>(kLead[more] | code >> (6 * more));
  for (int k = more - 1; k >= 0; --k) text += static_cast<char>(0x80 | (code >> (6 * k) & 0x3F));
}

/// Changes UTF-8 text letter by letter, the same under every locale of the process.
std::string change_case(const std::string& text, CaseChange change) {
  if (change == CaseChange::none) return text;
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string changed;
  for (size_t i = 0; i < text.size();) {
    uint32_t code = next_code_point(text, i);
    const bool lower = change == CaseChange::lower;
    if (code < 0x80 || locale == nullptr) {
      const bool is_letter = lower ? code >= 'A' && code <= 'Z' : code >= 'a' && code <= 'z';
      if (is_letter) code ^= 0x20;
    } else if (!(code & kRawByte)) {
      code = lower ? towlower_l(code, locale) : towupper_l(code, locale);
    }
    append_code_point(changed, code);
  }
  return changed;
}

std::vector<std::string> split_at(std::string_view text, std::string_view delimiter, int64_t most) {
  std::vector<std::string> parts;
  for (size_t end; static_cast<int64_t>(parts.size()) < most && (end = text.find(delimiter)) != text.npos;) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + delimiter.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::vector<std::string> split_at_blanks(std::string_view text, int64_t most) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  std::vector<std::string> parts;
  while (true) {
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == text.npos) return parts;
    text.remove_prefix(begin);
    const bool is_rest = static_cast<int64_t>(parts.size()) == most;
    const size_t end =
        is_rest ? text.find_last_not_of(kBlanks) + 1 : std::min(text.find_first_of(kBlanks), text.size());
    parts.emplace_back(text.substr(0, end));
    if (is_rest) return parts;
    text.remove_prefix(end);
  }
}

void expect_strings(InferContext& cx, int input) { expect_dtype(cx, input, "the input", {DType::string}); }

Fact same_shape(const Fact& x, DType dtype) { return x.type.ranked ? Fact::tensor(dtype, x.shape()) : unranked(dtype); }

}  // namespace

std::span<const std::string_view> enum_names(CaseChange) {
  static constexpr std::string_view kNames[] = {"none", "lower", "upper"};
  return kNames;
}

std::vector<Fact> StringNormalizer::infer(InferContext& cx) const {
  expect_strings(cx, 0);
  expect_rank(cx, 0, "the input", 1, 2);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {x.type};
  if (x.rank() == 2 && equal(x.shape()[0], 1) == Tri::no)
    fail(ErrorCode::invalid_model, "the input must have shape [C] or [1,C]; found {}", x.type.str());
  Shape shape = x.shape();
  if (x.rank() == 2) shape[0] = 1;
  shape.back() = stopwords.empty() ? max(shape.back(), 1) : cx.unknown("words");
  return {Fact::tensor(DType::string, shape)};
}

std::vector<HostValue> StringNormalizer::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  if (x.rank() == 2 && x.dim(0) != 1)
    fail(ErrorCode::runtime_value, "the input must have shape [C] or [1,C]; found {}", dims_to_string(x.dims()));
  const auto key = [&](const std::string& word) {
    return case_sensitive ? word : change_case(word, CaseChange::lower);
  };
  std::vector<std::string> banned;
  for (const auto& word : stopwords) banned.push_back(key(word));
  std::vector<std::string> kept;
  for (const auto& word : x.values<std::string>())
    if (banned.empty() || std::find(banned.begin(), banned.end(), key(word)) == banned.end())
      kept.push_back(change_case(word, change));
  if (kept.empty()) kept.emplace_back();
  const auto size = static_cast<int64_t>(kept.size());
  return {tensor_of<std::string>(x.rank() == 2 ? Dims{1, size} : Dims{size}, kept)};
}

std::vector<Fact> StringConcat::infer(InferContext& cx) const {
  expect_strings(cx, 0);
  expect_strings(cx, 1);
  if (!cx.input(0).type.ranked || !cx.input(1).type.ranked) return {unranked(DType::string)};
  return {Fact::tensor(DType::string, broadcast_shapes(cx, cx.input(0).shape(), cx.input(1).shape(), "the inputs"))};
}

std::vector<HostValue> StringConcat::evaluate(const EvalContext& cx) const {
  const Tensor& a = cx.tensor(0);
  const Tensor& b = cx.tensor(1);
  Tensor out(DType::string, broadcast_dims(a.dims(), b.dims()));
  const auto index_in = [&](const Tensor& t, int64_t position) {
    int64_t index = 0;
    int64_t stride = 1;
    for (int64_t axis = out.rank() - 1, own = t.rank() - 1; own >= 0; --axis, --own) {
      if (t.dim(own) != 1) index += position % out.dim(axis) * stride;
      stride *= t.dim(own);
      position /= out.dim(axis);
    }
    return index;
  };
  for (int64_t i = 0; i < out.size(); ++i)
    out.mutable_data<std::string>()[i] = a.data<std::string>()[index_in(a, i)] + b.data<std::string>()[index_in(b, i)];
  return {out};
}

std::vector<Fact> StringSplit::infer(InferContext& cx) const {
  expect_strings(cx, 0);
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {unranked(DType::string), unranked(DType::i64)};
  Shape parts = x.shape();
  parts.push_back(cx.unknown("parts"));
  return {Fact::tensor(DType::string, parts), Fact::tensor(DType::i64, x.shape())};
}

std::vector<HostValue> StringSplit::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t most = maxsplit.value_or(INT64_MAX);
  std::vector<std::vector<std::string>> split;
  size_t longest = 0;
  Tensor counts(DType::i64, x.dims());
  for (const auto& text : x.values<std::string>()) {
    split.push_back(delimiter.empty() ? split_at_blanks(text, most) : split_at(text, delimiter, most));
    counts.mutable_data<int64_t>()[split.size() - 1] = static_cast<int64_t>(split.back().size());
    longest = std::max(longest, split.back().size());
  }
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(longest));
  Tensor parts(DType::string, dims);
  for (size_t i = 0; i < split.size(); ++i)
    std::move(split[i].begin(), split[i].end(), parts.mutable_data<std::string>() + i * longest);
  return {parts, counts};
}

std::vector<Fact> RegexFullMatch::infer(InferContext& cx) const {
  expect_strings(cx, 0);
  const RE2 regex(pattern, RE2::Quiet);
  if (!regex.ok())
    fail(ErrorCode::invalid_model, "the pattern '{}' is not in RE2's syntax: {}", pattern, regex.error());
  return {same_shape(cx.input(0), DType::boolean)};
}

std::vector<HostValue> RegexFullMatch::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const RE2 regex(pattern, RE2::Quiet);
  Tensor out(DType::boolean, x.dims());
  for (int64_t i = 0; i < x.size(); ++i) out.mutable_data<bool>()[i] = RE2::FullMatch(x.data<std::string>()[i], regex);
  return {out};
}

void register_string_ops(OpRegistry& registry) {
  registry.add<StringNormalizer>();
  registry.add<StringConcat>();
  registry.add<StringSplit>();
  registry.add<RegexFullMatch>();
  registry.add<TfIdfVectorizer>();
}

}  // namespace tenon::core
