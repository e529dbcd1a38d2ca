#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

float sigmoid(float v) { return 1 / (1 + std::exp(-v)); }

/// Cells of two hidden values over one data value, gate by gate; gate weights of both biases are summed.
struct RecurrentTest : NetworkTest {
  static constexpr int kHidden = 2;
  struct GateValues {
    Floats w, r, bw, br;
  };
  std::map<RNNGateType, GateValues> gates;

  void set_gates(IRNNv2Layer& layer, const std::vector<RNNGateType>& types, int at = 0) {
    float seed = 0.1f;
    for (RNNGateType type : types) {
      GateValues g;
      for (int i = 0; i < kHidden; ++i) g.w.push_back(seed += 0.07f), g.bw.push_back(seed / 3), g.br.push_back(-seed / 5);
      for (int i = 0; i < kHidden * kHidden; ++i) g.r.push_back(0.3f - (seed += 0.03f));
      gates[type] = g;
      layer.setWeightsForGate(at, type, true, weights(g.w));
      layer.setWeightsForGate(at, type, false, weights(g.r));
      layer.setBiasForGate(at, type, true, weights(g.bw));
      layer.setBiasForGate(at, type, false, weights(g.br));
    }
  }
  float from_data(RNNGateType type, int i, float x) const { return gates.at(type).w[i] * x + gates.at(type).bw[i]; }
  float from_state(RNNGateType type, int i, const Floats& h) const {
    const GateValues& g = gates.at(type);
    return g.r[2 * i] * h[0] + g.r[2 * i + 1] * h[1] + g.br[i];
  }
  float both(RNNGateType type, int i, float x, const Floats& h) const { return from_data(type, i, x) + from_state(type, i, h); }
};

using G = RNNGateType;

TEST_F(RecurrentTest, Lstm) {
  ITensor& x = input("x", {3, 1});
  auto* layer = network->addRNNv2(x, 1, kHidden, 3, RNNOperation::kLSTM);
  ASSERT_NE(layer, nullptr);
  set_gates(*layer, {G::kINPUT, G::kOUTPUT, G::kFORGET, G::kCELL});
  EXPECT_EQ(layer->getHiddenSize(), 2);
  EXPECT_EQ(layer->getLayerCount(), 1);
  EXPECT_EQ(layer->getMaxSeqLength(), 3);
  EXPECT_EQ(layer->getDataLength(), 1);
  EXPECT_EQ(layer->getWeightsForGate(0, G::kCELL, false).count, 4);
  EXPECT_EQ(layer->getBiasForGate(0, G::kCELL, true).count, 2);
  EXPECT_EQ(layer->getNbOutputs(), 3);
  layer->setHiddenState(constant({1, 2}, {0.5f, -0.5f}));
  layer->setCellState(constant({1, 2}, {0.25f, 0.75f}));
  output(layer->getOutput(0), "y");
  output(layer->getOutput(1), "h");
  output(layer->getOutput(2), "c");
  EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{3, 2}));
  EXPECT_EQ(list(layer->getOutput(1)->getDimensions()), (std::vector<int32_t>{1, 2}));
  const Floats values{1, -2, 0.5f};
  give("x", values);
  run();
  Floats h{0.5f, -0.5f}, c{0.25f, 0.75f}, y;
  for (float v : values) {
    Floats next(2);
    for (int i = 0; i < kHidden; ++i) {
      c[i] = sigmoid(both(G::kFORGET, i, v, h)) * c[i] + sigmoid(both(G::kINPUT, i, v, h)) * std::tanh(both(G::kCELL, i, v, h));
      next[i] = sigmoid(both(G::kOUTPUT, i, v, h)) * std::tanh(c[i]);
    }
    h = next;
    y.insert(y.end(), h.begin(), h.end());
  }
  expect("y", y);
  expect("h", h);
  expect("c", c);
}

