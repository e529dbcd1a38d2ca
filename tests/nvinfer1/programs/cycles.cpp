// cycles [threads] [cycles]: every thread makes a runtime, an engine and a context, runs it and destroys all, over and over.
// Fails when a run fails, or when memory of the host or of the GPU has grown by more than 1 MB since the warm-up.
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "NvInfer.h"
#ifdef TENON_SAMPLES_CUDA
#include <cuda_runtime_api.h>
#endif

using namespace nvinfer1;

// Of sanitizers, which have a heap of their own.
extern "C" size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

namespace {

constexpr int kWarmUp = 100;
constexpr int64_t kAllowed = 1 << 20;

class Silent : public ILogger {
 public:
  void log(Severity severity, char const* text) noexcept override {
    if (severity <= Severity::kERROR) std::fprintf(stderr, "%s\n", text);
  }
};

Silent logger;

[[maybe_unused]] bool on_gpu() {
  const char* device = std::getenv("TENON_DEVICE");
#ifdef TENON_SAMPLES_CUDA
  int count = 0;
  return !(device && std::string(device).rfind("cpu", 0) == 0) && cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
#else
  static_cast<void>(device);
  return false;
#endif
}

void* make_memory(size_t bytes) {
#ifdef TENON_SAMPLES_CUDA
  void* memory = nullptr;
  if (on_gpu()) return cudaMallocManaged(&memory, bytes, cudaMemAttachGlobal) == cudaSuccess ? memory : nullptr;
#endif
  return std::calloc(bytes, 1);
}

int64_t host_bytes() {
  if (__sanitizer_get_current_allocated_bytes) return static_cast<int64_t>(__sanitizer_get_current_allocated_bytes());
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

int64_t device_bytes() {
#ifdef TENON_SAMPLES_CUDA
  size_t unused = 0, all = 0;
  if (on_gpu() && cudaDeviceSynchronize() == cudaSuccess && cudaMemGetInfo(&unused, &all) == cudaSuccess) return static_cast<int64_t>(all - unused);
#endif
  return 0;
}

/// y = softmax(relu(x) * w) over f32[N,8]: two kernels with memory between them.
std::vector<char> make_plan() {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1U));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setBuilderOptimizationLevel(0);
  std::vector<float> values(64, 0.25F);
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, 8));
  ITensor* w = network->addConstant(Dims2(8, 8), {DataType::kFLOAT, values.data(), 64})->getOutput(0);
  ITensor* y = network->addMatrixMultiply(*network->addActivation(*x, ActivationType::kRELU)->getOutput(0), MatrixOperation::kNONE, *w, MatrixOperation::kNONE)->getOutput(0);
  ISoftMaxLayer* softmax = network->addSoftMax(*y);
  softmax->setAxes(1U << 1);
  softmax->getOutput(0)->setName("y");
  network->markOutput(*softmax->getOutput(0));
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 8));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(4, 8));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(8, 8));
  config->addOptimizationProfile(profile);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  if (!plan) return {};
  const char* bytes = static_cast<const char*>(plan->data());
  return {bytes, bytes + plan->size()};
}

bool cycle(const std::vector<char>& plan, float* x, float* y, int rows) {
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size()));
  if (!engine) return false;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  if (!context || !context->setInputShape("x", Dims2(rows, 8))) return false;
  void* bindings[] = {x, y};
  return context->executeV2(bindings) && y[8 * rows - 1] == 0.125F;
}

bool run_threads(const std::vector<char>& plan, int threads, int cycles) {
  std::atomic<bool> works{true};
  std::vector<std::thread> list;
  static auto& memory = *new std::vector<float*>;  // of all calls; still there when leaks are looked for
  while (static_cast<int>(memory.size()) < threads) memory.push_back(static_cast<float*>(make_memory(128 * sizeof(float))));
  for (int t = 0; t < threads; ++t)
    list.emplace_back([&, t] {
      float* x = memory[static_cast<size_t>(t)];
      for (int i = 0; i < cycles && works; ++i)
        if (!cycle(plan, x, x + 64, 1 + i % 8)) works = false;
    });
  for (std::thread& t : list) t.join();
  return works;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 8, cycles = argc > 2 ? std::atoi(argv[2]) : 1000;
  const std::vector<char> plan = make_plan();
  if (plan.empty() || !run_threads(plan, threads, kWarmUp)) return std::fprintf(stderr, "cycles: the warm-up failed\n"), 1;
  const int64_t host = host_bytes(), device = device_bytes();
  if (!run_threads(plan, threads, cycles)) return std::fprintf(stderr, "cycles: a run failed\n"), 1;
  const int64_t host_growth = host_bytes() - host, device_growth = device_bytes() - device;
  std::printf("%d threads x %d cycles: host memory grew by %lld bytes, device memory by %lld\n", threads, cycles, static_cast<long long>(host_growth), static_cast<long long>(device_growth));
  return host_growth < kAllowed && device_growth < kAllowed ? 0 : 1;
}
