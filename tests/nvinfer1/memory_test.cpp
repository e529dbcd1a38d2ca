#include <cstdlib>
#include <map>

#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

/// Counts what it gives.
class Counting : public IGpuAllocator {
 public:
  void* allocate(uint64_t size, uint64_t alignment, AllocatorFlags) override {
    if (full) return nullptr;
    auto block = std::make_unique<std::byte[]>(size + alignment);
    void* data = block.get();
    size_t space = size + alignment;
    std::align(alignment, size, data, space);
    live[data] = size;
    blocks_[data] = std::move(block);
    ++calls;
    return data;
  }
  void free(void* data) override {
    EXPECT_EQ(live.erase(data), 1U);
    blocks_.erase(data);
  }
  std::map<void*, uint64_t> live;
  int calls = 0;
  bool full = false;

 private:
  std::map<void*, std::unique_ptr<std::byte[]>> blocks_;
};

struct MemoryTest : Fixture {
  void run(IExecutionContext& context, int32_t rows, bool works = true) {
    ASSERT_TRUE(context.setInputShape("x", dims({rows, 4})));
    context.setTensorAddress("x", x);
    context.setTensorAddress("y", y);
    ASSERT_EQ(context.enqueueV3(nullptr), works) << logger.text;
    if (works) {
      EXPECT_NEAR(y[0], 1.0F, 1e-6);
    }
  }
  float x[32] = {}, y[32] = {};
};

TEST_F(MemoryTest, ComesFromTheClientsAllocator) {
  Counting allocator;
  runtime->setGpuAllocator(&allocator);
  auto engine = load(hidden_plan());
  ASSERT_NE(engine, nullptr) << logger.text;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  run(*context, 8);
  EXPECT_FALSE(allocator.live.empty());
  Counting temporary;
  EXPECT_TRUE(context->setTemporaryStorageAllocator(&temporary));
  EXPECT_EQ(context->getTemporaryStorageAllocator(), &temporary);
  EXPECT_TRUE(allocator.live.empty());
  run(*context, 8);
  EXPECT_FALSE(temporary.live.empty());
  context.reset();
  EXPECT_TRUE(temporary.live.empty());
  context.reset(engine->createExecutionContext());
  allocator.full = true;
  run(*context, 8, false);
  expect_error(ErrorCode::kFAILED_ALLOCATION, "the client's allocator gave no memory");
}

/// Works in the order of streams only.
class InOrder : public IGpuAsyncAllocator {
 public:
  void* allocateAsync(uint64_t size, uint64_t alignment, AllocatorFlags, cudaStream_t) override {
    void* data = take_memory(size, alignment);
    live[data] = size;
    ++calls;
    return data;
  }
  bool deallocateAsync(void* data, cudaStream_t) override {
    EXPECT_EQ(live.erase(data), 1U);
    free_memory(data);
    return true;
  }
  std::map<void*, uint64_t> live;
  int calls = 0;
};

TEST_F(MemoryTest, ComesFromAnAllocatorThatWorksInTheOrderOfStreams) {
  InOrder allocator;
  runtime->setGpuAllocator(&allocator);
  auto engine = load(hidden_plan());
  ASSERT_NE(engine, nullptr) << logger.text;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  run(*context, 8);
  EXPECT_GT(allocator.calls, 0);
  context.reset();
  engine.reset();
  EXPECT_TRUE(allocator.live.empty());
}

TEST(Allocators, OfLevel8AnswerCallsOfLaterLevels) {
  Counting counting;
  IGpuAllocator& allocator = counting;
  void* memory = allocator.allocateAsync(100, 64, 0, nullptr);
  ASSERT_EQ(counting.live.count(memory), 1U);
  EXPECT_EQ(counting.live[memory], 100U);
  EXPECT_EQ(allocator.reallocate(memory, 64, 200), nullptr);
  EXPECT_TRUE(allocator.deallocateAsync(memory, nullptr));
  EXPECT_TRUE(counting.live.empty());
}

TEST_F(MemoryTest, IsSharedByContextsThatRunInTurn) {
  auto engine = load(hidden_plan());
  ASSERT_NE(engine, nullptr);
  const size_t bytes = engine->getDeviceMemorySize();
  ASSERT_GT(bytes, 0U);
  std::unique_ptr<IExecutionContext> a(engine->createExecutionContextWithoutDeviceMemory()), b(engine->createExecutionContextWithoutDeviceMemory());
  run(*a, 8, false);
  expect_error(ErrorCode::kINVALID_STATE, "call setDeviceMemory");
  void* block = take_memory(bytes, 256);
  std::fill_n(static_cast<char*>(block), bytes, 77);
  a->setDeviceMemory(block);
  b->setDeviceMemoryV2(block, static_cast<int64_t>(bytes));
  run(*a, 8);
  run(*b, 3);
  EXPECT_TRUE(std::any_of(static_cast<char*>(block), static_cast<char*>(block) + bytes, [](char c) { return c != 77; })) << "the block was not used";
  EXPECT_GT(b->updateDeviceMemorySizeForShapes(), 0U);
  b->setDeviceMemoryV2(block, 8);
  run(*b, 8, false);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "8 bytes");
  a->setDeviceMemory(static_cast<char*>(block) + 4);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "aligned");
  std::unique_ptr<IExecutionContext> own(engine->createExecutionContext());
  own->setDeviceMemory(block);
  expect_error(ErrorCode::kINVALID_STATE, "memory of its own");
  EXPECT_EQ(own->updateDeviceMemorySizeForShapes(), 0U);
  expect_error(ErrorCode::kINVALID_STATE, "has no shape yet");
  free_memory(block);
}

TEST_F(MemoryTest, RecordsInputConsumedEventsOrSaysThatItCanNot) {
  auto engine = load(hidden_plan());
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  auto event = reinterpret_cast<cudaEvent_t>(x);
  EXPECT_TRUE(context->setInputConsumedEvent(event));
  EXPECT_EQ(context->getInputConsumedEvent(), event);
  run(*context, 8, false);
  // On a GPU, what is no event; without one, no runtime that has events.
  if (std::string(test_device()) == "cpu") expect_error(ErrorCode::kUNSUPPORTED_STATE, "no CUDA runtime that could record it");
  else expect_error(ErrorCode::kFAILED_EXECUTION, "the input-consumed event can't be recorded");
  context->setInputConsumedEvent(nullptr);
  run(*context, 8);
}

}  // namespace
