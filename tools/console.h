#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/options.h"

namespace tenon::cli {

/// The log on stderr: `[time] [I|W|E|V] [component] text`, colours on a terminal only and not with NO_COLOR; or one
/// JSON object a line. Each warning appears once, its repetitions as a count at the end. Thread-safe.
class Console {
 public:
  struct Style {
    bool json = false;
    Severity level = Severity::info;
  };
  explicit Console(Style style);

  void log(Severity severity, std::string_view component, std::string_view text);
  void info(std::string_view text) { log(Severity::info, "tenon", text); }
  void warning(std::string_view text) { log(Severity::warning, "tenon", text); }
  LogSink sink();
  Severity level() const { return style_.level; }

  /// A bar on a terminal, one line each 10 s elsewhere, an event each second with JSON.
  void progress(const Progress&);
  /// Ends a progress bar and says how often warnings were repeated.
  void finish();
  /// The last line.
  void verdict(std::string_view text, bool good);

  struct Warning {
    std::string component, text;
    int count = 0;
  };
  /// Each warning once, in order.
  std::vector<Warning> warnings() const;

 private:
  bool repeated(std::string_view component, std::string_view text);
  void print(Severity severity, std::string_view component, std::string_view text);
  void clear_bar();

  Style style_;
  bool terminal_ = false, colour_ = false, bar_shown_ = false;
  std::string last_phase_;
  std::chrono::steady_clock::time_point last_progress_ = std::chrono::steady_clock::now();
  std::vector<Warning> warnings_;
  mutable std::mutex mutex_;
};

}  // namespace tenon::cli
