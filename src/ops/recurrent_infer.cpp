#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/recurrent.h"

namespace tenon::core {
namespace {

enum Input { kX, kW, kR, kBias, kLengths, kInitialH, kInitialC, kPeepholes };

std::vector<Fact> infer_recurrent(const Recurrent& op, InferContext& cx, int64_t gates, int64_t functions) {
  static constexpr std::string_view kNames[] = {"X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"};
  static constexpr int kRanks[] = {3, 3, 3, 2, 1, 3, 3, 2};
  const int64_t directions = op.directions(), count = directions * functions;
  if (static_cast<int64_t>(op.activations.size()) != count || op.alpha.size() != op.activations.size() ||
      op.beta.size() != op.activations.size())
    fail(ErrorCode::invalid_model, "expected {} activations, found {}", count, op.activations.size());
  for (const std::string& name : op.activations)
    if (!find_recurrent_activation(name)) fail(ErrorCode::invalid_model, "the activation '{}' is not known", name);
  for (int i = 0; i < 8; ++i) {
    if (i >= 3 && !cx.has(i)) continue;
    expect_rank(cx, i, kNames[i], kRanks[i], kRanks[i]);
    if (i == kLengths) {
      expect_dtype(cx, i, kNames[i], {DType::i32, DType::i64});
      continue;
    }
    expect_dtype(cx, i, kNames[i], {DType::f32, DType::f64, DType::f16, DType::bf16});
    if (cx.input(i).dtype() != cx.input(kX).dtype())
      fail(ErrorCode::invalid_model, "{} must have the type of X, {}; found {}", kNames[i],
           to_string(cx.input(kX).dtype()), to_string(cx.input(i).dtype()));
  }
  const Fact &x = cx.input(kX), &w = cx.input(kW), &r = cx.input(kR);
  if (!x.type.ranked || !w.type.ranked || !r.type.ranked) return {unranked(x.dtype()), unranked(x.dtype())};
  const Dim &batch = x.shape()[1], &hidden = r.shape()[2];
  const auto expect_shape = [&](int input, const Shape& shape) {
    if (!cx.has(input) || !cx.input(input).type.ranked) return;
    for (size_t i = 0; i < shape.size(); ++i)
      cx.require_equal(cx.input(input).shape()[i], shape[i],
                       fmt::format("axis {} of {} {}, expected {}", i, kNames[input],
                                   to_string(cx.input(input).shape()), to_string(shape)));
  };
  expect_shape(kW, {directions, Dim(gates) * hidden, x.shape()[2]});
  expect_shape(kR, {directions, Dim(gates) * hidden, hidden});
  expect_shape(kBias, {directions, Dim(2 * gates) * hidden});
  expect_shape(kLengths, {batch});
  expect_shape(kInitialH, {directions, batch, hidden});
  expect_shape(kInitialC, {directions, batch, hidden});
  expect_shape(kPeepholes, {directions, Dim(3) * hidden});
  return {Fact::tensor(x.dtype(), {x.shape()[0], directions, batch, hidden}),
          Fact::tensor(x.dtype(), {directions, batch, hidden})};
}

}  // namespace

std::span<const std::string_view> enum_names(Direction) {
  static constexpr std::string_view kNames[] = {"forward", "reverse", "bidirectional"};
  return kNames;
}

std::vector<Fact> LSTM::infer(InferContext& cx) const {
  auto facts = infer_recurrent(common, cx, 4, 3);
  facts.push_back(facts[1]);
  return facts;
}
std::vector<Fact> GRU::infer(InferContext& cx) const { return infer_recurrent(common, cx, 3, 2); }
std::vector<Fact> RNN::infer(InferContext& cx) const { return infer_recurrent(common, cx, 1, 1); }

}  // namespace tenon::core
