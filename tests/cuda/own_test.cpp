// Hand-written kernels against the reference, on random problems.
#include <cmath>

#include "fixture.h"
#include "ops/attention.h"
#include "cuda/check.h"
#include "cuda/compile.h"
#include "cuda/memory.h"
#include "ops/conv.h"
#include "ops/fused.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/pointwise.h"
#include "ops/shape.h"
#include "tactics/cuda/libraries.h"
#include "tactics/cuda/own.h"

namespace tenon::core::cuda {
namespace {

class Own : public OnGpu {
 protected:
  std::mt19937 random_{5};

  int64_t one_of(std::initializer_list<int64_t> values) { return values.begin()[random_() % values.size()]; }
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  HostValue maybe(bool present, DType dtype, Dims dims) {
    if (!present) return {};
    return random_tensor(dtype, std::move(dims), random_);
  }
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

  template <class T>
  void expect(const Tactic& tactic, T op, std::vector<HostValue> inputs, std::vector<int> constants, std::vector<DType> precisions, bool tf32 = false) {
    TacticCase test{std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
    const DType own = std::get<Tensor>(test.inputs[0]).dtype();
    if (own == DType::f32) test.options.precisions = std::move(precisions);
    test.options.tf32 = tf32;
    expect_on_gpu({&tactic}, tactic.name(), test, tolerance_of(own, tf32));
  }

  struct ConvCase {
    int64_t images, channels, filters, group;
    Dims size, kernel;
    int64_t stride, dilation, pad;
    const char* activation;
    bool residual;
  };
  void conv(const Tactic& tactic, const ConvCase& c, DType dtype, std::vector<DType> precisions, bool tf32 = false) {
    Conv op;
    op.group = c.group;
    op.activation = {c.activation, c.activation == std::string("swish") ? 1.0 : -0.5, 1.5};
    Dims x{c.images, c.channels}, w{c.filters, c.channels / c.group}, y{c.images, c.filters};
    for (size_t i = 0; i < c.size.size(); ++i) {
      x.push_back(c.size[i]);
      w.push_back(c.kernel[i]);
      op.window.strides.push_back(c.stride);
      op.window.dilations.push_back(c.dilation);
      y.push_back((c.size[i] + 2 * c.pad - (c.kernel[i] - 1) * c.dilation - 1) / c.stride + 1);
    }
    op.window.pads.assign(2 * c.size.size(), c.pad);
    std::vector<HostValue> inputs{random_tensor(dtype, x, random_), weights(dtype, w, checked_product(w) / w[0]),
                                  maybe(chance(70), dtype, {c.filters})};
    if (c.residual) inputs.push_back(random_tensor(dtype, y, random_));
    expect(tactic, op, std::move(inputs), {1, 2}, std::move(precisions), tf32);
  }
};

TEST_F(Own, Convolutions) {
  const Tactic& t = own_conv_tactic();
  conv(t, {2, 64, 128, 1, {14, 14}, {3, 3}, 1, 1, 1, "relu", false}, DType::f32, {DType::f16});
  conv(t, {8, 64, 256, 1, {28, 28}, {1, 1}, 1, 1, 0, "relu", true}, DType::f32, {DType::bf16});
  conv(t, {1, 256, 64, 1, {7, 7}, {3, 3}, 2, 1, 1, "", true}, DType::f16, {});
  conv(t, {2, 64, 96, 4, {13, 11}, {3, 3}, 1, 2, 2, "clip", false}, DType::f32, {DType::f16}, true);
  conv(t, {1, 3, 10, 1, {31, 29}, {7, 5}, 2, 1, 3, "swish", false}, DType::f32, {DType::f16});
  conv(t, {1, 6, 9, 3, {12, 9}, {3, 3}, 1, 1, 1, "relu", false}, DType::f32, {DType::bf16}, true);
  conv(t, {2, 40, 24, 1, {50}, {5}, 1, 1, 2, "gelu_erf", false}, DType::f32, {DType::f16});
  conv(t, {2, 3, 40, 1, {32, 48}, {16, 16}, 16, 1, 0, "", false}, DType::f32, {DType::f16});
  conv(t, {1, 24, 48, 1, {14, 12}, {2, 2}, 2, 1, 0, "relu", true}, DType::f32, {DType::bf16}, true);
  conv(t, {1, 5, 16, 1, {11, 9}, {3, 3}, 3, 1, 0, "", false}, DType::f32, {DType::f16});
  conv(t, {2, 6, 16, 1, {20}, {4}, 4, 1, 0, "", false}, DType::f32, {DType::f16});
  conv(t, {3, 16, 96, 1, {57, 31}, {1, 1}, 1, 1, 0, "clip", false}, DType::f32, {DType::f16});
  conv(t, {2, 24, 144, 1, {28, 30}, {1, 1}, 1, 1, 0, "relu", true}, DType::f32, {DType::bf16});
  conv(t, {1, 672, 28, 1, {1, 1}, {1, 1}, 1, 1, 0, "swish", false}, DType::f32, {DType::f16});
  conv(t, {8, 28, 672, 1, {1, 1}, {1, 1}, 1, 1, 0, "sigmoid", false}, DType::f32, {DType::bf16}, true);
}

TEST_F(Own, DepthwiseConvolutions) {
  const Tactic& t = own_depthwise_tactic();
  conv(t, {2, 96, 96, 96, {28, 27}, {3, 3}, 1, 1, 1, "clip", false}, DType::f32, {DType::f16, DType::bf16});
  conv(t, {1, 144, 144, 144, {15, 17}, {5, 5}, 2, 1, 2, "swish", true}, DType::f32, {DType::f16});
  conv(t, {1, 20, 20, 20, {15, 17}, {7, 7}, 1, 1, 3, "", false}, DType::f16, {});
  conv(t, {9, 72, 72, 72, {40, 41}, {3, 3}, 1, 1, 1, "clip", false}, DType::f32, {DType::f16});
  conv(t, {40, 72, 72, 72, {41, 43}, {3, 3}, 1, 1, 1, "clip", true}, DType::f32, {DType::f16});  // enough for threads that walk
  conv(t, {3, 240, 240, 240, {14, 14}, {5, 5}, 1, 1, 2, "swish", false}, DType::f32, {DType::f16});
  conv(t, {1, 64, 64, 64, {29, 27}, {7, 7}, 2, 1, 3, "", true}, DType::f32, {DType::bf16});
  conv(t, {1, 9, 9, 9, {21, 17}, {3, 9}, 1, 2, 4, "relu", false}, DType::f32, {DType::f16});
}

TEST_F(Own, FirstConvolutions) {
  const Tactic& t = own_stem_tactic();
  conv(t, {2, 3, 64, 1, {61, 58}, {7, 7}, 2, 1, 3, "relu", false}, DType::f32, {DType::f16});
  conv(t, {3, 3, 32, 1, {33, 40}, {3, 3}, 2, 1, 1, "clip", false}, DType::f32, {DType::f16, DType::bf16});
  conv(t, {2, 3, 96, 1, {40, 36}, {4, 4}, 4, 1, 0, "", false}, DType::f32, {DType::f16});
  conv(t, {1, 1, 24, 1, {28, 28}, {5, 5}, 1, 1, 2, "relu", false}, DType::f16, {});
  conv(t, {2, 3, 64, 1, {96, 224}, {7, 7}, 2, 1, 3, "relu", false}, DType::f32, {DType::f16, DType::bf16});
  conv(t, {40, 3, 32, 1, {64, 64}, {3, 3}, 2, 1, 1, "clip", false}, DType::f32, {DType::f16});
  conv(t, {1, 2, 16, 1, {70, 56}, {7, 11}, 2, 1, 4, "swish", false}, DType::f16, {});
}

TEST_F(Own, MatrixProducts) {
  const auto product = [&](Dims a, Dims b, bool constant, bool ta, bool tb, const char* activation, bool residual, std::vector<DType> precisions,
                           bool tf32, DType dtype = DType::f32) {
    MatMul op;
    op.transpose_a = ta, op.transpose_b = tb, op.alpha = 0.5;
    op.activation.kind = activation;
    const int64_t n = tb ? b[b.size() - 2] : b.back(), k = tb ? b.back() : b[b.size() - 2];
    Dims y = a;
    if (ta) std::swap(y[y.size() - 1], y[y.size() - 2]);
    y.back() = n;
    std::vector<HostValue> inputs{random_tensor(dtype, a, random_), weights(dtype, b, k), maybe(chance(70), dtype, {n})};
    if (residual) inputs.push_back(random_tensor(dtype, y, random_));
    expect(own_matmul_tactic(), op, std::move(inputs), constant ? std::vector<int>{1, 2} : std::vector<int>{}, std::move(precisions), tf32);
  };
  product({1, 128, 768}, {768, 768}, true, false, false, "gelu_erf", false, {DType::f16}, false);
  product({4, 50, 256}, {256, 1000}, true, false, false, "", true, {DType::bf16}, true);
  product({2, 3, 70, 64}, {2, 3, 64, 90}, false, false, false, "", false, {DType::f16}, true);
  product({2, 3, 70, 64}, {2, 3, 90, 64}, false, false, true, "relu", false, {DType::f16}, true);
  product({5, 64, 33}, {5, 64, 31}, false, true, false, "", false, {DType::f16}, true);
  product({7, 1023}, {1023, 65}, true, false, false, "tanh", false, {DType::f16}, false);
  product({1, 2048}, {1000, 2048}, true, false, true, "", false, {}, false, DType::f16);
  product({3, 4, 770}, {770, 250}, true, false, false, "gelu_erf", true, {DType::bf16}, true);
  product({2, 1001}, {1001, 33}, true, false, false, "relu", false, {DType::f16}, true);
  product({16, 3072}, {3072, 768}, true, false, false, "", true, {DType::f16}, false);
  product({1, 128, 3072}, {3072, 768}, true, false, false, "", true, {DType::f16}, false);
  product({1, 197, 768}, {768, 2304}, true, false, false, "", false, {DType::bf16}, false);
  product({300, 520}, {520, 200}, true, false, false, "gelu_tanh", true, {DType::f16}, false);
  product({130, 210}, {77, 210}, true, false, true, "relu", false, {DType::f16}, false);
}

TEST_F(Own, Attentions) {
  const auto attention = [&](Dims q, Dims k, int64_t width, Attention op, std::vector<HostValue> rest, DType storage) {
    Dims v = k;
    v[3] = width;
    std::vector<HostValue> inputs{random_tensor(DType::f32, q, random_), random_tensor(DType::f32, k, random_), random_tensor(DType::f32, v, random_)};
    for (HostValue& value : rest) inputs.push_back(std::move(value));
    expect(own_attention_tactic(), op, inputs, {}, {storage});
    expect(own_attention_tactic(), op, std::move(inputs), {}, {}, true);
  };
  Attention causal, window, capped;
  causal.causal = true;
  window.left = 20, window.right = 3;
  capped.softcap = 2;
  attention({2, 12, 128, 64}, {2, 12, 128, 64}, 64, Attention(), {}, DType::f16);
  attention({1, 4, 197, 80}, {1, 2, 197, 80}, 80, causal, {}, DType::f16);
  attention({1, 12, 197, 64}, {1, 12, 197, 64}, 64, Attention(), {}, DType::f16);
  attention({1, 12, 512, 64}, {1, 12, 512, 64}, 64, causal, {}, DType::f16);
  attention({8, 16, 384, 64}, {8, 16, 384, 64}, 64, Attention(), {random_tensor(DType::f32, {8, 1, 1, 384}, random_)}, DType::f16);
  attention({1, 12, 128, 64}, {1, 12, 128, 64}, 64, Attention(), {random_tensor(DType::f32, {1, 1, 128, 128}, random_)}, DType::bf16);
  attention({2, 4, 65, 96}, {2, 4, 100, 96}, 128, window, {random_tensor(DType::boolean, {2, 1, 1, 100}, random_)}, DType::bf16);
  attention({2, 2, 33, 20}, {2, 2, 70, 20}, 20, capped,
            {random_tensor(DType::f32, {2, 33, 70}, random_), tensor_of<int64_t>({2}, {70, 11}), tensor_of<int64_t>({1}, {37})}, DType::f16);
  attention({1, 2, 5, 33}, {1, 2, 40, 33}, 30, causal, {{}, {}, tensor_of<int64_t>({1}, {35}), random_tensor(DType::f32, {2}, random_)}, DType::f16);
}

/// Queries, keys and values lie side by side in rows.
TEST_F(Own, AttentionsOnOneTensor) {
  const auto attention = [&](const Tactic& tactic, Dims x, int64_t heads, bool rows_outside, bool causal, bool masked, DType storage, bool open = false) {
    Graph body;
    const auto input = [&](const char* name, const Dims& dims) {
      Shape shape(dims.begin(), dims.end());
      if (open) shape[0] = Dim::symbol("N");
      return body.add_input(name, Type::tensor(DType::f32, shape));
    };
    const Dims split{open ? 0 : x[0], x[1], 3, heads, x[2] / 3 / heads}, mask{x[0], 1, 1, x[1]};
    const Value v = input("x0", x), five = body.add(Reshape{}, {v, body.add_constant(tensor_of<int64_t>({5}, split))});
    Transpose turn;
    turn.permutation = rows_outside ? std::vector<int64_t>{2, 1, 3, 0, 4} : std::vector<int64_t>{2, 0, 3, 1, 4};
    const Value turned = body.add(turn, {five});
    std::vector<Value> operands;
    for (int64_t i = 0; i < 3; ++i) operands.push_back(body.add(Gather{}, {turned, body.add_constant(tensor_of<int64_t>({}, {i}))}));
    if (masked) operands.push_back(input("x1", mask));
    Attention op;
    op.causal = causal;
    body.add_output("y0", body.add(op, operands));
    Fused fused;
    fused.body = std::make_shared<const Graph>(std::move(body));
    std::vector<HostValue> inputs{random_tensor(DType::f32, x, random_)};
    if (masked) inputs.push_back(random_tensor(DType::f32, mask, random_));
    expect(tactic, fused, std::move(inputs), {}, {storage});
  };
  for (const Tactic* tactic : {&own_attention_tactic(), &cudnn_attention_tactic()}) {
    attention(*tactic, {1, 128, 2304}, 12, false, false, true, DType::f16);
    attention(*tactic, {3, 64, 768}, 4, false, false, true, DType::f16, true);
    attention(*tactic, {197, 2, 768}, 4, true, false, false, DType::f16);
    attention(*tactic, {2, 300, 384}, 2, false, true, false, DType::bf16);
  }
}

TEST_F(Own, Poolings) {
  const auto pool = [&](Pool op, Dims x, DType dtype) {
    expect(own_pool_tactic(), op, {random_tensor(dtype, std::move(x), random_)}, {}, {DType::f16});
  };
  Pool max, average, whole, norm;
  max.window.kernel = {3, 3}, max.window.strides = {2, 2}, max.window.pads = {1, 1, 1, 1};
  average = max;
  average.kind = PoolKind::average;
  whole.kind = PoolKind::average, whole.global = true;
  norm = max;
  norm.kind = PoolKind::lp;
  pool(max, {2, 64, 27, 30}, DType::f32);
  pool(max, {1, 13, 9, 8}, DType::bf16);
  pool(average, {2, 24, 17, 16}, DType::f32);
  average.count_include_pad = true, average.ceil_mode = true;
  pool(average, {2, 24, 17, 16}, DType::f32);
  pool(norm, {1, 8, 12, 12}, DType::f32);
  pool(whole, {3, 72, 7, 7}, DType::f32);
  whole.kind = PoolKind::max;
  pool(whole, {3, 20, 5, 3, 7}, DType::f16);
  max.window.dilations = {2, 1}, max.with_indices = true;
  pool(max, {2, 16, 14, 13}, DType::f32);
  Pool line;
  line.window.kernel = {4}, line.window.strides = {3}, line.with_indices = true, line.storage_order = 1;
  pool(line, {2, 5, 20}, DType::f32);
}

TEST_F(Own, SqueezeAndExcite) {
  const auto gate = [&](int64_t images, int64_t channels, int64_t hidden, Dims size, std::vector<DType> precisions) {
    Graph body;
    const Dims x{images, channels, size[0], size[1]}, first{hidden, channels, 1, 1}, second{channels, hidden, 1, 1};
    const auto input = [&](const char* name, const Dims& dims) { return body.add_input(name, Type::tensor(DType::f32, Shape(dims.begin(), dims.end()))); };
    const Value v = input("x0", x), w1 = input("x1", first), b1 = input("x2", {hidden}), w2 = input("x3", second);
    Pool mean;
    mean.kind = PoolKind::average, mean.global = true;
    Conv inner, outer;
    inner.activation = {"swish", 1}, outer.activation = {"sigmoid"};
    const Value h = body.add(inner, {body.add(mean, {v}), w1, b1});
    body.add_output("y0", body.add(Binary(BinaryKind::mul), {body.add(outer, {h, w2}), v}));
    Fused op;
    op.body = std::make_shared<const Graph>(std::move(body));
    expect(own_squeeze_tactic(), op,
           {random_tensor(DType::f32, x, random_), weights(DType::f32, first, channels), random_tensor(DType::f32, {hidden}, random_),
            weights(DType::f32, second, hidden)},
           {1, 2, 3}, std::move(precisions));
  };
  gate(1, 32, 8, {112, 112}, {DType::f16});
  gate(1, 1152, 48, {7, 7}, {DType::f16, DType::bf16});
  gate(3, 144, 6, {28, 28}, {DType::f16});
  gate(200, 36, 10, {9, 8}, {DType::f16});
  gate(40, 240, 10, {28, 27}, {DType::f16});
  gate(2, 20, 3, {11, 5}, {DType::bf16});
}

TEST_F(Own, DepthwiseAfterAnExpansion) {
  const auto expand = [&](int64_t images, int64_t inputs, int64_t channels, Dims size, int64_t kernel, int64_t stride, DType dtype, std::vector<DType> precisions, bool tf32 = false) {
    Graph body;
    const Dims x{images, inputs, size[0], size[1]}, first{channels, inputs, 1, 1}, second{channels, 1, kernel, kernel};
    const auto input = [&](const char* name, const Dims& dims) { return body.add_input(name, Type::tensor(dtype, Shape(dims.begin(), dims.end()))); };
    const Value v = input("x0", x), w1 = input("x1", first), b1 = input("x2", {channels}), w2 = input("x3", second), b2 = input("x4", {channels});
    Conv point, depthwise;
    point.activation = {"clip", 0, 6}, depthwise.activation = {"swish", 1};
    depthwise.group = channels;
    depthwise.window.strides = {stride, stride};
    depthwise.window.pads.assign(4, kernel / 2);
    body.add_output("y0", body.add(depthwise, {body.add(point, {v, w1, b1}), w2, b2}));
    Fused op;
    op.body = std::make_shared<const Graph>(std::move(body));
    expect(own_expand_tactic(), op,
           {random_tensor(dtype, x, random_), weights(dtype, first, inputs), random_tensor(dtype, {channels}, random_), weights(dtype, second, kernel * kernel),
            random_tensor(dtype, {channels}, random_)},
           {1, 2, 3, 4}, std::move(precisions), tf32);
  };
  expand(1, 16, 96, {112, 112}, 3, 2, DType::f32, {DType::f16, DType::bf16}, true);
  expand(1, 24, 144, {56, 56}, 5, 1, DType::f32, {DType::f16});
  expand(2, 160, 960, {7, 7}, 3, 1, DType::f32, {DType::f16});
  expand(1, 112, 672, {14, 14}, 5, 2, DType::f16, {});
  expand(40, 40, 88, {9, 17}, 3, 1, DType::f32, {DType::f16}, true);
  expand(1, 8, 16, {1, 3}, 7, 1, DType::bf16, {});
}

TEST_F(Own, DepthwiseTiles) {
  conv(own_depthwise_tile_tactic(), {8, 32, 32, 32, {112, 112}, {3, 3}, 1, 1, 1, "clip", false}, DType::f32, {DType::f16, DType::bf16});
  conv(own_depthwise_tile_tactic(), {1, 144, 144, 144, {57, 55}, {5, 3}, 2, 1, 2, "swish", false}, DType::f32, {DType::f16});
  conv(own_depthwise_tile_tactic(), {3, 88, 88, 88, {9, 30}, {7, 7}, 1, 1, 3, "", false}, DType::f16, {});
}

TEST_F(Own, AKernelSeesWhatThePreviousOneWrote) {
  const int compute = current_compute();
  const Module& module = compiled({R"(extern "C" __global__ void turn(u32* to, const u32* from, u32 count) {
  wait_for_previous();
  const u32 at = blockIdx.x * blockDim.x + threadIdx.x;
  u32 x = from[(at + 12347) % count];
  for (int i = 0; i < 50 + blockIdx.x % 7 * 100; ++i) x = x * 1664525 + 1013904223;
  to[at] = x;
}
)",
                                   {}},
                                  compute);
  const Kernel turn = module.kernel("turn");
  constexpr uint32_t kCount = 1 << 18;
  std::vector<uint32_t> expected(kCount), next(kCount);
  for (uint32_t i = 0; i < kCount; ++i) expected[i] = i;
  DeviceBuffer a(kCount * 4), b(kCount * 4);
  check(cudaMemcpy(a.data(), expected.data(), kCount * 4, cudaMemcpyHostToDevice), "copying in");
  Launch how;
  how.grid.x = kCount / 256, how.block.x = 256;
  for (int step = 0; step < 20; ++step) {
    turn(how, (step % 2 ? a : b).data(), (step % 2 ? b : a).data(), kCount);
    for (uint32_t i = 0; i < kCount; ++i) {
      uint32_t x = expected[(i + 12347) % kCount];
      for (uint32_t k = 0; k < 50 + i / 256 % 7 * 100; ++k) x = x * 1664525 + 1013904223;
      next[i] = x;
    }
    std::swap(expected, next);
  }
  std::vector<uint32_t> found(kCount);
  check(cudaMemcpy(found.data(), a.data(), kCount * 4, cudaMemcpyDeviceToHost), "copying out");
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace tenon::core::cuda
