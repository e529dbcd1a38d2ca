#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

uint32_t mask(std::initializer_list<TensorFormat> formats) {
  uint32_t bits = 0;
  for (TensorFormat f : formats) bits |= 1u << static_cast<int>(f);
  return bits;
}

struct FormatsTest : NetworkTest {
  /// y = conv(x), 3 channels to 2, 1x1, over [n,3,2,2].
  void convolution(int32_t batch, TensorFormats in, TensorFormats out, DataType type = DataType::kFLOAT) {
    start(1u);
    if (type == DataType::kHALF) config->setFlag(BuilderFlag::kFP16);
    ITensor& x = input("x", {batch, 3, 2, 2}, type);
    auto* conv = network->addConvolutionNd(x, 2, dims({1, 1}), weights({1, 10, 100, -1, 0, 1}), none());
    conv->setName("conv");
    output(conv->getOutput(0), "y");
    if (type == DataType::kHALF) conv->getOutput(0)->setType(type);
    x.setAllowedFormats(in);
    conv->getOutput(0)->setAllowedFormats(out);
    recorder.clear();
    logger.take();
  }
  std::string layers() {
    std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
    return inspector->getEngineInformation(LayerInformationFormat::kJSON);
  }
};

struct Case {
  TensorFormat format;
  int32_t components;
  bool channels_last;
  const char* words;
};

// Element (channel c, pixel p) of x is 10 c + p; y is channel 0: x0 + 10 x1 + 100 x2, channel 1: x2 - x0.
TEST_F(FormatsTest, BytesLieInEachFormat) {
  const Case cases[] = {
      {TensorFormat::kLINEAR, 1, false, "Row major linear FP32 format (kLINEAR)"},
      {TensorFormat::kCHW2, 2, false, "Two wide channel vectorized row major FP32 format (kCHW2)"},
      {TensorFormat::kHWC8, 8, true, "Channel major FP32 format where channel % 8 == 0 (kHWC8)"},
      {TensorFormat::kCHW4, 4, false, "Four wide channel vectorized row major FP32 format (kCHW4)"},
      {TensorFormat::kCHW16, 16, false, "Sixteen wide channel vectorized row major FP32 format (kCHW16)"},
      {TensorFormat::kCHW32, 32, false, "Thirty-two wide channel vectorized row major FP32 format (kCHW32)"},
      {TensorFormat::kHWC, 1, true, "Channel major FP32 format (kHWC)"},
      {TensorFormat::kHWC16, 16, true, "Channel major FP32 format where channel % 16 == 0 (kHWC16)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.words);
    convolution(1, mask({c.format}), mask({c.format}));
    const auto place = [&](int channel, int channels, int pixel) {
      const int v = c.components;
      if (c.channels_last) return pixel * ((channels + v - 1) / v * v) + channel;
      return (channel / v * 4 + pixel) * v + channel % v;
    };
    Floats x(static_cast<size_t>(4 * ((3 + c.components - 1) / c.components) * c.components), 77);  // padding is not read
    for (int channel = 0; channel < 3; ++channel)
      for (int pixel = 0; pixel < 4; ++pixel) x[static_cast<size_t>(place(channel, 3, pixel))] = static_cast<float>(10 * channel + pixel);
    give("x", x);
    run();
    const size_t count = static_cast<size_t>(4 * ((2 + c.components - 1) / c.components) * c.components);
    const Floats y = result("y", count);
    Floats expected(count, 0);
    for (int pixel = 0; pixel < 4; ++pixel) {
      expected[static_cast<size_t>(place(0, 2, pixel))] = static_cast<float>(2100 + 111 * pixel);
      expected[static_cast<size_t>(place(1, 2, pixel))] = 20;
    }
    EXPECT_EQ(y, expected);
    EXPECT_EQ(engine->getTensorFormat("x"), c.format);
    EXPECT_EQ(engine->getTensorFormat("y", 0), c.format);
    EXPECT_EQ(engine->getBindingFormat(0), c.format);
    EXPECT_STREQ(engine->getTensorFormatDesc("x"), c.words);
    EXPECT_STREQ(engine->getTensorFormatDesc("y", 0), c.words);
    EXPECT_STREQ(engine->getBindingFormatDesc(1), c.words);
    EXPECT_EQ(engine->getTensorComponentsPerElement("x"), c.components);
    EXPECT_EQ(engine->getTensorComponentsPerElement("x", 0), c.components);
    EXPECT_EQ(engine->getBindingComponentsPerElement(1), c.components);
    EXPECT_EQ(engine->getTensorVectorizedDim("x"), c.components == 1 ? -1 : 1);
    EXPECT_EQ(engine->getTensorVectorizedDim("x", 0), c.components == 1 ? -1 : 1);
    EXPECT_EQ(engine->getBindingVectorizedDim(0), c.components == 1 ? -1 : 1);
    EXPECT_EQ(engine->getTensorBytesPerComponent("x"), 4);
    EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{1, 3, 2, 2}));
    EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{1, 2, 2, 2}));
    const int blocks = (3 + c.components - 1) / c.components;
    EXPECT_EQ(list(context->getTensorStrides("x")), c.channels_last ? (std::vector<int32_t>{4 * blocks, 1, 2 * blocks, blocks}) : (std::vector<int32_t>{4 * blocks, 4, 2, 1}));
    EXPECT_EQ(context->getStrides(0).d[0], 4 * blocks);
    EXPECT_EQ(context->getMaxOutputSize("y"), static_cast<int64_t>(count * sizeof(float)));
  }
}

