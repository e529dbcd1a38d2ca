#include "tactics/reorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "kernels/cpu/box_copy.h"

namespace tenon::core {
namespace {

Layout random_layout(int rank, std::mt19937& random) {
  Layout layout;
  for (int i = 0; i < rank; ++i) layout.order.push_back(static_cast<int8_t>(i));
  std::shuffle(layout.order.begin(), layout.order.end(), random);
  return layout;
}

/// Calls `body` with the index of each element.
void for_each_index(const Dims& dims, const std::function<void(const Dims&)>& body) {
  Dims index(dims.size());
  for (int64_t flat = 0; flat < checked_product(dims); ++flat) {
    int64_t rest = flat;
    for (size_t a = dims.size(); a-- > 0; rest /= dims[a]) index[a] = rest % dims[a];
    body(index);
  }
}

int64_t offset(const Dims& index, const Dims& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), int64_t{0});
}

TEST(Reorder, EveryElementArrivesForRandomLayoutsAndSizes) {
  std::mt19937 random(7);
  Threads threads(2);
  const int64_t choices[] = {0, 1, 2, 3, 5, 8, 17, 33};
  for (int round = 0; round < 400; ++round) {
    const int rank = static_cast<int>(random() % 5);
    Dims dims;
    for (int i = 0; i < rank; ++i) dims.push_back(choices[round % 8 == 0 ? random() % 8 : 1 + random() % 7]);
    const int64_t element = int64_t{1} << random() % 5, count = checked_product(dims);
    const Layout from = random_layout(rank, random), to = random_layout(rank, random);
    std::vector<uint8_t> in(static_cast<size_t>(count * element)), out(in.size(), 0);
    for (uint8_t& byte : in) byte = static_cast<uint8_t>(random());
    reorder(in.data(), out.data(), element, dims, from, to, threads);
    const Dims a = strides_of(from, dims), b = strides_of(to, dims);
    for_each_index(dims, [&](const Dims& index) {
      ASSERT_EQ(0, std::memcmp(&in[offset(index, a) * element], &out[offset(index, b) * element], element))
          << dims_to_string(dims) << " " << from.str() << " " << to.str();
    });
  }
}

TEST(BoxCopy, SourceStridesMayBeZeroOrNegative) {
  Threads threads(2);
  std::vector<float> in{1, 2, 3}, out(6);
  cpu::BoxCopy(4, Dims{2, 3}, Dims{0, -1}, Dims{3, 1}).run(in.data() + 2, out.data(), threads);
  EXPECT_EQ(out, (std::vector<float>{3, 2, 1, 3, 2, 1}));
  cpu::BoxCopy(4, Dims{3, 2}, Dims{1, 0}, Dims{2, 1}).run(in.data(), out.data(), threads);
  EXPECT_EQ(out, (std::vector<float>{1, 1, 2, 2, 3, 3}));
}

TEST(BoxCopy, KnowsWhenItIsOneBlock) {
  EXPECT_TRUE(cpu::BoxCopy(4, Dims{2, 1, 3}, Dims{3, 9, 1}, Dims{3, 7, 1}).contiguous());
  EXPECT_FALSE(cpu::BoxCopy(4, Dims{2, 3}, Dims{4, 1}, Dims{3, 1}).contiguous());
}

}  // namespace
}  // namespace tenon::core
