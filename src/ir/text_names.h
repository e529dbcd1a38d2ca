#pragma once
#include <string>
#include <string_view>

namespace tenon::core {

inline bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
/// Letters, digits and underscores, not beginning with a digit: written without quotes.
bool is_plain_name(std::string_view name);
std::string name_text(std::string_view name);
/// The mark, backslash and control characters are escaped with a backslash.
std::string quote(std::string_view text, char mark = '"');

}  // namespace tenon::core
