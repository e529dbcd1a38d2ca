#include "ir/text_cursor.h"

#include <charconv>

#include "ir/text_names.h"

namespace tenon::core {

void TextCursor::skip() {
  while (position_ < text_.size() &&
         (text_[position_] == ' ' || text_[position_] == '\n' || text_[position_] == '\t' || text_[position_] == '\r'))
    ++position_;
}

void TextCursor::skip_line() {
  while (position_ < text_.size() && text_[position_] != '\n') ++position_;
}

void TextCursor::skip_comments() {
  for (skip(); position_ < text_.size() && text_[position_] == '#'; skip()) skip_line();
}

bool TextCursor::at_end() {
  skip_comments();
  return position_ >= text_.size();
}

char TextCursor::peek() const {
  TextCursor ahead = *this;
  ahead.skip();
  return ahead.position_ < text_.size() ? text_[ahead.position_] : '\0';
}

char TextCursor::peek_on_line() const {
  const size_t at = text_.find_first_not_of(' ', position_);
  return at < text_.size() ? text_[at] : '\0';
}

bool TextCursor::take(std::string_view token) {
  TextCursor ahead = *this;
  ahead.skip();
  if (text_.substr(ahead.position_, token.size()) != token) return false;
  position_ = ahead.position_ + token.size();
  return true;
}

void TextCursor::expect(std::string_view token) {
  if (!take(token)) fail_here(fmt::format("expected '{}'", token));
}

bool TextCursor::take_word(std::string_view word) {
  TextCursor ahead = *this;
  if (!ahead.take(word)) return false;
  if (ahead.position_ < text_.size() && is_name_char(text_[ahead.position_])) return false;
  *this = ahead;
  return true;
}

std::string TextCursor::word(std::string_view what) {
  skip();
  size_t end = position_;
  while (end < text_.size() && is_name_char(text_[end])) ++end;
  if (end == position_) fail_here(fmt::format("expected {}", what));
  std::string out(text_.substr(position_, end - position_));
  position_ = end;
  return out;
}

std::string TextCursor::name(std::string_view what) { return peek() == '"' ? quoted() : word(what); }

std::string TextCursor::quoted(char mark) {
  if (!take(std::string_view(&mark, 1))) fail_here("expected a quoted text");
  std::string out;
  for (; position_ < text_.size() && text_[position_] != mark; ++position_) {
    if (text_[position_] != '\\') {
      out += text_[position_];
      continue;
    }
    if (++position_ >= text_.size()) break;
    if (text_[position_] != 'x') {
      out += text_[position_];
      continue;
    }
    int value = 0;
    const char* first = text_.data() + position_ + 1;
    if (position_ + 2 >= text_.size() || std::from_chars(first, first + 2, value, 16).ptr != first + 2)
      fail_here("expected two hexadecimal digits after \\x");
    out += static_cast<char>(value);
    position_ += 2;
  }
  if (position_ >= text_.size()) fail_here("a quoted text does not end");
  ++position_;
  return out;
}

std::string TextCursor::number_text() {
  skip();
  size_t end = position_;
  while (end < text_.size() && (is_name_char(text_[end]) || text_[end] == '-' || text_[end] == '+' ||
                                (text_[end] == '.' && text_.substr(end, 2) != "..")))
    ++end;
  return std::string(text_.substr(position_, end - position_));
}

template <class T>
static bool parse_number(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

int64_t TextCursor::integer() {
  const std::string text = number_text();
  int64_t value = 0;
  if (!parse_number(text, value)) fail_here(fmt::format("expected a 64-bit integer, found '{}'", text));
  position_ += text.size();
  return value;
}

uint64_t TextCursor::unsigned_integer() {
  const std::string text = number_text();
  uint64_t value = 0;
  if (!parse_number(text, value)) fail_here(fmt::format("expected an unsigned 64-bit integer, found '{}'", text));
  position_ += text.size();
  return value;
}

double TextCursor::real() {
  const std::string text = number_text();
  double value = 0;
  if (!parse_number(text, value)) fail_here(fmt::format("expected a number, found '{}'", text));
  position_ += text.size();
  return value;
}

std::vector<std::string> TextCursor::split_to(char close) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (int depth = 0; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '\'') quoted = !quoted;
    if (quoted) {
      parts.back() += c;
      continue;
    }
    if (depth == 0 && c == close) {
      ++position_;
      if (parts.size() == 1 && parts[0].find_first_not_of(' ') == std::string::npos) parts.clear();
      return parts;
    }
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  fail_here(fmt::format("expected '{}'", close));
}

std::string TextCursor::until(std::string_view token) {
  skip();
  const size_t end = text_.find(token, position_);
  if (end == std::string_view::npos) fail_here(fmt::format("expected '{}'", token));
  std::string out(text_.substr(position_, end - position_));
  while (!out.empty() && out.back() == ' ') out.pop_back();
  position_ = end;
  return out;
}

bool TextCursor::take_comment_mark() {
  if (peek_on_line() != '#') return false;
  position_ = text_.find('#', position_) + 1;
  return true;
}

void TextCursor::fail_here(std::string_view message) {
  int line = 1, column = 1;
  for (size_t i = 0; i < position_ && i < text_.size(); ++i) {
    column = text_[i] == '\n' ? 1 : column + 1;
    line += text_[i] == '\n';
  }
  fail(ErrorCode::bad_file, "line {}, column {}: {}", line, column, message);
}

}  // namespace tenon::core
