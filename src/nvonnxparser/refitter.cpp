#include "nvonnxparser/refitter.h"

#include "base/error.h"
#include "onnx/read_tensor.h"

namespace tenon::adapter {

using Code = nvonnxparser::ErrorCode;
using core::fail;

bool ParserRefitter::refitFromBytes(void const* model, size_t size, char const* path) noexcept {
  try {
    return refit(copy_model(model, size, path));
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

bool ParserRefitter::refitFromFile(char const* path) noexcept {
  try {
    return refit(map_model(path));
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

std::set<std::string> ParserRefitter::engine_weights() {
  std::vector<const char*> names(static_cast<size_t>(refitter_.getAllWeights(0, nullptr)));
  refitter_.getAllWeights(static_cast<int32_t>(names.size()), names.data());
  return {names.begin(), names.end()};
}

bool ParserRefitter::refit(const ModelBytes& bytes) {
  const core::OnnxModel model = core::read_model({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()});
  if (!model.graph) fail(ErrorCode::invalid_model, "the model has no graph");
  core::TensorSource source(bytes.owner, bytes.folder);
  const std::set<std::string> wanted = engine_weights();
  int given = 0;
  bool all = true;
  const auto give = [&](std::string_view name, const core::OnnxTensor& tensor) {
    if (wanted.count(std::string(name)) == 0) return;
    ++given;
    all &= set(std::string(name), source.read(tensor));
  };
  for (const core::OnnxTensor& tensor : model.graph->initializers) give(tensor.name, tensor);
  for (const core::OnnxNode& node : model.graph->nodes)
    if (node.op_type == "Constant" && !node.outputs.empty())
      for (const core::OnnxAttribute& attribute : node.attributes)
        if (attribute.tensor) give(node.outputs[0], *attribute.tensor);
  if (given == 0) fail(ErrorCode::unknown_name, "none of the engine's {} refittable weights is an initializer of the model: it was built from another one", wanted.size());
  return all;
}

bool ParserRefitter::set(const std::string& name, core::Tensor tensor) {
  kept_.push_back(std::move(tensor));
  const core::Tensor& t = kept_.back();
  const nvinfer1::Weights weights{static_cast<nvinfer1::DataType>(api_type(t.dtype())), t.bytes().data(), core::checked_product(t.dims())};
  if (refitter_.setNamedWeights(name.c_str(), weights)) return true;
  core::NodeReport report;
  report.problem = fmt::format("the engine does not take weights '{}' of type {} and dims {}: the refitter's message says why", name, to_string(t.dtype()), core::dims_to_string(t.dims()));
  problems_.add(TENON_HERE, Code::kREFIT_FAILED, std::move(report));
  return false;
}

}  // namespace tenon::adapter
