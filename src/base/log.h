#pragma once
#include <fmt/core.h>

#include <string>
#include <string_view>

#include "tenon/log.h"

namespace tenon::core {

/// Where log lines go. Passed by reference to what logs; there is no global logger.
class Log {
 public:
  Log() = default;  // drops everything
  explicit Log(LogSink sink, Severity level = Severity::info) : sink_(std::move(sink)), level_(level) {}

  bool enabled(Severity severity) const { return sink_ && severity <= level_; }
  void write(Severity severity, std::string_view component, std::string_view text) const {
    if (enabled(severity)) sink_(severity, component, text);
  }
  template <class... Args>
  void warning(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Severity::warning)) write(Severity::warning, component, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  template <class... Args>
  void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Severity::info)) write(Severity::info, component, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  template <class... Args>
  void verbose(std::string_view component, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Severity::verbose)) write(Severity::verbose, component, fmt::vformat(format, fmt::make_format_args(args...)));
  }

 private:
  LogSink sink_;
  Severity level_ = Severity::info;
};

}  // namespace tenon::core
