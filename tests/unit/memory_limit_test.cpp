#include "build/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "build/build.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/bodies.h"
#include "runtime/check_shapes.h"
#include "select/measure.h"
#include "select/offer_memory.h"

namespace tenon::core {
namespace {

/// A 3x3 convolution of 64 channels: kernels with very different packed weights (Winograd) run it.
Graph convolution() {
  std::string weights = "f32[64,64,3,3]{";
  for (int i = 0; i < 64 * 64 * 9; ++i) weights += (i ? ", 0." : "0.") + std::to_string(1 + i % 9);
  return parse("graph g(x: f32[1,64,28,28]) {\n%w = Constant{value=" + weights +
                   "}}\n%1 = Conv{pads=[1, 1, 1, 1]}(%x, %w) return y = %1\n}\n",
               op_registry());
}

Built build_it(int64_t limit, const std::string& cache) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.max_memory = limit;
  options.timing_cache = cache;
  return build([](const auto&, const Log&) { return convolution(); }, options);
}

NodeId convolution_in(const Graph& g) {
  for (NodeId id : g.order())
    if (g.node(id).op->name() == "Conv") return id;
  return -1;
}

/// A timing cache in which the offers of the convolution cost the less the more memory they take.
class MemoryLimit : public testing::Test {
 protected:
  void SetUp() override {
    cache_ = (std::filesystem::temp_directory_path() / ("tenon_memory_limit_" + std::to_string(getpid()))).string();
    std::filesystem::remove(cache_);
    const Built built = build_it(0, "");
    const Graph& g = built.data.graph;
    const NodeId id = convolution_in(g);
    ASSERT_GE(id, 0);
    NodeShapes shapes;
    for (Value v : g.node(id).inputs) shapes.in.push_back(v ? evaluate(g.type(v).shape, {}) : Dims{});
    shapes.out.push_back(evaluate(g.type({id, 0}).shape, {}));
    const Problem problem{g, id, built.data.device, built.data.options};
    TimingCache cache;
    OfferMemory memory;
    for (const Offer& offer : built.candidates.offers[id]) {
      const Measurement m{id, offer, shapes, problem_hash(problem, shapes)};
      const int64_t bytes = memory.bytes(g, m, *built.device, built.data.options, *built.threads);
      cache.set_cost(m.problem, offer.str(), {1e6 / static_cast<double>(bytes + 1), 25, ""});
    }
    cache.save(cache_, Log());
  }
  void TearDown() override { std::filesystem::remove(cache_); }
  std::string cache_;
};

int64_t need_of(const Built& built) { return memory_need(built.program, built.data.profile).total(); }

TEST_F(MemoryLimit, ALimitThatAdmitsTheFastestChangesNothing) {
  const Built free = build_it(0, cache_);
  const auto bytes = engine_bytes({{free.data}, ""});
  for (const int64_t limit : {need_of(free), int64_t{1} << 30, int64_t{64} << 30}) EXPECT_EQ(engine_bytes({{build_it(limit, cache_).data}, ""}), bytes) << limit;
}

TEST_F(MemoryLimit, ATighterOneTakesKernelsThatFit) {
  const Built free = build_it(0, cache_);
  const int64_t limit = need_of(free) - 1;
  const Built limited = build_it(limit, cache_);
  EXPECT_LE(need_of(limited), limit);
  EXPECT_NE(offer_texts(limited.data.choices), offer_texts(free.data.choices));
  ASSERT_FALSE(limited.report.warnings.empty());
  EXPECT_NE(limited.report.warnings[0].find("--max-memory"), std::string::npos);
  EXPECT_EQ(limited.report.verdict, "PASSED");
}

TEST_F(MemoryLimit, NothingFits) {
  try {
    build_it(1000, cache_);
    FAIL() << "1000 bytes were enough";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::out_of_memory);
    EXPECT_NE(std::string(e.what()).find("--max-memory"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("for tensors and"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace tenon::core
