// Independent batches from a queue: a pool of workers, each with a context and a stream, takes the next one when it is free.
#include <atomic>
#include <mutex>
#include <queue>
#include <thread>

#include "common.h"

using namespace sample;

namespace {

struct Batch {
  int rows;
  unsigned seed;
};

class Queue {
 public:
  void push(Batch batch) {
    std::lock_guard<std::mutex> lock(mutex_);
    batches_.push(batch);
  }
  bool pop(Batch& batch) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (batches_.empty()) return false;
    batch = batches_.front();
    batches_.pop();
    return true;
  }

 private:
  std::mutex mutex_;
  std::queue<Batch> batches_;
};

void infer(IExecutionContext& context, const Stream& stream, const Batch& batch) {
  const Floats in(numbers(static_cast<size_t>(batch.rows * 16), batch.seed)), out(static_cast<size_t>(batch.rows * 4));
  check(context.setInputShape("x", Dims2(batch.rows, 16)), "setInputShape");
  check(context.setTensorAddress("x", in.data()) && context.setTensorAddress("y", out.data()), "setTensorAddress");
  check(context.enqueueV3(stream), "enqueueV3");
  stream.wait();
  for (int row = 0; row < batch.rows; ++row) {
    const float* found = out.data() + row * 4;
    check_close({found, found + 4}, dense_row(in.data() + row * 16, 16, 4, 1), on_gpu() ? 1e-2F : 1e-4F);
  }
}

}  // namespace

int main() {
  return run("worker_pool", [] {
    Program program;
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(-1, 16));
    program.output(*program.dense(*x, 16, 4, 1), "y");
    IOptimizationProfile* profile = program.builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 16));
    profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(8, 16));
    profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(32, 16));
    check(program.config->addOptimizationProfile(profile) == 0, "addOptimizationProfile");
    const auto engine = program.build();

    Queue queue;
    for (unsigned i = 0; i < 60; ++i) queue.push({static_cast<int>(1 + i * 7 % 32), i});
    std::atomic<int> done{0};
    const auto worker = [&] {
      try {
        const auto context = make_context(*engine);
        const Stream stream;
        for (Batch batch; queue.pop(batch); ++done) infer(*context, stream, batch);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "worker: %s\n", e.what());
      }
    };
    std::vector<std::thread> pool;
    for (int i = 0; i < 3; ++i) pool.emplace_back(worker);
    for (std::thread& t : pool) t.join();
    check(done == 60, "all batches are done");
  });
}
