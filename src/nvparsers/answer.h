#pragma once
#include "nvinfer1/reporter.h"
#include "NvInferRuntime.h"

namespace tenon::adapter {

/// What both parsers share: they have no logger of their own, so they answer through the one that the program made last.
class Answering {
 public:
  void refuse_format(const char* call, const char* advice) const noexcept {
    Reporter(getLogger(), recorder_).error(call, nvinfer1::ErrorCode::kUNSUPPORTED_STATE, advice);
  }
  void set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept { keeper_.set_recorder(recorder_ = recorder); }
  nvinfer1::IErrorRecorder* recorder() const noexcept { return recorder_; }

 private:
  Reporter keeper_{nullptr};  // holds a reference to the recorder
  nvinfer1::IErrorRecorder* recorder_ = nullptr;
};

}  // namespace tenon::adapter
