#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "tactic_test_util.h"

namespace tenon::core {
namespace {

constexpr Tolerance kLoose{2e-4, 1e-4};  // sums in another order

int64_t pick(std::mt19937& random, std::initializer_list<int64_t> choices) {
  return choices.begin()[random() % choices.size()];
}

Activation pick_activation(std::mt19937& random) {
  const Activation choices[] = {{},
                                {"relu"},
                                {"clip", 0, 6},
                                {"swish", 1, 0},
                                {"sigmoid"},
                                {"hard_swish"},
                                {"hard_sigmoid", 0.2, 0.5},
                                {"leaky_relu", 0.1, 0},
                                {"gelu_erf"},
                                {"tanh"}};
  return choices[random() % std::size(choices)];
}

TacticCase random_conv(std::mt19937& random) {
  const int spatial = static_cast<int>(pick(random, {1, 2, 2, 2, 2, 3}));
  Conv conv;
  conv.group = pick(random, {1, 1, 1, 2, 4});
  const int64_t per_group = pick(random, {1, 3, 8, 16}), filters = conv.group * pick(random, {1, 5, 16});
  Dims x{pick(random, {1, 1, 2, 3, 4}), conv.group * per_group}, w{filters, per_group}, y{x[0], filters};
  for (int i = 0; i < spatial; ++i) {
    const int64_t kernel = pick(random, {1, 1, 2, 3, 5}), stride = pick(random, {1, 1, 2}),
                  dilation = pick(random, {1, 1, 2});
    const int64_t before = random() % kernel, after = random() % kernel;
    const int64_t size = std::max<int64_t>(pick(random, {1, 4, 7, 9, 14}), (kernel - 1) * dilation + 1);
    conv.window.strides.push_back(stride);
    conv.window.dilations.push_back(dilation);
    conv.window.pads.insert(conv.window.pads.begin() + i, before);
    conv.window.pads.push_back(after);
    x.push_back(size);
    w.push_back(kernel);
    y.push_back((size + before + after - (kernel - 1) * dilation - 1) / stride + 1);
  }
  conv.activation = pick_activation(random);
  TacticCase test{nullptr, {random_tensor(DType::f32, x, random), random_tensor(DType::f32, w, random)}, {1, 2}, {}};
  if (random() % 2)
    test.inputs.push_back(random_tensor(DType::f32, {filters}, random));
  else
    test.inputs.push_back({});
  if (random() % 3 == 0) test.inputs.push_back(random_tensor(DType::f32, y, random));
  test.op = std::make_shared<Conv>(conv);
  return test;
}

TEST(OnednnConv, AgreesWithTheReferenceOnRandomConvolutions) {
  std::mt19937 random(11);
  int fast = 0;
  for (int i = 0; i < 150; ++i) {
    const TacticCase test = random_conv(random);
    for (const std::string& ran : check_tactics(test, kLoose)) fast += ran.find("onednn_conv") == 0;
  }
  EXPECT_GT(fast, 150) << "most convolutions have a fast kernel";
}

TEST(OnednnConv, RunsDepthwiseAndStemConvolutions) {
  std::mt19937 random(3);
  Conv depthwise;
  depthwise.group = 32;
  depthwise.window.pads = {1, 1, 1, 1};
  expect_tactic({std::make_shared<Conv>(depthwise),
                 {random_tensor(DType::f32, {1, 32, 14, 14}, random), random_tensor(DType::f32, {32, 1, 3, 3}, random),
                  random_tensor(DType::f32, {32}, random)},
                 {1, 2},
                 {}},
                "onednn_conv", kLoose);
  Conv stem;
  stem.window.pads = {3, 3, 3, 3};
  stem.window.strides = {2, 2};
  expect_tactic({std::make_shared<Conv>(stem),
                 {random_tensor(DType::f32, {1, 3, 33, 32}, random), random_tensor(DType::f32, {16, 3, 7, 7}, random)},
                 {1},
                 {}},
                "onednn_conv", kLoose);
}

TEST(OnednnDeconv, AgreesWithTheReferenceOnRandomTransposedConvolutions) {
  std::mt19937 random(12);
  int fast = 0;
  for (int i = 0; i < 150; ++i) {
    ConvTranspose op;
    op.group = pick(random, {1, 1, 2});
    const int64_t filters = pick(random, {1, 8, 16}), channels = op.group * pick(random, {1, 3, 16});
    Dims x{pick(random, {1, 2, 3}), channels}, w{channels, filters};
    for (int axis = 0, spatial = static_cast<int>(pick(random, {1, 2, 2, 3})); axis < spatial; ++axis) {
      const int64_t kernel = pick(random, {1, 2, 3, 4}), stride = pick(random, {1, 2, 3});
      op.window.strides.push_back(stride);
      op.window.dilations.push_back(pick(random, {1, 1, 2}));
      op.window.pads.insert(op.window.pads.begin() + axis, static_cast<int64_t>(random() % kernel) / 2);
      op.window.pads.push_back(static_cast<int64_t>(random() % kernel) / 2);
      if (stride > 1 && random() % 3 == 0) op.output_padding.resize(static_cast<size_t>(spatial), 1);
      x.push_back(pick(random, {2, 5, 9}));
      w.push_back(kernel);
    }
    for (size_t axis = 0; axis < op.output_padding.size(); ++axis)
      op.output_padding[axis] = std::min(op.output_padding[axis], op.window.strides[axis] - 1);
    op.activation = pick_activation(random);
    std::vector<HostValue> inputs{random_tensor(DType::f32, x, random), random_tensor(DType::f32, w, random)};
    if (random() % 2) inputs.push_back(random_tensor(DType::f32, {filters * op.group}, random));
    for (const std::string& ran : check_tactics({std::make_shared<ConvTranspose>(op), inputs, {1, 2}, {}}, kLoose))
      fast += ran.find("onednn_deconv") == 0;
  }
  EXPECT_GT(fast, 100);
}

TacticCase random_matmul(std::mt19937& random) {
  MatMul op;
  const int64_t m = pick(random, {1, 2, 5, 33, 64}), k = pick(random, {1, 4, 17, 64}),
                n = pick(random, {1, 3, 16, 65, 130});
  Dims a{m, k}, b{k, n}, y{m, n};
  if (random() % 4 == 0) op.transpose_a = true, a = {k, m};
  if (random() % 2) op.transpose_b = true, b = {n, k};
  for (int axis = 0, axes = static_cast<int>(random() % 3); axis < axes; ++axis) {
    const int64_t count = pick(random, {1, 2, 3, 7});
    a.insert(a.begin(), count);
    y.insert(y.begin(), count);
    if (random() % 2 && b.size() + 1 == a.size()) b.insert(b.begin(), count);
  }
  if (random() % 3 == 0) op.alpha = 0.125;
  op.activation = pick_activation(random);
  TacticCase test{nullptr, {random_tensor(DType::f32, a, random), random_tensor(DType::f32, b, random)}, {}, {}};
  const Dims biases[] = {{n}, {1, n}, {1}, y};
  if (random() % 2)
    test.inputs.push_back(random_tensor(DType::f32, biases[random() % 4], random));
  else
    test.inputs.push_back({});
  if (random() % 3 == 0) test.inputs.push_back(random_tensor(DType::f32, y, random));
  if (random() % 2) test.constants = {1, 2};
  test.op = std::make_shared<MatMul>(op);
  return test;
}

TEST(OnednnMatMul, AgreesWithTheReferenceOnRandomProducts) {
  std::mt19937 random(5);
  int fast = 0;
  for (int i = 0; i < 200; ++i) {
    const TacticCase test = random_matmul(random);
    for (const std::string& ran : check_tactics(test, kLoose)) fast += ran.find("onednn_matmul") == 0;
  }
  EXPECT_GT(fast, 200);
}

TEST(OnednnMatMul, RunsManyProductsOfOneRowAsOneProduct) {
  std::mt19937 random(6);
  for (const Dims& residual : {Dims{}, Dims{19, 1, 33}}) {
    TacticCase test{std::make_shared<MatMul>(),
                    {random_tensor(DType::f32, {19, 1, 24}, random), random_tensor(DType::f32, {24, 33}, random),
                     random_tensor(DType::f32, {33}, random)},
                    {1, 2},
                    {}};
    if (!residual.empty()) test.inputs.push_back(random_tensor(DType::f32, residual, random));
    expect_tactic(test, "onednn_matmul", kLoose);
  }
}

TEST(OnednnMatMul, RankOneInputsAreRowsAndColumns) {
  std::mt19937 random(5);
  for (const std::vector<int>& constants : {std::vector<int>{}, std::vector<int>{1}}) {
    const auto op = std::make_shared<MatMul>();
    const Tensor matrix = random_tensor(DType::f32, {6, 9}, random);
    check_tactics({op, {random_tensor(DType::f32, {6}, random), matrix}, constants, {}}, kLoose);
    check_tactics({op, {matrix, random_tensor(DType::f32, {9}, random)}, constants, {}}, kLoose);
    check_tactics({op, {random_tensor(DType::f32, {6}, random), random_tensor(DType::f32, {6}, random)}, constants, {}},
                  kLoose);
  }
}

TEST(OnednnPool, AgreesWithTheReferenceOnRandomPoolings) {
  std::mt19937 random(9);
  int fast = 0;
  for (int i = 0; i < 150; ++i) {
    Pool pool;
    pool.kind = random() % 2 ? PoolKind::max : PoolKind::average;
    pool.global = random() % 4 == 0;
    const int spatial = static_cast<int>(pick(random, {1, 2, 2, 3}));
    Dims x{pick(random, {1, 2, 3}), pick(random, {1, 5, 16, 40})};
    for (int axis = 0; axis < spatial; ++axis) {
      const int64_t kernel = pick(random, {1, 2, 3});
      pool.window.kernel.push_back(kernel);
      pool.window.strides.push_back(pick(random, {1, 2}));
      pool.window.pads.insert(pool.window.pads.begin() + axis, static_cast<int64_t>(random() % kernel));
      pool.window.pads.push_back(static_cast<int64_t>(random() % kernel));
      x.push_back(pick(random, {3, 4, 7, 14}));
    }
    pool.ceil_mode = random() % 3 == 0;
    pool.count_include_pad = random() % 2;
    for (const std::string& ran :
         check_tactics({std::make_shared<Pool>(pool), {random_tensor(DType::f32, x, random)}, {}, {}}, kLoose))
      fast += ran.find("onednn_pool") == 0;
  }
  EXPECT_GT(fast, 100);
}

int threads_of_process() {
  std::FILE* f = std::fopen("/proc/self/status", "r");
  char line[256];
  int count = 0;
  while (f && std::fgets(line, sizeof line, f))
    if (std::sscanf(line, "Threads: %d", &count) == 1) break;
  if (f) std::fclose(f);
  return count;
}

TEST(Onednn, OpensNoOpenMpTeamOfItsOwn) {
  std::mt19937 random(1);
  const TacticCase test{std::make_shared<MatMul>(),
                        {random_tensor(DType::f32, {256, 256}, random), random_tensor(DType::f32, {256, 256}, random)},
                        {1},
                        {}};
  Pool pool;
  pool.global = true;
  check_tactics(
      {std::make_shared<Pool>(pool), {random_tensor(DType::f32, {1, 1, 1, 1}, random)}, {}, {}});  // starts our team
  const int before = threads_of_process();
  check_tactics(test, kLoose);
  std::thread([&] { check_tactics(test, kLoose); }).join();
  // A thread that was joined may be counted a little longer.
  for (int i = 0; threads_of_process() > before && i < 1000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(threads_of_process(), before);
}

double cpu_ms_of_process() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

TEST(Onednn, NothingRunsInTheIdleSecondBehindACall) {
  std::mt19937 random(1);
  const TacticCase test{
      std::make_shared<Conv>(),
      {random_tensor(DType::f32, {1, 32, 20, 20}, random), random_tensor(DType::f32, {32, 32, 1, 1}, random)},
      {1},
      {}};
  Threads threads(4);
  check_tactics(test, kLoose);
  threads.parallel(64, [](int64_t) {});
  const double before = cpu_ms_of_process();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  // Two teams of a few workers may each spin 50 us before they park; one thread that goes on would take 1000 ms.
  EXPECT_LT(cpu_ms_of_process() - before, 200);
}

}  // namespace
}  // namespace tenon::core
