#include <algorithm>
#include <string>

#include "NvOnnxConfig.h"

namespace {

class OnnxConfig final : public nvonnxparser::IOnnxConfig {
 public:
  void setModelDtype(nvinfer1::DataType const type) noexcept override { type_ = type; }
  nvinfer1::DataType getModelDtype() const noexcept override { return type_; }
  char const* getModelFileName() const noexcept override { return model_.c_str(); }
  void setModelFileName(char const* name) noexcept override { model_ = name ? name : ""; }
  Verbosity getVerbosityLevel() const noexcept override { return verbosity_; }
  void addVerbosity() noexcept override { ++verbosity_; }
  void reduceVerbosity() noexcept override { verbosity_ = std::max(0, verbosity_ - 1); }
  void setVerbosityLevel(Verbosity verbosity) noexcept override { verbosity_ = verbosity; }
  char const* getTextFileName() const noexcept override { return text_.c_str(); }
  void setTextFileName(char const* name) noexcept override { text_ = name ? name : ""; }
  char const* getFullTextFileName() const noexcept override { return full_text_.c_str(); }
  void setFullTextFileName(char const* name) noexcept override { full_text_ = name ? name : ""; }
  bool getPrintLayerInfo() const noexcept override { return print_layers_; }
  void setPrintLayerInfo(bool print) noexcept override { print_layers_ = print; }
  void destroy() noexcept override { delete this; }

 private:
  nvinfer1::DataType type_ = nvinfer1::DataType::kFLOAT;
  Verbosity verbosity_ = static_cast<Verbosity>(nvinfer1::ILogger::Severity::kWARNING);
  std::string model_, text_, full_text_;
  bool print_layers_ = false;
};

}  // namespace

namespace nvonnxparser {

IOnnxConfig* createONNXConfig() { return new OnnxConfig(); }

}  // namespace nvonnxparser
