#include <map>

#include "base/error.h"
#include "base/file.h"
#include "onnx/import.h"
#include "tenon/model.h"

namespace tenon {
namespace {

struct Home {
  std::string tier, kernel;
};

/// Where each ONNX node ended up in an engine built without measuring.
std::map<std::string, Home> homes_of(const Engine& engine) {
  std::map<std::string, Home> homes;
  for (const auto& dropped : engine.report().dropped) homes[dropped.first] = {"folded", dropped.second};
  for (const LayerInfo& layer : engine.layers())
    for (const std::string& node : layer.onnx_nodes) {
      // A node may be behind several steps: the one that computes counts, not the view or reorder beside it.
      bool computes = layer.tier != "view" && layer.tier != "reorder";
      if (computes || !homes.count(node)) homes[node] = {computes ? layer.tier : "fast", layer.kernel};
    }
  return homes;
}

void add_problem(ModelCheck& check, const core::NodeReport& report) {
  check.problems.push_back(error_id(report.code) + ": " + report.problem);
}

/// How each node would run, found by building without measuring.
void find_tiers(ModelCheck& check, const std::string& path, BuildOptions options) {
  options.opt_level = 0;
  options.verify = false;
  options.timing_cache.clear();
  options.progress = nullptr;
  options.log_level = Severity::warning;
  Engine engine = Engine::build(path, options);
  std::map<std::string, Home> homes = homes_of(engine);
  for (CheckedNode& node : check.nodes) {
    auto home = homes.find(node.name);
    node.tier = home == homes.end() ? "folded" : home->second.tier;
    node.detail = home == homes.end() ? "" : home->second.kernel;
  }
}

}  // namespace

bool ModelCheck::ok() const {
  for (const CheckedNode& node : nodes)
    if (!node.error_id.empty()) return false;
  return problems.empty();
}

ModelCheck check_model(const std::string& onnx_path, const BuildOptions& options) {
  ModelInfo info = model_info(onnx_path);
  ModelCheck check;
  check.opset = info.opset;
  check.parameters = info.parameters;
  check.producer = info.producer;
  for (const core::NodeReport& report : core::check_onnx(onnx_path)) {
    if (report.operation.empty()) {
      add_problem(check, report);
    } else if (report.problem.empty()) {
      check.nodes.push_back({report.name, report.operation, "", "", ""});
    } else {
      check.nodes.push_back({report.name, report.operation, "unsupported", report.problem, error_id(report.code)});
    }
  }
  if (!check.ok()) return check;
  try {
    find_tiers(check, onnx_path, options);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted || e.code() == ErrorCode::internal) throw;
    check.problems.push_back(error_id(e.code()) + ": " + e.what());
  }
  return check;
}

}  // namespace tenon
