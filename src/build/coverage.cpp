#include "build/coverage.h"

#include <set>

namespace tenon::core {

std::string_view tier_of(const Program& program, const Step& step) {
  if (step.kind == Step::Kind::view) return "view";
  if (step.kind == Step::Kind::reorder) return "reorder";
  const Tactic* tactic = find_tactic(program.device().info().kind, program.choices().offers[step.node].tactic);
  return tactic ? tactic->tier() : "reference";
}

namespace {

struct Coverage {
  size_t covered = 0, nodes = 0;  // of the model
  int fast = 0, generated = 0, reference = 0;
  std::string reference_names;
};

/// Adds a program and the bodies in it.
void count(const Program& program, Coverage& c) {
  const Graph& g = program.graph();
  std::set<OriginId> covered;
  for (const Step& step : program.plan().steps) {
    const auto tier = tier_of(program, step);
    if (tier == "reorder") continue;
    if (tier == "reference") {
      ++c.reference;
      c.reference_names += (c.reference_names.empty() ? "" : ", ") + g.display_name(step.node);
      continue;
    }
    covered.insert(g.node(step.node).origins.begin(), g.node(step.node).origins.end());
    if (tier == "fast") ++c.fast;
    if (tier == "generated") ++c.generated;
    for (const auto& body : program.bodies(step.node)) count(*body, c);
  }
  for (const auto& entry : g.dropped()) covered.insert(entry.first);
  c.covered += covered.size();
  c.nodes += g.origins().size();
}

}  // namespace

void note_coverage(Built& built, const Log& log) {
  Coverage c;
  count(*built.program, c);
  built.report.coverage = fmt::format("{} of {} nodes in {} fast steps; {} generated; {} reference{}", c.covered, c.nodes, c.fast, c.generated, c.reference,
                                      c.reference_names.empty() ? "" : " (" + c.reference_names + ")");
  log.info("build", "{}", built.report.coverage);
}

}  // namespace tenon::core
