#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "NvInfer.h"
#ifdef TENON_SAMPLES_CUDA
#include <cuda_runtime_api.h>
#endif

namespace sample {

using namespace nvinfer1;

class Logger : public ILogger {
 public:
  void log(Severity severity, char const* text) noexcept override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", text);
  }
};

inline Logger& logger() {
  static Logger instance;
  return instance;
}

/// Ends the program with a sentence when a call failed.
inline void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("failed: ") + what);
}
template <class T>
std::unique_ptr<T> owned(T* pointer, const char* what) {
  check(pointer != nullptr, what);
  return std::unique_ptr<T>(pointer);
}

/// On a machine without a GPU, or with TENON_DEVICE=cpu, bindings are host addresses and streams may be null.
inline bool on_gpu() {
#ifdef TENON_SAMPLES_CUDA
  const char* device = std::getenv("TENON_DEVICE");
  int count = 0;
  return !(device && std::strncmp(device, "cpu", 3) == 0) && cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
#else
  return false;
#endif
}

class Stream {
 public:
#ifdef TENON_SAMPLES_CUDA
  Stream() {
    if (on_gpu()) cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  }
  ~Stream() {
    if (stream_) cudaStreamDestroy(stream_);
  }
  void wait() const {
    if (stream_) check(cudaStreamSynchronize(stream_) == cudaSuccess, "cudaStreamSynchronize");
  }
#else
  Stream() = default;
  void wait() const {}
#endif
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Values that the program and the engine's device both reach.
class Floats {
 public:
  explicit Floats(size_t size) : size_(size) {
#ifdef TENON_SAMPLES_CUDA
    if (on_gpu()) {
      void* memory = nullptr;
      check(cudaMallocManaged(&memory, size * sizeof(float), cudaMemAttachGlobal) == cudaSuccess, "cudaMallocManaged");
      data_ = static_cast<float*>(memory);
      return;
    }
#endif
    host_.resize(size);
    data_ = host_.data();
  }
  Floats(const std::vector<float>& values) : Floats(values.size()) { std::copy(values.begin(), values.end(), data_); }
  ~Floats() {
#ifdef TENON_SAMPLES_CUDA
    if (host_.empty()) cudaFree(data_);
#endif
  }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  float* data() const { return data_; }
  size_t size() const { return size_; }
  float& operator[](size_t i) const { return data_[i]; }
  std::vector<float> values() const { return std::vector<float>(data_, data_ + size_); }

 private:
  size_t size_;
  float* data_ = nullptr;
  std::vector<float> host_;
};

/// Numbers in [-1, 1] that are the same on every machine.
inline std::vector<float> numbers(size_t count, unsigned seed) {
  std::vector<float> values(count);
  unsigned state = seed * 2654435761u + 1;
  for (float& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F;
  }
  return values;
}

/// The weights of a network must stay until it is built.
class WeightStore {
 public:
  Weights add(std::vector<float> values) {
    kept_.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    return {DataType::kFLOAT, kept_.back()->data(), static_cast<int64_t>(kept_.back()->size())};
  }

 private:
  std::vector<std::unique_ptr<std::vector<float>>> kept_;
};

inline void check_close(const std::vector<float>& found, const std::vector<float>& expected, float tolerance) {
  check(found.size() == expected.size(), "as many results as expected");
  for (size_t i = 0; i < found.size(); ++i)
    if (!(std::abs(found[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i]))))
      throw std::runtime_error("result " + std::to_string(i) + " is " + std::to_string(found[i]) + ", expected " + std::to_string(expected[i]));
}

/// A network, what builds it, and what runs its engine.
struct Program {
  WeightStore weights;
  std::unique_ptr<IBuilder> builder = owned(createInferBuilder(logger()), "createInferBuilder");
  std::unique_ptr<INetworkDefinition> network =
      owned(builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)), "createNetworkV2");
  std::unique_ptr<IBuilderConfig> config = owned(builder->createBuilderConfig(), "createBuilderConfig");
  std::unique_ptr<IRuntime> runtime = owned(createInferRuntime(logger()), "createInferRuntime");

  std::unique_ptr<ICudaEngine> build() {
    const auto plan = owned(builder->buildSerializedNetwork(*network, *config), "buildSerializedNetwork");
    return owned(runtime->deserializeCudaEngine(plan->data(), plan->size()), "deserializeCudaEngine");
  }
  /// relu(x times a matrix)
  ITensor* dense(ITensor& x, int in, int out, unsigned seed) {
    ITensor* kernel = network->addConstant(Dims2(in, out), weights.add(numbers(static_cast<size_t>(in * out), seed)))->getOutput(0);
    ITensor* y = network->addMatrixMultiply(x, MatrixOperation::kNONE, *kernel, MatrixOperation::kNONE)->getOutput(0);
    return network->addActivation(*y, ActivationType::kRELU)->getOutput(0);
  }
  void output(ITensor& tensor, const char* name) {
    tensor.setName(name);
    network->markOutput(tensor);
  }
};

/// What `dense` computes, for one row.
inline std::vector<float> dense_row(const float* x, int in, int out, unsigned seed) {
  const std::vector<float> kernel = numbers(static_cast<size_t>(in * out), seed);
  std::vector<float> y(static_cast<size_t>(out));
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in; ++i) y[static_cast<size_t>(o)] += x[i] * kernel[static_cast<size_t>(i * out + o)];
    y[static_cast<size_t>(o)] = y[static_cast<size_t>(o)] > 0 ? y[static_cast<size_t>(o)] : 0;
  }
  return y;
}

inline std::unique_ptr<IExecutionContext> make_context(ICudaEngine& engine) { return owned(engine.createExecutionContext(), "createExecutionContext"); }

/// The body of main: prints what went wrong.
template <class F>
int run(const char* name, F&& body) {
  try {
    body();
    std::printf("%s: ok\n", name);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", name, e.what());
    return 1;
  }
}

}  // namespace sample
