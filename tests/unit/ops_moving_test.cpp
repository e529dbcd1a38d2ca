#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "ir/op.h"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<Tensor> run(const Op& op, const std::vector<Tensor>& inputs, int threads = 2) {
  std::vector<HostValue> host;
  for (const Tensor& t : inputs) host.push_back(t.defined() ? HostValue(t) : HostValue());
  Threads team(threads);
  std::vector<Tensor> results;
  for (const HostValue& v : op.evaluate(EvalContext(host, team))) results.push_back(std::get<Tensor>(v));
  return results;
}

std::string message_of(const Op& op, const std::vector<Tensor>& inputs, ErrorCode code) {
  try {
    run(op, inputs);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  return "no error";
}

template <class T>
Tensor vector_of(const std::vector<T>& v) {
  return tensor_of<T>({static_cast<int64_t>(v.size())}, v);
}
Tensor i64(const std::vector<int64_t>& v) { return vector_of<int64_t>(v); }
Tensor i64_scalar(int64_t v) { return tensor_of<int64_t>({}, {v}); }

template <class T>
std::vector<T> values(const Tensor& t) {
  return {t.values<T>().begin(), t.values<T>().end()};
}

Tensor ramp(Dims dims) {
  Tensor t(DType::f32, std::move(dims));
  std::iota(t.mutable_values<float>().begin(), t.mutable_values<float>().end(), 0.0f);
  return t;
}

Reduce reduce(ReduceKind kind, bool keepdims = false) {
  Reduce op;
  op.kind = kind;
  op.keepdims = keepdims;
  return op;
}

TEST(Moving, TransposeOfEverySizeAndPermutation) {
  for (const Dims& dims : {Dims{3, 70, 45}, Dims{1, 33, 64}, Dims{65, 2, 31}, Dims{2, 0, 3}}) {
    const Tensor x = ramp(dims);
    std::vector<int64_t> p{0, 1, 2};
    do {
      Transpose op;
      op.permutation = p;
      const Tensor y = run(op, {x})[0];
      const Dims strides = strides_of(x.dims()), out = strides_of(y.dims());
      for (int64_t i = 0; i < y.size(); ++i) {
        int64_t from = 0;
        for (int a = 0; a < 3; ++a) from += i / out[a] % y.dim(a) * strides[p[a]];
        ASSERT_EQ(y.data<float>()[i], static_cast<float>(from));
      }
    } while (std::next_permutation(p.begin(), p.end()));
  }
}

TEST(Moving, ElementsOfEverySizeMove) {
  for (DType d : {DType::i4, DType::f16, DType::f32, DType::f64, DType::boolean}) {
    const Tensor x = from_int64s(d, {2, 2}, std::vector<int64_t>{1, 0, 0, 1});
    EXPECT_EQ(to_int64s(run(Gather(), {x, i64({1, 0, -1})})[0]), (std::vector<int64_t>{0, 1, 1, 0, 0, 1}));
  }
  const Tensor words = tensor_of<std::string>({2, 2}, {"a", "b", "c", "d"});
  EXPECT_EQ(values<std::string>(run(Gather(), {words, i64({1, 0})})[0]),
            (std::vector<std::string>{"c", "d", "a", "b"}));
  EXPECT_EQ(values<std::string>(run(Transpose(), {words})[0]), (std::vector<std::string>{"a", "c", "b", "d"}));
  Tensor wide(DType::c128, {2});
  EXPECT_EQ(run(Tile(), {wide, i64({2})})[0].byte_size(), 64);
}

TEST(Moving, NegativePadsCropBeforeTheRestIsExtended) {
  Pad op;
  op.mode = PadMode::wrap;
  EXPECT_EQ(values<int64_t>(run(op, {i64({0, 1, 2, 3, 4}), i64({-1, 2})})[0]),
            (std::vector<int64_t>{1, 2, 3, 4, 1, 2}));
  op.mode = PadMode::reflect;
  EXPECT_EQ(values<int64_t>(run(op, {i64({0, 1, 2}), i64({5, 5})})[0]),
            (std::vector<int64_t>{1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}));
  EXPECT_EQ(values<int64_t>(run(op, {i64({7}), i64({1, 2})})[0]), (std::vector<int64_t>{7, 7, 7, 7}));
  message_of(op, {i64({}), i64({1, 1})}, ErrorCode::shape_mismatch);
  message_of(Pad(), {i64({1, 2}), i64({-2, -1})}, ErrorCode::shape_mismatch);
}

TEST(Moving, IndexErrorsNameIndexAxisAndBound) {
  EXPECT_EQ(message_of(Gather(), {ramp({3, 2}), i64({0, 3})}, ErrorCode::runtime_index),
            "index 3 is out of range for axis 0 of size 3; it must be in [-3, 2]");
  EXPECT_EQ(message_of(GatherND(), {ramp({3, 2}), tensor_of<int64_t>({1, 2}, {2, -3})}, ErrorCode::runtime_index),
            "index -3 is out of range for axis 1 of size 2; it must be in [-2, 1]");
  message_of(GatherElements(), {ramp({3}), i64({3})}, ErrorCode::runtime_index);
  message_of(ScatterElements(), {ramp({3}), i64({-4}), ramp({1})}, ErrorCode::runtime_index);
  message_of(ScatterND(), {ramp({3}), tensor_of<int64_t>({1, 1}, {9}), ramp({1})}, ErrorCode::runtime_index);
  message_of(TensorScatter(), {ramp({1, 4, 2}), ramp({1, 2, 2}), i64({3})}, ErrorCode::runtime_index);
  message_of(Compress(), {ramp({2}), vector_of<bool>({false, false, true})}, ErrorCode::runtime_index);
}

TEST(Moving, ValuesThatANodeCantAcceptAreErrors) {
  message_of(TopK(), {ramp({3}), i64({4})}, ErrorCode::runtime_value);
  message_of(TopK(), {ramp({3}), i64({-1})}, ErrorCode::runtime_value);
  message_of(OneHot(), {i64({1}), i64_scalar(-1), i64({0, 1})}, ErrorCode::runtime_value);
  message_of(Range(), {i64_scalar(0), i64_scalar(3), i64_scalar(0)}, ErrorCode::runtime_value);
  message_of(Range(), {i64_scalar(INT64_MIN), i64_scalar(INT64_MAX), i64_scalar(1)}, ErrorCode::too_large);
  message_of(Range(), {scalar(DType::f32, 0), scalar(DType::f32, kNaN), scalar(DType::f32, 1)},
             ErrorCode::runtime_value);
  message_of(ArgReduce(), {Tensor(DType::f32, {0, 2})}, ErrorCode::runtime_value);
  message_of(ConstantOfShape(), {i64({2, -1})}, ErrorCode::shape_mismatch);
  message_of(Tile(), {ramp({2}), i64({-1})}, ErrorCode::shape_mismatch);
  message_of(Slice(), {ramp({2}), i64({0}), i64({1}), i64({0}), i64({0})}, ErrorCode::invalid_model);
  message_of(Reshape(), {ramp({2, 3}), i64({4, -1})}, ErrorCode::shape_mismatch);
  message_of(Expand(), {ramp({2, 3}), i64({4})}, ErrorCode::shape_mismatch);
}

TEST(Moving, SliceTakesTheExtremeIndices) {
  const Tensor x = i64({0, 1, 2, 3, 4}), zero = i64({0});
  const auto slice = [&](int64_t start, int64_t end, int64_t step) {
    return values<int64_t>(run(Slice(), {x, i64({start}), i64({end}), zero, i64({step})})[0]);
  };
  EXPECT_EQ(slice(INT64_MIN, INT64_MAX, INT64_MAX), (std::vector<int64_t>{0}));
  EXPECT_EQ(slice(INT64_MAX, INT64_MIN, INT64_MIN), (std::vector<int64_t>{4}));
  EXPECT_EQ(slice(INT64_MAX, INT64_MIN, -2), (std::vector<int64_t>{4, 2, 0}));
  EXPECT_EQ(slice(3, -100, -1), (std::vector<int64_t>{3, 2, 1, 0}));
}

TEST(Reductions, OfNothing) {
  const Tensor empty(DType::f32, {2, 0}), axis = i64({1});
  const auto of_nothing = [&](ReduceKind kind) { return values<float>(run(reduce(kind), {empty, axis})[0]); };
  EXPECT_EQ(of_nothing(ReduceKind::sum), (std::vector<float>{0, 0}));
  EXPECT_EQ(of_nothing(ReduceKind::prod), (std::vector<float>{1, 1}));
  EXPECT_EQ(of_nothing(ReduceKind::max), (std::vector<float>{-kInfinity, -kInfinity}));
  EXPECT_EQ(of_nothing(ReduceKind::min), (std::vector<float>{kInfinity, kInfinity}));
  EXPECT_EQ(of_nothing(ReduceKind::log_sum), (std::vector<float>{-kInfinity, -kInfinity}));
  EXPECT_EQ(of_nothing(ReduceKind::log_sum_exp), (std::vector<float>{-kInfinity, -kInfinity}));
  EXPECT_TRUE(std::isnan(of_nothing(ReduceKind::mean)[0]));
  EXPECT_EQ(values<int8_t>(run(reduce(ReduceKind::max), {Tensor(DType::i8, {0}), i64({0})})[0]),
            (std::vector<int8_t>{-128}));
  EXPECT_EQ(values<uint64_t>(run(reduce(ReduceKind::min), {Tensor(DType::u64, {0}), i64({0})})[0]),
            (std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_EQ(values<bool>(run(reduce(ReduceKind::min), {Tensor(DType::boolean, {0}), i64({0})})[0]),
            (std::vector<bool>{true}));
}

TEST(Reductions, NaNAndInfinity) {
  const Tensor x = vector_of<float>({1, kNaN, 3}), all = i64({0});
  EXPECT_TRUE(std::isnan(run(reduce(ReduceKind::max), {x, all})[0].data<float>()[0]));
  EXPECT_TRUE(std::isnan(run(reduce(ReduceKind::min), {x, all})[0].data<float>()[0]));
  EXPECT_EQ(values<float>(run(reduce(ReduceKind::log_sum_exp), {vector_of<float>({-kInfinity, -kInfinity}), all})[0])[0], -kInfinity);
  EXPECT_EQ(values<float>(run(reduce(ReduceKind::log_sum_exp), {vector_of<float>({1000, -kInfinity}), all})[0])[0], 1000);
  EXPECT_EQ(values<float>(run(reduce(ReduceKind::log_sum_exp), {vector_of<float>({0, kInfinity}), all})[0])[0], kInfinity);
  ArgReduce best;
  best.keepdims = false;
  EXPECT_EQ(values<int64_t>(run(best, {vector_of<float>({1, kNaN, 3, kNaN})})[0]), (std::vector<int64_t>{1}));
}

TEST(Reductions, IntegersWrapAndUnsignedOnesAreOrderedAsSuch) {
  const Tensor all = i64({0});
  EXPECT_EQ(values<int32_t>(run(reduce(ReduceKind::sum), {vector_of<int32_t>({INT32_MAX, 1}), all})[0]),
            (std::vector<int32_t>{INT32_MIN}));
  EXPECT_EQ(values<int64_t>(run(reduce(ReduceKind::l1), {vector_of<int64_t>({INT64_MIN}), all})[0]),
            (std::vector<int64_t>{INT64_MIN}));
  EXPECT_EQ(values<uint64_t>(run(reduce(ReduceKind::max), {vector_of<uint64_t>({1, UINT64_MAX, 7}), all})[0]),
            (std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_EQ(values<uint64_t>(run(reduce(ReduceKind::sum), {vector_of<uint64_t>({UINT64_MAX, 3}), all})[0]),
            (std::vector<uint64_t>{2}));
  EXPECT_EQ(values<uint64_t>(run(TopK(), {vector_of<uint64_t>({1, UINT64_MAX, 7}), i64({2})})[0]),
            (std::vector<uint64_t>{UINT64_MAX, 7}));
  EXPECT_EQ(values<int64_t>(run(reduce(ReduceKind::mean), {vector_of<int64_t>({-3, -4}), all})[0]),
            (std::vector<int64_t>{-3}));
}

TEST(Reductions, AxesThatDoNotStandTogether) {
  const Tensor x = ramp({3, 4, 5, 6});
  const Tensor y = run(reduce(ReduceKind::sum), {x, i64({0, 2})})[0];
  ASSERT_EQ(y.dims(), (Dims{4, 6}));
  for (int64_t b = 0; b < 4; ++b)
    for (int64_t d = 0; d < 6; ++d) {
      float sum = 0;
      for (int64_t a = 0; a < 3; ++a)
        for (int64_t c = 0; c < 5; ++c) sum += static_cast<float>(((a * 4 + b) * 5 + c) * 6 + d);
      EXPECT_EQ(y.data<float>()[b * 6 + d], sum);
    }
}

TEST(Reductions, LongSumsAreExactEnoughAndTheSameOnAnyNumberOfThreads) {
  Tensor x(DType::f32, {1 << 20});
  for (float& v : x.mutable_values<float>()) v = 0.1f;
  const Tensor one = run(reduce(ReduceKind::sum), {x, i64({0})}, 1)[0],
               four = run(reduce(ReduceKind::sum), {x, i64({0})}, 4)[0];
  EXPECT_EQ(one.data<float>()[0], four.data<float>()[0]);
  EXPECT_EQ(one.data<float>()[0], static_cast<float>(0.1f * static_cast<double>(1 << 20)));
}

TEST(Selection, UniqueTreatsNaNAsOneValueAndComplexNumbersAsPairs) {
  const auto floats = run(Unique(), {vector_of<float>({kNaN, 2, kNaN, 2, -1})});
  EXPECT_EQ(floats[0].size(), 3);
  EXPECT_EQ(values<int64_t>(floats[1]), (std::vector<int64_t>{4, 1, 0}));
  EXPECT_EQ(values<int64_t>(floats[2]), (std::vector<int64_t>{2, 1, 2, 1, 0}));
  EXPECT_EQ(values<int64_t>(floats[3]), (std::vector<int64_t>{1, 2, 2}));
  Tensor pairs(DType::c64, {3});
  float* p = reinterpret_cast<float*>(pairs.mutable_bytes().data());
  for (float v : {1.0f, 2.0f, 1.0f, 1.0f, 1.0f, 2.0f}) *p++ = v;
  EXPECT_EQ(values<int64_t>(run(Unique(), {pairs})[1]), (std::vector<int64_t>{1, 0}));
}

TEST(Selection, TopKPutsNaNFirstAndBreaksTiesByIndex) {
  const auto top = run(TopK(), {vector_of<float>({1, 3, kNaN, 3}), i64({4})});
  EXPECT_EQ(values<int64_t>(top[1]), (std::vector<int64_t>{2, 1, 3, 0}));
}

TEST(Selection, ScatterCombinesDuplicatesInOrder) {
  ScatterElements op;
  op.reduction = ScatterReduction::mul;
  EXPECT_EQ(values<float>(run(op, {vector_of<float>({1, 2}), i64({1, 1, 0}), vector_of<float>({3, 4, 5})})[0]),
            (std::vector<float>{5, 24}));
  op.reduction = ScatterReduction::max;
  EXPECT_EQ(
      values<uint64_t>(run(op, {vector_of<uint64_t>({1, 2}), i64({1, 0}), vector_of<uint64_t>({UINT64_MAX, 0})})[0]),
      (std::vector<uint64_t>{1, UINT64_MAX}));
}

TEST(Selection, CircularWritesWrap) {
  TensorScatter op;
  op.circular = true;
  const Tensor past(DType::f32, {1, 4, 1}), update = tensor_of<float>({1, 3, 1}, {1, 2, 3});
  EXPECT_EQ(values<float>(run(op, {past, update, i64({3})})[0]), (std::vector<float>{2, 3, 0, 1}));
  EXPECT_EQ(values<float>(run(op, {past, update, i64({-1})})[0]), (std::vector<float>{2, 3, 0, 1}));
}

}  // namespace
}  // namespace tenon::core
