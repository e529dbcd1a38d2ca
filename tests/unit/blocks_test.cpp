// Memory of tensors: large blocks leave with their release.
#include "base/blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace tenon::core {
namespace {

#if defined(__has_feature)
constexpr bool kHasShadow = __has_feature(thread_sanitizer);
#else
constexpr bool kHasShadow = false;
#endif

constexpr int64_t kMany = 40, kLarge = 6 << 20, kKept = 32 << 20;

/// Exact, unlike what statm says.
int64_t resident_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;)
    if (int64_t kib = 0; word == "Rss:" && file >> kib) return kib * 1024;
  return 0;
}

TEST(Blocks, AreAlignedAndZeroedWhereAsked) {
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{100}, int64_t{70'000}, kLarge}) {
    void* dirty = take_block(bytes);
    ASSERT_NE(dirty, nullptr);
    std::memset(dirty, 0x5a, static_cast<size_t>(bytes));
    release_block(dirty);
    const auto* block = static_cast<const char*>(take_zeroed_block(bytes));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    EXPECT_TRUE(std::all_of(block, block + bytes, [](char c) { return c == 0; })) << bytes;
    release_block(const_cast<char*>(block));
  }
  release_block(nullptr);
}

TEST(Blocks, OneThatIsUsedAgainIsAsLargeAsAskedFor) {
  std::vector<void*> blocks;
  for (const int64_t bytes : {kLarge, 2 * kLarge, kLarge / 2, kLarge}) {
    blocks.push_back(take_zeroed_block(bytes));
    std::memset(blocks.back(), 7, static_cast<size_t>(bytes));
    if (blocks.size() == 2) std::for_each(blocks.begin(), blocks.end(), release_block);
  }
  const auto* first = static_cast<const char*>(blocks[2]);
  EXPECT_TRUE(std::all_of(first, first + kLarge / 2, [](char c) { return c == 7; }));
  release_block(blocks[2]);
  release_block(blocks[3]);
}

TEST(Blocks, ComeAndGoOnSeveralThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const int64_t bytes = kLarge / 2 + (i * 37 + t * 11) % 50 * 40'000;
        auto* block = static_cast<char*>(take_zeroed_block(bytes));
        wrong += block[0] != 0 || block[bytes / 2] != 0 || block[bytes - 1] != 0;
        block[0] = block[bytes / 2] = block[bytes - 1] = static_cast<char>(t + 1);
        wrong += block[0] != t + 1 || block[bytes - 1] != t + 1;
        release_block(block);
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Blocks, TooLargeOnesAreNotThere) {
  EXPECT_EQ(take_block(-1), nullptr);
  EXPECT_EQ(take_block(INT64_MAX), nullptr);
  EXPECT_EQ(take_zeroed_block(int64_t{1} << 47), nullptr);
  EXPECT_THROW(shared_block(INT64_MAX), std::bad_alloc);
}

TEST(Blocks, LargeOnesGoBackToTheSystemWhileOthersStay) {
  if (!kLargeBlocksAreMapped) GTEST_SKIP() << "the sanitizer wants them on the heap";
  if (kHasShadow) GTEST_SKIP() << "the thread sanitizer's own memory grows with what is written";
  std::shared_ptr<void> whole = shared_block(kKept - 4096);
  whole.reset();
  whole = shared_block(kKept - 4096);  // now no other released block is kept
  const int64_t before = resident_bytes();
  std::vector<std::shared_ptr<void>> large, small;  // each small one behind a large one, as on a heap
  for (int64_t i = 0; i < kMany; ++i) {
    large.push_back(shared_block(kLarge));
    std::memset(large.back().get(), 1, kLarge);
    small.push_back(shared_block(1000));
  }
  EXPECT_GT(resident_bytes() - before, kMany * kLarge);
  large.clear();
  EXPECT_LT(resident_bytes() - before, kKept + kLarge);
  void* huge = take_block(2 * kKept);
  std::memset(huge, 1, 2 * kKept);
  release_block(huge);
  EXPECT_LT(resident_bytes() - before, kKept + kLarge);
}

}  // namespace
}  // namespace tenon::core
