#include "build/verify_build.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "build/example_inputs.h"
#include "build/odd_weights.h"
#include "ir/compare.h"
#include "ir/evaluate.h"
#include "plan/bodies.h"
#include "runtime/execution.h"
#include "select/select.h"

namespace tenon::core {
namespace {

constexpr uint64_t kSeed = 1;

bool random_inside(const Graph& g) {
  for (NodeId id : g.order())
    if (!g.node(id).op->pure() && !g.node(id).as<InputOp>()) return true;
  return false;
}

/// The tolerance of the least precise type that the output may have been computed in.
Tolerance tolerance_of(const HostValue& value, const TacticOptions& options) {
  DType dtype = DType::none;
  if (const Tensor* t = std::get_if<Tensor>(&value)) dtype = t->dtype();
  if (const auto* s = std::get_if<std::vector<Tensor>>(&value); s && !s->empty()) dtype = (*s)[0].dtype();
  Tolerance tolerance = default_tolerance(dtype);
  if (is_float(dtype))
    for (DType d : options.precisions) tolerance.rtol = std::max(tolerance.rtol, default_tolerance(d).rtol);
  return tolerance;
}

/// NaN and infinities in the results, which agree with themselves: true, with a warning for each of the model's constants that
/// may bring them there.
bool tell_odd_results(const Graph& original, const std::vector<HostValue>& results, BuildReport& report, const Log& log) {
  const bool odd = std::any_of(results.begin(), results.end(), [](const HostValue& v) {
    const Tensor* t = std::get_if<Tensor>(&v);
    return t && holds_odd_numbers(*t);
  });
  if (!odd) return false;
  const auto sentences = odd_constants(original);
  for (const std::string& sentence : sentences) {
    report.warnings.push_back(sentence);
    log.warning("verify", "{}", sentence);
  }
  return !sentences.empty();
}

/// Graph, options and choices: what the results depend on.
Hash engine_hash(const Built& built) {
  Hasher h;
  h.add(built.hash.hex());
  for (const std::string& offer : offer_texts(built.data.choices)) h.add(offer);
  return h.finish();
}

}  // namespace

void verify_build(Built& built, const Graph& original, TimingCache& cache, const Log& log) {
  const Hash engine = engine_hash(built);
  if (cache.passed(engine)) {
    built.report.verdict = "PASSED";
    log.info("verify", "PASSED: the timing cache holds the verdict of an equal build");
    return;
  }
  if (random_inside(original)) {
    built.report.verdict = "";
    log.info("verify", "the model draws random numbers: not verified");
    return;
  }
  const auto inputs = example_inputs(original, built.data.profile.opt, kSeed);
  const auto expected = evaluate(original, inputs, *built.threads);
  release_mapped_files();
  Execution execution(built.program);
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run();
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto c = compare_values(execution.output(static_cast<int>(i)).value(), expected[i], tolerance_of(expected[i], built.data.options));
    log.verbose("verify", "output '{}': max abs {:.3g}, max rel {:.3g}, cosine {:.6f}", original.output_name(static_cast<int>(i)), c.max_abs, c.max_rel, c.cosine);
    if (c.pass) continue;
    built.report.verdict = "FAILED";
    fail(ErrorCode::accuracy, "output '{}' differs from the reference: {} (max relative error {:.3g}); find the layer with `tenon compare --all-tensors`",
         original.output_name(static_cast<int>(i)), c.why, c.max_rel);
  }
  built.report.verdict = "PASSED";
  if (!tell_odd_results(original, expected, built.report, log)) cache.set_passed(engine);
  log.info("verify", "PASSED: {} outputs agree with the reference executor", expected.size());
}

}  // namespace tenon::core
