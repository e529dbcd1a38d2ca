// Normalizations over channels, quantization, positions, rotary embeddings and recurrent layers on a GPU against the
// reference.
#include "fixture.h"
#include "ops/attention.h"
#include "ops/index.h"
#include "ops/matmul_quantized.h"
#include "ops/normalize.h"
#include "ops/quantize.h"
#include "ops/recurrent.h"
#include "ops/shape.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class Layers : public OnGpu {
 protected:
  std::mt19937 random_{23};
  const std::vector<const Tactic*> tactics_ = generated_tactics();

  Tensor floats(Dims dims, double low = -2, double high = 2) {
    return random_tensor(DType::f32, std::move(dims), random_, low, high);
  }
  template <class T>
  void expect(std::string_view tactic, T op, std::vector<HostValue> inputs, std::vector<int> constants = {},
              Tolerance t = {}) {
    TacticCase test{std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
    test.options.precisions = {random_() % 2 ? DType::f16 : DType::bf16};
    expect_on_gpu(tactics_, tactic, test, t);
  }
};

TEST_F(Layers, GroupsOfChannels) {
  for (const auto& [dims, groups] :
       {std::pair{Dims{2, 8, 5, 6}, 4}, {Dims{1, 6, 9}, 0}, {Dims{1, 4, 70, 80}, 2}, {Dims{2, 12, 4, 4}, 1}}) {
    GroupNorm op;
    op.groups = groups;
    const Tensor x = floats(dims, 1, 4), scale = floats({dims[1]}), bias = floats({dims[1]});
    expect("device_group_norm", op, {x, scale, bias}, random_() % 2 ? std::vector<int>{1, 2} : std::vector<int>{},
           {1e-4, 1e-4});
    op.per_group_scale = groups != 0;
    if (groups) expect("device_group_norm", op, {x, floats({groups}), floats({groups})}, {1, 2}, {1e-4, 1e-4});
  }
}

TEST_F(Layers, NeighbouringChannels) {
  for (int64_t size : {1, 4, 5, 40}) {
    LRN op;
    op.size = size;
    op.alpha = 0.3;
    expect("device_lrn", op, {floats({2, 9, 4, 5})}, {}, {1e-5, 1e-4});
  }
}

TEST_F(Layers, Quantizations) {
  const Dims dims{2, 6, 4, 8};
  for (DType dtype : {DType::i8, DType::u8, DType::i16, DType::u4}) {
    const auto both = [&](int64_t axis, int64_t block, const Dims& scales) {
      QuantizeLinear quantize;
      DequantizeLinear back;
      quantize.axis = back.axis = axis;
      quantize.block_size = back.block_size = block;
      const Tensor scale = floats(scales, 0.05, 0.3), zero = random_tensor(dtype, scales, random_, 0, 5);
      TacticCase one{std::make_shared<QuantizeLinear>(quantize), {floats(dims, -9, 9), scale, zero}, {1, 2}, {}};
      expect_on_gpu(tactics_, "device_quantize", one, {0, 0});
      expect("device_quantize", back, {random_tensor(dtype, dims, random_, 0, 9), scale, zero}, {1, 2});
    };
    both(1, 0, {});
    both(1, 0, {6});
    both(3, 0, {8});
    both(2, 3, {2, 6, 2, 8});
  }
  for (int64_t count : {5, 5000})
    expect_on_gpu(tactics_, "device_quantize",
                  {std::make_shared<DynamicQuantizeLinear>(), {floats({count}, -3, 5)}, {}, {}}, {0, 1e-6});
  QuantizeLinear plain;
  plain.precision = DType::f16;
  TacticCase half{std::make_shared<QuantizeLinear>(plain),
                  {random_tensor(DType::f16, {3, 7}, random_), scalar(DType::f16, 0.125)},
                  {},
                  {}};
  expect_on_gpu(tactics_, "device_quantize", half, {0, 0});
}

TEST_F(Layers, Positions) {
  for (DType dtype : {DType::f32, DType::boolean, DType::i64}) {
    for (int64_t k : {-9, -2, 0, 1, 30}) {
      Trilu op;
      op.upper = random_() % 2;
      expect("device_position", op,
             {random_tensor(dtype, {2, 5, 7}, random_), scalar(DType::i64, static_cast<double>(k))},
             k % 2 ? std::vector<int>{1} : std::vector<int>{});
    }
    ReverseSequence reverse;
    expect("device_position", reverse, {random_tensor(dtype, {5, 3, 4}, random_), tensor_of<int64_t>({3}, {5, 0, 3})});
    std::swap(reverse.batch_axis, reverse.time_axis);
    expect("device_position", reverse, {random_tensor(dtype, {3, 5}, random_), tensor_of<int64_t>({3}, {1, 2, 4})});
    OneHot hot;
    for (hot.axis = -1; hot.axis < 3; ++hot.axis)
      expect("device_position", hot,
             {random_tensor(DType::i64, {4, 3}, random_, -7, 7), scalar(DType::i64, 6),
              random_tensor(dtype, {2}, random_)},
             {1});
  }
  EyeLike eye;
  eye.k = -1;
  expect("device_position", eye, {floats({5, 4})});
}

