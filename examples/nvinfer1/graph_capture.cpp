// The program captures enqueueV3 into a CUDA graph and launches that instead: one call for all kernels. Without a GPU there
// is nothing to capture, and the program says so.
#include "common.h"

using namespace sample;

int main() {
  return run("graph_capture", [] {
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(8, 32));
    program.output(*program.dense(*x, 32, 16, 1), "y");
    const auto engine = program.build();
    const auto context = make_context(*engine);
    const Floats in(numbers(8 * 32, 1)), out(8 * 16);
    const Stream stream;
    check(context->setTensorAddress("x", in.data()) && context->setTensorAddress("y", out.data()), "setTensorAddress");
    check(context->enqueueV3(stream), "enqueueV3");  // the first run may still allocate
    stream.wait();
    const auto check_result = [&] {
      for (int row = 0; row < 8; ++row) check_close({out.data() + row * 16, out.data() + (row + 1) * 16}, dense_row(in.data() + row * 32, 32, 16, 1), on_gpu() ? 1e-2F : 1e-4F);
    };
    check_result();
    if (!on_gpu()) {
      std::printf("no GPU: nothing to capture\n");
      return;
    }
#ifdef TENON_SAMPLES_CUDA
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t launchable = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess, "cudaStreamBeginCapture");
    check(context->enqueueV3(stream), "enqueueV3 in a capture");
    check(cudaStreamEndCapture(stream, &graph) == cudaSuccess && cudaGraphInstantiate(&launchable, graph, 0) == cudaSuccess, "cudaGraphInstantiate");
    for (unsigned seed = 2; seed < 12; ++seed) {
      const std::vector<float> values = numbers(8 * 32, seed);
      std::copy(values.begin(), values.end(), in.data());
      check(cudaGraphLaunch(launchable, stream) == cudaSuccess, "cudaGraphLaunch");
      stream.wait();
      check_result();
    }
    cudaGraphExecDestroy(launchable);
    cudaGraphDestroy(graph);
#endif
  });
}
