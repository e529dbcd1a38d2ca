#include "runtime/bodies.h"

#include <gtest/gtest.h>

#include "devices/device.h"
#include "engine/graph_codec.h"
#include "ir/compare.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/bodies.h"
#include "ops/control.h"
#include "select/body_shapes.h"
#include "select/candidates.h"

namespace tenon::core {
namespace {

Graph graph_of(const std::string& text) { return parse(text, op_registry()); }

Candidates candidates_of(const Graph& g) { return find_candidates(g, find_device("cpu", 2)->info(), {}); }

std::shared_ptr<const Program> program_of(const Graph& g, Choices choices) {
  const auto device = find_device("cpu", 2);
  return std::make_shared<const Program>(Program::Setup{g, std::move(choices), device, {}}, std::make_shared<Threads>(2),
                                         std::make_shared<Weights>());
}

std::vector<HostValue> run(Execution& execution, const std::vector<HostValue>& inputs, const RunOptions& options = {}) {
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run(options);
  std::vector<HostValue> outputs;
  for (size_t i = 0; i < execution.program().graph().outputs().size(); ++i)
    outputs.push_back(execution.output(static_cast<int>(i)).value());
  return outputs;
}

/// One execution gives what the reference gives, for each of these inputs in turn, and under random choices.
void expect_like_reference(const std::string& text, const std::vector<std::vector<HostValue>>& runs) {
  const Graph g = graph_of(text);
  const Candidates candidates = candidates_of(g);
  Threads threads(1);
  for (int seed = 0; seed < 4; ++seed) {
    Execution execution(program_of(g, seed == 0 ? first_offers(candidates) : random_offers(candidates, seed)));
    for (const auto& inputs : runs) {
      const auto expected = evaluate(g, inputs, threads);
      const auto found = run(execution, inputs);
      for (size_t i = 0; i < expected.size(); ++i) {
        const auto c = compare_values(found[i], expected[i], default_tolerance(DType::f32));
        EXPECT_TRUE(c.pass) << g.output_name(static_cast<int>(i)) << ", choices " << seed << ": " << c.why;
      }
    }
  }
}

Tensor count(int64_t n) { return tensor_of<int64_t>({}, {n}); }
Tensor flag(bool b) { return tensor_of<bool>({}, {b}); }
Tensor ramp(Dims dims) {
  Tensor t(DType::f32, std::move(dims));
  for (int64_t i = 0; i < t.size(); ++i) t.mutable_data<float>()[i] = static_cast<float>(i % 7) * 0.25f - 0.5f;
  return t;
}

// state = tanh(state . w) and every state, n times
std::string recurrent(const std::string& trips, const std::string& inputs) {
  return "graph g(" + inputs + ") {\n" + trips +
         "%1 = Loop{body=graph b(i: i64[], go: bool[], s: f32[N,8], w: f32[8,8]) {\n"
         "  %1 = MatMul(%s, %w) %2 = Unary{kind=tanh}(%1) return go = %go, s = %2, t = %2\n"
         "}, carried=1}(%n, _, %x, %w) return y = %1, z = %1.1\n}\n";
}

TEST(Bodies, LoopsWithKnownAndUnknownTrips) {
  expect_like_reference(recurrent("%n = Constant{value=i64[]{5}}\n", "x: f32[N,8], w: f32[8,8]"),
                        {{ramp({2, 8}), ramp({8, 8})}, {ramp({3, 8}), ramp({8, 8})}});
  const std::vector<HostValue> values{ramp({2, 8}), ramp({8, 8})};
  std::vector<std::vector<HostValue>> runs;
  for (int64_t trips : {3, 1, 4}) runs.push_back({values[0], values[1], count(trips)});
  expect_like_reference(recurrent("", "x: f32[N,8], w: f32[8,8], n: i64[]"), runs);
}

TEST(Bodies, ALoopOfNoTripsGivesItsFirstState) {
  const Graph g = graph_of(recurrent("", "x: f32[N,8], w: f32[8,8], n: i64[]"));
  Execution execution(program_of(g, first_offers(candidates_of(g))));
  const auto found = run(execution, {ramp({2, 8}), ramp({8, 8}), count(0)});
  EXPECT_EQ(to_floats(std::get<Tensor>(found[0])), to_floats(ramp({2, 8})));
  EXPECT_EQ(std::get<Tensor>(found[1]).dims(), (Dims{0, 2, 8}));
}

TEST(Bodies, LoopsThatEndByTheirCondition) {
  expect_like_reference(
      "graph g(x: f32[4], go: bool[]) {\n"
      "%1 = Loop{body=graph b(i: i64[], c: bool[], s: f32[4]) {\n"
      "  %1 = Binary{kind=add}(%s, %s) %2 = Constant{value=i64[]{3}} %3 = Binary{kind=less}(%i, %2)\n"
      "  return c = %3, s = %1, i = %i\n}, carried=1}(_, %go, %x) return y = %1, i = %1.1\n}\n",
      {{ramp({4}), flag(true)}, {ramp({4}), flag(false)}});
}

TEST(Bodies, StatesThatGrowAreBoxed) {
  expect_like_reference(
      "graph g(x: f32[2], first: f32[1], n: i64[]) {\n"
      "%1 = Loop{body=graph b(i: i64[], c: bool[], acc: f32[A], x: f32[2]) {\n"
      "  %1 = Concat{axis=0}(%acc, %x) return c = %c, acc = %1\n}, carried=1}(%n, _, %first, %x) return y = %1\n}\n",
      {{ramp({2}), ramp({1}), count(3)}, {ramp({2}), ramp({1}), count(5)}, {ramp({2}), ramp({1}), count(0)}});
}

TEST(Bodies, ScansAlongAnyAxisInBothDirections) {
  const std::string body = "body=graph b(s: f32[3], e: f32[3], f: f32[3]) {\n"
                           "  %1 = Binary{kind=add}(%s, %e) %2 = Binary{kind=mul}(%1, %f) return s = %1, y = %2, z = %2\n}";
  expect_like_reference("graph g(s: f32[3], x: f32[3,T], f: f32[T,3]) {\n%1 = Scan{" + body +
                            ", states=1, sequences=2, input_axes=[1,0], input_directions=[1,0], output_axes=[-1,0], "
                            "output_directions=[1,1]}(%s, %x, %f) return s = %1, y = %1.1, z = %1.2\n}\n",
                        {{ramp({3}), ramp({3, 5}), ramp({5, 3})}, {ramp({3}), ramp({3, 2}), ramp({2, 3})}});
}

const char* kNested =
    "graph g(x: f32[4], n: i64[], limit: i64[]) {\n"
    "%1 = Loop{body=graph b(i: i64[], c: bool[], s: f32[4], limit: i64[]) {\n"
    "  %1 = Binary{kind=less}(%i, %limit)\n"
    "  %2 = If{then_branch=graph t(a: f32[4]) { %1 = Unary{kind=exp}(%a) return y = %1 },\n"
    "          else_branch=graph e(a: f32[4]) { %1 = Unary{kind=sin}(%a) %2 = Unary{kind=neg}(%1) return y = %2 }}(%1, %s, %s)\n"
    "  return c = %c, s = %2\n}, carried=1}(%n, _, %x, %limit) return y = %1\n}\n";

TEST(Bodies, ABranchInsideALoop) { expect_like_reference(kNested, {{ramp({4}), count(3), count(1)}, {ramp({4}), count(2), count(9)}}); }

TEST(Bodies, StepsInsideAreTimedBelowTheirNode) {
  const Graph g = graph_of(kNested);
  Execution execution(program_of(g, first_offers(candidates_of(g))));
  std::vector<StepTime> times;
  RunOptions options;
  options.times = &times;
  run(execution, {ramp({4}), count(6), count(2)}, options);
  ASSERT_EQ(times.size(), 1u);
  ASSERT_EQ(times[0].bodies.size(), 1u);
  const auto& loop = times[0].bodies[0];
  ASSERT_EQ(loop.size(), 2u);  // the comparison and the If
  double inside = 0;
  for (const StepTime& t : loop) inside += t.us;
  EXPECT_GT(inside, 0);
  EXPECT_LE(inside, times[0].us);
  ASSERT_EQ(loop[1].bodies.size(), 2u);
  EXPECT_EQ(loop[1].bodies[0].size(), 1u);
}

TEST(Bodies, ABranchThatCantRunLeavesTheContextUsable) {
  const Graph g = graph_of(
      "graph g(c: bool[], x: f32[4], w: f32[3]) {\n"
      "%1 = If{then_branch=graph t(x: f32[A], w: f32[3]) { %1 = Binary{kind=add}(%x, %w) return y = %1 },\n"
      "else_branch=graph e(x: f32[A]) { return y = %x }}(%c, %x, %w, %x) return y = %1\n}\n");
  Execution execution(program_of(g, first_offers(candidates_of(g))));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(to_floats(std::get<Tensor>(run(execution, {flag(false), ramp({4}), ramp({3})})[0])), to_floats(ramp({4})));
    EXPECT_THROW(run(execution, {flag(true), ramp({4}), ramp({3})}), Error);
  }
}

TEST(Bodies, ChoicesInsideAreFastSavedAndReplayed) {
  const Graph g = graph_of(recurrent("%n = Constant{value=i64[]{5}}\n", "x: f32[N,8], w: f32[8,8]"));
  const Candidates candidates = candidates_of(g);
  const Choices choices = first_offers(candidates);
  ASSERT_EQ(choices.bodies.size(), 1u);
  const auto texts = offer_texts(choices);
  ASSERT_EQ(texts.size(), 3u);  // the loop, the product, the tangent
  EXPECT_EQ(texts[0].substr(0, 6), "bodies");
  EXPECT_EQ(texts[1].substr(0, 13), "onednn_matmul");
  EXPECT_EQ(offer_texts(*offers_of_texts(candidates, texts)), texts);
  EXPECT_FALSE(offers_of_texts(candidates, {texts[0], texts[1]}));
  ByteWriter w;
  write_choices(w, choices);
  ByteReader r(w.bytes(), ErrorCode::corrupt_engine, "choices");
  EXPECT_EQ(offer_texts(read_choices(r, g)), texts);
  EXPECT_EQ(r.left(), 0u);
}

TEST(Bodies, DimsOfTheFirstTrip) {
  Graph g = graph_of(
      "graph g(s: f32[2], x: f32[3,T,5]) {\n%1 = Scan{body=graph b(s: f32[A], e: f32[B,C]) { return s = %s, y = %e },\n"
      "states=1, input_axes=[1]}(%s, %x) return s = %1\n}\n");
  for (NodeId id : g.order())
    if (g.node(id).as<Scan>()) {
      const Bindings found = body_bindings(g.node(id), 0, {{{2}, {3, 7, 5}}, {}});
      EXPECT_EQ(found, (Bindings{{"A", 2}, {"B", 3}, {"C", 5}}));
    }
}

}  // namespace
}  // namespace tenon::core
