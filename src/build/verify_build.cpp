#include "build/verify_build.h"

#include "base/error.h"
#include "build/compare.h"
#include "build/example_inputs.h"
#include "ir/evaluate.h"
#include "runtime/execution.h"

namespace tenon::core {
namespace {

constexpr uint64_t kSeed = 1;

bool random_inside(const Graph& g) {
  for (NodeId id : g.order())
    if (!g.node(id).op->pure() && !g.node(id).as<InputOp>()) return true;
  return false;
}

/// The least precise type that values are computed in.
DType computed_in(const TacticOptions& options) { return options.precisions.empty() ? DType::none : options.precisions[0]; }

}  // namespace

void verify_build(Built& built, const Graph& original, const BuildOptions&, const Log& log) {
  if (random_inside(original)) {
    built.report.verdict = "";
    log.info("verify", "the model draws random numbers: not verified");
    return;
  }
  const auto inputs = example_inputs(original, built.data.profile.opt, kSeed);
  const auto expected = evaluate(original, inputs, *built.threads);
  Execution execution(built.program);
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run();
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto c = compare_values(execution.output(static_cast<int>(i)).value(), expected[i], {}, computed_in(built.data.options));
    log.verbose("verify", "output '{}': max abs {:.3g}, max rel {:.3g}, cosine {:.6f}", original.output_name(static_cast<int>(i)), c.max_abs, c.max_rel, c.cosine);
    if (c.pass) continue;
    built.report.verdict = "FAILED";
    fail(ErrorCode::accuracy, "output '{}' differs from the reference: {} (max relative error {:.3g}); find the layer with `tenon compare --all-tensors`",
         original.output_name(static_cast<int>(i)), c.why, c.max_rel);
  }
  built.report.verdict = "PASSED";
  log.info("verify", "PASSED: {} outputs agree with the reference executor", expected.size());
}

}  // namespace tenon::core
