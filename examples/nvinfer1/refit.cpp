// New weights for an engine that is already built: by name, without building again.
#include "common.h"

using namespace sample;

namespace {

std::vector<float> infer(ICudaEngine& engine) {
  const auto context = make_context(engine);
  const Floats x(std::vector<float>{1, 2, 3, 4}), y(4);
  const Stream stream;
  check(context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", y.data()), "setTensorAddress");
  check(context->enqueueV3(stream), "enqueueV3");
  stream.wait();
  return y.values();
}

}  // namespace

int main() {
  return run("refit", [] {
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(1, 4));
    const Weights factors = program.weights.add({1, 1, 1, 1});
    IConstantLayer* constant = program.network->addConstant(Dims2(1, 4), factors);
    constant->setName("factors");
    check(program.network->setWeightsName(factors, "model.factors"), "setWeightsName");
    program.output(*program.network->addElementWise(*x, *constant->getOutput(0), ElementWiseOperation::kPROD)->getOutput(0), "y");
    program.config->setFlag(BuilderFlag::kREFIT);
    const auto engine = program.build();
    check_close(infer(*engine), {1, 2, 3, 4}, 1e-5F);

    const auto refitter = owned(createInferRefitter(*engine, logger()), "createInferRefitter");
    std::vector<const char*> names(static_cast<size_t>(refitter->getAllWeights(0, nullptr)));
    refitter->getAllWeights(static_cast<int32_t>(names.size()), names.data());
    check(names.size() == 1 && std::string(names[0]) == "model.factors", "getAllWeights");
    const std::vector<float> other = {10, 0, -1, 0.5F};
    check(refitter->setNamedWeights("model.factors", {DataType::kFLOAT, other.data(), 4}), "setNamedWeights");
    check(refitter->getMissingWeights(0, nullptr) == 0 && refitter->refitCudaEngine(), "refitCudaEngine");
    check_close(infer(*engine), {10, 0, -3, 2}, 1e-5F);

    // The older way: by layer and role.
    const std::vector<float> third = {2, 2, 2, 2};
    check(refitter->setWeights("factors", WeightsRole::kCONSTANT, {DataType::kFLOAT, third.data(), 4}) && refitter->refitCudaEngine(), "setWeights");
    check_close(infer(*engine), {2, 4, 6, 8}, 1e-5F);
  });
}
