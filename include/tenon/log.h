#pragma once
#include <functional>
#include <string_view>

namespace tenon {

enum class Severity { error, warning, info, verbose };
using LogSink = std::function<void(Severity, std::string_view component, std::string_view text)>;

}  // namespace tenon
