#include "passes/optimize.h"

#include "ops/body_types.h"
#include "passes/bodies.h"
#include "passes/control_flow.h"
#include "passes/driver.h"
#include "passes/fold_constants.h"
#include "passes/fuse_bottlenecks.h"
#include "passes/fuse_gates.h"
#include "passes/fuse_joined_convs.h"
#include "passes/fuse_pointwise.h"
#include "passes/merge_common.h"
#include "passes/merge_siblings.h"
#include "passes/pack_attention.h"
#include "passes/rewrite.h"
#include "passes/rewrites/families.h"

namespace tenon::core {
namespace {

constexpr int kMaxRounds = 20;

Passes::Body rewrite_with(std::vector<Rewrites> families) {
  return [families = std::move(families)](Graph& g, PassContext& context) { apply_rewrites(g, context, families); };
}

/// One spelling for everything, nothing computed twice or from constants alone.
void simplify(Passes& passes, Graph& g) {
  bool changed = true;
  for (int round = 0; changed && round < kMaxRounds; ++round) {
    changed = passes.run("fold_constants", g, fold_constants);
    changed |= passes.run("merge_common", g, merge_common);
    changed |= passes.run("canonicalize", g, rewrite_with({identity_rules(), movement_rules(), expand_rules()}));
  }
}

/// The body, optimized. A branch whose dims contradict it is found here when its own conditions become known: it stays
/// as it is, and fails if it is ever taken.
GraphRef optimized(const GraphRef& body, PassContext& context, const Log& log, PassReport& report) {
  const PassReport before = report;
  try {
    Graph copy = *body;
    optimize(copy, context.options(), log, report);
    return std::make_shared<const Graph>(std::move(copy));
  } catch (const Error& e) {
    if (!is_contradiction(e)) throw;
    report = before;
    return body;
  }
}

void optimize_body_of(Graph& g, NodeId id, PassContext& context, const Log& log, PassReport& report) {
  std::vector<GraphRef> bodies;
  std::vector<std::vector<Value>> captured;
  const int64_t before = report.changes;
  for (const Captures& c : captures_of(g.node(id))) {
    bodies.push_back(optimized(c.body, context, log, report));
    const auto& inputs = g.node(id).inputs;
    captured.emplace_back(inputs.begin() + c.node_first, inputs.begin() + c.node_first + c.count);
  }
  if (report.changes > before)
    context.apply_quietly(g, replace_bodies(g, id, bodies, captured), "its bodies optimized");
}

/// What is left of control flow, inside and out.
void simplify_control_flow(Passes& passes, Graph& g, const Log& log, PassReport& report) {
  passes.run("sink_constants", g, sink_constants);
  passes.run("optimize_bodies", g, [&](Graph& graph, PassContext& context) {
    for (NodeId id : graph.order())
      if (graph.alive(id) && context.may_change()) optimize_body_of(graph, id, context, log, report);
  });
  passes.run("hoist_invariants", g, hoist_invariants);
  passes.run("batch_scans", g, batch_scans);
  passes.run("merge_loops", g, merge_loops);
}

}  // namespace

void optimize(Graph& g, const PassOptions& options, const Log& log, PassReport& report) {
  Passes passes(options, log, report);
  simplify(passes, g);
  const bool inlined = passes.run("inline_branches", g, inline_branches);
  const bool unrolled = passes.run("unroll_loops", g, unroll_loops);
  if (inlined || unrolled) simplify(passes, g);
  simplify_control_flow(passes, g, log, report);
  passes.run("drop_zero_weights", g, rewrite_with({zero_rules()}));
  passes.run("fold_moves", g, rewrite_with({matmul_rules(), movement_rules()}));
  passes.run("recover_patterns", g,
             rewrite_with({reduction_rules(), softmax_rules(), activation_rules(), norm_rules(), moment_rules(), gather_rules(), rotary_rules()}));
  passes.run("sink_moves", g, rewrite_with({sinking_rules(), movement_rules()}));
  passes.run("fold_padding", g, rewrite_with({padding_rules()}));
  passes.run("fold_scales", g, rewrite_with({matmul_rules(), scale_rules()}));
  passes.run("recover_attention", g, rewrite_with({attention_rules()}));
  passes.run("shorten_chains", g, rewrite_with({chain_rules(), movement_rules()}));
  passes.run("fold_epilogues", g, rewrite_with({epilogue_rules()}));
  passes.run("merge_siblings", g, merge_siblings);
  passes.run("recover_pools", g, rewrite_with({pool_rules()}));
  simplify(passes, g);
  passes.finish(g);  // the next pass takes up the nodes that near misses are about
  passes.run("fuse_gates", g, fuse_gates);
  passes.run("fuse_bottlenecks", g, fuse_bottlenecks);
  passes.run("fuse_expansions", g, fuse_expansions);
  passes.run("fuse_joined_convs", g, fuse_joined_convs);
  passes.run("pack_attention", g, pack_attention);
  passes.run("fuse_pointwise", g, fuse_pointwise);
  passes.finish(g);
  passes.check_disabled();
}

}  // namespace tenon::core
