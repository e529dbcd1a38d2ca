#include "console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

namespace tenon::cli {
namespace {

constexpr const char* kReset = "\x1b[0m";

struct Look {
  char letter;
  const char* name;
  const char* colour;
};
Look look_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return {'E', "error", "\x1b[31m"};
    case Severity::warning:
      return {'W', "warning", "\x1b[33m"};
    case Severity::info:
      return {'I', "info", ""};
    case Severity::verbose:
      break;
  }
  return {'V', "verbose", "\x1b[2m"};
}

/// "12:34:56.789", local time.
std::string time_of_day() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  localtime_r(&now.tv_sec, &local);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", local.tm_hour, local.tm_min, local.tm_sec, now.tv_nsec / 1000000);
}

void put(const std::string& text) { std::fputs(text.c_str(), stderr); }

void put_json(const nlohmann::ordered_json& line) {
  put(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

/// Seconds left if the rest goes on as so far; below 0 when that can't be said.
double seconds_left(const Progress& p) {
  if (p.done <= 0 || p.total <= p.done || p.seconds <= 0) return -1;
  return p.seconds * static_cast<double>(p.total - p.done) / static_cast<double>(p.done);
}

std::string progress_text(const Progress& p) {
  std::string text = p.phase;
  if (p.total > 0) text += fmt::format(" {}/{}", p.done, p.total);
  text += fmt::format(", {:.0f} s", p.seconds);
  double left = seconds_left(p);
  if (left >= 0) text += fmt::format(", about {:.0f} s left", left);
  return text;
}

std::string bar(const Progress& p) {
  constexpr int kWidth = 24;
  int full = p.total > 0 ? static_cast<int>(kWidth * p.done / p.total) : 0;
  return "[" + std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(kWidth - full), ' ') +
         "] ";
}

}  // namespace

Console::Console(Style style) : style_(style), terminal_(isatty(STDERR_FILENO)) {
  const char* no_colour = std::getenv("NO_COLOR");
  colour_ = terminal_ && !style_.json && !(no_colour && *no_colour);
}

LogSink Console::sink() {
  return
      [this](Severity severity, std::string_view component, std::string_view text) { log(severity, component, text); };
}

void Console::log(Severity severity, std::string_view component, std::string_view text) {
  std::lock_guard lock(mutex_);
  if (severity == Severity::warning && repeated(component, text)) return;
  if (severity > style_.level) return;
  print(severity, component, text);
}

bool Console::repeated(std::string_view component, std::string_view text) {
  for (Warning& warning : warnings_)
    if (warning.component == component && warning.text == text) return ++warning.count > 1;
  warnings_.push_back({std::string(component), std::string(text), 1});
  return false;
}

void Console::print(Severity severity, std::string_view component, std::string_view text) {
  Look look = look_of(severity);
  if (style_.json) {
    put_json({{"time", time_of_day()}, {"level", look.name}, {"component", component}, {"text", text}});
    return;
  }
  clear_bar();
  std::string line = fmt::format("[{}] [{}] [{}] {}", time_of_day(), look.letter, component, text);
  put((colour_ && *look.colour ? look.colour + line + kReset : line) + "\n");
}

void Console::progress(const Progress& p) {
  std::lock_guard lock(mutex_);
  if (style_.level < Severity::info) return;
  auto now = std::chrono::steady_clock::now();
  bool bar_form = terminal_ && !style_.json;
  auto pause = bar_form ? std::chrono::milliseconds(100) : std::chrono::milliseconds(style_.json ? 1000 : 10000);
  bool new_phase = p.phase != last_phase_ && bar_form;
  if (!new_phase && now - last_progress_ < pause) return;
  last_phase_ = p.phase;
  last_progress_ = now;
  if (style_.json) {
    put_json({{"time", time_of_day()},
              {"level", "progress"},
              {"component", p.phase},
              {"done", p.done},
              {"total", p.total},
              {"seconds", p.seconds}});
  } else if (bar_form) {
    put("\r\x1b[K" + bar(p) + progress_text(p));
    bar_shown_ = true;
  } else {
    print(Severity::info, "progress", progress_text(p));
  }
}

void Console::clear_bar() {
  if (bar_shown_) put("\r\x1b[K");
  bar_shown_ = false;
}

void Console::finish() {
  std::lock_guard lock(mutex_);
  clear_bar();
  if (style_.level < Severity::warning) return;
  for (const Warning& warning : warnings_)
    if (warning.count > 1)
      print(Severity::warning, warning.component, fmt::format("{} ({} times)", warning.text, warning.count));
}

void Console::verdict(std::string_view text, bool good) {
  std::lock_guard lock(mutex_);
  clear_bar();
  std::fflush(stdout);
  if (style_.json) return put_json({{"time", time_of_day()}, {"level", "verdict"}, {"text", text}});
  std::string line(text);
  put((colour_ ? (good ? "\x1b[32m" : "\x1b[31m") + line + kReset : line) + "\n");
}

std::vector<Console::Warning> Console::warnings() const {
  std::lock_guard lock(mutex_);
  return warnings_;
}

}  // namespace tenon::cli
