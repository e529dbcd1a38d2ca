#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

/// A plugin of the oldest kind.
class Plugin : public IPluginV2 {
 public:
  char const* getPluginType() const override { return "Doubler"; }
  char const* getPluginVersion() const override { return "3"; }
  int32_t getNbOutputs() const override { return 2; }
  Dims getOutputDimensions(int32_t, Dims const* inputs, int32_t) override { return inputs[0]; }
  bool supportsFormat(DataType, PluginFormat) const override { return true; }
  void configureWithFormat(Dims const*, int32_t, Dims const*, int32_t, DataType, PluginFormat, int32_t) override {}
  int32_t initialize() override { return 0; }
  void terminate() override {}
  size_t getWorkspaceSize(int32_t) const override { return 0; }
  int32_t enqueue(int32_t, void const* const*, void* const*, void*, cudaStream_t) override { return 0; }
  size_t getSerializationSize() const override { return 0; }
  void serialize(void*) const override {}
  void destroy() override {}
  IPluginV2* clone() const override { return new Plugin(*this); }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return ""; }
};

using PluginLayerTest = NetworkTest;

TEST_F(PluginLayerTest, StandsInTheNetworkAndIsRefusedByTheBuild) {
  Plugin plugin;
  ITensor* inputs[] = {&input("x", {2})};
  IPluginV2Layer* layer = network->addPluginV2(inputs, 1, plugin);
  ASSERT_NE(layer, nullptr) << logger.text;
  EXPECT_EQ(&layer->getPlugin(), &plugin);
  EXPECT_EQ(layer->getType(), LayerType::kPLUGIN_V2);
  EXPECT_EQ(layer->getNbOutputs(), 2);
  EXPECT_EQ(layer->getInput(0), inputs[0]);
  output(layer->getOutput(1), "y");
  EXPECT_TRUE(build_fails());
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "plugin 'Doubler' version '3' can't run");
}

}  // namespace
