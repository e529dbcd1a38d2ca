// One block of a transformer made with the network API: attention with two heads, normalization, a feed-forward part. Its
// results are held against plain loops.
#include <algorithm>

#include "common.h"

using namespace sample;

namespace {

constexpr int kTokens = 6, kWidth = 16, kHeads = 2, kInner = 32, kHead = kWidth / kHeads;

struct Matrix {
  int rows, columns;
  std::vector<float> values;
  float at(int r, int c) const { return values[static_cast<size_t>(r * columns + c)]; }
};

Matrix multiply(const Matrix& a, const Matrix& b) {
  Matrix out{a.rows, b.columns, std::vector<float>(static_cast<size_t>(a.rows * b.columns))};
  for (int r = 0; r < a.rows; ++r)
    for (int c = 0; c < b.columns; ++c)
      for (int k = 0; k < a.columns; ++k) out.values[static_cast<size_t>(r * b.columns + c)] += a.at(r, k) * b.at(k, c);
  return out;
}

Matrix weight(int rows, int columns, unsigned seed) {
  Matrix m{rows, columns, numbers(static_cast<size_t>(rows * columns), seed)};
  for (float& v : m.values) v *= 0.3F;
  return m;
}

struct Parameters {
  Matrix query = weight(kWidth, kWidth, 1), key = weight(kWidth, kWidth, 2), value = weight(kWidth, kWidth, 3), out = weight(kWidth, kWidth, 4);
  Matrix up = weight(kWidth, kInner, 5), down = weight(kInner, kWidth, 6);
};

/// Rows with mean 0 and variance 1.
Matrix normalize(Matrix m) {
  for (int r = 0; r < m.rows; ++r) {
    float* row = &m.values[static_cast<size_t>(r * m.columns)];
    float mean = 0, variance = 0;
    for (int c = 0; c < m.columns; ++c) mean += row[c] / static_cast<float>(m.columns);
    for (int c = 0; c < m.columns; ++c) variance += (row[c] - mean) * (row[c] - mean) / static_cast<float>(m.columns);
    for (int c = 0; c < m.columns; ++c) row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5F);
  }
  return m;
}

Matrix add(Matrix a, const Matrix& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

Matrix attend(const Matrix& x, const Parameters& p) {
  const Matrix q = multiply(x, p.query), k = multiply(x, p.key), v = multiply(x, p.value);
  Matrix mixed{kTokens, kWidth, std::vector<float>(kTokens * kWidth)};
  for (int head = 0; head < kHeads; ++head)
    for (int t = 0; t < kTokens; ++t) {
      float scores[kTokens], top = -1e30F, sum = 0;
      for (int s = 0; s < kTokens; ++s) {
        scores[s] = 0;
        for (int c = 0; c < kHead; ++c) scores[s] += q.at(t, head * kHead + c) * k.at(s, head * kHead + c);
        scores[s] /= std::sqrt(static_cast<float>(kHead));
        top = std::max(top, scores[s]);
      }
      for (float& s : scores) sum += s = std::exp(s - top);
      for (int s = 0; s < kTokens; ++s)
        for (int c = 0; c < kHead; ++c) mixed.values[static_cast<size_t>(t * kWidth + head * kHead + c)] += scores[s] / sum * v.at(s, head * kHead + c);
    }
  return multiply(mixed, p.out);
}

std::vector<float> expected(const std::vector<float>& tokens, const Parameters& p) {
  const Matrix x{kTokens, kWidth, tokens};
  const Matrix attended = normalize(add(x, attend(x, p)));
  Matrix inner = multiply(attended, p.up);
  for (float& v : inner.values) v = std::max(v, 0.0F);
  return normalize(add(attended, multiply(inner, p.down))).values;
}

class Maker {
 public:
  Maker(INetworkDefinition& network, WeightStore& weights) : n_(network), w_(weights) {}

  void block(const Parameters& p) {
    ITensor* x = n_.addInput("tokens", DataType::kFLOAT, Dims2(kTokens, kWidth));
    ITensor* q = heads(*times(*x, p.query));
    ITensor* k = heads(*times(*x, p.key));
    ITensor* v = heads(*times(*x, p.value));
    ITensor* scores = n_.addMatrixMultiply(*q, MatrixOperation::kNONE, *k, MatrixOperation::kTRANSPOSE)->getOutput(0);
    ITensor* factor = n_.addConstant(Dims3(1, 1, 1), w_.add({1 / std::sqrt(static_cast<float>(kHead))}))->getOutput(0);
    scores = n_.addElementWise(*scores, *factor, ElementWiseOperation::kPROD)->getOutput(0);
    ISoftMaxLayer* softmax = n_.addSoftMax(*scores);
    softmax->setAxes(1U << 2);
    ITensor* mixed = n_.addMatrixMultiply(*softmax->getOutput(0), MatrixOperation::kNONE, *v, MatrixOperation::kNONE)->getOutput(0);
    IShuffleLayer* joined = n_.addShuffle(*mixed);
    joined->setFirstTranspose(Permutation{{1, 0, 2}});
    joined->setReshapeDimensions(Dims2(kTokens, kWidth));
    x = normalized(*sum(*x, *times(*joined->getOutput(0), p.out)));
    ITensor* inner = n_.addActivation(*times(*x, p.up), ActivationType::kRELU)->getOutput(0);
    x = normalized(*sum(*x, *times(*inner, p.down)));
    x->setName("result");
    n_.markOutput(*x);
  }

 private:
  ITensor* times(ITensor& x, const Matrix& m) {
    ITensor* k = n_.addConstant(Dims2(m.rows, m.columns), w_.add(m.values))->getOutput(0);
    return n_.addMatrixMultiply(x, MatrixOperation::kNONE, *k, MatrixOperation::kNONE)->getOutput(0);
  }
  ITensor* sum(ITensor& a, ITensor& b) { return n_.addElementWise(a, b, ElementWiseOperation::kSUM)->getOutput(0); }
  /// [tokens, width] as [heads, tokens, width of a head].
  ITensor* heads(ITensor& x) {
    IShuffleLayer* split = n_.addShuffle(x);
    split->setReshapeDimensions(Dims3(kTokens, kHeads, kHead));
    split->setSecondTranspose(Permutation{{1, 0, 2}});
    return split->getOutput(0);
  }
  ITensor* normalized(ITensor& x) {
    ITensor* scale = n_.addConstant(Dims2(1, kWidth), w_.add(std::vector<float>(kWidth, 1.0F)))->getOutput(0);
    ITensor* bias = n_.addConstant(Dims2(1, kWidth), w_.add(std::vector<float>(kWidth, 0.0F)))->getOutput(0);
    INormalizationLayer* layer = n_.addNormalization(x, *scale, *bias, 1U << 1);
    layer->setEpsilon(1e-5F);
    return layer->getOutput(0);
  }
  INetworkDefinition& n_;
  WeightStore& w_;
};

}  // namespace

int main() {
  return run("transformer", [] {
    const Parameters parameters;
    Program program;
    Maker(*program.network, program.weights).block(parameters);
    const auto engine = program.build();
    const auto context = make_context(*engine);
    const Floats tokens(numbers(kTokens * kWidth, 7)), result(kTokens * kWidth);
    const Stream stream;
    check(context->setTensorAddress("tokens", tokens.data()) && context->setTensorAddress("result", result.data()), "setTensorAddress");
    check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    check_close(result.values(), expected(tokens.values(), parameters), on_gpu() ? 1e-2F : 1e-4F);
  });
}
