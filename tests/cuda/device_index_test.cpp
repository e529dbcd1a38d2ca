// Scatters that add up, and values between elements, on a GPU against the reference.
#include "fixture.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "ops/roi.h"
#include "ops/sample.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class Indexed : public OnGpu {
 protected:
  std::mt19937 random_{31};
  const std::vector<const Tactic*> tactics_ = generated_tactics();

  template <class T>
  void expect(std::string_view tactic, T op, std::vector<HostValue> inputs, Tolerance t = {}) {
    TacticCase test{std::make_shared<T>(std::move(op)), std::move(inputs), {}, {}};
    test.options.precisions = {random_() % 2 ? DType::f16 : DType::bf16};
    expect_on_gpu(tactics_, tactic, test, t);
  }
};

TEST_F(Indexed, ScattersThatFold) {
  for (ScatterReduction how :
       {ScatterReduction::add, ScatterReduction::mul, ScatterReduction::max, ScatterReduction::min})
    for (DType dtype : {DType::f32, DType::i64, DType::u8}) {
      const Tolerance t{how == ScatterReduction::mul ? 0.05 : 1e-5, how == ScatterReduction::mul ? 0.05 : 1e-5};
      const double low = dtype == DType::f32 ? 0.8 : 0, high = dtype == DType::f32 ? 1.2 : 3;
      ScatterElements elements;
      elements.reduction = how;
      const Tensor x = random_tensor(dtype, {4, 5, 6}, random_, low, high);
      for (elements.axis = 0; elements.axis < 3; ++elements.axis) {
        const Dims dims = elements.axis == 1 ? Dims{3, 9, 6} : Dims{4, 5, 4};
        expect("device_scatter", elements,
               {x, random_tensor(DType::i64, dims, random_, -4, 3), random_tensor(dtype, dims, random_, low, high)}, t);
      }
      ScatterND nd;
      nd.reduction = how;
      expect("device_scatter", nd,
             {x, random_tensor(DType::i64, {4, 3, 2}, random_, -4, 3),
              random_tensor(dtype, {4, 3, 6}, random_, low, high)},
             t);
      expect("device_scatter", nd,
             {x, random_tensor(DType::i32, {20, 3}, random_, -4, 3), random_tensor(dtype, {20}, random_, low, high)},
             t);
    }
}

TEST_F(Indexed, ProductsOfOtherTypes) {
  for (DType dtype : {DType::f64, DType::i32, DType::u64}) {
    const auto x = [&](Dims dims) { return random_tensor(dtype, std::move(dims), random_); };
    MatMul op;
    expect("device_contract", op, {x({2, 3, 5, 6}), x({3, 6, 4})});
    expect("device_contract", op, {x({6}), x({6, 4})});
    op.transpose_b = true;
    if (dtype == DType::f64) expect("device_contract", op, {x({5, 6}), x({4, 6}), x({4})});
  }
  MatMulInteger integers;
  const Tensor a = random_tensor(DType::u8, {2, 5, 6}, random_, 0, 255),
               b = random_tensor(DType::i8, {6, 4}, random_, -128, 127);
  expect("device_contract", integers, {a, b});
  expect("device_contract", integers, {a, b, scalar(DType::u8, 100), random_tensor(DType::i8, {4}, random_)});
  expect("device_contract", integers,
         {random_tensor(DType::i8, {5, 6}, random_), b, random_tensor(DType::i8, {5}, random_)});
  for (const auto& [equation, left, right] : {std::tuple{"bij,bjk->bik", Dims{2, 3, 4}, Dims{2, 4, 5}},
                                              {"...ij,kj->...ki", {2, 3, 4}, {5, 4}},
                                              {"abcd,abcd->", {2, 3, 2, 3}, {2, 3, 1, 3}}}) {
    Einsum op;
    op.equation = equation;
    expect("device_contract", op, {random_tensor(DType::f32, left, random_), random_tensor(DType::f32, right, random_)},
           {1e-4, 1e-4});
  }
  for (const char* equation : {"iij->j", "iij->ji", "ijk->"}) {
    Einsum op;
    op.equation = equation;
    expect("device_contract", op, {random_tensor(DType::f32, {4, 4, 5}, random_)}, {1e-4, 1e-4});
  }
}

TEST_F(Indexed, GridSamples) {
  for (SampleMode mode : {SampleMode::linear, SampleMode::nearest, SampleMode::cubic})
    for (SamplePadding padding : {SamplePadding::zeros, SamplePadding::border, SamplePadding::reflection})
      for (bool corners : {false, true}) {
        GridSample op;
        op.mode = mode;
        op.padding = padding;
        op.align_corners = corners;
        expect("device_sample", op,
               {random_tensor(DType::f32, {2, 3, 5, 6}, random_),
                random_tensor(DType::f32, {2, 4, 3, 2}, random_, -1.4, 1.4)},
               {2e-4, 2e-4});
        if (mode != SampleMode::cubic)
          expect("device_sample", op,
                 {random_tensor(DType::f32, {1, 2, 4, 5, 6}, random_),
                  random_tensor(DType::f32, {1, 2, 4, 3, 3}, random_, -1.4, 1.4)},
                 {2e-4, 2e-4});
      }
}

TEST_F(Indexed, RegionsOfInterest) {
  for (bool max : {false, true})
    for (int64_t ratio : {0, 2}) {
      RoiAlign op;
      op.max = max;
      op.half_pixel = random_() % 2;
      op.height = 3;
      op.width = 4;
      op.sampling_ratio = ratio;
      op.spatial_scale = 0.37;
      Tensor boxes = random_tensor(DType::f32, {6, 4}, random_, 0, 10);
      for (int i = 0; i < 6; ++i)
        for (int e = 2; e < 4; ++e) boxes.mutable_data<float>()[4 * i + e] += 9;
      expect("device_sample", op,
             {random_tensor(DType::f32, {2, 3, 8, 9}, random_), boxes, random_tensor(DType::i64, {6}, random_, 0, 1)},
             {1e-4, 1e-4});
    }
}

}  // namespace
}  // namespace tenon::core::cuda
