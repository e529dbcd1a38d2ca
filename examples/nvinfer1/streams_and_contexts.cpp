// One engine, many threads: each has a context and a stream of its own; they share nothing else.
#include <atomic>
#include <thread>

#include "common.h"

using namespace sample;

int main() {
  return run("streams_and_contexts", [] {
    constexpr int kThreads = 4, kRuns = 25, kRows = 8;
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(kRows, 32));
    program.output(*program.dense(*x, 32, 16, 1), "y");
    const auto engine = program.build();
    std::atomic<int> failures{0};
    const auto work = [&](unsigned thread) {
      try {
        const auto context = make_context(*engine);
        const Stream stream;
        for (unsigned i = 0; i < kRuns; ++i) {
          const Floats in(numbers(kRows * 32, thread * kRuns + i)), out(kRows * 16);
          check(context->setTensorAddress("x", in.data()) && context->setTensorAddress("y", out.data()), "setTensorAddress");
          check(context->enqueueV3(stream), "enqueueV3");
          stream.wait();
          for (int row = 0; row < kRows; ++row) {
            const float* found = out.data() + row * 16;
            check_close({found, found + 16}, dense_row(in.data() + row * 32, 32, 16, 1), on_gpu() ? 1e-2F : 1e-4F);
          }
        }
      } catch (const std::exception& e) {
        std::fprintf(stderr, "thread %u: %s\n", thread, e.what());
        ++failures;
      }
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
    for (std::thread& t : threads) t.join();
    check(failures == 0, "every thread gets its own results");
  });
}
