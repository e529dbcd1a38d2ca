#include <gtest/gtest.h>

#include "ops/shape.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kExact{0, 0};

template <class T>
TacticCase query_case(T op, std::vector<HostValue> inputs) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), {}, {}};
}

TEST(QueryTactic, GivesDims) {
  std::mt19937 random(1);
  for (const Dims& dims : {Dims{}, Dims{7}, Dims{2, 3}, Dims{2, 3, 4}, Dims{1, 5, 6, 7}, Dims{2, 0, 3}})
    for (int64_t start = -3; start <= 3; ++start)
      for (const std::optional<int64_t> end : {std::optional<int64_t>(), std::optional<int64_t>(2), std::optional<int64_t>(-1)}) {
        ShapeOf op;
        op.start = start;
        op.end = end;
        expect_tactic(query_case(op, {random_tensor(DType::f32, dims, random)}), "query", kExact);
      }
  expect_tactic(query_case(SizeOf(), {random_tensor(DType::u8, {3, 4, 5}, random)}), "query", kExact);
}

TEST(QueryTactic, CountsInEveryType) {
  for (const DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64}) {
    TacticCase up = query_case(Range(), {scalar(dtype, 3), scalar(dtype, 40), scalar(dtype, 4)});
    up.constants = {0, 1, 2};
    expect_tactic(up, "query", kExact);
    TacticCase down = query_case(Range(), {scalar(dtype, 5), scalar(dtype, -20), scalar(dtype, -3)});
    down.constants = {0, 1, 2};
    expect_tactic(down, "query", kExact);
  }
}

}  // namespace
}  // namespace tenon::core
