#include "passes/driver.h"

#include <algorithm>
#include <chrono>

#include "ir/verify.h"

namespace tenon::core {

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

void PassContext::apply(Graph& g, const Patch& patch, std::string_view equation) {
  const std::string node = change(g, patch);
  log_.info("passes", "{}: {}: {}", pass_, equation, node);
  report_.applied.push_back({pass_, std::string(equation), node, ""});
}

void PassContext::apply_quietly(Graph& g, const Patch& patch, std::string_view what) {
  const std::string node = change(g, patch);
  log_.verbose("passes", "{}: {}: {}", pass_, what, node);
}

void PassContext::near_miss(const Graph& g, NodeId node, std::string_view equation, const std::string& reason) {
  if (g.alive(node)) near_[{node, equation}] = reason;
}

void PassContext::finish(const Graph& g) {
  for (const auto& [where, reason] : near_) {
    if (!g.alive(where.first)) continue;
    RewriteNote note{pass_, std::string(where.second), g.display_name(where.first), reason};
    auto same = [&](const RewriteNote& n) {
      return n.equation == note.equation && n.node == note.node && n.reason == note.reason;
    };
    if (std::any_of(report_.near_misses.begin(), report_.near_misses.end(), same)) continue;
    log_.info("passes", "{}: {} does not fit {}: {}", pass_, note.equation, note.node, reason);
    report_.near_misses.push_back(std::move(note));
  }
  near_.clear();
}

bool Passes::run(std::string_view name, Graph& g, const Body& body) {
  if (context_.options_.disabled.count(std::string(name))) return false;
  const auto start = std::chrono::steady_clock::now();
  const int64_t before = context_.report_.changes;
  context_.pass_ = name;
  context_.facts_changed_ = false;
  body(g, context_);
  g.remove_dead("no output needs it");
  if (context_.facts_changed_) g.reinfer();
  context_.finish(g);
  with_context("after the pass '" + std::string(name) + "'", [&] { verify(g); });
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  const int64_t changes = context_.report_.changes - before;
  const auto nodes = static_cast<int64_t>(g.order().size());
  context_.report_.times.push_back({std::string(name), time.count(), changes, nodes});
  context_.log_.verbose("passes", "{}: {} changes, {} nodes left, {:.1f} ms", name, changes, nodes, time.count() * 1e3);
  return changes > 0;
}

}  // namespace tenon::core
