// On a host with two GPUs: engines and contexts belong to their device, whichever is current. Skips elsewhere.
#include <atomic>
#include <thread>

#include "base/error.h"
#include "cuda/check.h"
#include "cuda/memory.h"
#include "engine_on_gpu.h"
#include "fixture.h"

namespace tenon::core::cuda {
namespace {

constexpr int kThreads = 8, kRuns = 60;

int current() {
  int device = -1;
  check(cudaGetDevice(&device), "asking for the current device");
  return device;
}

class TwoGpus : public OnGpu {
 protected:
  void SetUp() override {
    OnGpu::SetUp();
    if (IsSkipped()) return;
    int count = 0;
    check(cudaGetDeviceCount(&count), "counting");
    if (count < 2) GTEST_SKIP() << "one GPU";
    check(cudaSetDevice(0), "using GPU 0");
  }
  template <class F>
  std::string error_of(F&& f) {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
};

TEST_F(TwoGpus, BuildsAndRunsLeaveTheCurrentDeviceAlone) {
  const Built one = small_engine(1);
  EXPECT_EQ(current(), 0);
  const auto result = small_result(one);
  EXPECT_EQ(current(), 0);
  const Built zero = small_engine(0);
  check(cudaSetDevice(1), "using GPU 1");
  EXPECT_EQ(small_result(zero), result);
  EXPECT_EQ(current(), 1);
}

TEST_F(TwoGpus, EightThreadsOnEitherDevice) {
  const Built engines[] = {small_engine(0), small_engine(1)};
  const auto expected = small_result(engines[0]);
  std::atomic<int> wrong = 0, moved = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      // Four of them run engines of the device that is not current.
      check(cudaSetDevice(t % 2), "using a GPU");
      for (int i = 0; i < kRuns; ++i) {
        try {
          wrong += small_result(engines[(t / 2 + i) % 2]) != expected;
        } catch (const std::exception& e) {
          ++wrong;
          ADD_FAILURE() << e.what();
          return;
        }
        moved += current() != t % 2;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(moved, 0);
}

TEST_F(TwoGpus, WhatIsOfTheOtherOneIsRefusedByName) {
  const Built built = small_engine(0);
  Execution execution(built.program);
  const CurrentDevice other(1);
  DeviceBuffer there(32 * 256 * 4);
  auto* memory = static_cast<std::byte*>(there.data());
  for (const std::string& text : {error_of([&] { execution.set_device_input(0, memory, {32, 256}); }),
                                  error_of([&] { execution.set_output_buffer(0, {memory, 32 * 256 * 4}, Place::device); })})
    EXPECT_TRUE(text.find("memory of GPU 1") != text.npos && text.find("runs on GPU 0") != text.npos) << text;
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "a stream");
  const std::string text = error_of([&] { built.device->borrow_stream(stream); });
  EXPECT_TRUE(text.find("stream is of GPU 1") != text.npos && text.find("runs on GPU 0") != text.npos) << text;
  cudaStreamDestroy(stream);
  EXPECT_EQ(current(), 1);
}

TEST_F(TwoGpus, CallersStreamsOfTheEnginesDevice) {
  const Built built = small_engine(1);
  const auto expected = small_result(built);
  const CurrentDevice here(1);
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "a stream");
  DeviceBuffer y(32 * 256 * 4);
  {
    Execution execution(built.program);
    const Tensor x = small_input();
    const auto input = DeviceBuffer::of(x.bytes());
    execution.set_device_input(0, static_cast<std::byte*>(input->data()), {32, 256});
    execution.set_output_buffer(0, {static_cast<std::byte*>(y.data()), 32 * 256 * 4}, Place::device);
    const CurrentDevice elsewhere(0);
    const auto borrowed = built.device->borrow_stream(stream);
    for (int i = 0; i < 3; ++i) execution.enqueue(*borrowed);
    EXPECT_EQ(current(), 0);
    borrowed->wait();
  }
  std::vector<std::byte> found(expected.size());
  check(cudaMemcpy(found.data(), y.data(), found.size(), cudaMemcpyDeviceToHost), "reading");
  EXPECT_EQ(found, expected);
  cudaStreamDestroy(stream);
}

}  // namespace
}  // namespace tenon::core::cuda
