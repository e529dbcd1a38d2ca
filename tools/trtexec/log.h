#pragma once
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/log.h"

namespace tenon::trtexec {

/// Lines as TensorRT's tools print them: "[11/21/2026-16:05:29] [I] text". Verbose and info lines go to stdout, warnings and
/// errors to stderr. Text of several lines gets the prefix on each. Thread-safe.
class Log {
 public:
  void set_verbose(bool verbose) { verbose_ = verbose; }
  void print(Severity, std::string_view text);
  void info(std::string_view text) { print(Severity::info, text); }
  void warning(std::string_view text) { print(Severity::warning, text); }
  void error(std::string_view text) { print(Severity::error, text); }
  void verbose(std::string_view text) { print(Severity::verbose, text); }
  /// For what the library logs: its lines carry "[TRT] ", as those of TensorRT's library do.
  LogSink library_sink();

 private:
  bool verbose_ = false;
  std::mutex mutex_;
};

/// "&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --onnx=m.onnx" and its ending; `end` returns the exit code.
class TestLine {
 public:
  TestLine(int argc, char** argv);
  void begin() const { print("RUNNING"); }
  int end(bool passed) const;

 private:
  void print(const char* state) const;
  std::string command_;
};

}  // namespace tenon::trtexec
