#include "envelope.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "tenon/files.h"

namespace tenon::cli {
namespace {

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs, const char* first, const char* second) {
  Json list = Json::array();
  for (const auto& pair : pairs) list.push_back({{first, pair.first}, {second, pair.second}});
  return list;
}

Json host_json(const SystemInfo& system) {
  return {{"cpu", system.cpu},
          {"features", system.cpu_features},
          {"logical_cores", system.logical_cores},
          {"physical_cores", system.physical_cores},
          {"usable_cores", system.usable_cores},
          {"ram_bytes", system.ram_bytes},
          {"os", system.os}};
}

}  // namespace

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Envelope::Envelope(std::vector<std::string> command) {
  json_["schema"] = {{"name", "tenon-envelope"}, {"version", 1}};
  json_["tool"] = {{"name", "tenon"}, {"version", version()}};
  json_["command"] = std::move(command);
  json_["host"] = host_json(host_info());
}

void Envelope::add_model(const std::string& path, const ModelInfo& info) {
  json_["model"] = {{"path", path},        {"sha256", info.sha256},         {"opset", info.opset},
                    {"nodes", info.nodes}, {"parameters", info.parameters}, {"producer", info.producer}};
}

void Envelope::add_engine(const std::string& path, const Engine& engine) {
  json_["device"] = {{"name", engine.device()}, {"threads", engine.threads()}};
  MemoryInfo memory = engine.memory();
  Json section = {{"path", path},
                  {"arena_bytes", memory.arena_bytes},
                  {"weight_bytes", memory.weight_bytes},
                  {"packed_bytes", memory.packed_bytes},
                  {"blocks", memory_json(engine)}};
  for (const TensorInfo& input : engine.inputs()) section["inputs"].push_back(tensor_json(input));
  for (const TensorInfo& output : engine.outputs()) section["outputs"].push_back(tensor_json(output));
  std::map<std::string, int> precisions;
  for (const LayerInfo& layer : engine.layers()) ++precisions[layer.precision_out];
  section["precisions"] = precisions;
  json_["engine"] = std::move(section);
}

void Envelope::add_build(const BuildReport& report) {
  Json phases = Json::object();
  double total = 0;
  for (const auto& phase : report.phases) {
    phases[phase.first] = phase.second;
    total += phase.second;
  }
  Json fusions = Json::array();
  for (const FusionInfo& f : report.fusions)
    fusions.push_back({{"rewrite", f.rewrite}, {"nodes", f.nodes}, {"fired", f.fired}, {"why_not", f.why_not}});
  json_["build"] = {{"seconds", total},
                    {"phases", phases},
                    {"tactics_timed", report.tactics_timed},
                    {"cache_hits", report.cache_hits},
                    {"choices_from_cache", report.choices_from_cache},
                    {"stopped_early", report.stopped_early},
                    {"peak_host_bytes", report.peak_host_bytes},
                    {"coverage", report.coverage},
                    {"verdict", report.verdict},
                    {"assumptions", report.assumptions},
                    {"fusions", fusions},
                    {"dropped", pairs_json(report.dropped, "node", "reason")}};
}

void Envelope::add_layers(const std::vector<LayerInfo>& layers) {
  json_["layers"] = Json::array();
  for (const LayerInfo& layer : layers) json_["layers"].push_back(layer_json(layer));
}

void Envelope::add_warnings(const std::vector<Console::Warning>& warnings) {
  json_["warnings"] = Json::array();
  for (const auto& warning : warnings)
    json_["warnings"].push_back({{"component", warning.component}, {"text", warning.text}, {"count", warning.count}});
}

void Envelope::set_exit(int code, const std::string& name) {
  json_["exit"]["code"] = code;
  json_["exit"]["name"] = name;
}

void Envelope::set_error(const ErrorHelp& help, const std::string& text) {
  json_["exit"]["error"] = {{"id", help.id}, {"name", help.name}, {"text", text}, {"advice", help.advice}};
}

void Envelope::save(const std::string& path) const {
  std::string text = json_.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (path == "-") {
    std::fputs(text.c_str(), stdout);
    return;
  }
  save_text(path, text);
}

std::vector<MemoryBlock> memory_blocks(const Engine& engine) {
  const int64_t context = engine.create_context().memory_bytes();
  const MemoryInfo memory = engine.memory();
  return {{"weights, mapped from the file", "load", "engine", memory.weight_bytes},
          {"tensors kept between runs", "context", "context", context},
          {"packed weights", "first run", "engine", memory.packed_bytes},
          {"tensors and workspace", "first run", "context", memory.arena_bytes}};
}

Json memory_json(const Engine& engine) {
  Json list = Json::array();
  for (const MemoryBlock& b : memory_blocks(engine))
    list.push_back({{"what", b.what}, {"taken", b.taken}, {"per", b.per}, {"bytes", b.bytes}});
  return list;
}

Json layer_json(const LayerInfo& layer) {
  return {{"name", layer.name},
          {"operation", layer.operation},
          {"onnx_nodes", layer.onnx_nodes},
          {"tactic", layer.tactic},
          {"kernel", layer.kernel},
          {"tier", layer.tier},
          {"precision_in", layer.precision_in},
          {"precision_out", layer.precision_out},
          {"inputs", layer.inputs},
          {"outputs", layer.outputs},
          {"rejected", pairs_json(layer.rejected, "tactic", "reason")},
          {"reason", layer.reason},
          {"place", layer.place},
          {"tensor_cores", layer.tensor_cores},
          {"us", finite(layer.us)},
          {"bytes", layer.bytes},
          {"flops", layer.flops},
          {"depth", layer.depth}};
}

Json tensor_json(const TensorInfo& tensor) {
  Json json = {{"name", tensor.name}, {"type", tensor.type}, {"dtype", to_string(tensor.dtype)}};
  if (tensor.is_tensor && tensor.ranked) json["dims"] = tensor.dims;
  if (!tensor.range.opt.empty())
    json["range"] = {{"min", tensor.range.min}, {"opt", tensor.range.opt}, {"max", tensor.range.max}};
  return json;
}

Json system_json(const SystemInfo& system) {
  Json json = {{"caches", {{"l1", system.l1_bytes}, {"l2", system.l2_bytes}, {"l3", system.l3_bytes}}}};
  for (const DeviceReport& d : system.devices)
    json["devices"].push_back(
        {{"name", d.name}, {"description", d.description}, {"usable", d.usable}, {"why_not", d.why_not}});
  for (const LibraryInfo& l : system.libraries)
    json["libraries"].push_back({{"name", l.name},
                                 {"version", l.version},
                                 {"purpose", l.purpose},
                                 {"found", l.found},
                                 {"required", l.required},
                                 {"install", l.install},
                                 {"path", l.path},
                                 {"needed", l.needed},
                                 {"problem", l.problem}});
  return json;
}

Json gpu_info_json(const GpuInfo& g) {
  return {{"name", g.name},
          {"driver", g.driver},
          {"address", g.address},
          {"compute", g.compute},
          {"power_limit_w", g.power_limit_w},
          {"default_power_limit_w", g.default_power_limit_w},
          {"max_sm_mhz", g.max_sm_mhz},
          {"max_memory_mhz", g.max_memory_mhz},
          {"slowdown_c", g.slowdown_c},
          {"pcie", {{"generation", g.pcie_generation}, {"lanes", g.pcie_lanes}, {"max_generation", g.max_pcie_generation}, {"max_lanes", g.max_pcie_lanes}}},
          {"numa_node", g.numa_node}};
}

}  // namespace tenon::cli
