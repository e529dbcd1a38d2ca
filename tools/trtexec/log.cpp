#include "trtexec/log.h"

#include <fmt/chrono.h>

#include <cstdio>
#include <ctime>

namespace tenon::trtexec {
namespace {

const char* letter(Severity severity) {
  switch (severity) {
    case Severity::error: return "E";
    case Severity::warning: return "W";
    case Severity::info: return "I";
    default: return "V";
  }
}

}  // namespace

void Log::print(Severity severity, std::string_view text) {
  if (severity == Severity::verbose && !verbose_) return;
  const std::string prefix = fmt::format("[{:%m/%d/%Y-%H:%M:%S}] [{}] ", fmt::localtime(std::time(nullptr)), letter(severity));
  std::FILE* stream = severity == Severity::error || severity == Severity::warning ? stderr : stdout;
  std::lock_guard lock(mutex_);
  // What was said on the other stream comes first where both end in one place.
  std::fflush(stream == stderr ? stdout : stderr);
  for (size_t begin = 0;;) {
    const size_t end = text.find('\n', begin);
    fmt::print(stream, "{}{}\n", prefix, text.substr(begin, end - begin));
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  std::fflush(stream);
}

LogSink Log::library_sink() {
  return [this](Severity severity, std::string_view, std::string_view text) { print(severity, fmt::format("[TRT] {}", text)); };
}

TestLine::TestLine(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) command_ += (i ? " " : "") + std::string(argv[i]);
}

void TestLine::print(const char* state) const {
  std::fflush(stderr);
  fmt::print("&&&& {} TensorRT.trtexec [TensorRT v8601] # {}\n", state, command_);
  std::fflush(stdout);
}

int TestLine::end(bool passed) const {
  print(passed ? "PASSED" : "FAILED");
  return passed ? 0 : 1;
}

}  // namespace tenon::trtexec
