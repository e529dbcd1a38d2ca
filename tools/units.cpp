#include "units.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "tenon/error.h"

namespace tenon::cli {
namespace {

[[noreturn]] void refuse(const std::string& flag, std::string_view text, std::string_view expected) {
  throw Error(ErrorCode::usage, fmt::format("{}: {} was expected, found '{}'", flag, expected, text));
}

bool parse_dims(std::string_view text, Dims& dims) {
  if (text == "scalar") return true;
  for (const std::string& part : split(text, 'x')) {
    int64_t dim = 0;
    auto result = std::from_chars(part.data(), part.data() + part.size(), dim);
    if (part.empty() || result.ec != std::errc() || result.ptr != part.data() + part.size() || dim < 0) return false;
    dims.push_back(dim);
  }
  return true;
}

/// Cuts at commas outside quotes.
std::vector<std::string> split_shapes(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (char c : text) {
    if (c == '\'') quoted = !quoted;
    if (c == ',' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// "a:x,b:y" by name. The value stands behind the last colon.
std::map<std::string, std::string> parse_named(const std::string& flag, const std::string& text, std::string_view form) {
  std::map<std::string, std::string> values;
  for (const std::string& part : split_shapes(text)) {
    const size_t colon = part.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == part.size()) refuse(flag, part, form);
    std::string name = part.substr(0, colon);
    if (name.size() > 1 && name.front() == '\'' && name.back() == '\'') name = name.substr(1, name.size() - 2);
    if (!values.emplace(name, part.substr(colon + 1)).second) throw Error(ErrorCode::usage, fmt::format("{}: '{}' is given twice", flag, name));
  }
  return values;
}

struct Number {
  double value = 0;
  std::string suffix;
};

/// A non-negative number and what follows it; false when there is none.
bool parse_number(const std::string& text, Number& number) {
  char* end = nullptr;
  number.value = std::strtod(text.c_str(), &end);
  number.suffix = end;
  bool starts_right = !text.empty() && (std::isdigit(static_cast<unsigned char>(text[0])) || text[0] == '.');
  return starts_right && end != text.c_str() && std::isfinite(number.value) && number.value >= 0;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::map<std::string, Dims> parse_shapes(const std::string& flag, const std::string& text) {
  constexpr std::string_view kForm = "name:1x3x224x224,other:1 (or name:scalar)";
  std::map<std::string, Dims> shapes;
  for (const auto& [name, value] : parse_named(flag, text, kForm))
    if (!parse_dims(value, shapes[name])) refuse(flag, name + ":" + value, kForm);
  return shapes;
}

std::map<std::string, std::vector<std::string>> parse_io_formats(const std::string& flag, const std::string& text) {
  std::map<std::string, std::vector<std::string>> formats;
  for (const auto& [name, value] : parse_named(flag, text, "name:chw4,other:chw+hwc8")) formats[name] = split(value, '+');
  return formats;
}

std::map<std::string, DType> parse_io_types(const std::string& flag, const std::string& text) {
  constexpr std::string_view kForm = "name:f16,other:f32";
  std::map<std::string, DType> types;
  for (const auto& [name, value] : parse_named(flag, text, kForm)) {
    types[name] = parse_dtype(value);
    if (types[name] == DType::none) refuse(flag, name + ":" + value, kForm);
  }
  return types;
}

int64_t parse_bytes(const std::string& flag, const std::string& text) {
  constexpr std::string_view kForm = "a size such as 4G, 512M or a number of bytes";
  Number number;
  if (!parse_number(text, number)) refuse(flag, text, kForm);
  std::string suffix;
  for (char c : number.suffix) suffix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (suffix.size() > 1 && (suffix.substr(1) == "B" || suffix.substr(1) == "IB")) suffix.resize(1);
  size_t power = std::string_view("BKMGT").find(suffix.empty() ? 'B' : suffix[0]);
  if (power == std::string_view::npos || suffix.size() > 1) refuse(flag, text, kForm);
  double bytes = std::ldexp(number.value, static_cast<int>(10 * power));
  if (bytes >= 0x1p62) refuse(flag, text, kForm);
  return static_cast<int64_t>(bytes);
}

double parse_seconds(const std::string& flag, const std::string& text, double unit) {
  static const std::map<std::string, double> kUnits = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  Number number;
  if (!parse_number(text, number)) refuse(flag, text, "a time such as 10s, 500ms or 2m");
  if (number.suffix.empty()) return number.value * unit;
  auto found = kUnits.find(number.suffix);
  if (found == kUnits.end()) refuse(flag, text, "a time such as 10s, 500ms or 2m");
  return number.value * found->second;
}

std::vector<int64_t> parse_numbers(const std::string& flag, const std::string& text) {
  std::vector<int64_t> numbers;
  for (const std::string& part : split(text, ',')) {
    Dims one;
    if (!parse_dims(part, one) || one.size() != 1 || one[0] < 1) refuse(flag, text, "numbers such as 1,2,4");
    numbers.push_back(one[0]);
  }
  return numbers;
}

std::string dims_text(const Dims& dims) {
  if (dims.empty()) return "scalar";
  std::string text;
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? "x" : "") + (dims[i] < 0 ? "?" : std::to_string(dims[i]));
  return text;
}

std::string bytes_text(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string ms_text(double ms) {
  int decimals = ms >= 100 ? 1 : ms >= 10 ? 2 : ms >= 1 ? 3 : 4;
  return fmt::format("{:.{}f} ms", ms, decimals);
}

std::string count_text(int64_t count) {
  constexpr const char* kUnits[] = {"", " K", " M", " G", " T"};
  double value = static_cast<double>(count);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return unit == 0 ? std::to_string(count) : fmt::format("{:.1f}{}", value, kUnits[unit]);
}

}  // namespace tenon::cli
