// Where the best elements are, and running sums, on a GPU against the reference.
#include <limits>

#include "fixture.h"
#include "ops/normalize.h"
#include "ops/reduce.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class Orders : public OnGpu {
 protected:
  std::mt19937 random_{5};
  const std::vector<const Tactic*> tactics_ = generated_tactics();

  /// Few different numbers, so that many are equal.
  Tensor steps(DType dtype, Dims dims) {
    return from_doubles(dtype, dims,
                        to_doubles(random_tensor(DType::i32, dims, random_, is_float(dtype) ? -20 : 0, 20)));
  }
  template <class T>
  void expect(std::string_view tactic, T op, std::vector<HostValue> inputs, std::vector<int> constants = {},
              Tolerance t = {}) {
    TacticCase test{std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
    test.options.precisions = {random_() % 2 ? DType::f16 : DType::bf16};
    expect_on_gpu(tactics_, tactic, test, t);
  }
};

TEST_F(Orders, PlacesOfTheBest) {
  for (const Dims& dims : {Dims{3, 5, 40}, Dims{2, 21, 6, 7}, Dims{2, 5000}, Dims{1}})
    for (DType dtype : {DType::f32, DType::i64, DType::u8}) {
      ArgReduce op;
      op.minimum = random_() % 2;
      op.select_last_index = random_() % 2;
      op.keepdims = random_() % 2;
      op.axis = static_cast<int64_t>(random_() % dims.size());
      expect("device_arg_reduce", op, {steps(dtype, dims)});
    }
  Tensor nan = steps(DType::f32, {4, 50});
  nan.mutable_data<float>()[70] = nan.mutable_data<float>()[90] = std::numeric_limits<float>::quiet_NaN();
  ArgReduce op;
  op.axis = 1;
  expect("device_arg_reduce", op, {nan});
  Hardmax hard;
  for (hard.axis = 0; hard.axis < 2; ++hard.axis) expect("device_arg_reduce", hard, {steps(DType::f32, {9, 33})});
}

TEST_F(Orders, TopOfEveryLength) {
  const auto check = [&](DType dtype, Dims dims, int64_t axis, int64_t k) {
    TopK op;
    op.axis = axis;
    op.largest = random_() % 2;
    expect("device_top_k", op, {steps(dtype, std::move(dims)), tensor_of<int64_t>({1}, {k})}, {1});
  };
  for (DType dtype : {DType::f32, DType::i64, DType::f16, DType::u32, DType::u8})
    check(dtype, {3, 7, 20}, 1 + static_cast<int64_t>(random_() % 2), 5);
  check(DType::f32, {2, 3000}, -1, 300);
  check(DType::f32, {1, 30000}, -1, 100);
  check(DType::f64, {1, 2500}, -1, 1024);
  check(DType::f32, {2, 1500, 2}, 1, 1100);
  check(DType::i64, {1, 5000}, -1, 5000);
}

TEST_F(Orders, RunningSums) {
  for (int round = 0; round < 16; ++round) {
    Cumulative op;
    op.product = round % 4 == 3;
    op.exclusive = random_() % 2;
    op.reverse = random_() % 2;
    const Dims dims = round == 0 ? Dims{2, 3000} : Dims{3, 4, 21, 5};
    const Tensor axis = scalar(DType::i64, round == 0 ? 1 : round % 4);
    const DType dtype = round % 3 == 0 ? DType::i32 : DType::f32;
    expect("device_scan", op, {random_tensor(dtype, dims, random_, op.product ? 1 : -2, op.product ? 1.2 : 2), axis},
           {1}, {1e-3, 1e-3});
  }
}

}  // namespace
}  // namespace tenon::core::cuda
