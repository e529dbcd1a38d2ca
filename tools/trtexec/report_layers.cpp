#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tenon/files.h"
#include "tenon/io_format.h"
#include "trtexec/reports.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

using Json = nlohmann::ordered_json;

/// TensorRT's layer types for our operations; others keep their own name.
std::string layer_type(const LayerInfo& layer) {
  static const std::map<std::string, std::string> kTypes = {
      {"Conv", "Convolution"}, {"ConvTranspose", "Deconvolution"}, {"MatMul", "MatrixMultiply"}, {"Softmax", "SoftMax"}, {"Transpose", "Shuffle"},
      {"Reshape", "Shuffle"},  {"Pool", "Pooling"},                {"Concat", "Concatenation"},  {"Fused", "PointWise"}, {"Reorder", "Reformat"}};
  if (layer.tier == "view") return "NoOp";
  const auto found = kTypes.find(layer.operation);
  return found == kTypes.end() ? layer.operation : found->second;
}

/// "x: f32[1,64,56,56] nhwc" as an object.
Json tensor_json(const std::string& text) {
  const size_t colon = text.rfind(": "), bracket = text.find('[', colon == std::string::npos ? 0 : colon), close = text.find(']', bracket);
  if (colon == std::string::npos || bracket == std::string::npos || close == std::string::npos) return {{"Name", text}};
  Json dims = Json::array();
  for (const std::string& dim : cli::split(text.substr(bracket + 1, close - bracket - 1), ',')) {
    if (dim.empty()) continue;
    const bool number = dim.find_first_not_of("0123456789") == std::string::npos;
    dims.push_back(number ? Json(std::stoll(dim)) : Json(-1));
  }
  const std::string type = text.substr(colon + 2, bracket - colon - 2), layout = close + 2 < text.size() ? text.substr(close + 2) : "row-major";
  const DType dtype = parse_dtype(type);
  const std::string shown = dtype == DType::f32 ? "FP32" : dtype == DType::f16 ? "FP16" : dtype == DType::bf16 ? "BF16" : dtype == DType::i8 ? "Int8" : dtype == DType::i32 ? "Int32" : type;
  const bool row_major = layout.rfind("row-major", 0) == 0, channels = layout.rfind("nhwc", 0) == 0;
  return {{"Name", text.substr(0, colon)},
          {"Dimensions", dims},
          {"Format/Datatype", row_major ? fmt::format("Row major linear {} format", shown) : channels ? fmt::format("Channel major {} format", shown) : layout + " " + shown}};
}

Json tensors_json(const std::vector<std::string>& tensors) {
  Json list = Json::array();
  for (const std::string& text : tensors)
    if (!text.empty()) list.push_back(tensor_json(text));
  return list;
}

Json layer_json(const LayerInfo& layer) {
  Json json = {{"Name", layer.name}, {"LayerType", layer_type(layer)}, {"Inputs", tensors_json(layer.inputs)}, {"Outputs", tensors_json(layer.outputs)}};
  json["ParameterType"] = layer_type(layer);
  json["TacticName"] = layer.kernel;
  json["TacticValue"] = layer.tactic;
  if (!layer.reason.empty()) json["Origin"] = layer.reason;
  if (!layer.onnx_nodes.empty()) json["Metadata"] = layer.onnx_nodes;
  return json;
}

Json engine_json(const Engine& engine, Verbosity verbosity) {
  Json layers = Json::array(), bindings = Json::array();
  if (verbosity != Verbosity::none)
    for (const LayerInfo& layer : engine.layers()) layers.push_back(verbosity == Verbosity::detailed ? layer_json(layer) : Json(layer.name));
  for (const auto& list : {engine.inputs(), engine.outputs()})
    for (const TensorInfo& info : list) bindings.push_back(info.name);
  return {{"Layers", layers}, {"Bindings", bindings}};
}

std::string tensors_line(const Json& tensors) {
  std::string text;
  for (const Json& t : tensors) {
    text += (text.empty() ? "" : ", ") + t["Name"].get<std::string>();
    if (t.contains("Dimensions")) text += t["Dimensions"].dump();
  }
  return text;
}

std::string one_line(const Json& layer) {
  if (layer.is_string()) return layer.get<std::string>();
  return fmt::format("[{}] {}: {} -> {} ({})", layer["LayerType"].get<std::string>(), layer["Name"].get<std::string>(), tensors_line(layer["Inputs"]), tensors_line(layer["Outputs"]),
                     layer["TacticName"].get<std::string>());
}

void print_layers(const Json& engine, Verbosity verbosity, Log& log) {
  log.info("Layer Information:");
  if (verbosity == Verbosity::none) log.warning("--profilingVerbosity=none leaves no layer information to show; use layer_names_only or detailed.");
  std::string text = "Layers:";
  for (const Json& layer : engine["Layers"]) text += "\n" + one_line(layer);
  text += "\n\nBindings:";
  for (const Json& name : engine["Bindings"]) text += "\n" + name.get<std::string>();
  log.info(text);
}

}  // namespace

void report_profiles(const std::vector<Engine>& engines, const ReportingFlags& flags, Log& log) {
  for (size_t i = 0; flags.profiles && i < engines.size(); ++i) {
    std::string text = fmt::format("Optimization Profile {}:", i);
    for (const TensorInfo& input : engines[i].inputs())
      if (input.ranked) text += fmt::format("\n  {}: min = {}, opt = {}, max = {}", input.name, dims_text(dense_dims(input, input.range.min)), dims_text(dense_dims(input, input.range.opt)),
                            dims_text(dense_dims(input, input.range.max)));
    log.info(text);
  }
}

void report_layers(const Engine& engine, const Options& o, Log& log) {
  if (!o.reporting.layer_info && o.reporting.export_layer_info.empty()) return;
  const Json json = engine_json(engine, o.build.verbosity);
  if (o.reporting.layer_info) print_layers(json, o.build.verbosity, log);
  if (!o.reporting.export_layer_info.empty()) save_text(o.reporting.export_layer_info, json.dump(2) + "\n");
}

}  // namespace tenon::trtexec
