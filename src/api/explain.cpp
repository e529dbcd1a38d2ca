#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "tenon/model.h"

namespace tenon {
namespace {

ErrorHelp help_of(const core::ErrorInfo& info) {
  return {error_id(info.code), std::string(info.name), std::string(info.meaning), std::string(info.advice),
          exit_code(info.code)};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// Parts of messages, in lower case: of other tools that people come from, of the system, and short forms of our own.
struct Phrase {
  std::string_view part;
  ErrorCode code;
};
constexpr Phrase kPhrases[] = {
    {"could not find any implementation", ErrorCode::no_kernel},
    {"no kernel", ErrorCode::no_kernel},
    {"insufficient workspace", ErrorCode::no_kernel},
    {"plugin not found", ErrorCode::unsupported_operator},
    {"no importer registered", ErrorCode::unsupported_operator},
    {"not a registered function/op", ErrorCode::unsupported_operator},
    {"unsupported sm", ErrorCode::no_device},
    {"cuda driver version is insufficient", ErrorCode::no_device},
    {"no cuda-capable device", ErrorCode::no_device},
    {"optimization profile", ErrorCode::needs_shapes},
    {"dynamic input", ErrorCode::needs_shapes},
    {"invalid rank for input", ErrorCode::bad_input},
    {"unexpected input data type", ErrorCode::bad_input},
    {"got invalid dimensions for input", ErrorCode::bad_input},
    {"protobuf parsing failed", ErrorCode::not_onnx},
    {"failed to parse onnx", ErrorCode::not_onnx},
    {"external data", ErrorCode::bad_external_data},
    {"no space left", ErrorCode::write_failed},
    {"disk full", ErrorCode::write_failed},
    {"read-only file system", ErrorCode::write_failed},
    {"bad_alloc", ErrorCode::out_of_memory},
    {"out of memory", ErrorCode::out_of_memory},
    {"cannot allocate memory", ErrorCode::out_of_memory},
    {"magic tag does not match", ErrorCode::corrupt_engine},
    {"serialization assertion", ErrorCode::corrupt_engine},
    {"version tag does not match", ErrorCode::newer_engine},
    {"engine plan file is not compatible", ErrorCode::newer_engine},
    {"indices element out of data bounds", ErrorCode::runtime_index},
    {"index out of", ErrorCode::runtime_index},
    {"no such file", ErrorCode::bad_file},
    {"permission denied", ErrorCode::bad_file},
    {"timed out", ErrorCode::out_of_time},
};

/// The table's entry whose id ("E3002") or name stands in the text as a word.
const core::ErrorInfo* by_name(const std::string& text) {
  auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string word = text.substr(begin, end - begin);
    for (const core::ErrorInfo& info : core::error_table()) {
      bool named = word == info.name && (word.find('_') != std::string::npos || word.size() == text.size());
      if (word == lower(error_id(info.code)) || named) return &info;
    }
    begin = end + 1;
  }
  return nullptr;
}

}  // namespace

ErrorHelp explain_error(const std::string& id_or_message) {
  std::string text = lower(id_or_message);
  if (const core::ErrorInfo* info = by_name(text)) return help_of(*info);
  for (const Phrase& phrase : kPhrases)
    if (text.find(phrase.part) != std::string::npos) return explain_error(error_id(phrase.code));
  return {};
}

std::vector<ErrorHelp> all_errors() {
  std::vector<ErrorHelp> errors;
  for (const core::ErrorInfo& info : core::error_table()) errors.push_back(help_of(info));
  return errors;
}

std::string exit_code_name(int code) { return std::string(core::exit_code_name(code)); }

std::string version() { return TENON_VERSION; }

}  // namespace tenon
