#include <algorithm>

#include "../fusion_table.h"
#include "base/file.h"
#include "ir/text.h"
#include "ops/all.h"
#include "passes/optimize.h"
#include "rewrite_test_util.h"

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

class FusionTable : public testing::TestWithParam<Fusion> {};

TEST_P(FusionTable, Fuses) {
  const Optimized o = optimized(GetParam().before);
  EXPECT_EQ(o.nodes, GetParam().nodes) << print(o.graph);
  EXPECT_TRUE(fired(o.report, GetParam().equation)) << print(o.graph);
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

TEST(FusionsPage, IsWhatTheTableGives) {
  EXPECT_EQ(read_text_file(TENON_TEST_DATA "/../../docs/fusions.md"), fusions_page())
      << "write it again: build/bin/fusions_page > docs/fusions.md";
}

}  // namespace
}  // namespace tenon::core
