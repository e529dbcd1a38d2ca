#include "passes/optimize.h"

#include "passes/driver.h"
#include "passes/fold_constants.h"
#include "passes/fuse_pointwise.h"
#include "passes/merge_common.h"
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
    changed |= passes.run("canonicalize", g, rewrite_with({identity_rules(), movement_rules()}));
  }
}

}  // namespace

void optimize(Graph& g, const PassOptions& options, const Log& log, PassReport& report) {
  Passes passes(options, log, report);
  simplify(passes, g);
  passes.run("recover_patterns", g, rewrite_with({reduction_rules(), softmax_rules(), activation_rules(), norm_rules()}));
  passes.run("fold_padding", g, rewrite_with({padding_rules()}));
  passes.run("fold_scales", g, rewrite_with({matmul_rules(), scale_rules()}));
  passes.run("recover_attention", g, rewrite_with({attention_rules()}));
  passes.run("fold_epilogues", g, rewrite_with({epilogue_rules()}));
  passes.run("recover_pools", g, rewrite_with({pool_rules()}));
  simplify(passes, g);
  passes.run("fuse_pointwise", g, fuse_pointwise);
}

}  // namespace tenon::core
