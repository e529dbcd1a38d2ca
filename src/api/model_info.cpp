#include "api/engine_impl.h"
#include "base/file.h"
#include "base/sha256.h"
#include "onnx/import.h"
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

ModelSignature model_signature(const std::string& onnx_path) {
  const core::Graph graph = core::import_onnx(onnx_path).graph;
  ModelSignature signature;
  for (size_t i = 0; i < graph.inputs().size(); ++i) signature.inputs.push_back(core::describe_value(graph, graph.inputs()[i], graph.input_name(static_cast<int>(i))));
  for (size_t i = 0; i < graph.outputs().size(); ++i) signature.outputs.push_back(core::describe_value(graph, graph.outputs()[i], graph.output_name(static_cast<int>(i))));
  return signature;
}

}  // namespace tenon
