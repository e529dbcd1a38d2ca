// One engine for any batch up to 64, tuned for two ranges: a profile for single requests and one for large batches.
#include "common.h"

using namespace sample;

namespace {

void add_profile(Program& program, int least, int usual, int most) {
  IOptimizationProfile* profile = program.builder->createOptimizationProfile();
  check(profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(least, 32)), "kMIN");
  check(profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(usual, 32)), "kOPT");
  check(profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(most, 32)), "kMAX");
  check(profile->isValid() && program.config->addOptimizationProfile(profile) >= 0, "addOptimizationProfile");
}

void run_batch(ICudaEngine& engine, int profile, int batch) {
  const auto context = make_context(engine);
  const Stream stream;
  check(context->setOptimizationProfileAsync(profile, stream), "setOptimizationProfileAsync");
  check(context->setInputShape("x", Dims2(batch, 32)), "setInputShape");
  const Floats x(numbers(static_cast<size_t>(batch * 32), 3)), y(static_cast<size_t>(batch * 8));
  check(context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", y.data()), "setTensorAddress");
  check(context->enqueueV3(stream), "enqueueV3");
  stream.wait();
  for (int row = 0; row < batch; ++row) {
    const float* found = y.data() + row * 8;
    check_close({found, found + 8}, dense_row(x.data() + row * 32, 32, 8, 1), on_gpu() ? 1e-2F : 1e-4F);
  }
}

}  // namespace

int main() {
  return run("dynamic_batch", [] {
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(-1, 32));
    program.output(*program.dense(*x, 32, 8, 1), "y");
    add_profile(program, 1, 1, 4);
    add_profile(program, 4, 32, 64);
    const auto engine = program.build();
    check(engine->getNbOptimizationProfiles() == 2, "two profiles");
    for (int batch : {1, 3, 4}) run_batch(*engine, 0, batch);
    for (int batch : {4, 17, 64}) run_batch(*engine, 1, batch);
    const auto context = make_context(*engine);
    check(!context->setInputShape("x", Dims2(5, 32)), "a shape outside the profile is refused");
  });
}
