#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace tenon::core {

/// 64 hex digits.
std::string sha256(std::span<const std::byte>);

}  // namespace tenon::core
