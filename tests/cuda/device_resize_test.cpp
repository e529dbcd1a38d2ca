// Resizes and paddings on a GPU against the reference.
#include "fixture.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class Resizes : public OnGpu {
 protected:
  std::mt19937 random_{11};
  const std::vector<const Tactic*> tactics_ = generated_tactics();

  void expect(std::string_view tactic, OpRef op, std::vector<HostValue> inputs, std::vector<int> constants) {
    TacticCase test{std::move(op), std::move(inputs), std::move(constants), {}};
    test.options.precisions = {random_() % 2 ? DType::f16 : DType::bf16};
    const bool half = std::get<Tensor>(test.inputs[0]).dtype() == DType::f16;
    expect_on_gpu(tactics_, tactic, test, half ? Tolerance{1e-3, 1e-3} : Tolerance{1e-5, 1e-5});
  }
  template <class T>
  void expect_resized(const Resize& op, T dtype, Dims dims, std::vector<float> scales) {
    const Tensor x = random_tensor(dtype, dims, random_);
    const auto count = static_cast<int64_t>(scales.size());
    expect(op.mode == ResizeMode::nearest ? "device_pick" : "device_resample", std::make_shared<Resize>(op),
           {x, HostValue(), tensor_of<float>({count}, scales), HostValue()}, {2});
  }
};

TEST_F(Resizes, EveryCoordinateAndRounding) {
  for (size_t c = 0; c < enum_names(ResizeCoordinates{}).size(); ++c) {
    Resize op;
    op.coordinates = static_cast<ResizeCoordinates>(c);
    if (op.coordinates == ResizeCoordinates::tf_crop_and_resize) continue;
    op.nearest = static_cast<ResizeNearest>(c % 4);
    for (const auto& scales : {std::vector<float>{1, 1, 2, 3}, {1, 1, 0.6f, 0.45f}, {1, 2, 1.4f, 1}}) {
      op.mode = ResizeMode::nearest;
      expect_resized(op, DType::u8, {2, 3, 7, 9}, scales);
      op.mode = ResizeMode::linear;
      expect_resized(op, DType::f32, {2, 3, 7, 9}, scales);
      op.mode = ResizeMode::cubic;
      expect_resized(op, DType::f32, {1, 3, 7, 9}, scales);
    }
  }
}

TEST_F(Resizes, WideChannelsAndOtherRanks) {
  Resize op;
  for (ResizeMode mode : {ResizeMode::nearest, ResizeMode::linear, ResizeMode::cubic}) {
    op.mode = mode;
    expect_resized(op, DType::f32, {1, 16, 5, 6}, {1, 1, 2, 2});
    expect_resized(op, DType::f32, {2, 5, 6, 3, 4}, {1, 1, 2, 1.5f, 0.5f});
    expect_resized(op, DType::f16, {3, 8, 10}, {1, 1, 2.5f});
    op.antialias = mode != ResizeMode::nearest;
    expect_resized(op, DType::f32, {1, 3, 20, 20}, {1, 1, 0.3f, 0.7f});
    op.antialias = false;
  }
}

TEST_F(Resizes, Paddings) {
  const Tensor pads = tensor_of<int64_t>({8}, {0, 1, 4, 3, 0, 2, 5, -2}), axes = tensor_of<int64_t>({2}, {2, -1}),
               some = tensor_of<int64_t>({4}, {1, 2, 1, -1});
  for (PadMode mode : {PadMode::reflect, PadMode::edge, PadMode::wrap}) {
    Pad op;
    op.mode = mode;
    for (DType dtype : {DType::f32, DType::boolean, DType::i64}) {
      const Tensor x = random_tensor(dtype, {2, 3, 6, 8}, random_);
      expect("device_pick", std::make_shared<Pad>(op), {x, pads, HostValue(), HostValue()}, {1});
      expect("device_pick", std::make_shared<Pad>(op), {x, some, HostValue(), axes}, {1, 3});
    }
  }
}

TEST_F(Resizes, CentersCroppedAndPadded) {
  CenterCropPad op;
  op.axes = {0, 2, 3};
  for (DType dtype : {DType::f32, DType::u8})
    expect("device_pick", std::make_shared<CenterCropPad>(op),
           {random_tensor(dtype, {3, 5, 6, 7}, random_), tensor_of<int64_t>({3}, {4, 3, 10})}, {1});
}

}  // namespace
}  // namespace tenon::core::cuda
