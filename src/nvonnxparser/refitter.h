#pragma once
#include <list>
#include <set>

#include "ir/tensor.h"
#include "nvinfer1/plan.h"
#include "nvonnxparser/model_bytes.h"
#include "nvonnxparser/problems.h"

namespace tenon::adapter {

/// Gives the refitter the initializers of a model that have the names of the engine's weights.
class ParserRefitter final : public nvonnxparser::IParserRefitter {
 public:
  ParserRefitter(nvinfer1::IRefitter& refitter, nvinfer1::ILogger& logger) : refitter_(refitter), report_(&logger) {}
  bool refitFromBytes(void const* model, size_t size, char const* path) noexcept override;
  bool refitFromFile(char const* path) noexcept override;
  int32_t getNbErrors() const noexcept override { return problems_.count(); }
  nvonnxparser::IParserError const* getError(int32_t index) const noexcept override { return problems_.at(index); }
  void clearErrors() override { problems_.clear(); }

 private:
  bool refit(const ModelBytes&);
  std::set<std::string> engine_weights();
  bool set(const std::string& name, core::Tensor tensor);

  nvinfer1::IRefitter& refitter_;
  Reporter report_;
  Problems problems_{report_};
  std::list<core::Tensor> kept_;  // until refitCudaEngine has read them
};

}  // namespace tenon::adapter
