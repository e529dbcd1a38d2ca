#include "build/tell.h"

#include "base/error.h"
#include "runtime/tuned_shapes.h"

namespace tenon::core {
namespace {

std::string types_text(const Graph& g, const std::vector<Value>& values) {
  std::string text;
  for (Value v : values) text += (text.empty() ? "" : ", ") + (v ? g.type(v).str() : std::string("_"));
  return text;
}

std::string workspace_text(const Program& program, NodeId id, const Bindings& tuned) {
  const auto shapes = tuned_shapes(program.graph(), id, tuned);
  if (!shapes) return "its shapes are known only when it runs";
  try {
    const auto prepared = program.prepare(id, *shapes);
    const std::string bytes = fmt::format("{} bytes of workspace", prepared->executable ? prepared->executable->workspace_bytes() : 0);
    return prepared->fallback.empty() ? bytes : bytes + "; " + prepared->fallback;
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

void tell_types(const Graph& g, const Log& log) {
  if (!log.enabled(Severity::verbose)) return;
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (n.as<InputOp>() || n.as<ConstantOp>()) continue;
    std::vector<Value> outputs;
    for (int i = 0; i < static_cast<int>(n.outputs.size()); ++i) outputs.push_back({id, i});
    log.verbose("types", "{}: {} -> {}", g.describe_node(id), types_text(g, n.inputs), types_text(g, outputs));
  }
}

void tell_steps(const Built& built, const Log& log) {
  if (!log.enabled(Severity::verbose)) return;
  const Program& program = *built.program;
  for (const Step& step : program.plan().steps) {
    if (step.kind == Step::Kind::reorder) {
      log.verbose("plan", "reorder: {}", step.reason);
      continue;
    }
    const std::string node = program.graph().describe_node(step.node);
    const std::string workspace = step.kind == Step::Kind::view ? "moves nothing" : workspace_text(program, step.node, built.data.profile.opt);
    log.verbose("plan", "{}: runs by {}, {}", node, program.choices().offers[step.node].str(), workspace);
    for (const auto& rejection : built.candidates.rejections[step.node]) log.verbose("plan", "{}: not {}: {}", node, rejection.tactic, rejection.why);
  }
}

}  // namespace tenon::core
