#pragma once
#include <fmt/core.h>

#include <span>
#include <string>

#include "tenon/error.h"

namespace tenon::core {

[[noreturn]] void fail_with(ErrorCode code, std::string message);

/// For what a user can cause. The message says what was expected, what was found and what to do.
template <class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  fail_with(code, fmt::vformat(format, fmt::make_format_args(args...)));
}

/// For what only Tenon's own code can cause: throws ErrorCode::internal.
void assume(bool condition, std::string_view what);

/// Runs `f`; an Error leaving it gets "<context>: " in front of its message, and keeps its code.
template <class F>
decltype(auto) with_context(const std::string& context, F&& f) {
  try {
    return f();
  } catch (const Error& e) {
    fail_with(e.code(), context + ": " + e.what());
  }
}

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;     // "invalid_model"
  std::string_view meaning;  // what it means, plain English
  std::string_view advice;   // what to do
};
/// Every code once: `tenon explain` and the docs print this table.
std::span<const ErrorInfo> error_table();
std::string_view exit_code_name(int exit_code);

}  // namespace tenon::core
