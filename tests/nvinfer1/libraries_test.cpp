// The libraries beside libnvinfer: what is no longer read answers with the way to ONNX; every name can be opened.
#include <dlfcn.h>

#include "NvCaffeParser.h"
#include "NvInferPlugin.h"
#include "NvOnnxConfig.h"
#include "NvUffParser.h"
#include "support.h"

namespace tenon::test {

using namespace nvinfer1;

namespace {

/// Calls that read a network are refused before they touch it.
INetworkDefinition& no_network() {
  alignas(16) static char bytes[64] = {};
  return *reinterpret_cast<INetworkDefinition*>(bytes);
}

}  // namespace

struct ParsersTest : Fixture {};

TEST_F(ParsersTest, CaffeAnswersWithTheWayToOnnx) {
  std::unique_ptr<nvcaffeparser1::ICaffeParser> parser(nvcaffeparser1::createCaffeParser());
  ASSERT_NE(parser, nullptr);
  parser->setErrorRecorder(&recorder);
  EXPECT_EQ(parser->getErrorRecorder(), &recorder);
  const uint8_t bytes[4] = {};
  EXPECT_EQ(parser->parse("a.prototxt", "a.caffemodel", no_network(), DataType::kFLOAT), nullptr);
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "torch.onnx.export");
  EXPECT_EQ(parser->parseBuffers(bytes, 4, bytes, 4, no_network(), DataType::kFLOAT), nullptr);
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "ICaffeParser::parseBuffers");
  EXPECT_EQ(parser->parseBinaryProto("mean.binaryproto"), nullptr);
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "ICaffeParser::parseBinaryProto");
  parser->setProtobufBufferSize(1 << 20);
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "ICaffeParser::setProtobufBufferSize");
  parser->setPluginFactoryV2(nullptr);
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "ICaffeParser::setPluginFactoryV2");
  parser->setPluginNamespace("");
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "ICaffeParser::setPluginNamespace");
  nvcaffeparser1::shutdownProtobufLibrary();
  static_cast<nvcaffeparser1::ICaffeParser*>(createNvCaffeParser_INTERNAL())->destroy();
}

TEST_F(ParsersTest, UffAnswersWithTheWayToOnnx) {
  std::unique_ptr<nvuffparser::IUffParser> parser(nvuffparser::createUffParser());
  ASSERT_NE(parser, nullptr);
  parser->setErrorRecorder(&recorder);
  EXPECT_EQ(parser->getErrorRecorder(), &recorder);
  EXPECT_FALSE(parser->registerInput("x", dims({1, 3}), nvuffparser::UffInputOrder::kNCHW));
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "tf2onnx");
  EXPECT_FALSE(parser->registerOutput("y"));
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "IUffParser::registerOutput");
  EXPECT_FALSE(parser->parse("a.uff", no_network()));
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "IUffParser::parse");
  EXPECT_FALSE(parser->parseBuffer("uff", 3, no_network()));
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "IUffParser::parseBuffer");
  parser->setPluginNamespace("");
  expect_error(nvinfer1::ErrorCode::kUNSUPPORTED_STATE, "IUffParser::setPluginNamespace");
  EXPECT_EQ(parser->getUffRequiredVersionMajor(), 0);
  EXPECT_EQ(parser->getUffRequiredVersionMinor(), 6);
  EXPECT_EQ(parser->getUffRequiredVersionPatch(), 9);
  nvuffparser::shutdownProtobufLibrary();
  static_cast<nvuffparser::IUffParser*>(createNvUffParser_INTERNAL())->destroy();
}

TEST_F(ParsersTest, PluginLibraryAnswers) {
  EXPECT_TRUE(initLibNvInferPlugins(&logger, ""));
  EXPECT_TRUE(logger.said("standard plugins are registered"));
  EXPECT_FALSE(initLibNvInferPlugins(&logger, nullptr));
  EXPECT_TRUE(logger.said("'libNamespace' is null"));
}

TEST(Libraries, HaveTheNamesThatProgramsOpen) {
  const std::pair<const char*, const char*> names[] = {{"libnvinfer.so.8", "createInferBuilder_INTERNAL"},
                                                       {"libnvinfer_lean.so.8", "createInferRuntime_INTERNAL"},
                                                       {"libnvinfer_dispatch.so.8", "createInferRuntime_INTERNAL"},
                                                       {"libnvinfer_safe.so.8", "_ZN8nvinfer14safe18createInferRuntimeERNS_7ILoggerE"},
                                                       {"libnvinfer_checker.so.8", "createConsistencyChecker_INTERNAL"},
                                                       {"libnvinfer_plugin.so.8", "initLibNvInferPlugins"},
                                                       {"libnvonnxparser.so.8", "createNvOnnxParser_INTERNAL"},
                                                       {"libnvparsers.so.8", "_ZN14nvcaffeparser117createCaffeParserEv"},
                                                       {"libnvparsers.so.8", "_ZN14nvcaffeparser123shutdownProtobufLibraryEv"},
                                                       {"libnvparsers.so.8", "_ZN11nvuffparser15createUffParserEv"},
                                                       {"libnvparsers.so.8", "_ZN11nvuffparser23shutdownProtobufLibraryEv"}};
  for (const auto& [library, symbol] : names) {
    void* handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    ASSERT_NE(handle, nullptr) << dlerror();
    EXPECT_NE(dlsym(handle, symbol), nullptr) << library << " has no " << symbol;
    dlclose(handle);
  }
}

}  // namespace tenon::test
