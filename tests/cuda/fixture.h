#pragma once
#include <gtest/gtest.h>

#include "../unit/tactic_test_util.h"
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// Why nothing can run here; empty on a machine with a GPU.
std::string why_no_gpu();

/// Skips where there is no GPU.
class OnGpu : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_gpu();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

/// What the GPU that is current is called and can do.
DeviceInfo gpu_info();

/// Of the kernels that tests took from libraries' lists: all, and those whose knobs are known.
struct KnobCounts {
  int numbered = 0, with_knobs = 0;
};
KnobCounts& knob_counts();

/// Runs every offer of the tactics on one node and compares with `evaluate`; values stored in f16 and bf16 are given
/// correspondingly wider tolerances. Knobs must name the same kernel again. Returns "tactic kernel format" of each offer that ran.
std::vector<std::string> check_on_gpu(const std::vector<const Tactic*>& tactics, const TacticCase&, Tolerance = {});
/// The same, and fails unless an offer of `tactic` ran.
void expect_on_gpu(const std::vector<const Tactic*>& tactics, std::string_view tactic, const TacticCase&, Tolerance = {});

}  // namespace tenon::core::cuda
