#pragma once
#include <functional>
#include <map>
#include <set>

#include "base/log.h"
#include "ir/graph.h"
#include "passes/options.h"

namespace tenon::core {

/// How a pass changes the graph: every change is counted, named and logged here, and refused once
/// `stop_after_rewrite` is reached.
class PassContext {
 public:
  const PassOptions& options() const { return options_; }
  /// False once the number of changes allowed is used up.
  bool may_change() const;
  /// Applies a rewrite and notes it: a fusion at INFO, another spelling at VERBOSE.
  void apply(Graph&, const Patch&, std::string_view equation, bool spelling = false);
  /// Applies a change that is too common to list: counted, and logged at VERBOSE.
  void apply_quietly(Graph&, const Patch&, std::string_view what);
  /// Notes that `equation` nearly fit at `node`. Kept only if `node` lives on (see Passes::finish).
  void near_miss(const Graph&, NodeId node, std::string_view equation, std::string reason, bool spelling = false);

 private:
  friend class Passes;
  PassContext(const PassOptions& options, const Log& log, PassReport& report)
      : options_(options), log_(log), report_(report) {}
  std::string change(Graph&, const Patch&);
  void note_near_misses(const Graph&);

  const PassOptions& options_;
  const Log& log_;
  PassReport& report_;
  std::string pass_;
  bool facts_changed_ = false;  // a replacement says more (or other) than what it replaced
  std::map<std::pair<NodeId, std::string_view>, RewriteNote> near_;
};

/// Runs named passes one by one: each is timed, can be switched off, and is followed by the removal of dead nodes, by
/// inference where a replacement knows more than what it replaced, and by the verifier.
class Passes {
 public:
  using Body = std::function<void(Graph&, PassContext&)>;
  Passes(const PassOptions& options, const Log& log, PassReport& report) : context_(options, log, report) {}
  /// True when the pass changed the graph.
  bool run(std::string_view name, Graph&, const Body&);
  /// Reports the near misses so far at nodes that are still there.
  void finish(const Graph& g) { context_.note_near_misses(g); }
  /// Fails where a pass was to be left out that none of those run so far is.
  void check_disabled() const;

 private:
  PassContext context_;
  std::set<std::string> names_;
};

}  // namespace tenon::core
