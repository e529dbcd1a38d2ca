#pragma once
#include <fmt/core.h>

#include <new>
#include <stdexcept>
#include <string>

#include "NvInferRuntimeBase.h"
#include "tenon/error.h"
#include "tenon/log.h"

namespace tenon::adapter {

/// What an API call throws inside the library; it leaves as a message and the call's failure value.
class ApiError : public std::runtime_error {
 public:
  ApiError(nvinfer1::ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  nvinfer1::ErrorCode code() const { return code_; }

 private:
  nvinfer1::ErrorCode code_;
};

/// The message says what was expected, what was found and what to do.
template <class... Args>
[[noreturn]] void refuse(nvinfer1::ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw ApiError(code, fmt::vformat(format, fmt::make_format_args(args...)));
}

/// Fails with kINVALID_ARGUMENT naming the parameter.
template <class T>
T* need(T* pointer, const char* parameter) {
  if (!pointer) refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "'{}' is null", parameter);
  return pointer;
}

nvinfer1::ErrorCode api_code(tenon::ErrorCode);

/// Where the messages of one object go: the logger, and the error recorder once it has one. What these throw is dropped.
class Reporter {
 public:
  explicit Reporter(nvinfer1::ILogger* logger, nvinfer1::IErrorRecorder* recorder = nullptr);
  /// A new object inherits the recorder of its maker.
  Reporter(const Reporter& other) : Reporter(other.logger_, other.recorder_) {}
  Reporter& operator=(const Reporter&) = delete;
  ~Reporter();

  void set_recorder(nvinfer1::IErrorRecorder*) noexcept;
  nvinfer1::IErrorRecorder* recorder() const noexcept { return recorder_; }
  nvinfer1::ILogger* logger() const noexcept { return logger_; }
  /// For LoadOptions and BuildOptions; the reporter's logger must stay as long as the sink.
  LogSink sink() const;

  void log(nvinfer1::ILogger::Severity, const std::string& text) const noexcept;
  void warning(const std::string& text) const noexcept { log(nvinfer1::ILogger::Severity::kWARNING, text); }
  /// "<call>: Error Code 3: Invalid Argument (<text>)" to the logger, and code and text to the recorder.
  void error(const char* call, nvinfer1::ErrorCode, const std::string& text) const noexcept;
  /// Reports the exception that is being handled.
  void current_exception(const char* call) const noexcept;

 private:
  nvinfer1::ILogger* logger_;
  nvinfer1::IErrorRecorder* recorder_ = nullptr;
};

/// The body of an API call: `f`'s result, or `failed` after what `f` threw was reported.
template <class R, class F>
R guarded(const Reporter& reporter, const char* call, R failed, F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    reporter.current_exception(call);
    return failed;
  }
}

template <class F>
void guarded(const Reporter& reporter, const char* call, F&& f) noexcept {
  try {
    f();
  } catch (...) {
    reporter.current_exception(call);
  }
}

/// The logger of the builder, runtime or refitter made last: what `getLogger()` answers.
void remember_logger(nvinfer1::ILogger*) noexcept;

}  // namespace tenon::adapter
