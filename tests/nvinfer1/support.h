#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "NvInferRuntime.h"
#include "nvinfer1/plan.h"

namespace tenon::test {

/// "cpu", or what TENON_TEST_DEVICE names.
const char* test_device();

/// Memory that engines reach on that device, as an allocator of a client gives it.
void* take_memory(uint64_t bytes, uint64_t alignment);
void free_memory(void*);

/// Keeps all messages.
class Logger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, nvinfer1::AsciiChar const* msg) noexcept override {
    text += std::to_string(static_cast<int>(severity)) + " " + msg + "\n";
  }
  bool said(const std::string& words) const { return text.find(words) != std::string::npos; }
  /// What was said since the last call.
  std::string take() { return std::exchange(text, {}); }
  std::string text;
};

/// Keeps all errors; no noexcept on the overrides, as in programs written before TensorRT 8.
class Recorder : public nvinfer1::IErrorRecorder {
 public:
  int32_t getNbErrors() const override { return static_cast<int32_t>(errors.size()); }
  nvinfer1::ErrorCode getErrorCode(int32_t i) const override { return errors.at(static_cast<size_t>(i)).first; }
  ErrorDesc getErrorDesc(int32_t i) const override { return errors.at(static_cast<size_t>(i)).second.c_str(); }
  bool hasOverflowed() const override { return false; }
  void clear() override { errors.clear(); }
  bool reportError(nvinfer1::ErrorCode code, ErrorDesc text) override {
    errors.emplace_back(code, text);
    return false;
  }
  RefCount incRefCount() override { return ++count; }
  RefCount decRefCount() override { return --count; }
  nvinfer1::ErrorCode last() const { return errors.empty() ? nvinfer1::ErrorCode::kSUCCESS : errors.back().first; }
  std::vector<std::pair<nvinfer1::ErrorCode, std::string>> errors;
  int32_t count = 0;
};

using Shapes = std::map<std::string, ShapeRange>;

/// A plan of a graph in text form ("x: f32[N,4]", nodes, "y = %1"), with one engine per entry of `profiles`.
struct PlanText {
  std::string inputs, body, outputs;
  std::vector<Shapes> profiles = {{}};
  std::vector<std::string> weights = {};  // names of the first constants
  adapter::PlanInfo info;  // tensors and profiles are filled in when they are empty
};
std::vector<std::byte> make_plan(const PlanText&);
/// y = relu(x) * w + 1 over f32[N,4], N in [1,8], two profiles: N in [1,4] and [4,8]. `w` is a named weight.
std::vector<std::byte> small_plan();

/// y = softmax(x * ones) * ones over f32[N,4], N in [1,8], with a 4x4 matrix of ones: the softmax lies in neither the input nor the output.
std::vector<std::byte> hidden_plan();

/// Elements that kernels of the test device reach.
template <class T>
class Array {
 public:
  explicit Array(size_t size) : values_(size) {}
  Array(std::initializer_list<T> values) : values_(values) {}
  operator T*() { return values_.data(); }

 private:
  std::vector<T> values_;
};

/// A runtime and what it needs, on the test device.
struct Fixture : ::testing::Test {
  void SetUp() override;
  std::unique_ptr<nvinfer1::ICudaEngine> load(const std::vector<std::byte>& bytes);
  /// The last error had this code, and its message these words; forgets all errors.
  void expect_error(nvinfer1::ErrorCode code, const std::string& words);

  Logger logger;
  Recorder recorder;
  std::unique_ptr<nvinfer1::IRuntime> runtime;
};

inline nvinfer1::Dims dims(std::initializer_list<int32_t> list) {
  nvinfer1::Dims d{static_cast<int32_t>(list.size()), {}};
  std::copy(list.begin(), list.end(), d.d);
  return d;
}
inline std::vector<int32_t> list(const nvinfer1::Dims& d) { return d.nbDims < 0 ? std::vector<int32_t>{-99} : std::vector<int32_t>(d.d, d.d + d.nbDims); }

}  // namespace tenon::test
