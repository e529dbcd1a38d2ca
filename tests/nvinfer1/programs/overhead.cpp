// overhead [limit in us]: the time of enqueueV3 beside that of the core's own call on the same engine, taken in turns.
// Fails when the medians differ by more.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "NvInfer.h"
#include "tenon/engine.h"

using namespace nvinfer1;

namespace {

class Log : public ILogger {
 public:
  void log(Severity severity, char const* text) noexcept override {
    if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", text);
  }
};

/// y = relu(relu(x) times w) over f32[4,8]: next to no work.
std::unique_ptr<IHostMemory> make_plan(ILogger& logger) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(1U));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  const std::vector<float> values(64, 0.25F);
  ITensor* x = network->addActivation(*network->addInput("x", DataType::kFLOAT, Dims2(4, 8)), ActivationType::kRELU)->getOutput(0);
  ITensor* w = network->addConstant(Dims2(8, 8), {DataType::kFLOAT, values.data(), 64})->getOutput(0);
  ITensor* y = network->addMatrixMultiply(*x, MatrixOperation::kNONE, *w, MatrixOperation::kNONE)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

template <class F>
double time_us(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const double limit = argc > 1 ? std::atof(argv[1]) : 5;
  Log logger;
  const auto plan = make_plan(logger);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(plan ? runtime->deserializeCudaEngine(plan->data(), plan->size()) : nullptr);
  if (!engine) return 2;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float x[32] = {1}, y[32] = {}, core_y[32] = {};
  context->setTensorAddress("x", x);
  context->setTensorAddress("y", y);

  tenon::LoadOptions options;
  options.device = "cpu";
  const auto core = tenon::Engine::load(std::span(static_cast<const std::byte*>(plan->data()), plan->size()), options);
  tenon::Context core_context = core.create_context();
  core_context.set_input("x", tenon::Value{tenon::Tensor::wrap(tenon::DType::f32, {4, 8}, x)});
  core_context.set_output_buffer("y", core_y, sizeof core_y);

  std::vector<double> through_api, direct;
  for (int i = 0; i < 4000; ++i) {
    through_api.push_back(time_us([&] { context->enqueueV3(nullptr); }));
    direct.push_back(time_us([&] { core_context.run(); }));
  }
  const double api = median(through_api), own = median(direct);
  std::printf("enqueueV3 %.2f us, the core's call %.2f us\n", api, own);
  return y[0] == core_y[0] && y[0] == 0.25F && api - own <= limit ? 0 : 1;
}
