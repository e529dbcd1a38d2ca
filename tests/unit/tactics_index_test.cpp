#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/index.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kExact{0, 0};

template <class T>
TacticCase make_case(T op, std::vector<HostValue> inputs) {
  return {std::make_shared<T>(std::move(op)), std::move(inputs), {}, {}};
}

int64_t below(std::mt19937& random, int64_t bound) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
}

Dims random_dims(std::mt19937& random, int64_t rank) {
  Dims dims;
  for (int64_t i = 0; i < rank; ++i) dims.push_back(1 + below(random, 5));
  return dims;
}

DType random_dtype(std::mt19937& random) {
  const DType types[] = {DType::f32, DType::i64, DType::u8, DType::f16, DType::boolean, DType::f64};
  return types[random() % std::size(types)];
}

/// Indices of these dims into an axis of `bound` elements, counted from either end.
Tensor random_indices(std::mt19937& random, const Dims& dims, int64_t bound) {
  return random_tensor(random() % 2 ? DType::i64 : DType::i32, dims, random, static_cast<double>(-bound),
                       static_cast<double>(bound));
}

/// Tuples of indices whose last axis picks from x's axes [first, first + width).
Tensor random_tuples(std::mt19937& random, Dims dims, const Dims& x, size_t first) {
  const auto width = static_cast<size_t>(dims.back());
  std::vector<int64_t> values(static_cast<size_t>(checked_product(dims)));
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t bound = x[first + i % width];
    values[i] = below(random, 2 * bound) - bound;
  }
  return tensor_of<int64_t>(std::move(dims), values);
}

TEST(GatherNDTactic, AgreesWithTheReference) {
  std::mt19937 random(1);
  for (int round = 0; round < 150; ++round) {
    const Dims x = random_dims(random, 1 + below(random, 4));
    GatherND op;
    op.batch_dims = below(random, static_cast<int64_t>(x.size()));
    const auto batch = static_cast<size_t>(op.batch_dims);
    Dims tuples(x.begin(), x.begin() + op.batch_dims);
    for (const int64_t d : random_dims(random, below(random, 3))) tuples.push_back(d);
    tuples.push_back(1 + below(random, static_cast<int64_t>(x.size() - batch)));
    expect_tactic(
        make_case(op, {random_tensor(random_dtype(random), x, random), random_tuples(random, tuples, x, batch)}),
        "gather_nd", kExact);
  }
}

TEST(GatherNDTactic, GathersElements) {
  std::mt19937 random(2);
  for (int round = 0; round < 150; ++round) {
    const Dims x = random_dims(random, 1 + below(random, 4));
    GatherElements op;
    op.axis = below(random, static_cast<int64_t>(x.size()));
    Dims dims = x;
    for (int64_t& d : dims) d = 1 + below(random, d);
    dims[static_cast<size_t>(op.axis)] = 1 + below(random, 6);
    const Tensor indices = random_indices(random, dims, x[static_cast<size_t>(op.axis)]);
    if (random() % 2) op.axis -= static_cast<int64_t>(x.size());
    expect_tactic(make_case(op, {random_tensor(random_dtype(random), x, random), indices}), "gather_nd", kExact);
  }
}

ScatterReduction random_reduction(std::mt19937& random, DType dtype) {
  return dtype == DType::f32 ? static_cast<ScatterReduction>(random() % 5) : ScatterReduction::none;
}

TEST(ScatterTactic, ScattersBlocks) {
  std::mt19937 random(3);
  for (int round = 0; round < 150; ++round) {
    const Dims x = random_dims(random, 1 + below(random, 4));
    Dims tuples = random_dims(random, below(random, 3));
    tuples.push_back(1 + below(random, static_cast<int64_t>(x.size())));
    Dims updates(tuples.begin(), tuples.end() - 1);
    updates.insert(updates.end(), x.begin() + tuples.back(), x.end());
    const DType dtype = random_dtype(random);
    ScatterND op;
    op.reduction = random_reduction(random, dtype);
    expect_tactic(make_case(op, {random_tensor(dtype, x, random), random_tuples(random, tuples, x, 0),
                                 random_tensor(dtype, updates, random)}),
                  "scatter");
  }
}

TEST(ScatterTactic, ScattersElements) {
  std::mt19937 random(4);
  for (int round = 0; round < 150; ++round) {
    const Dims x = random_dims(random, 1 + below(random, 4));
    ScatterElements op;
    op.axis = below(random, static_cast<int64_t>(x.size()));
    Dims dims = x;
    for (int64_t& d : dims) d = 1 + below(random, d);
    dims[static_cast<size_t>(op.axis)] = 1 + below(random, 6);
    const DType dtype = random_dtype(random);
    op.reduction = random_reduction(random, dtype);
    expect_tactic(
        make_case(op, {random_tensor(dtype, x, random), random_indices(random, dims, x[static_cast<size_t>(op.axis)]),
                       random_tensor(dtype, dims, random)}),
        "scatter");
  }
}

}  // namespace
}  // namespace tenon::core
