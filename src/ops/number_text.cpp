#include "ops/number_text.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/elementwise.h"

namespace tenon::core {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

/// The whole text as a T, or nothing. A leading plus is allowed.
template <class T>
bool parse_all(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return false;
  if constexpr (std::is_floating_point_v<T>) {
    if (error == std::errc::result_out_of_range)
      value = static_cast<T>(std::strtod(std::string(text).c_str(), nullptr));
    return error == std::errc() || error == std::errc::result_out_of_range;
  }
  return error == std::errc();
}

template <class T>
void parse_as(std::string_view text, DType dtype, std::byte* to, bool saturate) {
  T value;
  if (!parse_all(text, value))
    fail(ErrorCode::runtime_value, "the string '{}' is not a number that {} can hold", text, to_string(dtype));
  write_elements(dtype, &value, 1, to, saturate);
}

}  // namespace

std::string number_to_text(DType dtype, const std::byte* from) {
  return with_compute_type(dtype, [&](auto value) {
    read_elements(dtype, from, 1, &value);
    return fmt::format("{}", value);
  });
}

void text_to_number(const std::string& text, DType dtype, std::byte* to, bool saturate) {
  const std::string_view number = trimmed(text);
  if (dtype == DType::f32) return parse_as<float>(number, dtype, to, saturate);
  if (is_float(dtype)) return parse_as<double>(number, dtype, to, saturate);
  int64_t whole;
  if (dtype != DType::u64 && parse_all(number, whole)) return write_elements(dtype, &whole, 1, to);
  uint64_t natural;
  if (dtype == DType::u64 && parse_all(number, natural)) return write_elements(dtype, &natural, 1, to);
  parse_as<double>(number, dtype, to, saturate);
}

}  // namespace tenon::core
