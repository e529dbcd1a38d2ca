#include "build/retime.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "build/build.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/bodies.h"
#include "runtime/check_shapes.h"
#include "select/measure.h"

namespace tenon::core {
namespace {

// Products with a constant matrix: their kernels differ in the number of pieces, and so have one set of formats.
Graph products() {
  std::string weights = "f32[64,64]{";
  for (int i = 0; i < 64 * 64; ++i) weights += (i ? ", 0.0" : "0.0") + std::to_string(1 + i % 9);
  return parse("graph g(x: f32[64,64]) {\n%w = Constant{value=" + weights +
                   "}}\n%1 = MatMul(%x, %w) %2 = Softmax{axis=1}(%1)\n%3 = MatMul(%2, %w) return y = %3\n}\n",
               op_registry());
}

class Retimed : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("tenon_retime_" + std::to_string(getpid()))).string();
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Built build_it(int level = 3) const {
    BuildOptions options;
    options.device = "cpu";
    options.threads = 2;
    options.opt_level = level;
    options.timing_cache = path_;
    options.verify = false;
    return build([](const auto&, const Log&) { return products(); }, options);
  }
  std::string path_;
};

bool alike(const Offer& a, const Offer& b) { return a.in == b.in && a.out == b.out && a.share == b.share; }

/// A close call between two offers of one set of formats; nothing (node -1) when no node has such.
CloseCall call_between(const Built& built, bool swapped) {
  const Graph& g = built.data.graph;
  for (NodeId id : g.order())
    for (const Offer& a : built.candidates.offers[id])
      for (const Offer& b : built.candidates.offers[id]) {
        if (a == b || !alike(a, b) || a.tactic == "reference" || b.tactic == "reference") continue;
        CloseCall call{id, hash_text(std::to_string(id)), {a, b}};
        if (swapped) std::swap(call.offers[0], call.offers[1]);
        return call;
      }
  return {};
}

TEST_F(Retimed, TheFasterInTheNetworkIsTaken) {
  for (const bool swapped : {false, true}) {
    Built built = build_it(0);
    const CloseCall call = call_between(built, swapped);
    ASSERT_GE(call.node, 0);
    const std::vector<CloseCall> calls{call};
    const Hash key = key_in_network(build_hash(built.data), call);
    const auto taken = [&](double first, double second) {
      TimingCache cache;
      cache.set_cost(key, call.offers[0].str(), {first, 5, ""});
      cache.set_cost(key, call.offers[1].str(), {second, 5, ""});
      built.data.choices.offers[call.node] = call.offers[0];
      EXPECT_EQ(retime(built.data, {built.hash, calls, built.device, built.threads, [](int64_t, int64_t) { return true; }}, cache, Log()), 0);
      return built.data.choices.offers[call.node];
    };
    EXPECT_EQ(taken(100, 90), call.offers[1]);
    EXPECT_EQ(taken(100, 99), call.offers[0]) << "one percent is noise";
    EXPECT_EQ(taken(100, 110), call.offers[0]);
  }
}

TEST_F(Retimed, WhatIsNotKnownIsTimedOnceAndDecides) {
  Built built = build_it(0);
  const CloseCall call = call_between(built, false);
  ASSERT_GE(call.node, 0);
  const std::vector<CloseCall> calls{call};
  TimingCache cache;
  const Retiming retiming{built.hash, calls, built.device, built.threads, [](int64_t, int64_t) { return true; }};
  built.data.choices.offers[call.node] = call.offers[0];
  EXPECT_EQ(retime(built.data, retiming, cache, Log()), 2);
  const Hash key = key_in_network(build_hash(built.data), call);
  const CostRecord *first = cache.cost(key, call.offers[0].str()), *second = cache.cost(key, call.offers[1].str());
  ASSERT_TRUE(first && second);
  EXPECT_GT(first->us, 0);
  EXPECT_GT(second->us, 0);
  EXPECT_EQ(built.data.choices.offers[call.node], second->us < 0.98 * first->us ? call.offers[1] : call.offers[0]);
  EXPECT_EQ(retime(built.data, retiming, cache, Log()), 0);
}

TEST_F(Retimed, TimeThatIsUpLeavesTheChoice) {
  Built built = build_it(0);
  const CloseCall call = call_between(built, false);
  ASSERT_GE(call.node, 0);
  const std::vector<CloseCall> calls{call};
  TimingCache cache;
  built.data.choices.offers[call.node] = call.offers[0];
  EXPECT_EQ(retime(built.data, {built.hash, calls, built.device, built.threads, [](int64_t, int64_t) { return false; }}, cache, Log()), 0);
  EXPECT_EQ(built.data.choices.offers[call.node], call.offers[0]);
}

TEST_F(Retimed, ASecondBuildTimesNothing) {
  const Built first = build_it(), second = build_it();
  EXPECT_GT(first.report.tactics_timed, 0);
  EXPECT_EQ(second.report.tactics_timed, 0);
  EXPECT_EQ(engine_bytes({{first.data}, ""}), engine_bytes({{second.data}, ""}));
}

}  // namespace
}  // namespace tenon::core
