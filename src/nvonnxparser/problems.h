#pragma once
#include <memory>
#include <string>
#include <vector>

#include "NvOnnxParser.h"
#include "nvinfer1/reporter.h"
#include "onnx/import.h"

namespace tenon::adapter {

/// Where a problem was noticed.
struct Place {
  const char* file;
  int line;
  const char* function;
};
#define TENON_HERE \
  ::tenon::adapter::Place { "nvonnxparser/" __FILE_NAME__, __LINE__, __func__ }

/// One problem, as the API shows it.
class Problem final : public nvonnxparser::IParserError {
 public:
  Problem(Place place, nvonnxparser::ErrorCode code, core::NodeReport report);
  nvonnxparser::ErrorCode code() const override { return code_; }
  char const* desc() const override { return description_.c_str(); }
  char const* file() const override { return place_.file; }
  int line() const override { return place_.line; }
  char const* func() const override { return place_.function; }
  int node() const override { return report_.node; }
  char const* nodeName() const override { return report_.name.c_str(); }
  char const* nodeOperator() const override { return report_.operation.c_str(); }
  char const* const* localFunctionStack() const override { return stack_.empty() ? nullptr : stack_.data(); }
  int32_t localFunctionStackSize() const override { return static_cast<int32_t>(stack_.size()); }
  const core::NodeReport& report() const { return report_; }

 private:
  Place place_;
  nvonnxparser::ErrorCode code_;
  core::NodeReport report_;
  std::string description_;
  std::vector<char const*> stack_;
};

/// The problems of a parser or refitter since the last clear.
class Problems {
 public:
  explicit Problems(const Reporter& report) : report_(report) {}
  /// Keeps the problem and says it to the logger.
  void add(Place place, nvonnxparser::ErrorCode code, core::NodeReport report);
  /// The exception that is being handled, as a problem of no single node.
  void add_current_exception(Place place) noexcept;
  int count() const { return static_cast<int>(list_.size()); }
  /// Null beyond the last.
  const Problem* at(int index) const;
  void clear() { list_.clear(); }

 private:
  const Reporter& report_;
  std::vector<std::unique_ptr<Problem>> list_;
};

nvonnxparser::ErrorCode parser_code(const core::NodeReport&);

}  // namespace tenon::adapter
