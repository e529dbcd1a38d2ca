#include "passes/driver.h"

#include <fmt/ranges.h>

#include <chrono>

#include "base/error.h"
#include "ir/verify.h"

namespace tenon::core {
namespace {

Severity level(bool spelling) { return spelling ? Severity::verbose : Severity::info; }

}  // namespace

bool PassContext::may_change() const {
  return options_.stop_after_rewrite < 0 || report_.changes < options_.stop_after_rewrite;
}

std::string PassContext::change(Graph& g, const Patch& patch) {
  for (const auto& [old, fresh] : patch.replace)
    facts_changed_ |= !(g.type(old) == g.type(fresh)) || g.constant(old) != g.constant(fresh);
  g.apply(patch);
  ++report_.changes;
  for (const auto& [old, fresh] : patch.replace)
    if (fresh && g.alive(fresh.node)) return g.display_name(fresh.node);
  return "";
}

void PassContext::apply(Graph& g, const Patch& patch, std::string_view equation, bool spelling) {
  const std::string node = change(g, patch);
  if (log_.enabled(level(spelling))) log_.write(level(spelling), "passes", fmt::format("{}: {}: {}", pass_, equation, node));
  report_.applied.push_back({pass_, std::string(equation), node, "", spelling});
}

void PassContext::apply_quietly(Graph& g, const Patch& patch, std::string_view what) {
  const std::string node = change(g, patch);
  log_.verbose("passes", "{}: {}: {}", pass_, what, node);
}

void PassContext::near_miss(const Graph& g, NodeId node, std::string_view equation, std::string reason, bool spelling) {
  if (g.alive(node)) near_[{node, equation}] = {pass_, std::string(equation), "", std::move(reason), spelling};
}

void PassContext::note_near_misses(const Graph& g) {
  for (auto& [where, note] : near_) {
    if (!g.alive(where.first)) continue;
    note.node = g.display_name(where.first);
    const Severity severity = level(note.spelling);
    if (log_.enabled(severity))
      log_.write(severity, "passes", fmt::format("{}: {} does not fit {}: {}", note.pass, note.equation, note.node, note.reason));
    report_.near_misses.push_back(std::move(note));
  }
  near_.clear();
}

void Passes::check_disabled() const {
  for (const std::string& name : context_.options_.disabled)
    if (!names_.count(name)) fail(ErrorCode::unknown_name, "there is no pass '{}'; the passes are {}", name, fmt::join(names_, ", "));
}

bool Passes::run(std::string_view name, Graph& g, const Body& body) {
  names_.emplace(name);
  if (context_.options_.disabled.count(std::string(name))) return false;
  const auto start = std::chrono::steady_clock::now();
  const int64_t before = context_.report_.changes;
  context_.pass_ = name;
  context_.facts_changed_ = false;
  body(g, context_);
  g.remove_dead("no output needs it");
  if (context_.facts_changed_) g.reinfer();
  with_context("after the pass '" + std::string(name) + "'", [&] { verify(g); });
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  const int64_t changes = context_.report_.changes - before;
  const auto nodes = static_cast<int64_t>(g.order().size());
  context_.report_.times.push_back({std::string(name), time.count(), changes, nodes});
  context_.log_.verbose("passes", "{}: {} changes, {} nodes left, {:.1f} ms", name, changes, nodes, time.count() * 1e3);
  return changes > 0;
}

}  // namespace tenon::core
