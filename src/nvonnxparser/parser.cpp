#include "nvonnxparser/parser.h"

#include <algorithm>

#include "base/error.h"
#include "nvinfer1/network/add_model.h"

namespace tenon::adapter {

using Code = nvonnxparser::ErrorCode;
using core::fail;
using Level = nvinfer1::ILogger::Severity;

namespace {

/// "1.2.3" as the parser of TensorRT prints it.
std::string ir_version(int64_t version) { return fmt::format("{}.{}.{}", version / 1000000, version % 1000000 / 10000, version % 10000); }

}  // namespace

Parser::Parser(nvinfer1::INetworkDefinition& network, nvinfer1::ILogger& logger) : network_(network), report_(&logger) {}

bool Parser::parse(void const* model, size_t size, char const* path) noexcept {
  try {
    return add(copy_model(model, size, path), core::Log());
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

bool Parser::parseFromFile(char const* path, int verbosity) noexcept {
  try {
    const core::Log log([this](Severity, std::string_view, std::string_view text) { report_.log(Level::kINFO, std::string(text)); },
                        verbosity >= static_cast<int>(Level::kINFO) ? Severity::info : Severity::error);
    ModelBytes model;
    try {
      model = map_model(path);
    } catch (...) {
      report_.log(Level::kERROR, fmt::format("Failed to parse ONNX model from file: {}", path ? path : ""));
      throw;
    }
    log.info("", "Input filename:   {}", path);
    return add(model, log);
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

bool Parser::add(const ModelBytes& model, const core::Log& log) {
  if (network_.getNbLayers() > 0) fail(ErrorCode::usage, "Parse was called with a non-empty network definition: it has {} layers; create a network for each model", network_.getNbLayers());
  core::ImportedModel imported;
  try {
    imported = core::import_onnx_bytes(model.owner, model.bytes, model.folder);
  } catch (const Error&) {
    if (report_problems(core::check_onnx_bytes(model.owner, model.bytes, model.folder))) return false;
    throw;
  }
  const auto opset = imported.opsets.find("");
  log.info("", "ONNX IR version:  {}", ir_version(imported.ir_version));
  log.info("", "Opset version:    {}", opset == imported.opsets.end() ? 0 : opset->second);
  log.info("", "Producer name:    {}", imported.producer);
  add_model(Network::of(network_), imported.graph);
  return true;
}

bool Parser::report_problems(const std::vector<core::NodeReport>& reports) {
  bool any = false;
  for (core::NodeReport report : reports) {
    if (report.problem.empty()) continue;
    any = true;
    if (report.code == ErrorCode::unsupported_operator && report.node >= 0) try_plugin(report);
    const Code code = parser_code(report);
    problems_.add(TENON_HERE, code, std::move(report));
  }
  return any;
}

void Parser::try_plugin(core::NodeReport& report) {
  const std::string op = report.operation.substr(report.operation.rfind('.') + 1);
  if (supportsOperator(op.c_str())) return;
  report_.log(Level::kINFO, fmt::format("No importer registered for op: {}. Attempting to import as plugin.", op));
  report_.log(Level::kINFO, fmt::format("Searching for plugin: {}, plugin_version: 1, plugin_namespace: ", op));
  if (network_.getBuilder().getPluginRegistry().getPluginCreator(op.c_str(), "1", "")) {
    report.problem = fmt::format("No importer registered for op: {}. Attempting to import as plugin. Its creator is registered, but this release runs no plugins; {}", op, report.problem);
    return;
  }
  report.problem = fmt::format("No importer registered for op: {}. Attempting to import as plugin. Plugin not found, are the plugin name, version, and namespace correct? {}", op, report.problem);
}

bool Parser::supportsOperator(char const* name) const noexcept {
  return guarded(report_, "IParser::supportsOperator", false, [&] {
    const std::string wanted = need(name, "op_name");
    const auto known = core::import_table().entries();
    return std::any_of(known.begin(), known.end(), [&](const auto& entry) { return entry.second == wanted; });
  });
}

char const* const* Parser::getUsedVCPluginLibraries(int64_t& count) const noexcept {
  count = 0;
  return nullptr;
}

void Parser::setFlags(nvonnxparser::OnnxParserFlags flags) noexcept {
  const uint32_t known = (1u << nvonnxparser::EnumMax<nvonnxparser::OnnxParserFlag>()) - 1;
  if (flags & ~known) report_.warning(fmt::format("IParser::setFlags: bits {:#x} name no flag of this API level; they are kept and change nothing", flags & ~known));
  flags_ = flags;
}

}  // namespace tenon::adapter
