#include "base/file.h"
#include "base/sha256.h"
#include "onnx/model.h"
#include "tenon/model.h"

namespace tenon {

ModelInfo model_info(const std::string& onnx_path) {
  auto file = core::MappedFile::open(onnx_path);
  std::string_view bytes(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  core::OnnxModel model = core::with_context("'" + onnx_path + "'", [&] { return core::read_model(bytes); });
  ModelInfo info;
  auto opset = model.opsets.find("");
  info.opset = opset == model.opsets.end() ? 0 : opset->second;
  info.nodes = model.node_count;
  info.parameters = core::count_parameters(model);
  info.producer = std::string(model.producer);
  info.sha256 = core::sha256(file->bytes());
  return info;
}

}  // namespace tenon