TEST_F(Layers, RotaryEmbeddings) {
  for (bool packed : {false, true})
    for (int positions : {0, 1, 2}) {
      RotaryEmbedding op;
      op.heads = packed ? 3 : 0;
      op.rotary = positions == 1 ? 4 : 0;
      op.interleaved = random_() % 2;
      const int64_t half = op.rotary ? 2 : 4;
      const Dims angles = positions ? Dims{20, half} : Dims{2, 5, half};
      std::vector<HostValue> inputs{floats(packed ? Dims{2, 5, 24} : Dims{2, 3, 5, 8}), floats(angles, -1, 1),
                                    floats(angles, -1, 1)};
      if (positions == 1) inputs.push_back(tensor_of<int64_t>({1}, {7}));
      if (positions == 2) inputs.push_back(random_tensor(DType::i64, {2, 5}, random_, 0, 19));
      expect("device_rotary", op, inputs);
    }
}

TEST_F(Layers, PackedProducts) {
  for (int64_t bits : {2, 4, 8})
    for (int zeros : {0, 1, 2}) {
      MatMulNBits op;
      op.bits = bits;
      op.k = 75;
      op.n = 10;
      op.block_size = zeros == 1 ? 16 : 32;
      const int64_t blocks = op.blocks();
      std::vector<HostValue> inputs{floats({2, 3, op.k}),
                                    random_tensor(DType::u8, {op.n, blocks, op.block_size * bits / 8}, random_, 0, 255),
                                    floats({op.n * blocks}, 0.1 / (1 << bits), 0.4 / (1 << bits)),
                                    HostValue(),
                                    HostValue(),
                                    HostValue()};
      if (zeros == 1) inputs[3] = random_tensor(DType::u8, {op.n * ((blocks * bits + 7) / 8)}, random_, 0, 255);
      if (zeros == 2) {
        inputs[3] = floats({op.n, blocks}, 0, 3);
        inputs[4] = random_tensor(DType::i32, {op.k}, random_, 0, static_cast<double>(blocks - 1));
        inputs[5] = floats({op.n});
      }
      expect("device_packed_matmul", op, inputs, {1, 2}, {1e-3, 1e-3});
    }
}

TEST_F(Layers, Recurrent) {
  const auto inputs = [&](int64_t gates, int64_t directions, bool more) {
    std::vector<HostValue> x{floats({4, 5, 3}), floats({directions, gates * 9, 3}, -0.5, 0.5),
                             floats({directions, gates * 9, 9}, -0.5, 0.5)};
    if (more)
      x.insert(x.end(), {floats({directions, 2 * gates * 9}), tensor_of<int32_t>({5}, {4, 0, 2, 1, 4}),
                         floats({directions, 5, 9})});
    return x;
  };
  const auto functions = [](Recurrent& common, std::vector<std::string> names) {
    for (int64_t d = 0; d < common.directions(); ++d)
      common.activations.insert(common.activations.end(), names.begin(), names.end());
    common.alpha.assign(common.activations.size(), 0.5);
    common.beta.assign(common.activations.size(), 0.25);
  };
  for (Direction direction : {Direction::forward, Direction::reverse, Direction::bidirectional})
    for (bool more : {false, true}) {
      LSTM lstm;
      lstm.common.direction = direction;
      functions(lstm.common, more ? std::vector<std::string>{"hard_sigmoid", "tanh", "softsign"}
                                  : std::vector<std::string>{"sigmoid", "tanh", "tanh"});
      lstm.common.clip = more ? 0.7 : 0;
      lstm.input_forget = more;
      const int64_t d = lstm.common.directions();
      std::vector<HostValue> x = inputs(4, d, more);
      if (more) x.insert(x.end(), {floats({d, 5, 9}), floats({d, 27})});
      expect("device_recurrent", lstm, x, {1, 2}, {1e-4, 1e-4});
      GRU gru;
      gru.common.direction = direction;
      functions(gru.common, {"sigmoid", "tanh"});
      for (bool linear : {false, true}) {
        gru.linear_before_reset = linear;
        expect("device_recurrent", gru, inputs(3, d, more), {1, 2}, {1e-4, 1e-4});
      }
      RNN rnn;
      rnn.common.direction = direction;
      functions(rnn.common, {more ? "relu" : "elu"});
      expect("device_recurrent", rnn, inputs(1, d, more), {1, 2}, {1e-4, 1e-4});
    }
}

}  // namespace
}  // namespace tenon::core::cuda
