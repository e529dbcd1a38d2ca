#include "ops/control.h"

#include <gtest/gtest.h>

#include "ir/evaluate.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "ops/all.h"
#include "ops/body_types.h"
#include "ops/sequence.h"
#include "ops/strings.h"

namespace tenon::core {
namespace {

GraphRef body_of(const std::string& text) { return std::make_shared<const Graph>(parse(text, op_registry())); }

std::vector<HostValue> run(const Graph& g, const std::vector<HostValue>& inputs) {
  Threads threads(1);
  return evaluate(g, inputs, threads);
}

/// Appends x to a carried value, which grows, and gives the iteration as a scanned output.
GraphRef growing_body() {
  return body_of(
      "graph body(i: i64[], c: bool[], acc: f32[A], x: f32[2]) {\n"
      "  %1 = Concat{axis=0}(%acc, %x)\n"
      "  return c = %c, acc = %1, i = %i\n"
      "}\n");
}

Value add_growing_loop(Graph& g, Value trips, Value x) {
  Loop loop;
  loop.body = growing_body();
  loop.carried = 1;
  const Value begin = g.add_constant(Tensor(DType::f32, {1}));
  return g.add(std::move(loop), {trips, Value(), begin, x});
}

TEST(Loop, DimsThatChangeAreOpenAndTripsCountScannedValues) {
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2}));
  const Value trips = g.add_constant(tensor_of<int64_t>({}, {3}));
  const Value loop = add_growing_loop(g, trips, x);
  EXPECT_TRUE(g.type(loop).shape.at(0).as_symbol());
  EXPECT_EQ(g.type(Graph::output(loop, 1)).str(), "i64[3]");
  g.add_output("acc", loop);
  g.add_output("i", Graph::output(loop, 1));
  verify(g);
  const auto outputs = run(g, {tensor_of<float>({2}, {1, 2})});
  EXPECT_EQ(to_floats(std::get<Tensor>(outputs[0])), (std::vector<float>{0, 1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(to_int64s(std::get<Tensor>(outputs[1])), (std::vector<int64_t>{0, 1, 2}));
}

TEST(Loop, RunsZeroTimes) {
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2}));
  const Value trips = g.add_input("trips", Type::tensor(DType::i64, {}));
  const Value loop = add_growing_loop(g, trips, x);
  g.add_output("acc", loop);
  g.add_output("i", Graph::output(loop, 1));
  const auto outputs = run(g, {tensor_of<float>({2}, {1, 2}), tensor_of<int64_t>({}, {0})});
  EXPECT_EQ(std::get<Tensor>(outputs[0]).dims(), (Dims{1}));
  EXPECT_EQ(std::get<Tensor>(outputs[1]).dims(), (Dims{0}));
}

TEST(Loop, ACarriedValueOfAnotherTypeIsRefused) {
  Loop loop;
  loop.carried = 1;
  loop.body = body_of("graph body(i: i64[], c: bool[], a: f32[2]) { return c = %c, a = %i }");
  Graph g;
  const Value a = g.add_input("a", Type::tensor(DType::f32, {2}));
  EXPECT_THROW(g.add(std::move(loop), {Value(), Value(), a}), Error);
}

TEST(If, MergesTheTypesOfItsBranches) {
  If op;
  op.then_branch = body_of("graph t(x: f32[N,4]) { return y = %x }");
  op.else_branch = body_of("graph e(x: f32[N,5]) { return y = %x }");
  Graph g;
  const Value c = g.add_input("c", Type::tensor(DType::boolean, {}));
  const Value a = g.add_input("a", Type::tensor(DType::f32, {Dim::symbol("N"), 4}));
  const Value b = g.add_input("b", Type::tensor(DType::f32, {Dim::symbol("N"), 5}));
  const Value y = g.add(If(op), {c, a, b});
  EXPECT_EQ(g.type(y).shape.at(0).str(), "N");
  EXPECT_TRUE(g.type(y).shape.at(1).as_symbol());
  const Value known = g.add(If(op), {g.add_constant(tensor_of<bool>({}, {true})), a, b});
  EXPECT_EQ(g.type(known).str(), "f32[N,4]");
  op.else_branch = body_of("graph e(x: f32[N]) { return y = %x }");
  const Value v = g.add_input("v", Type::tensor(DType::f32, {3}));
  EXPECT_EQ(g.type(g.add(If(op), {c, a, v})).str(), "f32[*]");
}

TEST(If, SymbolsOfABranchMeanNothingOutside) {
  const auto branch = body_of("graph t(x: f32[2,3]) {\n  %1 = NonZero(%x)\n  return y = %1\n}");
  If op;
  op.then_branch = op.else_branch = branch;
  Graph g;
  const Value c = g.add_input("c", Type::tensor(DType::boolean, {}));
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2, 3}));
  const Value y = g.add(If(op), {c, x, x});
  EXPECT_EQ(g.type(y).shape.at(0).str(), "2");
  std::set<std::string> inner, outer;
  branch->type(branch->outputs()[0]).shape[1].collect_symbols(inner);
  const Value z = g.add(If(op), {c, x, x});
  EXPECT_FALSE(known_equal(g.type(y).shape[1], g.type(z).shape[1]));
  verify(g);
}

