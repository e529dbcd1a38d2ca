#include <algorithm>

#include "../fusion_table.h"
#include "base/file.h"
#include "devices/device.h"
#include "engine/engine_data.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"
#include "passes/optimize.h"
#include "rewrite_test_util.h"
#include "runtime/execution.h"
#include "select/candidates.h"

namespace tenon::core {
namespace {

struct Optimized {
  Graph graph;
  PassReport report;
  int nodes = 0;
};

Optimized optimized(std::string_view text) {
  const Graph before = parse(text, op_registry());
  Optimized o{before, {}, 0};
  optimize(o.graph, {}, Log(), o.report);
  expect_same_results(before, o.graph);
  for (NodeId id : o.graph.order()) o.nodes += !o.graph.node(id).as<InputOp>() && !o.graph.node(id).as<ConstantOp>();
  return o;
}

bool fired(const PassReport& report, std::string_view equation) {
  return std::any_of(report.applied.begin(), report.applied.end(),
                     [&](const RewriteNote& n) { return n.equation == equation; });
}

/// Dims of a node's values; what is no tensor has none.
NodeShapes shapes_of(const Graph& g, NodeId id, const Bindings& bindings) {
  NodeShapes shapes;
  for (Value v : g.node(id).inputs) shapes.in.push_back(v ? evaluate(g.type(v).shape, bindings) : Dims{});
  for (const Fact& f : g.node(id).outputs) shapes.out.push_back(evaluate(f.shape(), bindings));
  return shapes;
}

/// Runs the graph with `choices` and compares with the reference on the graph as it was.
void expect_agrees(const Graph& before, Program::Setup setup) {
  auto threads = std::make_shared<Threads>(2);
  const auto inputs = random_inputs(before);
  const auto expected = evaluate(before, inputs, *threads);
  Execution execution(std::make_shared<const Program>(std::move(setup), threads, std::make_shared<Weights>()));
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run();
  for (size_t i = 0; i < expected.size(); ++i)
    expect_close(std::get<Tensor>(expected[i]), std::get<Tensor>(execution.output(static_cast<int>(i)).value()),
                 before.output_name(static_cast<int>(i)));
}

class FusionTable : public testing::TestWithParam<Fusion> {};

TEST_P(FusionTable, Fuses) {
  const Optimized o = optimized(GetParam().before);
  EXPECT_EQ(o.nodes, GetParam().nodes) << print(o.graph);
  EXPECT_TRUE(fired(o.report, GetParam().equation)) << print(o.graph);
}

TEST_P(FusionTable, EveryOfferOfTheFusedNodesAgrees) {
  const Graph before = parse(GetParam().before, op_registry());
  Graph optimized = before;
  PassReport report;
  optimize(optimized, {}, Log(), report);
  const Graph g = normalized(optimized);
  const auto device = find_device("cpu", 2);
  const Candidates candidates = find_candidates(g, device->info(), {});
  const Bindings bindings = test_bindings(before);
  int forced = 0;
  for (NodeId id : g.order())
    for (const Offer& offer : candidates.offers[id]) {
      SCOPED_TRACE(g.describe_node(id) + " by " + offer.str());
      Choices choices = first_offers(candidates);
      choices.offers[id] = offer;
      const Program::Setup setup{g, choices, device, {}};
      const Program alone(setup, std::make_shared<Threads>(2), std::make_shared<Weights>());
      if (offer.share != Share::view && !alone.prepare(id, shapes_of(g, id, bindings))->fallback.empty()) continue;
      expect_agrees(before, setup);
      forced += offer.tactic != "reference";
    }
  EXPECT_GT(forced, 0);
}

TEST_P(FusionTable, DoesNotFuseWhereItsConditionFails) {
  const Optimized o = optimized(GetParam().refused);
  EXPECT_FALSE(fired(o.report, GetParam().equation)) << print(o.graph);
  if (GetParam().reason.empty()) return;
  EXPECT_TRUE(std::any_of(o.report.near_misses.begin(), o.report.near_misses.end(), [&](const RewriteNote& n) {
    return n.equation == GetParam().equation && n.reason.find(GetParam().reason) != std::string::npos;
  }));
}

INSTANTIATE_TEST_SUITE_P(Guide, FusionTable, testing::ValuesIn(fusion_table().begin(), fusion_table().end()),
                         [](const testing::TestParamInfo<Fusion>& info) {
                           std::string name;
                           for (char c : info.param.guide)
                             name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

bool nearly_fired(const PassReport& report, std::string_view equation, std::string_view reason) {
  return std::any_of(report.near_misses.begin(), report.near_misses.end(),
                     [&](const RewriteNote& n) { return n.equation == equation && n.reason.find(reason) != std::string::npos; });
}

constexpr std::string_view kReduceOfTranspose = "Reduce(Transpose(x)) => Transpose(Reduce(x))";
constexpr std::string_view kActivation = "activation(Conv/MatMul(x)) => Conv/MatMul{activation}(x)";

TEST(FusionConditions, AReshapeBetweenAShuffleAndAReduction) {
  const Optimized o = optimized("graph g(x: f32[2,3,4]) {\n%a = Constant{value=i64[1]{1}} %d = Constant{value=i64[2]{4,6}} %1 = Transpose{permutation=[2,0,1]}(%x)\n"
                                "%2 = Reshape(%1, %d) %3 = Reduce{kind=max, keepdims=false}(%2, %a) return y = %3, z = %1 }");
  EXPECT_FALSE(fired(o.report, kReduceOfTranspose)) << print(o.graph);
}

TEST(FusionConditions, PrecisionsThatDifferAroundPooling) {
  const std::string conv = "graph g(x: f32[N,2,4,4]) {\n%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %c = Conv(%x, %w)\n";
  const Optimized mixed = optimized(conv + "%1 = Cast{to=f16}(%c) %2 = Unary{kind=relu}(%1) %3 = Pool{kernel=[2,2]}(%2) return y = %3 }");
  EXPECT_FALSE(fired(mixed.report, kActivation)) << print(mixed.graph);
  EXPECT_TRUE(nearly_fired(mixed.report, kActivation, "the precision changes"));
  EXPECT_TRUE(fired(optimized(conv + "%2 = Unary{kind=relu}(%c) %3 = Pool{kernel=[2,2]}(%2) return y = %3 }").report, kActivation));
}

TEST(FusionConditions, ASumThatBroadcastsOverTheBatch) {
  const std::string_view sum = "Conv/MatMul(x, w, b) + r => Conv/MatMul(x, w, b, r)";
  const Optimized o = optimized("graph g(x: f32[3,2,4,4], r: f32[1,2,4,4]) {\n%w = Constant{value=f32[2,2,1,1]{1,-2,3,0.5}} %c = Conv(%x, %w)\n"
                                "%1 = Binary(%c, %r) return y = %1 }");
  EXPECT_FALSE(fired(o.report, sum)) << print(o.graph);
  EXPECT_TRUE(nearly_fired(o.report, sum, "the sum broadcasts"));
}

TEST(FusionsPage, IsWhatTheTableGives) {
  EXPECT_EQ(read_text_file(TENON_TEST_DATA "/../../docs/fusions.md"), fusions_page())
      << "write it again: build/bin/fusions_page > docs/fusions.md";
}

}  // namespace
}  // namespace tenon::core
