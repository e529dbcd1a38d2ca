#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::core {

/// False, and nothing added, when `code_point` is no character.
bool append_utf8(std::string& text, uint32_t code_point);
/// Bytes that are not UTF-8 stand for themselves.
std::u32string code_points(std::string_view text);

}  // namespace tenon::core
