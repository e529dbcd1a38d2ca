// A program of level 8, compiled as C++14 without RTTI against what `cmake --install` wrote: builds a network, runs it.
#include <cstdio>
#include <memory>

#include "NvInfer.h"
#include "NvInferPlugin.h"
#include "NvOnnxParser.h"

using namespace nvinfer1;

struct Log : ILogger {
  void log(Severity severity, char const* text) noexcept override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", text);
  }
};

int main() {
  Log log;
  initLibNvInferPlugins(&log, "");
  std::unique_ptr<IBuilder> builder(createInferBuilder(log));
  if (!builder) return 1;
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1U));
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, log));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  if (!parser || !parser->supportsOperator("Relu")) return 2;
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(1, 4));
  ITensor* y = network->addActivation(*x, ActivationType::kRELU)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  if (!plan || !runtime) return 3;
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  if (!engine) return 4;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float in[4] = {-1, 2, -3, 4}, out[4] = {};
  void* bindings[] = {in, out};
  if (!context->executeV2(bindings)) return 5;
  std::printf("%g %g %g %g\n", out[0], out[1], out[2], out[3]);
  return out[1] == 2 && out[0] == 0 ? 0 : 6;
}
