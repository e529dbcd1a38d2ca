// leaving inner|outer|dlclose: a process ends with objects of the API in globals. `inner`: contexts leave before what they
// came from; `outer`: after it; `dlclose`: a plugin library is closed while its creator is registered.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "NvInfer.h"

using namespace nvinfer1;

namespace {

class Creator : public IPluginCreator {
 public:
  Creator() { fields_.nbFields = 0; }
  ~Creator() override { std::puts("the creator leaves"); }
  char const* getPluginName() const noexcept override { return "Leaving"; }
  char const* getPluginVersion() const noexcept override { return "1"; }
  PluginFieldCollection const* getFieldNames() noexcept override { return &fields_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) noexcept override { return nullptr; }
  IPluginV2* deserializePlugin(char const*, void const*, size_t) noexcept override { return nullptr; }
  void setPluginNamespace(char const* name) noexcept override { namespace_ = name; }
  char const* getPluginNamespace() const noexcept override { return namespace_; }

 private:
  PluginFieldCollection fields_{};
  char const* namespace_ = "";
};

class Log : public ILogger {
 public:
  void log(Severity severity, char const* text) noexcept override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", text);
  }
};

// Globals leave in the reverse of this order.
std::unique_ptr<IExecutionContext> outer_context;
std::unique_ptr<ICudaEngine> outer_engine;
std::unique_ptr<IRuntime> outer_runtime;
Log logger;
REGISTER_TENSORRT_PLUGIN(Creator);
std::unique_ptr<IRuntime> inner_runtime;
std::unique_ptr<ICudaEngine> inner_engine;
std::unique_ptr<IExecutionContext> inner_context;

std::unique_ptr<IHostMemory> make_plan() {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1U));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  ITensor* y = network->addUnary(*network->addInput("x", DataType::kFLOAT, Dims2(1, 4)), UnaryOperation::kABS)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

bool run(std::unique_ptr<IRuntime>& runtime, std::unique_ptr<ICudaEngine>& engine, std::unique_ptr<IExecutionContext>& context) {
  const auto plan = make_plan();
  runtime.reset(createInferRuntime(logger));
  if (plan) engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  if (engine) context.reset(engine->createExecutionContext());
  float x[4] = {-1, -2, -3, -4}, y[4] = {};
  void* bindings[] = {x, y};
  return context && context->executeV2(bindings) && y[3] == 4;
}

/// A library is loaded twice, given back once, and left behind once.
bool close_library(const char* path) {
  IPluginRegistry* registry = getPluginRegistry();
  const auto first = registry->loadLibrary(path);
  if (!first || !registry->getPluginCreator("FromALibrary", "1", "")) return false;
  registry->deregisterLibrary(first);
  return registry->loadLibrary(path) != nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (!getPluginRegistry()->getPluginCreator("Leaving", "1", "")) return 3;
  if (std::strcmp(argv[1], "inner") == 0) return run(inner_runtime, inner_engine, inner_context) ? 0 : 1;
  if (std::strcmp(argv[1], "outer") == 0) return run(outer_runtime, outer_engine, outer_context) ? 0 : 1;
  return argc > 2 && close_library(argv[2]) && run(inner_runtime, outer_engine, inner_context) ? 0 : 1;
}