TEST_F(RecurrentTest, GruWithLengths) {
  ITensor& x = input("x", {2, 3, 1});
  auto* layer = network->addRNNv2(x, 1, kHidden, 3, RNNOperation::kGRU);
  set_gates(*layer, {G::kUPDATE, G::kRESET, G::kHIDDEN});
  layer->setSequenceLengths(constant_i32({2}, {3, 1}));
  EXPECT_NE(layer->getSequenceLengths(), nullptr);
  output(layer->getOutput(1), "h");
  give("x", Floats{1, -2, 0.5f, 2, 9, 9});
  run();
  Floats expected;
  for (const Floats& sequence : {Floats{1, -2, 0.5f}, Floats{2}}) {
    Floats h{0, 0};
    for (float v : sequence) {
      Floats next(2);
      for (int i = 0; i < kHidden; ++i) {
        const float z = sigmoid(both(G::kUPDATE, i, v, h)), r = sigmoid(both(G::kRESET, i, v, h));
        next[i] = (1 - z) * std::tanh(from_data(G::kHIDDEN, i, v) + r * from_state(G::kHIDDEN, i, h)) + z * h[i];
      }
      h = next;
    }
    expected.insert(expected.end(), h.begin(), h.end());
  }
  expect("h", expected);
}

TEST_F(RecurrentTest, PlainCellsBothWaysInImplicitBatch) {
  start(0);
  builder->setMaxBatchSize(2);
  ITensor& x = input("x", {2, 1});
  auto* layer = network->addRNNv2(x, 1, kHidden, 2, RNNOperation::kRELU);
  layer->setDirection(RNNDirection::kBIDIRECTION);
  set_gates(*layer, {G::kINPUT}, 0);
  set_gates(*layer, {G::kINPUT}, 1);
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 2, -1, 3});
  run(2);
  Floats expected(16);
  const Floats values[] = {{1, 2}, {-1, 3}};
  for (int b = 0; b < 2; ++b)
    for (int d = 0; d < 2; ++d) {
      Floats h{0, 0};
      for (int step = 0; step < 2; ++step) {
        const int t = d ? 1 - step : step;
        Floats next(2);
        for (int i = 0; i < kHidden; ++i) expected[b * 8 + t * 4 + d * 2 + i] = next[i] = std::max(0.0f, both(G::kINPUT, i, values[b][t], h));
        h = next;
      }
    }
  expect("y", expected);
}

TEST_F(RecurrentTest, TwoLayersOfTanh) {
  ITensor& x = input("x", {1, 1});
  auto* layer = network->addRNNv2(x, 2, kHidden, 1, RNNOperation::kTANH);
  for (int at = 0; at < 2; ++at) {
    layer->setWeightsForGate(at, G::kINPUT, true, at == 0 ? weights({1, 2}) : weights({1, 0, 0, 3}));
    layer->setWeightsForGate(at, G::kINPUT, false, weights({0, 0, 0, 0}));
  }
  output(layer->getOutput(0), "y");
  output(layer->getOutput(1), "h");
  give("x", Floats{0.25f});
  run();
  const float a = std::tanh(0.25f), b = std::tanh(0.5f);
  expect("y", {std::tanh(a), std::tanh(3 * b)});
  expect("h", {a, b, std::tanh(a), std::tanh(3 * b)});
}

TEST_F(RecurrentTest, SkippingTheProductWithTheData) {
  ITensor& x = input("x", {1, 2});
  auto* layer = network->addRNNv2(x, 1, kHidden, 1, RNNOperation::kRELU);
  layer->setInputMode(RNNInputMode::kSKIP);
  EXPECT_EQ(layer->getInputMode(), RNNInputMode::kSKIP);
  layer->setWeightsForGate(0, G::kINPUT, false, weights({1, 2, 3, 4}));
  layer->setHiddenState(constant({1, 2}, {1, 10}));
  output(layer->getOutput(0), "y");
  give("x", Floats{100, -200});
  run();
  expect("y", {121, 0});
}

TEST_F(RecurrentTest, MissingWeightsAreNamed) {
  ITensor& x = input("x", {1, 1});
  output(network->addRNNv2(x, 1, kHidden, 1, RNNOperation::kTANH)->getOutput(0), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kINVALID_STATE, "the weights of layer 0");
}

}  // namespace
