// cuDNN and cuBLASLt against the reference, on random problems.
#include <cmath>

#include "fixture.h"
#include "ops/attention.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class Libraries : public OnGpu {
 protected:
  std::mt19937 random_{11};
  const std::vector<const Tactic*> tactics_ = library_tactics();

  int64_t one_of(std::initializer_list<int64_t> values) { return values.begin()[random_() % values.size()]; }
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  /// Weights whose products over `k` elements keep the size of what they multiply.
  Tensor weights(DType dtype, Dims dims, int64_t k) {
    const double bound = 1 / std::sqrt(static_cast<double>(k));
    return random_tensor(dtype, std::move(dims), random_, -bound, bound);
  }

  static Tolerance tolerance_of(DType own, bool tf32) {
    if (own == DType::bf16) return {5e-2, 3e-2};
    if (own == DType::f16) return {8e-3, 4e-3};
    return tf32 ? Tolerance{4e-3, 4e-3} : Tolerance{5e-5, 5e-5};
  }

  Activation activation(std::initializer_list<Activation> choices) { return choices.begin()[random_() % choices.size()]; }

  void expect(std::string_view tactic, std::shared_ptr<const Op> op, std::vector<HostValue> inputs, std::vector<int> constants) {
    TacticCase test{std::move(op), std::move(inputs), std::move(constants), {}};
    const DType own = std::get<Tensor>(test.inputs[0]).dtype();
    if (own == DType::f32) test.options.precisions = {DType::f16, DType::bf16};
    test.options.tf32 = chance(50);
    expect_on_gpu(tactics_, tactic, test, tolerance_of(own, test.options.tf32));
  }

  /// A value of y's shape, or nothing.
  HostValue maybe(bool present, DType dtype, Dims dims) {
    if (!present) return {};
    return random_tensor(dtype, std::move(dims), random_);
  }

  void convolution(int spatial, int64_t channels, int64_t filters, int64_t group, int64_t size, DType dtype, const Activation& a) {
    Conv conv;
    conv.group = group;
    conv.activation = a;
    Dims x{one_of({1, 2, 3}), channels}, w{filters, channels / group};
    for (int i = 0; i < spatial; ++i) {
      x.push_back(size + static_cast<int64_t>(random_() % 5));
      w.push_back(one_of({1, 3, 3, 5}));
      conv.window.strides.push_back(one_of({1, 1, 2}));
      conv.window.dilations.push_back(group == 1 ? one_of({1, 1, 2}) : 1);
    }
    for (int side = 0; side < 2; ++side)
      for (int i = 0; i < spatial; ++i) conv.window.pads.push_back(w[static_cast<size_t>(i) + 2] / 2);
    const auto pads = resolve_pads(conv.window.filled(spatial), std::span(x).subspan(2));
    Dims y{x[0], filters};
    for (size_t i = 0; i < static_cast<size_t>(spatial); ++i) {
      const int64_t reach = (w[i + 2] - 1) * conv.window.dilations[i] + 1;
      y.push_back((x[i + 2] + pads[i].first + pads[i].second - reach) / conv.window.strides[i] + 1);
    }
    std::vector<HostValue> inputs{random_tensor(dtype, x, random_), weights(dtype, w, checked_product(w) / filters),
                                  maybe(chance(70), dtype, {filters}), maybe(chance(40), dtype, y)};
    expect("cudnn_conv", std::make_shared<Conv>(conv), std::move(inputs), {1, 2});
  }

  Activation any_activation() {
    return activation({{}, {"relu", 0, 0}, {"relu", 0, 0}, {"clip", 0, 6}, {"swish", 1, 0}, {"hard_swish", 0, 0}, {"sigmoid", 0, 0},
                       {"leaky_relu", 0.1, 0}, {"gelu_erf", 0, 0}, {"hard_sigmoid", 0.2, 0.5}, {"tanh", 0, 0}});
  }
};

TEST_F(Libraries, Convolutions) {
  for (int round = 0; round < 8; ++round)
    convolution(2, one_of({8, 16, 24, 64}), one_of({8, 32, 64}), 1, 10, round % 3 == 2 ? DType::f16 : DType::f32, any_activation());
}