TEST_F(FormatsTest, VolumesOfThreeSpatialDims) {
  for (const auto& [format, components] : {std::pair(TensorFormat::kDHWC, 1), {TensorFormat::kDHWC8, 8}, {TensorFormat::kCDHW32, 32}}) {
    SCOPED_TRACE(static_cast<int>(format));
    start(1u);
    ITensor& x = input("x", {1, 2, 2, 1, 2});
    auto* layer = network->addUnary(x, UnaryOperation::kNEG);
    output(layer->getOutput(0), "y");
    x.setAllowedFormats(mask({format}));
    layer->getOutput(0)->setAllowedFormats(mask({format}));
    const int stride = components == 1 ? 2 : components;
    Floats in(static_cast<size_t>(4 * stride), 5), expected(in.size(), 0);
    for (int pixel = 0; pixel < 4; ++pixel)
      for (int channel = 0; channel < 2; ++channel) {
        in[static_cast<size_t>(pixel * stride + channel)] = static_cast<float>(1 + 10 * channel + pixel);
        expected[static_cast<size_t>(pixel * stride + channel)] = static_cast<float>(-1 - 10 * channel - pixel);
      }
    give("x", in);
    run();
    EXPECT_EQ(result("y", in.size()), expected);
    EXPECT_EQ(engine->getTensorFormat("y"), format);
    EXPECT_EQ(engine->getTensorVectorizedDim("y"), components == 1 ? -1 : 1);
  }
}

TEST_F(FormatsTest, HalfWithPaddingAndOpenDims) {
  convolution(-1, mask({TensorFormat::kHWC8}), mask({TensorFormat::kCHW16}), DataType::kHALF);
  auto* profile = builder->createOptimizationProfile();
  for (const auto& [select, n] : {std::pair(OptProfileSelector::kMIN, 1), {OptProfileSelector::kOPT, 2}, {OptProfileSelector::kMAX, 4}}) profile->setDimensions("x", select, dims({n, 3, 2, 2}));
  config->addOptimizationProfile(profile);
  constexpr uint16_t kOne = 0x3c00, kTwo = 0x4000;
  std::vector<uint16_t> x(2 * 4 * 8, 0x7e00);  // NaN in the padding
  for (size_t pixel = 0; pixel < 8; ++pixel) x[pixel * 8] = kOne, x[pixel * 8 + 1] = 0, x[pixel * 8 + 2] = pixel < 4 ? kOne : kTwo;
  give("x", x, {2, 3, 2, 2});
  run();
  const auto y = result<uint16_t>("y", 2 * 4 * 16);
  for (size_t pixel = 0; pixel < 8; ++pixel) {
    EXPECT_EQ(y[pixel * 16], pixel < 4 ? 0x5650 : 0x5a48) << "101, 201";
    EXPECT_EQ(y[pixel * 16 + 1], pixel < 4 ? 0 : kOne);
    for (size_t c = 2; c < 16; ++c) EXPECT_EQ(y[pixel * 16 + c], 0);
  }
  EXPECT_EQ(engine->getTensorBytesPerComponent("x"), 2);
  EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{-1, 3, 2, 2}));
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{2, 2, 2, 2}));
  EXPECT_EQ(list(engine->getProfileShape("x", 0, OptProfileSelector::kMAX)), (std::vector<int32_t>{4, 3, 2, 2}));
}

TEST_F(FormatsTest, ImplicitBatch) {
  start(0u);
  builder->setMaxBatchSize(3);
  ITensor& x = input("x", {3, 1, 2});
  auto* layer = network->addUnary(x, UnaryOperation::kNEG);
  output(layer->getOutput(0), "y");
  x.setAllowedFormats(mask({TensorFormat::kCHW4}));
  layer->getOutput(0)->setAllowedFormats(mask({TensorFormat::kHWC}));
  give("x", Floats{1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0});
  run(2);
  expect("y", {-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12});
  EXPECT_EQ(engine->getBindingVectorizedDim(0), 0);
  EXPECT_EQ(list(engine->getBindingDimensions(1)), (std::vector<int32_t>{3, 1, 2}));
}

