#include <cctype>

#include "base/error.h"
#include "ir/dim_expr.h"

namespace tenon::core {
namespace {

class DimParser {
 public:
  explicit DimParser(std::string_view text) : text_(text) {}
  Dim all() {
    Dim d = sum(0);
    skip();
    if (at_ != text_.size()) wrong("the end");
    return d;
  }

 private:
  void skip() { while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_; }
  char peek() { skip(); return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void wrong(std::string_view expected) {
    fail(ErrorCode::usage, "in the dimension '{}', at character {}: expected {}", text_, at_ + 1, expected);
  }
  Dim sum(int depth) {
    if (depth > 64) wrong("at most 64 nested parentheses");
    Dim d = take('-') ? product(depth) * Dim(-1) : product(depth);
    for (;;) {
      if (take('+')) d = d + product(depth);
      else if (take('-')) d = d - product(depth);
      else return d;
    }
  }
  Dim product(int depth) {
    Dim d = factor(depth);
    while (take('*')) d = d * factor(depth);
    return d;
  }
  Dim factor(int depth) {
    if (take('(')) {
      Dim d = sum(depth + 1);
      if (!take(')')) wrong("')'");
      return d;
    }
    if (std::isdigit(static_cast<unsigned char>(peek()))) return number();
    if (take('\'')) return quoted();
    return name_or_call(depth);
  }
  Dim number() {
    int64_t v = 0;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])))
      if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, text_[at_++] - '0', &v)) wrong("a number of 64 bits");
    return v;
  }
  Dim quoted() {
    const size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) wrong("a closing quote");
    std::string name(text_.substr(at_, end - at_));
    at_ = end + 1;
    return Dim::symbol(name);
  }
  Dim name_or_call(int depth) {
    skip();
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '.')) ++at_;
    if (at_ == begin) wrong("a number, a name or '('");
    const std::string name(text_.substr(begin, at_ - begin));
    if (!take('(')) return Dim::symbol(name);
    const Dim a = sum(depth + 1);
    if (!take(',')) wrong("','");
    const Dim b = sum(depth + 1);
    if (!take(')')) wrong("')'");
    if (name == "floordiv") return floordiv(a, b);
    if (name == "mod") return mod(a, b);
    if (name == "min") return min(a, b);
    if (name == "max") return max(a, b);
    if (name == "broadcast") return broadcast(a, b);
    wrong("floordiv, mod, min, max or broadcast");
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Dim Dim::parse(std::string_view text) { return DimParser(text).all(); }

}  // namespace tenon::core