TEST_F(Libraries, ConvolutionsOfOddChannels) {
  for (int round = 0; round < 4; ++round)
    convolution(2, one_of({1, 3, 5, 17}), one_of({7, 16, 33, 64}), 1, 12, round % 2 ? DType::bf16 : DType::f32, any_activation());
}

TEST_F(Libraries, PointwiseConvolutionsAsProducts) {
  for (int round = 0; round < 10; ++round) {
    Conv conv;
    conv.activation = activation({{}, {"relu", 0, 0}});
    const DType dtype = round % 3 == 2 ? DType::f16 : DType::f32;
    const int64_t channels = one_of({8, 64, 160}), filters = one_of({8, 24, 200}), size = one_of({1, 3, 7, 14});
    const Dims x{one_of({1, 3}), channels, size, size + 1}, y{x[0], filters, size, size + 1};
    expect("cublaslt_conv", std::make_shared<Conv>(conv),
           {random_tensor(dtype, x, random_), weights(dtype, {filters, channels, 1, 1}, channels), maybe(chance(70), dtype, {filters}), maybe(chance(40), dtype, y)},
           {1, 2});
  }
}

TEST_F(Libraries, GroupedConvolutions) {
  for (int round = 0; round < 8; ++round) {
    const int64_t group = one_of({2, 4, 16}), each = one_of({1, 2, 8});
    convolution(2, group * each, group * each, group, 9, round % 2 ? DType::f16 : DType::f32, any_activation());
  }
}

TEST_F(Libraries, ConvolutionsOfOneAndThreeAxes) {
  for (int round = 0; round < 6; ++round)
    convolution(round % 2 ? 1 : 3, one_of({8, 16}), one_of({8, 24}), 1, 7, DType::f32, activation({{}, {"relu", 0, 0}}));
}

TEST_F(Libraries, TransposedConvolutions) {
  for (int round = 0; round < 8; ++round) {
    ConvTranspose op;
    op.group = round % 4 == 3 ? 2 : 1;
    op.window.strides = {one_of({1, 2, 3}), one_of({1, 2})};
    op.window.pads = {1, 0, 1, one_of({0, 1})};
    op.output_padding = {op.window.strides[0] > 1 ? one_of({0, 1}) : 0, 0};
    op.activation = any_activation();
    const DType dtype = round % 2 ? DType::f16 : DType::f32;
    const int64_t channels = one_of({8, 16}), filters = one_of({8, 24});
    const Dims w{channels, filters / op.group, 3, one_of({2, 4})};
    expect("cudnn_conv", std::make_shared<ConvTranspose>(op),
           {random_tensor(dtype, {2, channels, 7, 6}, random_), weights(dtype, w, channels * 4), maybe(chance(70), dtype, {filters})}, {1, 2});
  }
}

class Products : public Libraries {
 protected:
  void product(const Dims& batch_a, const Dims& batch_w, int64_t m, int64_t k, int64_t n, DType dtype, bool constant) {
    product("cublaslt_matmul", batch_a, batch_w, m, k, n, dtype, constant,
            activation({{}, {}, {"relu", 0, 0}, {"gelu_tanh", 0, 0}}));
  }
  void product(std::string_view tactic, const Dims& batch_a, const Dims& batch_w, int64_t m, int64_t k, int64_t n, DType dtype,
               bool constant, const Activation& after) {
    MatMul op;
    op.transpose_a = chance(30);
    op.transpose_b = chance(40);
    op.alpha = chance(30) ? 0.5 : 1;
    op.activation = after;
    Dims a = batch_a, w = batch_w, y = batch_a.size() > batch_w.size() ? batch_a : batch_w;
    const auto append = [](Dims& dims, int64_t rows, int64_t columns, bool transposed) {
      dims.push_back(transposed ? columns : rows);
      dims.push_back(transposed ? rows : columns);
    };
    append(a, m, k, op.transpose_a);
    append(w, k, n, op.transpose_b);
    append(y, m, n, false);
    std::vector<HostValue> inputs{random_tensor(dtype, a, random_), weights(dtype, w, k), maybe(chance(60), dtype, {n}),
                                  maybe(chance(40), dtype, y)};
    expect(tactic, std::make_shared<MatMul>(op), std::move(inputs), constant ? std::vector<int>{1, 2} : std::vector<int>{});
  }
};

