#include "ir/npy_header.h"

#include <charconv>

#include "base/error.h"

namespace tenon::core {
namespace {

/// Reads the Python dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  NpyHeader parse() {
    expect('{');
    bool have_type = false, have_order = false, have_shape = false;
    while (!accept('}')) {
      std::string key = quoted();
      expect(':');
      if (key == "descr") {
        parse_type();
        have_type = true;
      } else if (key == "fortran_order") {
        header_.fortran = boolean();
        have_order = true;
      } else if (key == "shape") {
        parse_shape();
        have_shape = true;
      } else {
        bad("has the unknown entry '" + key + "'");
      }
      if (!accept(',') && peek() != '}') bad("misses a comma");
    }
    if (!have_type || !have_order || !have_shape) bad("misses 'descr', 'fortran_order' or 'shape'");
    if (peek() != '\0') bad("goes on behind its end");
    return header_;
  }

 private:
  [[noreturn]] void bad(const std::string& why) const { fail(ErrorCode::bad_file, "the npy header {}", why); }

  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(std::string("is malformed: '") + c + "' was expected at byte " + std::to_string(at_));
  }
  std::string quoted() {
    char quote = peek();
    if (quote != '\'' && quote != '"') bad("is malformed: a quoted word was expected at byte " + std::to_string(at_));
    size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) bad("was cut off");
    std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool boolean() {
    peek();
    for (std::string_view word : {"True", "False"})
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    bad("says neither True nor False for 'fortran_order'");
  }
  int64_t number() {
    peek();
    int64_t value = 0;
    auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (result.ec != std::errc() || value < 0) bad("has a dimension that is no number from 0 to 2^63");
    at_ = static_cast<size_t>(result.ptr - text_.data());
    accept('L');  // Python 2 wrote long integers so
    return value;
  }
  void parse_shape() {
    expect('(');
    while (!accept(')')) {
      header_.dims.push_back(number());
      if (header_.dims.size() > 64) bad("has more than 64 dimensions");
      if (!accept(',') && peek() != ')') bad("misses a comma in its shape");
    }
  }
  void parse_type() {
    if (peek() == '[') bad("describes records with fields; a plain array was expected");
    std::string type = quoted();
    size_t letter = 0;
    if (!type.empty() && std::string_view("<>|=").find(type[0]) != std::string_view::npos)
      header_.order = type[letter++];
    if (header_.order == '=') header_.order = '<';
    if (letter >= type.size()) bad("has the unknown type '" + type + "'");
    header_.kind = type[letter];
    if (header_.kind == 'O') bad("says that the file holds pickled Python objects, which are never read");
    auto digits = std::string_view(type).substr(letter + 1);
    auto result = std::from_chars(digits.data(), digits.data() + digits.size(), header_.width);
    if (result.ec != std::errc() || result.ptr != digits.data() + digits.size() || header_.width < 0)
      bad("has the unknown type '" + type + "'");
  }

  std::string_view text_;
  size_t at_ = 0;
  NpyHeader header_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text) { return HeaderParser(text).parse(); }

std::string npy_header(std::string_view type, const Dims& dims) {
  std::string shape;
  for (int64_t dim : dims) shape += std::to_string(dim) + ", ";
  if (dims.size() > 1) shape.resize(shape.size() - 2);
  if (dims.size() == 1) shape.resize(shape.size() - 1);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  constexpr size_t kPrefix = 10, kAlign = 64;
  size_t total = (kPrefix + text.size() + 1 + kAlign - 1) / kAlign * kAlign;
  text.resize(total - kPrefix - 1, ' ');
  text += '\n';
  assume(text.size() <= 0xffff, "an npy header of at most 64 KiB");
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace tenon::core
