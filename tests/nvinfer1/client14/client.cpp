// Derives from every interface that clients implement, half of them without noexcept; compiled as C++14 without RTTI.
#include "NvInferConsistency.h"
#include "NvInferPlugin.h"
#include "NvInferRuntime.h"
#include "NvInferSafeRuntime.h"

using namespace nvinfer1;

namespace {

struct Log : ILogger {
  void log(Severity, char const*) noexcept override {}
};
struct PlainLog : ILogger {
  void log(Severity, AsciiChar const*) override {}
};
struct Profiler : IProfiler {
  void reportLayerTime(char const*, float) override {}
};
/// An allocator of level 8, and one of level 10.
struct OldAllocator : IGpuAllocator {
  void* allocate(uint64_t, uint64_t, AllocatorFlags) noexcept override { return nullptr; }
  void free(void*) noexcept override {}
};
struct NewAllocator : IGpuAllocator {
  void* allocate(uint64_t, uint64_t, AllocatorFlags) noexcept override { return nullptr; }
  bool deallocate(void*) noexcept override { return true; }
};
struct Outputs : IOutputAllocator {
  void* reallocateOutput(char const*, void*, uint64_t, uint64_t) noexcept override { return nullptr; }
  void notifyShape(char const*, Dims const&) noexcept override {}
};

class DynamicPlugin : public IPluginV2DynamicExt {
 public:
  IPluginV2DynamicExt* clone() const noexcept override { return new DynamicPlugin(*this); }
  DimsExprs getOutputDimensions(int32_t, DimsExprs const* inputs, int32_t, IExprBuilder& builder) noexcept override {
    DimsExprs out(inputs[0]);
    out.d[0] = builder.operation(DimensionOperation::kSUM, *inputs[0].d[0], *builder.constant(1));
    return out;
  }
  bool supportsFormatCombination(int32_t, PluginTensorDesc const*, int32_t, int32_t) noexcept override { return true; }
  void configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override {}
  size_t getWorkspaceSize(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t) const noexcept override { return 0; }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const*, void* const*, void*, cudaStream_t) noexcept override { return 0; }
  DataType getOutputDataType(int32_t, DataType const* types, int32_t) const override { return types[0]; }
  char const* getPluginType() const override { return "Dynamic"; }
  char const* getPluginVersion() const override { return "1"; }
  int32_t getNbOutputs() const override { return 1; }
  int32_t initialize() override { return 0; }
  void terminate() override {}
  size_t getSerializationSize() const override { return 0; }
  void serialize(void*) const override {}
  void destroy() override { delete this; }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return ""; }
};

class Creator : public IPluginCreator {
 public:
  char const* getPluginName() const override { return "Dynamic"; }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return &fields_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) override { return new DynamicPlugin(); }
  IPluginV2* deserializePlugin(char const*, void const*, size_t) override { return new DynamicPlugin(); }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return ""; }

 private:
  PluginFieldCollection fields_{0, nullptr};
};
REGISTER_TENSORRT_PLUGIN(Creator);

}  // namespace

int client14() {
  static Log log;
  static PlainLog plain;
  Profiler profiler;
  OldAllocator old_allocator;
  NewAllocator new_allocator;
  Outputs outputs;
  IRuntime* runtime = createInferRuntime(log);
  runtime->setGpuAllocator(&old_allocator);
  runtime->setGpuAllocator(&new_allocator);
  ICudaEngine* engine = runtime->deserializeCudaEngine(nullptr, 0, nullptr);
  IExecutionContext* context = engine ? engine->createExecutionContext() : nullptr;
  if (context) {
    context->setProfiler(&profiler);
    context->setOutputAllocator("y", &outputs);
    context->destroy();
  }
  DimsHW kernel{3, 3};
  kernel.h() = 5;
  runtime->destroy();
  return kernel.w() + EnumMax<DataType>() + Dims{2, {1, 2}}.nbDims + (createInferRefitter(*engine, plain) != nullptr);
}
