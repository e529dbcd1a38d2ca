// Contexts that run in turn need their working memory one at a time: the program lends all of them the same block.
#include "common.h"

using namespace sample;

int main() {
  return run("shared_activations", [] {
    constexpr int kContexts = 3, kRows = 32;
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(kRows, 64));
    ISoftMaxLayer* softmax = program.network->addSoftMax(*program.dense(*x, 64, 64, 1));
    softmax->setAxes(1U << 1);
    program.output(*program.dense(*softmax->getOutput(0), 64, 8, 2), "y");
    const auto engine = program.build();
    const auto own = make_context(*engine);
    const size_t bytes = engine->getDeviceMemorySize();
    const Floats block(bytes / sizeof(float) + 128);
    void* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(block.data()) + 255) / 256 * 256);
    std::vector<std::unique_ptr<IExecutionContext>> contexts;
    for (int i = 0; i < kContexts; ++i) {
      contexts.push_back(owned(engine->createExecutionContextWithoutDeviceMemory(), "createExecutionContextWithoutDeviceMemory"));
      contexts.back()->setDeviceMemory(aligned);
    }
    const Stream stream;
    const auto infer = [&](IExecutionContext& context, unsigned seed) {
      const Floats in(numbers(kRows * 64, seed)), out(kRows * 8);
      check(context.setTensorAddress("x", in.data()) && context.setTensorAddress("y", out.data()), "setTensorAddress");
      check(context.enqueueV3(stream), "enqueueV3");
      stream.wait();
      return out.values();
    };
    for (unsigned turn = 0; turn < 12; ++turn) check_close(infer(*contexts[turn % kContexts], turn), infer(*own, turn), 1e-6F);
    std::printf("%d contexts share %zu bytes\n", kContexts, bytes);
  });
}
