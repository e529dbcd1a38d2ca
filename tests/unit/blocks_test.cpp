// Memory of tensors: large blocks leave with their release.
#include "base/blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

namespace tenon::core {
namespace {

constexpr int64_t kMany = 40, kLarge = 3 << 20;

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * 4096;
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

TEST(Blocks, TooLargeOnesAreNotThere) {
  EXPECT_EQ(take_block(-1), nullptr);
  EXPECT_EQ(take_block(INT64_MAX), nullptr);
  EXPECT_EQ(take_zeroed_block(int64_t{1} << 47), nullptr);
  EXPECT_THROW(shared_block(INT64_MAX), std::bad_alloc);
}

TEST(Blocks, LargeOnesGoBackToTheSystemWhileOthersStay) {
  if (!kLargeBlocksAreMapped) GTEST_SKIP() << "the sanitizer wants them on the heap";
  std::vector<std::shared_ptr<void>> large, small;  // each small one behind a large one, as on a heap
  const int64_t before = resident_bytes();
  for (int64_t i = 0; i < kMany; ++i) {
    large.push_back(shared_block(kLarge));
    std::memset(large.back().get(), 1, kLarge);
    small.push_back(shared_block(1000));
  }
  EXPECT_GT(resident_bytes() - before, kMany * kLarge * 9 / 10);
  large.clear();
  EXPECT_LT(resident_bytes() - before, kLarge);
}

}  // namespace
}  // namespace tenon::core