/// Keeps the shape that it is told.
struct Allocator : IOutputAllocator {
  void* reallocateOutput(char const*, void*, uint64_t size, uint64_t) noexcept override {
    memory.resize(size);
    return memory.data();
  }
  void notifyShape(char const*, Dims const& dims) noexcept override { shape = dims; }
  std::vector<char> memory;
  Dims shape{};
};

TEST_F(FormatsTest, AllocatorsAreToldTheTensorsOwnDims) {
  convolution(1, mask({TensorFormat::kLINEAR}), mask({TensorFormat::kHWC8}));
  give("x", Floats(12, 1));
  run();
  Allocator allocator;
  ASSERT_TRUE(context->setOutputAllocator("y", &allocator));
  Floats x(12, 1);
  context->setTensorAddress("x", x.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(allocator.memory.size(), 4u * 8 * sizeof(float));
  EXPECT_EQ(list(allocator.shape), (std::vector<int32_t>{1, 2, 2, 2}));
}

TEST_F(FormatsTest, OfSeveralTheNeighboursIsTaken) {
  convolution(1, mask({TensorFormat::kLINEAR, TensorFormat::kCHW32}), mask({TensorFormat::kCHW16, TensorFormat::kHWC}));
  give("x", Floats(12, 1));
  run();
  EXPECT_EQ(engine->getTensorFormat("x"), TensorFormat::kLINEAR);
  EXPECT_EQ(engine->getTensorFormat("y"), TensorFormat::kHWC) << "which pads nothing";
  EXPECT_TRUE(logger.said("'y' has the memory format hwc"));
}

TEST_F(FormatsTest, ReformatsAreShownByName) {
  config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
  convolution(1, mask({TensorFormat::kCHW4}), mask({TensorFormat::kCHW16}));
  give("x", Floats(16, 1));
  run();
  const std::string text = layers();
  EXPECT_NE(text.find("Reformatting CopyNode for Input Tensor 0 to conv"), std::string::npos) << text;
  EXPECT_NE(text.find("Reformatting CopyNode for Output Tensor 0 to conv"), std::string::npos) << text;
  EXPECT_NE(text.find("\"LayerType\": \"Reformat\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"Origin\": \"REFORMAT"), std::string::npos) << text;
  struct Profiler : IProfiler {
    void reportLayerTime(char const* layer, float) noexcept override { names += std::string(layer) + "\n"; }
    std::string names;
  } profiler;
  context->setProfiler(&profiler);
  run_engine();
  context->setProfiler(&profiler);
  void* bindings[] = {data["x"].bytes.data(), data["y"].bytes.data()};
  ASSERT_TRUE(context->executeV2(bindings));
  EXPECT_NE(profiler.names.find("Reformatting CopyNode for Input Tensor 0 to conv"), std::string::npos) << profiler.names;
}

TEST_F(FormatsTest, DirectInputAndOutputAreWarnedOf) {
  convolution(1, mask({TensorFormat::kCHW4}), mask({TensorFormat::kLINEAR}));
  give("x", Floats(16, 1));
  run();
  EXPECT_FALSE(logger.said("direct I/O"));
  config->setFlag(BuilderFlag::kDIRECT_IO);
  convolution(1, mask({TensorFormat::kCHW4}), mask({TensorFormat::kLINEAR}));
  run();
  EXPECT_TRUE(logger.said("direct I/O: no kernel takes tensor 'x' in the format chw4: the cheapest reformat is '")) << logger.text;
}

TEST_F(FormatsTest, WhatCannotBeIsRefused) {
  const auto fails = [&](TensorFormats in, TensorFormats out) {
    convolution(1, in, out);
    return build_fails();
  };
  EXPECT_TRUE(fails(mask({TensorFormat::kDLA_LINEAR, TensorFormat::kDLA_HWC4}), 1));
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "tensor 'x': kDLA_LINEAR and kDLA_HWC4 are formats of DLA cores, and there are none");
  EXPECT_TRUE(fails(1, 1u << 13));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "tensor 'y': the mask 0x2000");
  EXPECT_FALSE(fails(mask({TensorFormat::kDLA_LINEAR, TensorFormat::kHWC}), 1)) << logger.text;
  start(1u);
  ITensor& x = input("x", {3, 4});
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  x.setAllowedFormats(mask({TensorFormat::kCHW4}));
  EXPECT_TRUE(build_fails());
  EXPECT_TRUE(logger.said("'x': a tensor of 2 dims can't have the memory format chw4: it needs 3 at least")) << logger.text;
}

}  // namespace
