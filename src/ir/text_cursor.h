#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tenon::core {

/// Reads a text from left to right. Every failure names the line and column.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}
  /// Skips blanks and line ends.
  void skip();
  /// Skips blanks, line ends and comment lines.
  void skip_comments();
  bool at_end();
  char peek() const;          // the next character after blanks and line ends, 0 at the end
  char peek_on_line() const;  // the next character after blanks, 0 at the end
  /// Takes `token` if it is next.
  bool take(std::string_view token);
  void expect(std::string_view token);
  /// Like `take`, for a word that no name character may follow.
  bool take_word(std::string_view word);
  /// A plain name.
  std::string word(std::string_view what);
  /// A plain name or a quoted one.
  std::string name(std::string_view what);
  std::string quoted(char mark = '"');
  int64_t integer();
  uint64_t unsigned_integer();
  double real();
  /// Everything up to the closing bracket of the one just taken, split at the commas outside brackets.
  std::vector<std::string> split_to(char close);
  /// The text before `token`, which is not taken.
  std::string until(std::string_view token);
  /// Takes a '#' on the same line if it is next.
  bool take_comment_mark();
  void skip_line();

  [[noreturn]] void fail_here(std::string_view message);
  /// Runs `f`; an Error from it is reported at the place where the cursor stood before.
  template <class F>
  auto located(F&& f) {
    const size_t start = position_;
    try {
      return f();
    } catch (const Error& e) {
      position_ = start;
      fail_here(e.what());
    }
  }

 private:
  std::string number_text();
  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace tenon::core
