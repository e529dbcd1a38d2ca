#include <gtest/gtest.h>

#include "NvUtils.h"

using namespace nvinfer1;

namespace {

TEST(WeightUtils, Reshape) {
  const float in[] = {1, 2, 3, 4, 5, 6};
  const int32_t shape[] = {2, 3}, order[] = {1, 0}, twice[] = {0, 0};
  float out[6] = {};
  EXPECT_TRUE(utils::reshapeWeights({DataType::kFLOAT, in, 6}, shape, order, out, 2));
  EXPECT_EQ(std::vector<float>(out, out + 6), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_FALSE(utils::reshapeWeights({DataType::kFLOAT, in, 5}, shape, order, out, 2));
  EXPECT_FALSE(utils::reshapeWeights({DataType::kFLOAT, in, 6}, shape, twice, out, 2));
}

TEST(WeightUtils, ReorderBlocks) {
  int16_t data[] = {1, 2, 3, 4, 5, 6};
  const int32_t order[] = {2, 0, 1}, outside[] = {0, 1, 3};
  EXPECT_TRUE(utils::reorderSubBuffers(data, order, 3, 4));
  EXPECT_EQ(std::vector<int16_t>(data, data + 6), (std::vector<int16_t>{5, 6, 1, 2, 3, 4}));
  EXPECT_FALSE(utils::reorderSubBuffers(data, outside, 3, 4));
}

TEST(WeightUtils, TransposeMatrices) {
  float data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_TRUE(utils::transposeSubBuffers(data, DataType::kFLOAT, 2, 2, 3));
  EXPECT_EQ(std::vector<float>(data, data + 12), (std::vector<float>{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}));
  EXPECT_FALSE(utils::transposeSubBuffers(nullptr, DataType::kFLOAT, 1, 1, 1));
}

}  // namespace
