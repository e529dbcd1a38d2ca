#include "trtexec/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "nearest.h"
#include "tenon/error.h"

namespace tenon::trtexec {
namespace {

[[noreturn]] void refuse(const char* flag, const std::string& expected, const std::string& found) {
  throw Error(ErrorCode::usage, fmt::format("{}: expected {}, found '{}'", flag, expected, found));
}

/// Cuts at commas outside 'quotes'.
std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (char c : text) {
    if (c == '\'') quoted = !quoted;
    if (c == ',' && !quoted) parts.emplace_back();
    else parts.back() += c;
  }
  for (std::string& part : parts)
    if (part.find_first_not_of(' ') != std::string::npos) part.erase(0, part.find_first_not_of(' '));
  return parts;
}

}  // namespace

int64_t to_int(const char* flag, const std::string& text, int64_t low) {
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size() || value < low || value > INT32_MAX)
    refuse(flag, fmt::format("a whole number of at least {}", low), text);
  return value;
}

double to_number(const char* flag, const std::string& text, double low) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) || value < low) refuse(flag, fmt::format("a number of at least {}", low), text);
  return value;
}

std::vector<std::pair<std::string, std::string>> to_pairs(const char* flag, const std::string& text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& part : split_list(text)) {
    const size_t quote = part.rfind('\'');
    const size_t colon = quote == std::string::npos ? part.rfind(':') : part.find(':', quote);
    if (colon == std::string::npos || colon == 0 || colon + 1 == part.size()) refuse(flag, "name:value pairs between commas", part);
    std::string name = part.substr(0, colon);
    name.erase(std::remove(name.begin(), name.end(), '\''), name.end());
    pairs.emplace_back(name, part.substr(colon + 1));
  }
  return pairs;
}

std::vector<std::pair<std::string, bool>> to_switches(const char* flag, const std::string& text) {
  std::vector<std::pair<std::string, bool>> switches;
  for (std::string part : split_list(text)) {
    if (part.size() < 2 || (part[0] != '+' && part[0] != '-')) refuse(flag, "names that begin with + (on) or - (off)", part);
    switches.emplace_back(part.substr(1), part[0] == '+');
  }
  return switches;
}

std::string to_word(const char* flag, const std::string& text, const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), text) == words.end()) refuse(flag, cli::join_alternatives(words), text);
  return text;
}

std::map<std::string, Dims> to_shapes(const char* flag, const std::string& text) {
  std::map<std::string, Dims> shapes;
  for (const auto& [name, value] : to_pairs(flag, text)) {
    Dims dims;
    for (const std::string& dim : cli::split(value, 'x')) dims.push_back(to_int(flag, dim, 0));
    shapes[name] = dims;
  }
  return shapes;
}

std::vector<IoFormat> to_io_formats(const char* flag, const std::string& text) {
  static const std::vector<std::string> kFormats = {"chw",    "chw2", "chw4", "hwc8",  "hwc16",      "chw16",   "chw32",
                                                    "dhwc8", "cdhw32", "hwc", "dhwc", "dla_linear", "dla_hwc4"};
  std::vector<IoFormat> formats;
  for (const auto& [type, list] : to_pairs(flag, text)) {
    if (type_of(type) == DType::none) refuse(flag, "type:format with the type fp32, fp16, bf16, int32, int64, int8, uint8, bool or fp8", type);
    formats.push_back({type, {}});
    for (const std::string& format : cli::split(list, '+')) formats.back().formats.push_back(to_word(flag, format, kFormats));
  }
  return formats;
}

DType type_of(const std::string& name) {
  static const std::map<std::string, DType> kTypes = {
      {"fp32", DType::f32}, {"fp16", DType::f16}, {"bf16", DType::bf16}, {"int32", DType::i32},   {"int64", DType::i64},
      {"int8", DType::i8},  {"uint8", DType::u8}, {"fp8", DType::f8e4m3fn}, {"bool", DType::boolean}, {"int4", DType::i4}};
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? DType::none : found->second;
}

std::string dims_text(const Dims& dims) {
  std::string text;
  for (size_t i = 0; i < dims.size(); ++i) text += (i ? "x" : "") + std::to_string(dims[i]);
  return text;
}

}  // namespace tenon::trtexec
