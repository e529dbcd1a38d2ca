#pragma once
#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "NvInfer.h"
#include "support.h"

namespace tenon::test {

using Floats = std::vector<float>;

/// A network that is built for the test device and run through the API. The optimization level is 0: these tests are about what
/// layers mean, not about speed.
struct NetworkTest : ::testing::Test {
  void SetUp() override {
    setenv("TENON_DEVICE", test_device(), 1);
    builder.reset(nvinfer1::createInferBuilder(logger));
    builder->setErrorRecorder(&recorder);
    config.reset(builder->createBuilderConfig());
    config->setBuilderOptimizationLevel(0);
    start(1u);
  }
  void start(uint32_t flags) { network.reset(builder->createNetworkV2(flags)); }

  nvinfer1::ITensor& input(const char* name, std::initializer_list<int32_t> shape, nvinfer1::DataType type = nvinfer1::DataType::kFLOAT) {
    return *network->addInput(name, type, dims(shape));
  }
  nvinfer1::Weights weights(const Floats& values) {
    kept.push_back(values);
    return {nvinfer1::DataType::kFLOAT, kept.back().data(), static_cast<int64_t>(values.size())};
  }
  nvinfer1::ITensor& constant(std::initializer_list<int32_t> shape, const Floats& values) { return *network->addConstant(dims(shape), weights(values))->getOutput(0); }
  nvinfer1::ITensor& constant_i32(std::initializer_list<int32_t> shape, const std::vector<int32_t>& values) {
    kept_ints.push_back(values);
    return *network->addConstant(dims(shape), {nvinfer1::DataType::kINT32, kept_ints.back().data(), static_cast<int64_t>(values.size())})->getOutput(0);
  }
  static nvinfer1::Weights none() { return {nvinfer1::DataType::kFLOAT, nullptr, 0}; }

  /// Bytes of an input.
  template <class T>
  void give(const std::string& name, const std::vector<T>& values, std::initializer_list<int32_t> shape = {}) {
    Data& d = data[name];
    d.bytes.resize(values.size() * sizeof(T));
    std::memcpy(d.bytes.data(), values.data(), d.bytes.size());
    d.shape = dims(shape);
    d.has_shape = shape.size() > 0;
  }

  bool build_fails() { return std::unique_ptr<nvinfer1::IHostMemory>(builder->buildSerializedNetwork(*network, *config)) == nullptr; }
  /// The last error had this code, and its message, of which recorders get the beginning, these words; forgets all errors.
  void expect_error(nvinfer1::ErrorCode code, const std::string& words) {
    ASSERT_FALSE(recorder.errors.empty()) << "expected an error: " << words;
    EXPECT_EQ(recorder.errors.back().first, code) << recorder.errors.back().second;
    const std::string& begin = recorder.errors.back().second;
    const bool cut = begin.size() >= nvinfer1::IErrorRecorder::kMAX_DESC_LENGTH;
    EXPECT_TRUE(cut || begin.find(words) != std::string::npos) << begin;
    EXPECT_TRUE(logger.said(words)) << logger.text;
    recorder.clear();
    logger.take();
  }

  /// Builds, loads and runs; `batch` > 0 through `execute`.
  void run(int batch = 0) {
    std::unique_ptr<nvinfer1::IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    ASSERT_NE(plan, nullptr) << logger.text;
    runtime.reset(nvinfer1::createInferRuntime(logger));
    engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    ASSERT_NE(engine, nullptr) << logger.text;
    run_engine(batch);
  }
  void run_engine(int batch = 0) {
    context.reset(engine->createExecutionContext());
    ASSERT_NE(context, nullptr) << logger.text;
    std::vector<void*> bindings;
    for (int i = 0; i < engine->getNbIOTensors(); ++i) {
      const char* name = engine->getIOTensorName(i);
      Data& d = data[name];
      if (d.has_shape) {
        ASSERT_TRUE(context->setInputShape(name, d.shape)) << logger.text;
      }
    }
    for (int i = 0; i < engine->getNbIOTensors(); ++i) {
      Data& d = data[engine->getIOTensorName(i)];
      if (engine->getTensorIOMode(engine->getIOTensorName(i)) == nvinfer1::TensorIOMode::kOUTPUT) d.bytes.assign(1 << 16, '\0');
      bindings.push_back(d.bytes.data());
    }
    const bool ok = batch > 0 ? context->execute(batch, bindings.data()) : context->executeV2(bindings.data());
    ASSERT_TRUE(ok) << logger.text;
  }
  template <class T = float>
  std::vector<T> result(const std::string& name, size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), data[name].bytes.data(), count * sizeof(T));
    return values;
  }
  void expect(const std::string& name, const Floats& expected, float tolerance = 1e-5f) {
    const Floats found = result(name, expected.size());
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << name << " element " << i;
  }
  void output(nvinfer1::ITensor* tensor, const char* name) {
    ASSERT_NE(tensor, nullptr);
    tensor->setName(name);
    network->markOutput(*tensor);
  }
  /// x through one layer that `add` makes; its output 0 is "y".
  void one_layer(std::initializer_list<int32_t> shape, const Floats& x, const std::function<nvinfer1::ILayer*(nvinfer1::ITensor&)>& add, const Floats& expected) {
    nvinfer1::ILayer* layer = add(input("x", shape));
    ASSERT_NE(layer, nullptr) << logger.text;
    output(layer->getOutput(0), "y");
    give("x", x);
    run();
    expect("y", expected);
  }

  struct Data {
    std::vector<char> bytes;
    nvinfer1::Dims shape{};
    bool has_shape = false;
  };
  Logger logger;
  Recorder recorder;
  std::unique_ptr<nvinfer1::IBuilder> builder;
  std::unique_ptr<nvinfer1::IBuilderConfig> config;
  std::unique_ptr<nvinfer1::INetworkDefinition> network;
  std::unique_ptr<nvinfer1::IRuntime> runtime;
  std::unique_ptr<nvinfer1::ICudaEngine> engine;
  std::unique_ptr<nvinfer1::IExecutionContext> context;
  std::map<std::string, Data> data;
  std::vector<Floats> kept;
  std::vector<std::vector<int32_t>> kept_ints;
};

}  // namespace tenon::test
