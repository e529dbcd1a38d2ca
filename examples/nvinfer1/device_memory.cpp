// A program as they are written for GPUs: device memory, pinned memory, a stream, events, a CUDA graph where there can be one.
// Without a GPU the same program runs on the CPU: tenon host-run ./device_memory
#include <cuda_runtime_api.h>

#include "common.h"

using namespace sample;

namespace {

constexpr int kRows = 8, kIn = 32, kOut = 16;

void ok(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}
#define OK(call) ok(call, #call)

struct Buffers {
  explicit Buffers(size_t floats) : bytes(floats * sizeof(float)) {
    OK(cudaMalloc(&device, bytes));
    OK(cudaMallocHost(&host, bytes));
  }
  ~Buffers() {
    cudaFree(device);
    cudaFreeHost(host);
  }
  float* values() const { return static_cast<float*>(host); }

  void *device = nullptr, *host = nullptr;
  size_t bytes;
};

void enqueue(IExecutionContext& context, const Buffers& in, const Buffers& out, cudaStream_t stream) {
  OK(cudaMemcpyAsync(in.device, in.host, in.bytes, cudaMemcpyHostToDevice, stream));
  check(context.enqueueV3(stream), "enqueueV3");
  OK(cudaMemcpyAsync(out.host, out.device, out.bytes, cudaMemcpyDeviceToHost, stream));
}

/// False where work can't be captured.
bool launch_graph(IExecutionContext& context, const Buffers& in, const Buffers& out, cudaStream_t stream) {
  if (cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) {
    std::printf("no graph: %s\n", cudaGetErrorString(cudaGetLastError()));
    return false;
  }
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t launchable = nullptr;
  enqueue(context, in, out, stream);
  OK(cudaStreamEndCapture(stream, &graph));
  OK(cudaGraphInstantiate(&launchable, graph, 0));
  OK(cudaGraphLaunch(launchable, stream));
  OK(cudaStreamSynchronize(stream));
  OK(cudaGraphExecDestroy(launchable));
  OK(cudaGraphDestroy(graph));
  return true;
}

void check_result(const Buffers& in, const Buffers& out) {
  for (int row = 0; row < kRows; ++row)
    check_close({out.values() + row * kOut, out.values() + (row + 1) * kOut}, dense_row(in.values() + row * kIn, kIn, kOut, 1), 1e-2F);
}

}  // namespace

int main() {
  return run("device_memory", [] {
    cudaDeviceProp properties{};
    OK(cudaSetDevice(0));
    OK(cudaGetDeviceProperties(&properties, 0));
    std::printf("device: %s, %d multiprocessors\n", properties.name, properties.multiProcessorCount);

    Program program;
    program.output(*program.dense(*program.network->addInput("x", DataType::kFLOAT, Dims2(kRows, kIn)), kIn, kOut, 1), "y");
    const auto engine = program.build();
    const auto context = make_context(*engine);

    const Buffers in(kRows * kIn), out(kRows * kOut);
    check(context->setTensorAddress("x", in.device) && context->setTensorAddress("y", out.device), "setTensorAddress");
    cudaStream_t stream = nullptr;
    cudaEvent_t begin = nullptr, end = nullptr, consumed = nullptr;
    OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    OK(cudaEventCreate(&begin));
    OK(cudaEventCreate(&end));
    OK(cudaEventCreateWithFlags(&consumed, cudaEventDisableTiming));
    check(context->setInputConsumedEvent(consumed), "setInputConsumedEvent");
    for (unsigned seed = 1; seed < 5; ++seed) {
      const std::vector<float> values = numbers(kRows * kIn, seed);
      std::copy(values.begin(), values.end(), in.values());
      std::fill(out.values(), out.values() + kRows * kOut, -1.0F);
      OK(cudaEventRecord(begin, stream));
      enqueue(*context, in, out, stream);
      OK(cudaEventRecord(end, stream));
      OK(cudaEventSynchronize(consumed));
      OK(cudaStreamSynchronize(stream));
      check_result(in, out);
    }
    float ms = -1;
    OK(cudaEventElapsedTime(&ms, begin, end));
    check(ms > 0, "a time between two events");
    std::fill(out.values(), out.values() + kRows * kOut, -1.0F);
    if (launch_graph(*context, in, out, stream)) check_result(in, out);
    check(context->setInputConsumedEvent(nullptr), "setInputConsumedEvent");
    for (cudaEvent_t event : {begin, end, consumed}) OK(cudaEventDestroy(event));
    OK(cudaStreamDestroy(stream));
  });
}
