// Choosing kernels: what is timed again, where bodies are found, and knobs that come with kept choices.
#include "select/select.h"

#include <gtest/gtest.h>

#include "fake_gpu.h"
#include "ir/subgraphs.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/bodies.h"
#include "plan/knobs.h"
#include "select/remote.h"

namespace tenon::core {
namespace {

EngineData data_of(const std::string& text, const DeviceInfo& device) {
  EngineData data;
  data.graph = normalized(parse(text, op_registry()));
  data.device = device;
  return data;
}

TEST(Select, WhatWasTimedUnderThrottlingIsTimedAgain) {
  FakeGpu gpu;
  Threads threads(1);
  const EngineData data = data_of("graph g(x: f32[64,64]) {\n%1 = Softmax{axis=1}(%x) return y = %1\n}\n", gpu.info());
  const Candidates candidates = find_candidates(data.graph, data.device, {});
  int64_t timed[2];
  for (const int answers : {0, 1}) {
    TimingCache cache;
    SelectOptions options;
    options.held_down = [left = std::make_shared<int>(answers)] { return (*left)-- > 0; };
    const Selection selection = select(data, candidates, gpu, threads, cache, options, Log());
    EXPECT_EQ(selection.timed_again > 0, answers > 0);
    EXPECT_EQ(selection.throttled, 0);
    timed[answers] = selection.timed - selection.timed_again;
  }
  EXPECT_GT(timed[0], 0);
  EXPECT_EQ(timed[0], timed[1]);
}

TEST(Select, ABodyIsFoundInItsEngine) {
  const Graph g = normalized(parse(R"(graph g(c: bool[], x: f32[4]) {
  %1 = If{then_branch=graph t(a: f32[4]) { %2 = Unary{kind=neg}(%a) return r = %2 }, else_branch=graph e(a: f32[4]) { %2 = Unary{kind=abs}(%a) return r = %2 }}(%c, %x, %x)
  return y = %1
})", op_registry()));
  EXPECT_EQ(path_to(g, g)->size(), 0u);
  for (NodeId id : g.order()) {
    const auto bodies = subgraphs(*g.node(id).op);
    for (size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(path_to(g, *bodies[i]), (BodyPath{{id, i}}));
  }
  EXPECT_FALSE(path_to(g, Graph()));
}

TEST(Knobs, ComeWithAChoiceThroughItsText) {
  Offer offer{"cudnn_conv", {{"plan", 3}, {"@engine", 38}, {"@2", 1}}, {Format{}}, {Format{}}};
  Offer plain = offer;
  plain.config = {{"plan", 3}};
  EXPECT_TRUE(has_knobs(offer.config) && has_place(offer.config) && !has_knobs(plain.config));
  EXPECT_TRUE(same_but_for_knobs(offer, plain));
  const auto [text, knobs] = split_knobs(offer.str());
  EXPECT_EQ(text, plain.str());
  EXPECT_EQ(knobs, (Config{{"@engine", 38}, {"@2", 1}}));
  EXPECT_EQ(split_knobs(plain.str()), std::pair(plain.str(), Config()));
  EXPECT_EQ(split_knobs("reference f32 -> f32").first, "reference f32 -> f32");
  plain.config = {{"plan", 2}};
  EXPECT_FALSE(same_but_for_knobs(offer, plain));
}

TEST(Knobs, AreKeptByReplaysAndLoads) {
  const DeviceInfo device = host_device("cpu", 1)->info();
  const EngineData data = data_of("graph g(x: f32[64,64]) {\n%1 = Softmax{axis=1}(%x) return y = %1\n}\n", device);
  const Candidates candidates = find_candidates(data.graph, device, {});
  Choices choices = first_offers(candidates);
  const auto id = data.graph.outputs()[0].node;
  choices.offers[id].config["@engine"] = 7;
  const auto again = offers_of_texts(candidates, offer_texts(choices));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->offers, choices.offers);
  Choices loaded = choices;
  replace_unknown(data.graph, candidates, loaded, [](const std::string& text) { ADD_FAILURE() << text; });
  EXPECT_EQ(loaded.offers, choices.offers);
}

}  // namespace
}  // namespace tenon::core