TEST_F(Products, ByConstantWeights) {
  for (int round = 0; round < 16; ++round)
    product({}, {}, one_of({1, 2, 7, 64, 130}), one_of({8, 40, 128}), one_of({8, 24, 200}), round % 3 == 2 ? DType::bf16 : DType::f32, true);
}

TEST_F(Products, Batched) {
  for (int round = 0; round < 12; ++round) {
    const int64_t b = one_of({2, 3, 5});
    const bool shared = chance(50);
    product({b}, shared ? Dims{} : Dims{b}, one_of({1, 16, 33}), one_of({16, 64}), one_of({8, 48}), round % 2 ? DType::f16 : DType::f32, false);
  }
}

TEST_F(Products, WithOtherActivations) {
  for (int round = 0; round < 8; ++round)
    product("cudnn_matmul", round % 2 ? Dims{2} : Dims{}, {}, one_of({8, 33}), one_of({32, 48}), one_of({16, 40}),
            round % 3 ? DType::f32 : DType::f16, chance(60), activation({{"swish", 1, 0}, {"sigmoid", 0, 0}, {"hard_swish", 0, 0}}));
}

TEST_F(Products, OfOddSizes) {
  for (int round = 0; round < 6; ++round)
    product({}, {}, one_of({1, 3, 5}), one_of({1, 7, 33}), one_of({1, 5, 31}), DType::f32, chance(50));
}

class Attentions : public Libraries {
 protected:
  void attention(int64_t heads, int64_t groups, int64_t queries, int64_t keys, int64_t depth, bool causal, bool mask, DType dtype) {
    Attention op;
    op.causal = causal;
    const int64_t batch = one_of({1, 2});
    std::vector<HostValue> inputs{random_tensor(dtype, {batch, heads, queries, depth}, random_),
                                  random_tensor(dtype, {batch, groups, keys, depth}, random_),
                                  random_tensor(dtype, {batch, groups, keys, depth}, random_),
                                  maybe(mask, dtype, chance(50) ? Dims{batch, 1, 1, keys} : Dims{batch, heads, queries, keys})};
    expect("cudnn_attention", std::make_shared<Attention>(op), std::move(inputs), {});
  }
};

TEST_F(Attentions, OfEqualHeads) {
  for (int round = 0; round < 6; ++round)
    attention(4, 4, one_of({1, 17, 64, 197}), one_of({64, 77, 197}), one_of({32, 64, 80}), false, chance(50), round % 2 ? DType::f16 : DType::f32);
}

TEST_F(Attentions, CausalAndGrouped) {
  for (int round = 0; round < 6; ++round) {
    const int64_t length = one_of({16, 65, 128});
    attention(8, one_of({1, 2, 8}), length, length, 64, chance(60), chance(30), round % 2 ? DType::bf16 : DType::f32);
  }
}

TEST_F(Libraries, SourcesCanBeTurnedOff) {
  TacticCase test{std::make_shared<MatMul>(), {random_tensor(DType::f32, {8, 8}, random_), random_tensor(DType::f32, {8, 8}, random_)}, {}, {}};
  test.options.sources = ~static_cast<uint32_t>(cublas_lt_source | cudnn_source);
  EXPECT_TRUE(check_on_gpu(tactics_, test).empty());
}

/// Convolutions come with cuDNN's numbers, products with cuBLASLt's, wherever these say all.
TEST_F(Libraries, KernelsAreKnownByTheirLibrarysNumbers) {
  KnobCounts& counts = knob_counts();
  counts = {};
  convolution(2, 64, 64, 1, 12, DType::f32, {"relu", 0, 0});
  EXPECT_GT(counts.with_knobs, 0);
  printf("cuDNN: %d of %d\n", counts.with_knobs, counts.numbered);
  counts = {};
  expect("cublaslt_matmul", std::make_shared<MatMul>(), {random_tensor(DType::f32, {64, 128}, random_), weights(DType::f32, {128, 256}, 128), HostValue(), HostValue()}, {1});
  EXPECT_GT(counts.with_knobs, 0);
  printf("cuBLASLt: %d of %d\n", counts.with_knobs, counts.numbered);
}

}  // namespace
}  // namespace tenon::core::cuda
