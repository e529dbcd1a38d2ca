#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using LayersTest = NetworkTest;

TEST_F(LayersTest, Convolution) {
  one_layer({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, [&](ITensor& x) {
    auto* conv = network->addConvolutionNd(x, 1, dims({2, 2}), weights({1, 0, 0, 1}), weights({10}));
    EXPECT_EQ(list(conv->getOutput(0)->getDimensions()), (std::vector<int32_t>{1, 1, 2, 2}));
    conv->setStrideNd(dims({2, 2}));
    conv->setPaddingNd(dims({1, 1}));
    EXPECT_EQ(list(conv->getOutput(0)->getDimensions()), (std::vector<int32_t>{1, 1, 2, 2}));
    EXPECT_EQ(conv->getKernelWeights().count, 4);
    EXPECT_EQ(conv->getType(), LayerType::kCONVOLUTION);
    return conv;
  }, {11, 13, 17, 24});
}

TEST_F(LayersTest, ConvolutionTakesKernelAndBiasAsTensors) {
  one_layer({1, 1, 2, 2}, {1, 2, 3, 4}, [&](ITensor& x) {
    auto* conv = network->addConvolutionNd(x, 1, dims({2, 2}), none(), none());
    conv->setInput(1, constant({1, 1, 2, 2}, {1, 1, 1, 1}));
    conv->setInput(2, constant({1}, {5}));
    return conv;
  }, {15});
}

TEST_F(LayersTest, GroupedDilatedConvolutionRoundsUp) {
  one_layer({1, 2, 1, 4}, {1, 2, 3, 4, 5, 6, 7, 8}, [&](ITensor& x) {
    auto* conv = network->addConvolution(x, 2, DimsHW(1, 2), weights({1, 1, 1, 1}), none());
    conv->setNbGroups(2);
    conv->setStride(DimsHW(1, 2));
    conv->setDilation(DimsHW(1, 2));
    conv->setPaddingMode(PaddingMode::kEXPLICIT_ROUND_UP);
    return conv;
  }, {4, 3, 12, 7});
}

TEST_F(LayersTest, Deconvolution) {
  one_layer({1, 1, 1, 2}, {1, 2}, [&](ITensor& x) {
    auto* layer = network->addDeconvolutionNd(x, 1, dims({1, 2}), weights({1, 10}), none());
    layer->setStrideNd(dims({1, 2}));
    return layer;
  }, {1, 10, 2, 20});
}

TEST_F(LayersTest, FullyConnected) {
  one_layer({2, 1, 1, 2}, {1, 2, 3, 4}, [&](ITensor& x) {
    auto* layer = network->addFullyConnected(x, 3, weights({1, 0, 0, 1, 1, 1}), weights({0, 0, 10}));
    EXPECT_EQ(list(layer->getOutput(0)->getDimensions()), (std::vector<int32_t>{2, 3, 1, 1}));
    return layer;
  }, {1, 2, 13, 3, 4, 17});
}

TEST_F(LayersTest, Activations) {
  ITensor& x = input("x", {4});
  struct Case {
    ActivationType type;
    float alpha, beta;
    std::function<float(float)> f;
  };
  const std::vector<Case> cases{
      {ActivationType::kRELU, 0, 0, [](float v) { return std::max(v, 0.0f); }},
      {ActivationType::kSIGMOID, 0, 0, [](float v) { return 1 / (1 + std::exp(-v)); }},
      {ActivationType::kTANH, 0, 0, [](float v) { return std::tanh(v); }},
      {ActivationType::kLEAKY_RELU, 0.1f, 0, [](float v) { return v < 0 ? 0.1f * v : v; }},
      {ActivationType::kELU, 2, 0, [](float v) { return v < 0 ? 2 * (std::exp(v) - 1) : v; }},
      {ActivationType::kSELU, 2, 3, [](float v) { return 3 * (v < 0 ? 2 * (std::exp(v) - 1) : v); }},
      {ActivationType::kSOFTSIGN, 0, 0, [](float v) { return v / (1 + std::abs(v)); }},
      {ActivationType::kSOFTPLUS, 2, 3, [](float v) { return 2 * std::log(std::exp(3 * v) + 1); }},
      {ActivationType::kCLIP, -1, 0.75f, [](float v) { return std::min(std::max(v, -1.0f), 0.75f); }},
      {ActivationType::kHARD_SIGMOID, 0.5f, 0.25f, [](float v) { return std::max(0.0f, std::min(1.0f, 0.5f * v + 0.25f)); }},
      {ActivationType::kSCALED_TANH, 2, 0.5f, [](float v) { return 2 * std::tanh(0.5f * v); }},
      {ActivationType::kTHRESHOLDED_RELU, 0.75f, 0, [](float v) { return v > 0.75f ? v : 0; }},
      {ActivationType::kGELU_ERF, 0, 0, [](float v) { return v / 2 * (1 + std::erf(v / std::sqrt(2.0f))); }},
      {ActivationType::kGELU_TANH, 0, 0, [](float v) { return v / 2 * (1 + std::tanh(std::sqrt(2 / 3.14159265f) * (v + 0.044715f * v * v * v))); }},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    auto* layer = network->addActivation(x, cases[i].type);
    layer->setAlpha(cases[i].alpha);
    layer->setBeta(cases[i].beta);
    EXPECT_EQ(layer->getAlpha(), cases[i].alpha);
    output(layer->getOutput(0), ("y" + std::to_string(i)).c_str());
  }
  const Floats values{-2, -0.5f, 0.5f, 2};
  give("x", values);
  run();
  for (size_t i = 0; i < cases.size(); ++i) {
    Floats expected;
    for (float v : values) expected.push_back(cases[i].f(v));
    expect("y" + std::to_string(i), expected, 1e-4f);
  }
}

TEST_F(LayersTest, Pooling) {
  ITensor& x = input("x", {1, 1, 3, 3});
  auto* most = network->addPoolingNd(x, PoolingType::kMAX, dims({2, 2}));
  auto* mean = network->addPooling(x, PoolingType::kAVERAGE, DimsHW(2, 2));
  mean->setPadding(DimsHW(1, 1));
  mean->setStride(DimsHW(3, 3));
  auto* with_padding = network->addPoolingNd(x, PoolingType::kAVERAGE, dims({2, 2}));
  with_padding->setPaddingNd(dims({1, 1}));
  with_padding->setStrideNd(dims({3, 3}));
  with_padding->setAverageCountExcludesPadding(false);
  auto* blend = network->addPoolingNd(x, PoolingType::kMAX_AVERAGE_BLEND, dims({3, 3}));
  blend->setBlendFactor(0.25f);
  output(most->getOutput(0), "most");
  output(mean->getOutput(0), "mean");
  output(with_padding->getOutput(0), "with_padding");
  output(blend->getOutput(0), "blend");
  give("x", Floats{1, 2, 3, 4, 5, 6, 7, 8, 9});
  run();
  expect("most", {5, 6, 8, 9});
  expect("mean", {1, 3, 7, 9});
  expect("with_padding", {0.25f, 0.75f, 1.75f, 2.25f});
  expect("blend", {0.75f * 9 + 0.25f * 5});
}

TEST_F(LayersTest, Lrn) {
  one_layer({1, 3, 1, 1}, {1, 2, 3}, [&](ITensor& x) { return network->addLRN(x, 3, 3, 1, 2); }, {1.0f / 7, 2.0f / 16, 3.0f / 15});
}

TEST_F(LayersTest, Scale) {
  ITensor& x = input("x", {1, 2, 1, 2});
  output(network->addScale(x, ScaleMode::kCHANNEL, weights({1, 2}), weights({10, 100}), none())->getOutput(0), "channel");
  output(network->addScaleNd(x, ScaleMode::kUNIFORM, weights({1}), weights({2}), weights({2}), 1)->getOutput(0), "uniform");
  output(network->addScale(x, ScaleMode::kELEMENTWISE, none(), weights({1, 2, 3, 4}), none())->getOutput(0), "element");
  give("x", Floats{1, 2, 3, 4});
  run();
  expect("channel", {11, 21, 302, 402});
  expect("uniform", {9, 25, 49, 81});
  expect("element", {1, 4, 9, 16});
}

TEST_F(LayersTest, SoftMaxAndRaggedSoftMax) {
  ITensor& x = input("x", {2, 2});
  auto* soft = network->addSoftMax(x);
  EXPECT_EQ(soft->getAxes(), 1u);
  soft->setAxes(2);
  output(soft->getOutput(0), "soft");
  output(network->addRaggedSoftMax(x, constant_i32({2, 1}, {2, 1}))->getOutput(0), "ragged");
  give("x", Floats{0, std::log(3.0f), 5, 7});
  run();
  const float e = std::exp(2.0f);
  expect("soft", {0.25f, 0.75f, 1 / (1 + e), e / (1 + e)});
  expect("ragged", {0.25f, 0.75f, 1, 0});
}

TEST_F(LayersTest, ElementWise) {
  ITensor &a = input("a", {2, 2}), &b = constant({1, 2}, {2, -3});
  using E = ElementWiseOperation;
  const std::vector<std::pair<E, Floats>> cases{{E::kSUM, {7, 4, -3, 6}}, {E::kPROD, {10, -21, -10, -27}}, {E::kMAX, {5, 7, 2, 9}}, {E::kMIN, {2, -3, -5, -3}}, {E::kSUB, {3, 10, -7, 12}},
                                                {E::kDIV, {2.5f, -7.0f / 3, -2.5f, -3}}, {E::kFLOOR_DIV, {2, -3, -3, -3}}};
  for (size_t i = 0; i < cases.size(); ++i) output(network->addElementWise(a, b, cases[i].first)->getOutput(0), ("y" + std::to_string(i)).c_str());
  auto* greater = network->addElementWise(a, b, E::kGREATER);
  EXPECT_EQ(greater->getOutput(0)->getType(), DataType::kBOOL);
  auto* less = network->addElementWise(a, b, E::kLESS);
  output(network->addElementWise(*greater->getOutput(0), *less->getOutput(0), E::kOR)->getOutput(0), "differ");
  output(network->addElementWise(a, constant({1, 1}, {2}), E::kPOW)->getOutput(0), "square");
  give("a", Floats{5, 7, -5, 9});
  run();
  for (size_t i = 0; i < cases.size(); ++i) expect("y" + std::to_string(i), cases[i].second);
  expect("square", {25, 49, 25, 81});
  EXPECT_EQ(result<char>("differ", 4), (std::vector<char>{1, 1, 1, 1}));
}

TEST_F(LayersTest, FloorDivisionOfIntegers) {
  ITensor& a = input("a", {4}, DataType::kINT32);
  output(network->addElementWise(a, constant_i32({4}, {2, 2, -2, 3}), ElementWiseOperation::kFLOOR_DIV)->getOutput(0), "y");
  give("a", std::vector<int32_t>{7, -7, 7, -9});
  run();
  EXPECT_EQ(result<int32_t>("y", 4), (std::vector<int32_t>{3, -4, -4, -3}));
}

TEST_F(LayersTest, Unary) {
  ITensor& x = input("x", {2});
  using U = UnaryOperation;
  const std::vector<std::pair<U, float (*)(float)>> cases{
      {U::kEXP, [](float v) { return std::exp(v); }}, {U::kLOG, [](float v) { return std::log(v); }}, {U::kSQRT, [](float v) { return std::sqrt(v); }}, {U::kRECIP, [](float v) { return 1 / v; }},
      {U::kABS, [](float v) { return std::abs(v); }}, {U::kNEG, [](float v) { return -v; }}, {U::kSIN, [](float v) { return std::sin(v); }}, {U::kCOS, [](float v) { return std::cos(v); }},
      {U::kTAN, [](float v) { return std::tan(v); }}, {U::kSINH, [](float v) { return std::sinh(v); }}, {U::kCOSH, [](float v) { return std::cosh(v); }}, {U::kASIN, [](float v) { return std::asin(v); }},
      {U::kACOS, [](float v) { return std::acos(v); }}, {U::kATAN, [](float v) { return std::atan(v); }}, {U::kASINH, [](float v) { return std::asinh(v); }}, {U::kATANH, [](float v) { return std::atanh(v); }},
      {U::kCEIL, [](float v) { return std::ceil(v); }}, {U::kFLOOR, [](float v) { return std::floor(v); }}, {U::kERF, [](float v) { return std::erf(v); }}, {U::kSIGN, [](float v) { return v > 0 ? 1.0f : -1.0f; }},
      {U::kROUND, [](float v) { return std::nearbyint(v); }}};
  for (size_t i = 0; i < cases.size(); ++i) output(network->addUnary(x, cases[i].first)->getOutput(0), ("y" + std::to_string(i)).c_str());
  output(network->addUnary(*network->addUnary(x, U::kISINF)->getOutput(0), U::kNOT)->getOutput(0), "finite");
  output(network->addUnary(*network->addIdentity(constant({1}, {2}))->getOutput(0), U::kACOSH)->getOutput(0), "acosh");
  give("x", Floats{0.5f, 0.75f});
  run();
  for (size_t i = 0; i < cases.size(); ++i) expect("y" + std::to_string(i), {cases[i].second(0.5f), cases[i].second(0.75f)}, 1e-4f);
  expect("acosh", {std::acosh(2.0f)});
  EXPECT_EQ(result<char>("finite", 2), (std::vector<char>{1, 1}));
}

TEST_F(LayersTest, ReduceAndTopK) {
  ITensor& x = input("x", {2, 3});
  using R = ReduceOperation;
  output(network->addReduce(x, R::kSUM, 2, false)->getOutput(0), "sum");
  output(network->addReduce(x, R::kPROD, 1, true)->getOutput(0), "prod");
  output(network->addReduce(x, R::kMAX, 3, false)->getOutput(0), "max");
  output(network->addReduce(x, R::kMIN, 3, false)->getOutput(0), "min");
  output(network->addReduce(x, R::kAVG, 2, true)->getOutput(0), "avg");
  auto* top = network->addTopK(x, TopKOperation::kMAX, 2, 2);
  EXPECT_EQ(top->getOutput(1)->getType(), DataType::kINT32);
  output(top->getOutput(0), "top");
  output(top->getOutput(1), "where");
  auto* dynamic = network->addTopK(x, TopKOperation::kMIN, 1, 2);
  dynamic->setInput(1, constant_i32({}, {1}));
  output(dynamic->getOutput(0), "least");
  give("x", Floats{3, 1, 2, -1, 5, 4});
  run();
  expect("sum", {6, 8});
  expect("prod", {-3, 5, 8});
  expect("max", {5});
  expect("min", {-1});
  expect("avg", {2, 8.0f / 3});
  expect("top", {3, 2, 5, 4});
  EXPECT_EQ(result<int32_t>("where", 4), (std::vector<int32_t>{0, 2, 1, 2}));
  expect("least", {1, -1});
}

TEST_F(LayersTest, MatrixMultiply) {
  ITensor &a = input("a", {2, 2}), &b = constant({2, 2}, {1, 2, 3, 4}), &v = constant({2}, {1, 1});
  using M = MatrixOperation;
  output(network->addMatrixMultiply(a, M::kNONE, b, M::kNONE)->getOutput(0), "ab");
  output(network->addMatrixMultiply(a, M::kTRANSPOSE, b, M::kTRANSPOSE)->getOutput(0), "tt");
  output(network->addMatrixMultiply(a, M::kNONE, v, M::kVECTOR)->getOutput(0), "av");
  output(network->addMatrixMultiply(v, M::kVECTOR, a, M::kNONE)->getOutput(0), "va");
  give("a", Floats{1, 2, 3, 4});
  run();
  expect("ab", {7, 10, 15, 22});
  expect("tt", {7, 15, 10, 22});
  expect("av", {3, 7});
  expect("va", {4, 6});
}

TEST_F(LayersTest, PaddingAndResize) {
  ITensor& x = input("x", {1, 1, 2, 2});
  output(network->addPaddingNd(x, dims({0, 1}), dims({0, -1}))->getOutput(0), "padded");
  auto* up = network->addResize(x);
  up->setOutputDimensions(dims({1, 1, 2, 4}));
  output(up->getOutput(0), "nearest");
  auto* linear = network->addResize(x);
  const float scales[] = {1, 1, 1, 2};
  linear->setScales(scales, 4);
  linear->setResizeMode(ResizeMode::kLINEAR);
  linear->setCoordinateTransformation(ResizeCoordinateTransformation::kHALF_PIXEL);
  output(linear->getOutput(0), "linear");
  auto* sized = network->addResize(x);
  sized->setInput(1, constant_i32({4}, {1, 1, 1, 2}));
  sized->setNearestRounding(ResizeRoundMode::kCEIL);
  output(sized->getOutput(0), "sized");
  give("x", Floats{1, 2, 3, 4});
  run();
  expect("padded", {0, 1, 0, 3});
  expect("nearest", {1, 1, 2, 2, 3, 3, 4, 4});
  expect("linear", {1, 1.25f, 1.75f, 2, 3, 3.25f, 3.75f, 4});
  expect("sized", {1, 2});
}

TEST_F(LayersTest, GridSample) {
  ITensor &x = input("x", {1, 1, 2, 2}), &grid = constant({1, 1, 2, 2}, {-1, -1, 0, 0});
  auto* layer = network->addGridSample(x, grid);
  layer->setAlignCorners(true);
  EXPECT_TRUE(layer->setSampleMode(SampleMode::kCLAMP));
  EXPECT_FALSE(layer->setSampleMode(SampleMode::kWRAP));
  output(layer->getOutput(0), "y");
  give("x", Floats{1, 2, 3, 4});
  run();
  expect("y", {1, 2.5f});
}

TEST_F(LayersTest, ConstantSelectCastIdentity) {
  ITensor& x = input("x", {2});
  ITensor& positive = *network->addElementWise(x, constant({2}, {0, 0}), ElementWiseOperation::kGREATER)->getOutput(0);
  output(network->addSelect(positive, x, constant({2}, {-9, -9}))->getOutput(0), "y");
  auto* cast = network->addCast(x, DataType::kINT32);
  EXPECT_EQ(cast->getToType(), DataType::kINT32);
  output(cast->getOutput(0), "whole");
  auto* identity = network->addIdentity(x);
  identity->setOutputType(0, DataType::kHALF);
  output(identity->getOutput(0), "half");
  EXPECT_EQ(identity->getOutput(0)->getType(), DataType::kHALF);
  give("x", Floats{1.5f, -2.5f});
  run();
  expect("y", {1.5f, -9});
  EXPECT_EQ(result<int32_t>("whole", 2), (std::vector<int32_t>{1, -2}));
  EXPECT_EQ(result<uint16_t>("half", 2), (std::vector<uint16_t>{0x3E00, 0xC100}));
}

TEST_F(LayersTest, ParametricReLU) {
  one_layer({2, 2}, {-1, -2, 3, -4}, [&](ITensor& x) { return network->addParametricReLU(x, constant({1, 2}, {0.5f, 0.1f})); }, {-0.5f, -0.2f, 3, -0.4f});
}

TEST_F(LayersTest, QuantizeDequantize) {
  ITensor& x = input("x", {2, 2});
  auto* q = network->addQuantize(x, constant({2}, {0.5f, 1}));
  q->setAxis(0);
  EXPECT_EQ(q->getOutput(0)->getType(), DataType::kINT8);
  auto* dq = network->addDequantize(*q->getOutput(0), constant({2}, {0.5f, 1}));
  dq->setAxis(0);
  output(dq->getOutput(0), "y");
  give("x", Floats{0.6f, 100, 2.4f, -3});
  run();
  expect("y", {0.5f, 63.5f, 2, -3});
}

TEST_F(LayersTest, Einsum) {
  ITensor &a = input("a", {2, 2}), &b = constant({2, 2}, {1, 2, 3, 4});
  ITensor* both[] = {&a, &b};
  auto* layer = network->addEinsum(both, 2, "ij,jk->ik");
  EXPECT_TRUE(layer->setEquation("ij,kj->ik"));
  output(layer->getOutput(0), "y");
  give("a", Floats{1, 2, 3, 4});
  run();
  expect("y", {5, 11, 11, 25});
}

TEST_F(LayersTest, Normalization) {
  ITensor &x = input("x", {1, 2, 1, 2}), &scale = constant({1, 2, 1, 1}, {1, 2}), &bias = constant({1, 2, 1, 1}, {0, 10});
  auto* instance = network->addNormalization(x, scale, bias, 1u << 2 | 1u << 3);
  instance->setEpsilon(0);
  auto* layer = network->addNormalization(x, constant({1, 1, 1, 2}, {1, 1}), constant({1, 1, 1, 2}, {0, 1}), 1u << 3);
  layer->setEpsilon(0);
  auto* group = network->addNormalization(x, scale, bias, 1u << 2 | 1u << 3);
  group->setEpsilon(1e-5f);
  group->setNbGroups(2);
  EXPECT_EQ(group->getNbGroups(), 2);
  output(instance->getOutput(0), "instance");
  output(layer->getOutput(0), "layer");
  output(group->getOutput(0), "group");
  give("x", Floats{1, 3, 2, 8});
  run();
  expect("instance", {-1, 1, 8, 12});
  expect("layer", {-1, 2, -1, 2});
  expect("group", {-1, 1, 8, 12}, 1e-4f);
}

TEST_F(LayersTest, Fill) {
  auto* line = network->addFill(dims({4}), FillOperation::kLINSPACE);
  line->setAlpha(1);
  line->setBeta(0.5);
  auto* plane = network->addFill(dims({2, 2}), FillOperation::kLINSPACE);
  plane->setInput(1, constant({}, {1}));
  plane->setInput(2, constant({2}, {10, 1}));
  auto* random = network->addFill(dims({64}), FillOperation::kRANDOM_UNIFORM);
  random->setAlpha(2);
  random->setBeta(3);
  output(line->getOutput(0), "line");
  output(plane->getOutput(0), "plane");
  output(random->getOutput(0), "random");
  run();
  expect("line", {1, 1.5f, 2, 2.5f});
  expect("plane", {1, 2, 11, 12});
  for (float v : result("random", 64)) EXPECT_TRUE(v >= 2 && v < 3) << v;
}

TEST_F(LayersTest, Cumulative) {
  one_layer({3}, {1, 2, 3}, [&](ITensor& x) { return network->addCumulative(x, constant_i32({}, {0}), CumulativeOperation::kSUM, false, true); }, {6, 5, 3});
}

}  // namespace
