#include "tenon/model.h"

#include <algorithm>

#include "base/error.h"
#include "build/build.h"
#include "onnx/import.h"
#include "tactics/tiers.h"

namespace tenon {

bool ModelCheck::ok() const {
  return problems.empty() && std::all_of(nodes.begin(), nodes.end(), [](const CheckedNode& n) { return n.error_id.empty(); });
}

namespace {

/// By the name of an ONNX node: its tier and what runs it. Those inside bodies too.
using Tiers = std::map<std::string, std::pair<std::string, std::string>>;

void find_tiers(const core::Program& program, Tiers& found) {
  const core::Graph& g = program.graph();
  for (const auto& entry : g.dropped()) found[g.origins()[entry.first].name] = {"folded", entry.second};
  for (const core::Step& step : program.plan().steps) {
    if (step.kind == core::Step::Kind::reorder) continue;
    const core::Offer& offer = program.choices().offers[step.node];
    const std::string tier(core::tier_of(program.problem(step.node), offer));
    for (core::OriginId o : g.node(step.node).origins) found[g.origins()[o].name] = {tier, offer.str()};
    if (step.kind != core::Step::Kind::run) continue;
    for (const auto& body : program.bodies(step.node)) find_tiers(*body, found);
  }
}

/// Which kernel each ONNX node of an importable model ends up in.
void fill_tiers(ModelCheck& check, const std::string& path, BuildOptions options) {
  options.verify = false;
  options.opt_level = 0;
  const core::Built built = core::build({path, {}, nullptr}, options);
  Tiers found;
  find_tiers(*built.program, found);
  for (CheckedNode& n : check.nodes) {
    const auto it = found.find(n.name);
    n.tier = it == found.end() ? "folded" : it->second.first;
    n.detail = it == found.end() ? "" : it->second.second;
  }
}

}  // namespace

ModelCheck check_model(const std::string& path, const BuildOptions& options) {
  ModelCheck check;
  for (const auto& report : core::check_onnx(path)) {
    if (report.name.empty()) {
      if (!report.problem.empty()) check.problems.push_back(error_id(report.code) + ": " + report.problem);
      continue;
    }
    const bool bad = !report.problem.empty();
    check.nodes.push_back({report.name, report.operation, bad ? "unsupported" : "", report.problem, bad ? error_id(report.code) : ""});
  }
  if (!check.ok()) return check;
  const auto model = core::import_onnx(path);
  check.opset = model.opsets.count("") ? model.opsets.at("") : 0;
  check.parameters = model.parameter_count;
  check.producer = model.producer;
  try {
    fill_tiers(check, path, options);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::interrupted || e.code() == ErrorCode::internal) throw;
    check.problems.push_back(error_id(e.code()) + ": " + e.what());
  }
  return check;
}

}  // namespace tenon
