#include "build/coverage.h"

#include <set>

namespace tenon::core {

std::string_view tier_of(const Program& program, const Step& step) {
  if (step.kind == Step::Kind::view) return "view";
  if (step.kind == Step::Kind::reorder) return "reorder";
  const Tactic* tactic = find_tactic(program.device().info().kind, program.choices().offers[step.node].tactic);
  return tactic ? tactic->tier() : "reference";
}

void note_coverage(Built& built, const Log& log) {
  const Program& program = *built.program;
  const Graph& g = program.graph();
  std::set<OriginId> fast_nodes;
  int fast = 0, generated = 0, reference = 0;
  std::string names;
  for (const Step& step : program.plan().steps) {
    const auto tier = tier_of(program, step);
    if (tier == "reorder") continue;
    if (tier == "reference") {
      ++reference;
      names += (names.empty() ? "" : ", ") + g.display_name(step.node);
      continue;
    }
    fast_nodes.insert(g.node(step.node).origins.begin(), g.node(step.node).origins.end());
    if (tier == "fast") ++fast;
    if (tier == "generated") ++generated;
  }
  for (const auto& entry : g.dropped()) fast_nodes.insert(entry.first);
  built.report.coverage = fmt::format("{} of {} nodes in {} fast steps; {} generated; {} reference{}", fast_nodes.size(), g.origins().size(), fast, generated,
                                      reference, names.empty() ? "" : " (" + names + ")");
  log.info("build", "{}", built.report.coverage);
}

}  // namespace tenon::core
