#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"
#include "ops/attention.h"
#include "ops/gemm.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "ops/random.h"
#include "ops/recurrent.h"
#include "ops/signal.h"

namespace tenon::core {
namespace {

/// Numbers in [-1, 1) that look random.
std::vector<float> noise(int64_t size, uint32_t state = 1) {
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    values.push_back(static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f);
  }
  return values;
}

Tensor noise_tensor(Dims dims, uint32_t seed = 1) { return tensor_of<float>(dims, noise(checked_product(dims), seed)); }

std::vector<HostValue> run_with(const Op& op, std::vector<HostValue> inputs, int threads = 2, uint64_t seed = 0) {
  Threads team(threads);
  return op.evaluate(EvalContext(inputs, team, seed));
}
std::vector<float> floats(const HostValue& value) { return to_floats(std::get<Tensor>(value)); }
std::vector<float> run(const Op& op, std::vector<HostValue> inputs) {
  return floats(run_with(op, std::move(inputs))[0]);
}

Type f32(const std::string& dims) {
  Shape shape;
  for (size_t begin = 0; begin < dims.size();) {
    const size_t end = std::min(dims.find(',', begin), dims.size());
    shape.push_back(Dim::parse(dims.substr(begin, end - begin)));
    begin = end + 1;
  }
  return Type::tensor(DType::f32, shape);
}

/// The types of the outputs for inputs of these types; an absent type is an input left out.
std::vector<std::string> infer(const Op& op, const std::vector<Type>& types) {
  Graph graph;
  std::vector<Value> inputs;
  for (size_t i = 0; i < types.size(); ++i)
    inputs.push_back(types[i].present() ? graph.add_input("x" + std::to_string(i), types[i]) : Value());
  const Value v = graph.add(OpRef(op.clone()), inputs);
  std::vector<std::string> found;
  for (const Fact& fact : graph.node(v.node).outputs) found.push_back(fact.type.str());
  return found;
}

std::string error_of(const Op& op, const std::vector<Type>& types) {
  try {
    infer(op, types);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

using Strings = std::vector<std::string>;

TEST(Gemm, MatchesPlainSumsForAllOrdersAndOddSizes) {
  Threads threads(2);
  for (const auto& [m, n, k] :
       std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {3, 7, 5}, {65, 130, 513}, {4, 8, 0}, {70, 9, 1030}}) {
    for (int order = 0; order < 4; ++order) {
      const std::vector<float> a = noise(m * k, 1), b = noise(k * n, 2);
      const MatrixView<float> left{a.data(), order & 1 ? 1 : k, order & 1 ? m : 1};
      const MatrixView<float> right{b.data(), order & 2 ? 1 : n, order & 2 ? k : 1};
      std::vector<float> c(static_cast<size_t>(m * n), 1);
      gemm<float>(m, n, k, left, right, c.data(), n, threads);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
          double sum = 1;
          for (int64_t l = 0; l < k; ++l)
            sum += static_cast<double>(left.data[i * left.row + l * left.column]) *
                   right.data[l * right.row + j * right.column];
          ASSERT_NEAR(c[i * n + j], sum, 1e-4) << m << " " << n << " " << k << " order " << order;
        }
    }
  }
}

TEST(MatMul, GivesTheSameBitsForAnyNumberOfThreads) {
  const Tensor a = noise_tensor({3, 65, 300}), b = noise_tensor({3, 300, 129}, 7);
  EXPECT_EQ(floats(run_with(MatMul(), {a, b}, 1)[0]), floats(run_with(MatMul(), {a, b}, 3)[0]));
}

TEST(MatMul, AddsBiasAndResidualBeforeTheActivation) {
  MatMul op;
  op.alpha = 2;
  op.transpose_b = true;
  op.activation.kind = "relu";
  const Tensor a = tensor_of<float>({1, 2}, {1, 2}), b = tensor_of<float>({2, 2}, {1, 1, -3, -1});
  EXPECT_EQ(run(op, {a, b, tensor_of<float>({2}, {0.5f, 0}), tensor_of<float>({1, 2}, {1, 4})}),
            (std::vector<float>{7.5f, 0}));
}

TEST(MatMul, InfersSymbolicShapes) {
  MatMul transposed;
  transposed.transpose_b = true;
  EXPECT_EQ(infer(MatMul(), {f32("N,S,64"), f32("64,M")}), Strings{"f32[N,S,M]"});
  EXPECT_EQ(infer(transposed, {f32("N,1,S,64"), f32("8,T,64")}), Strings{"f32[N,8,S,T]"});
  EXPECT_EQ(infer(MatMul(), {f32("K"), f32("K")}), Strings{"f32[]"});
  EXPECT_EQ(infer(MatMul(), {f32("N,4"), f32("4,5"), f32("5"), f32("N,5")}), Strings{"f32[N,5]"});
  EXPECT_EQ(infer(MatMul(), {Type::unranked(DType::f32), f32("4,5")}), Strings{"f32[*]"});
}

TEST(MatMul, NamesContradictions) {
  EXPECT_NE(error_of(MatMul(), {f32("2,3"), f32("4,5")})
                .find("the inner dims of the product of [2,3] and [4,5]: 3 and 4 must be equal"),
            std::string::npos);
  EXPECT_NE(error_of(MatMul(), {f32("2,3"), f32("3,5"), f32("4")}).find("do not broadcast"), std::string::npos);
  EXPECT_NE(
      error_of(MatMul(), {f32("2,3"), f32("3,5"), f32("7,2,5")}).find("expected a shape that broadcasts to [2,5]"),
      std::string::npos);
  EXPECT_NE(error_of(MatMul(), {f32(""), f32("3,5")}).find("rank 1 or more"), std::string::npos);
  EXPECT_THROW(run(MatMul(), {noise_tensor({2, 3}), noise_tensor({4, 5})}), Error);
}

TEST(Einsum, InfersAndRefuses) {
  Einsum op;
  op.equation = "b...i,...ij->b...j";
  EXPECT_EQ(infer(op, {f32("N,S,3"), f32("S,3,M")}), Strings{"f32[N,S,M]"});
  op.equation = "ij,jk";
  EXPECT_EQ(infer(op, {f32("A,B"), f32("B,C")}), Strings{"f32[A,C]"});
  for (const char* bad : {"ij", "ij,jk,k", "ijk,jk", "ij,jk->iz", "ij,jk->ii", "i$,jk", "......,jk", "ij,jk->i->k"}) {
    op.equation = bad;
    EXPECT_NE(error_of(op, {f32("2,3"), f32("3,4")}).find("equation"), std::string::npos) << bad;
  }
}

/// One head, two keys; every score is 0 and the values are 1 and 3.
std::vector<float> attend(const Attention& op, HostValue mask, HostValue lengths = {}, HostValue offset = {},
                          HostValue sink = {}) {
  const Tensor q = tensor_of<float>({1, 1, 2, 1}, {0, 0}), k = tensor_of<float>({1, 1, 2, 1}, {5, 7}),
               v = tensor_of<float>({1, 1, 2, 1}, {1, 3});
  return run(op, {q, k, v, mask, lengths, offset, sink});
}

TEST(Attention, HidesKeysByEveryMeans) {
  Attention plain, causal, left, right;
  causal.causal = true;
  left.left = 0;
  right.right = 0;
  using F = std::vector<float>;
  EXPECT_EQ(attend(plain, {}), (F{2, 2}));
  EXPECT_EQ(attend(causal, {}), (F{1, 2}));
  EXPECT_EQ(attend(left, {}), (F{2, 3}));
  EXPECT_EQ(attend(right, {}), (F{1, 2}));
  EXPECT_EQ(attend(plain, {}, tensor_of<int64_t>({1}, {1})), (F{1, 1}));
  EXPECT_EQ(attend(plain, {}, tensor_of<int64_t>({1}, {0})), (F{0, 0}));
  EXPECT_EQ(attend(causal, {}, {}, tensor_of<int64_t>({1}, {-1})), (F{0, 1}));
  EXPECT_EQ(attend(causal, {}, {}, tensor_of<int64_t>({1}, {INT64_MAX})), (F{2, 2}));
  EXPECT_EQ(attend(plain, tensor_of<bool>({2, 2}, {true, false, false, false})), (F{1, 0}));
  EXPECT_EQ(attend(plain, tensor_of<bool>({1}, {true})), (F{1, 1}));  // a short mask hides what it lacks
  EXPECT_EQ(attend(plain, tensor_of<float>({1, 1, 1, 2}, {-INFINITY, 5})), (F{3, 3}));
  EXPECT_EQ(attend(plain, {}, {}, {}, tensor_of<float>({1}, {std::log(2.0f)})), (F{1, 1}));  // the sink takes half
}

TEST(Attention, InfersGroupsAndProbe) {
  Attention op;
  op.probe = AttentionProbe::softmax;
  EXPECT_EQ(infer(op, {f32("B,8,S,64"), f32("B,2,T,64"), f32("B,2,T,32")}), (Strings{"f32[B,8,S,32]", "f32[B,8,S,T]"}));
  EXPECT_NE(error_of(op, {f32("B,8,S,64"), f32("B,3,T,64"), f32("B,3,T,32")})
                .find("8 heads of queries are not a multiple of 3"),
            std::string::npos);
  EXPECT_NE(error_of(op, {f32("B,8,S,64"), f32("B,2,T,32"), f32("B,2,T,32")}).find("64 and 32 must be equal"),
            std::string::npos);
  EXPECT_NE(
      error_of(op, {f32("B,8,4,64"), f32("B,2,5,64"), f32("B,2,5,32"), f32("3,5")}).find("must broadcast to [B,8,4,5]"),
      std::string::npos);
}

TEST(CacheAppend, PutsNewRowsAfterTheUsedOnes) {
  const Tensor past = tensor_of<float>({1, 1, 2, 1}, {1, 2}), fresh = tensor_of<float>({1, 1, 1, 1}, {9});
  const auto append = [&](HostValue p, int64_t used, int64_t total) {
    return run(CacheAppend(), {p, fresh, tensor_of<int64_t>({1}, {used}), tensor_of<int64_t>({}, {total})});
  };
  EXPECT_EQ(append(past, 2, 3), (std::vector<float>{1, 2, 9}));
  EXPECT_EQ(append(past, 1, 2), (std::vector<float>{1, 9}));
  EXPECT_EQ(append({}, 0, 1), (std::vector<float>{9}));
  EXPECT_THROW(append(past, 2, 2), Error);
  EXPECT_THROW(append(past, -1, 2), Error);
}

TEST(RotaryEmbedding, RefusesPositionsOutsideItsAngles) {
  RotaryEmbedding op;
  op.heads = 1;
  const Tensor x = tensor_of<float>({1, 1, 2}, {1, 2}), cos = tensor_of<float>({2, 1}, {1, 0}),
               sin = tensor_of<float>({2, 1}, {0, 1});
  EXPECT_EQ(run(op, {x, cos, sin, tensor_of<int64_t>({1, 1}, {1})}), (std::vector<float>{-2, 1}));
  EXPECT_THROW(run(op, {x, cos, sin, tensor_of<int64_t>({1, 1}, {2})}), Error);
  EXPECT_THROW(run(op, {x, cos, sin, tensor_of<int64_t>({1}, {INT64_MAX})}), Error);
}

LSTM small_lstm() {
  LSTM op;
  op.common.activations = {"sigmoid", "tanh", "tanh"};
  op.common.alpha = op.common.beta = {0, 0, 0};
  return op;
}

TEST(LSTM, InfersSymbolicShapesAndNamesContradictions) {
  EXPECT_EQ(infer(small_lstm(), {f32("T,B,10"), f32("1,80,10"), f32("1,80,20")}),
            (Strings{"f32[T,1,B,20]", "f32[1,B,20]", "f32[1,B,20]"}));
  EXPECT_NE(error_of(small_lstm(), {f32("T,B,10"), f32("1,60,10"), f32("1,80,20")})
                .find("W [1,60,10], expected [1,80,10]: 60 and 80 must be equal"),
            std::string::npos);
  EXPECT_THROW(run(small_lstm(), {noise_tensor({2, 1, 3}),
                                  noise_tensor({1, 8, 3}),
                                  noise_tensor({1, 8, 2}),
                                  {},
                                  tensor_of<int32_t>({1}, {3})}),
               Error);
}

TEST(MatMulNBits, RefusesWrongSizesAndGroups) {
  MatMulNBits op;
  op.k = 16;
  op.n = 2;
  op.block_size = 16;
  const Tensor a = noise_tensor({1, 16}), b(DType::u8, {2, 1, 8}), scales = noise_tensor({2, 1});
  EXPECT_EQ(run(op, {a, b, scales}).size(), 2u);
  EXPECT_THROW(run(op, {a, Tensor(DType::u8, {2, 1, 7}), scales}), Error);
  Tensor groups(DType::i32, {16});
  groups.mutable_data<int32_t>()[3] = 1;
  EXPECT_THROW(run(op, {a, b, scales, {}, groups}), Error);
  op.bits = 3;
  EXPECT_NE(error_of(op, {f32("1,16"), Type::tensor(DType::u8, {2, 1, 8}), f32("2,1")}).find("bits must be 2, 4 or 8"),
            std::string::npos);
}

TEST(Inverse, RefusesSingularMatrices) {
  EXPECT_EQ(run(Inverse(), {tensor_of<float>({2, 2}, {0, 2, 4, 0})}), (std::vector<float>{0, 0.25f, 0.5f, 0}));
  EXPECT_THROW(run(Inverse(), {tensor_of<float>({2, 2}, {1, 2, 2, 4})}), Error);
  EXPECT_NE(error_of(Inverse(), {f32("2,3")}).find("2 and 3 must be equal"), std::string::npos);
}

TEST(STFT, InfersFramesAndBins) {
  Graph graph;
  const Value x = graph.add_input("x", f32("B,L,1")), window = graph.add_input("w", f32("16"));
  const Value y = graph.add(STFT(), {x, graph.add_constant(scalar(DType::i64, 5)), window});
  EXPECT_EQ(graph.type(y).rank(), 4);
  EXPECT_EQ(evaluate(graph.type(y).shape, {{"B", 2}, {"L", 50}}), (Dims{2, 7, 9, 2}));
}

TEST(Random, DependsOnSeedAndStreamAlone) {
  Random op;
  op.kind = RandomKind::normal;
  const Tensor shape = tensor_of<int64_t>({1}, {20000});
  const auto draw = [&](uint64_t seed) { return floats(run_with(op, {shape}, 1, seed)[0]); };
  const auto first = draw(1);
  EXPECT_EQ(first, draw(1));
  EXPECT_NE(first, draw(2));
  op.source.stream = 1;
  EXPECT_NE(first, draw(1));
  op.source.has_seed = true;
  EXPECT_EQ(draw(1), draw(2));
  double sum = 0, squares = 0;
  for (float v : first) sum += v, squares += v * v;
  EXPECT_NEAR(sum / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.05);
  EXPECT_FALSE(op.pure());
}

TEST(Multinomial, DrawsByProbability) {
  Multinomial op;
  op.samples = 10000;
  const auto drawn =
      to_int64s(std::get<Tensor>(run_with(op, {tensor_of<float>({1, 3}, {0, std::log(3.0f), -INFINITY})})[0]));
  EXPECT_NEAR(static_cast<double>(std::accumulate(drawn.begin(), drawn.end(), int64_t{0})) / 10000, 0.75, 0.03);
}

TEST(LinearOps, ComeBackFromTheirText) {
  Graph graph;
  const Value x = graph.add_input("x", f32("2,B,8"));
  LSTM lstm = small_lstm();
  lstm.common.clip = 3;
  const Value y =
      graph.add(lstm, {x, graph.add_constant(noise_tensor({1, 8, 8})), graph.add_constant(noise_tensor({1, 8, 2}))});
  MatMul matmul;
  matmul.alpha = 0.5;
  matmul.activation = {"leaky_relu", 0.1, 0};
  const Value z = graph.add(matmul, {y, graph.add_constant(noise_tensor({2, 4}))});
  graph.add_output("z", z);
  const std::string text = print(graph);
  EXPECT_EQ(print(parse(text, op_registry())), text);
}

}  // namespace
}  // namespace tenon::core
