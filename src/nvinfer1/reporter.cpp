#include "nvinfer1/reporter.h"

#include <atomic>

#include "NvInferRuntime.h"

namespace tenon::adapter {

using Code = nvinfer1::ErrorCode;
using Level = nvinfer1::ILogger::Severity;

namespace {

std::atomic<nvinfer1::ILogger*> last_logger{nullptr};

const char* code_name(Code code) {
  switch (code) {
    case Code::kSUCCESS: return "Success";
    case Code::kUNSPECIFIED_ERROR: return "Unspecified Error";
    case Code::kINTERNAL_ERROR: return "Internal Error";
    case Code::kINVALID_ARGUMENT: return "Invalid Argument";
    case Code::kINVALID_CONFIG: return "Invalid Config";
    case Code::kFAILED_ALLOCATION: return "Failed Allocation";
    case Code::kFAILED_INITIALIZATION: return "Failed Initialization";
    case Code::kFAILED_EXECUTION: return "Failed Execution";
    case Code::kFAILED_COMPUTATION: return "Failed Computation";
    case Code::kINVALID_STATE: return "Invalid State";
    case Code::kUNSUPPORTED_STATE: return "Unsupported State";
  }
  return "Error";
}

}  // namespace

Code api_code(tenon::ErrorCode code) {
  using E = tenon::ErrorCode;
  switch (code) {
    case E::internal: return Code::kINTERNAL_ERROR;
    case E::usage:
    case E::unknown_name:
    case E::bad_input:
    case E::bad_file:
    case E::shape_mismatch:
    case E::needs_shapes: return Code::kINVALID_ARGUMENT;
    case E::not_onnx:
    case E::invalid_model:
    case E::bad_external_data:
    case E::build_failed: return Code::kINVALID_CONFIG;
    case E::no_kernel:
    case E::unsupported_operator: return Code::kUNSUPPORTED_STATE;
    case E::too_large:
    case E::out_of_memory: return Code::kFAILED_ALLOCATION;
    case E::corrupt_engine:
    case E::newer_engine:
    case E::bad_timing_cache: return Code::kINVALID_ARGUMENT;
    case E::no_device: return Code::kFAILED_INITIALIZATION;
    case E::accuracy:
    case E::runtime_index:
    case E::runtime_value: return Code::kFAILED_EXECUTION;
    default: return Code::kUNSPECIFIED_ERROR;
  }
}

Reporter::Reporter(nvinfer1::ILogger* logger, nvinfer1::IErrorRecorder* recorder) : logger_(logger) { set_recorder(recorder); }
Reporter::~Reporter() { set_recorder(nullptr); }

void Reporter::set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept {
  try {
    if (recorder) recorder->incRefCount();
    if (recorder_) recorder_->decRefCount();
  } catch (...) {
  }
  recorder_ = recorder;
}

LogSink Reporter::sink() const {
  return [logger = logger_](Severity severity, std::string_view component, std::string_view text) {
    static constexpr Level kLevels[] = {Level::kERROR, Level::kWARNING, Level::kINFO, Level::kVERBOSE};
    if (logger) logger->log(kLevels[static_cast<int>(severity)], fmt::format("[{}] {}", component, text).c_str());
  };
}

void Reporter::log(Level severity, const std::string& text) const noexcept {
  try {
    if (logger_) logger_->log(severity, text.c_str());
  } catch (...) {
  }
}

void Reporter::error(const char* call, Code code, const std::string& text) const noexcept {
  try {
    const bool internal = code == Code::kINTERNAL_ERROR;
    log(internal ? Level::kINTERNAL_ERROR : Level::kERROR, fmt::format("{}: Error Code {}: {} ({})", call, static_cast<int>(code), code_name(code), text));
    if (!recorder_) return;
    const std::string cut = fmt::format("{}: {}", call, text).substr(0, nvinfer1::IErrorRecorder::kMAX_DESC_LENGTH);
    recorder_->reportError(code, cut.c_str());
  } catch (...) {
  }
}

void Reporter::current_exception(const char* call) const noexcept {
  try {
    throw;
  } catch (const ApiError& e) {
    error(call, e.code(), e.what());
  } catch (const Error& e) {
    error(call, api_code(e.code()), fmt::format("{}: {}", error_id(e.code()), e.what()));
  } catch (const std::bad_alloc&) {
    error(call, Code::kFAILED_ALLOCATION, "there is not enough memory");
  } catch (const std::exception& e) {
    error(call, Code::kUNSPECIFIED_ERROR, e.what());
  } catch (...) {
    error(call, Code::kUNSPECIFIED_ERROR, "a callback threw something that is no std::exception");
  }
}

void remember_logger(nvinfer1::ILogger* logger) noexcept { last_logger = logger; }

}  // namespace tenon::adapter

extern "C" nvinfer1::ILogger* getLogger() noexcept { return tenon::adapter::last_logger; }