TEST(If, ABranchThatDimsContradictLeavesTheTypesToTheOther) {
  If op;
  op.then_branch = body_of("graph t(x: f32[A], w: f32[3]) { %1 = Binary{kind=add}(%x, %w) return y = %1 }");
  op.else_branch = body_of("graph e(x: f32[A]) { return y = %x }");
  Graph g;
  const Value c = g.add_input("c", Type::tensor(DType::boolean, {}));
  const Value x = g.add_input("x", Type::tensor(DType::f32, {4}));
  const Value w = g.add_input("w", Type::tensor(DType::f32, {3}));
  EXPECT_EQ(g.type(g.add(If(op), {c, x, w, x})).str(), "f32[4]");
  const Value always = g.add_constant(tensor_of<bool>({}, {true}));
  EXPECT_THROW(g.add(If(op), {always, x, w, x}), Error);
  const Value words = g.add_input("words", Type::tensor(DType::i32, {3}));
  EXPECT_THROW(g.add(If(op), {c, x, words, x}), Error);
  op.else_branch = op.then_branch;
  EXPECT_THROW(g.add(If(op), {c, x, w, x, w}), Error);
}

TEST(Loop, ABodyThatDimsContradictMayRunZeroTimes) {
  Loop loop;
  loop.carried = 1;
  loop.body = body_of(
      "graph body(i: i64[], c: bool[], s: f32[A], w: f32[3]) {\n"
      "  %1 = Binary{kind=add}(%s, %w) return c = %c, s = %1, i = %i }");
  Graph g;
  const Value s = g.add_input("s", Type::tensor(DType::f32, {4}));
  const Value w = g.add_input("w", Type::tensor(DType::f32, {3}));
  const Value trips = g.add_input("trips", Type::tensor(DType::i64, {}));
  const Value y = g.add(Loop(loop), {trips, Value(), s, w});
  EXPECT_EQ(g.type(y).str(), "f32[4]");
  EXPECT_EQ(g.type(Graph::output(y, 1)).str(), "i64[0]");
  const Value twice = g.add_constant(tensor_of<int64_t>({}, {2}));
  EXPECT_THROW(g.add(Loop(loop), {twice, Value(), s, w}), Error);
  g.add_output("y", y);
  const std::vector<HostValue> inputs{Tensor(DType::f32, {4}), Tensor(DType::f32, {3}), tensor_of<int64_t>({}, {0})};
  EXPECT_EQ(std::get<Tensor>(run(g, inputs)[0]).dims(), (Dims{4}));
  EXPECT_THROW(run(g, {inputs[0], inputs[1], tensor_of<int64_t>({}, {1})}), Error);
}

TEST(Scan, AddsUpBackwards) {
  Scan scan;
  scan.states = scan.sequences = 1;
  scan.input_directions = {1};
  scan.body =
      body_of("graph body(s: f32[2], x: f32[2]) {\n  %1 = Binary{kind=add}(%s, %x)\n  return s = %1, y = %1\n}");
  Graph g;
  const Value s = g.add_input("s", Type::tensor(DType::f32, {2}));
  const Value x = g.add_input("x", Type::tensor(DType::f32, {Dim::symbol("T"), 2}));
  const Value y = g.add(std::move(scan), {s, x});
  EXPECT_EQ(g.type(Graph::output(y, 1)).str(), "f32[T,2]");
  g.add_output("y", Graph::output(y, 1));
  const auto outputs = run(g, {tensor_of<float>({2}, {0, 0}), tensor_of<float>({2, 2}, {1, 2, 10, 20})});
  EXPECT_EQ(to_floats(std::get<Tensor>(outputs[0])), (std::vector<float>{10, 20, 11, 22}));
}

TEST(Sequence, PositionsOutsideAreRunTimeErrors) {
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2}));
  const Value at = g.add_input("at", Type::tensor(DType::i64, {}));
  g.add_output("y", g.add(SequenceAt{}, {g.add(SequenceConstruct{}, {x, x}), at}));
  const Tensor value = tensor_of<float>({2}, {1, 2});
  EXPECT_NO_THROW(run(g, {value, tensor_of<int64_t>({}, {-2})}));
  try {
    run(g, {value, tensor_of<int64_t>({}, {2})});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::runtime_index);
  }
}

TEST(Sequence, ElementsOfDifferentShapesHaveOpenDims) {
  Graph g;
  const Value a = g.add_input("a", Type::tensor(DType::f32, {2, 3}));
  const Value b = g.add_input("b", Type::tensor(DType::f32, {4, 3}));
  const Value at = g.add_input("at", Type::tensor(DType::i64, {}));
  const Value s = g.add(SequenceConstruct{}, {a, b});
  const Value first = g.add(SequenceAt{}, {s, at});
  const Value second = g.add(SequenceAt{}, {s, at});
  EXPECT_EQ(g.type(first).shape.at(1).str(), "3");
  EXPECT_FALSE(known_equal(g.type(first).shape[0], g.type(second).shape[0]));
}

TEST(Strings, LettersOutsideAsciiChangeCase) {
  StringNormalizer op;
  op.change = CaseChange::upper;
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::string, {1}));
  g.add_output("y", g.add(std::move(op), {x}));
  const auto outputs = run(g, {tensor_of<std::string>({1}, {"stra\xC3\xA4\xCE\xB1\xFF"})});
  EXPECT_EQ(std::get<Tensor>(outputs[0]).data<std::string>()[0], "STRA\xC3\x84\xCE\x91\xFF");
}

TEST(Strings, ABadPatternIsRefused) {
  RegexFullMatch op;
  op.pattern = "(";
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::string, {1}));
  EXPECT_THROW(g.add(std::move(op), {x}), Error);
}

}  // namespace
}  // namespace tenon::core
