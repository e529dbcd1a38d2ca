#include <nlohmann/json.hpp>

#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;
using nlohmann::json;

namespace {

PlanText convolution(ProfilingVerbosity verbosity) {
  PlanText text;
  text.inputs = "x: f32[N,1,4,4]";
  text.body = "%1 = Constant{value=f32[2,1,1,1]{1, 2}}\n%2 = Conv{kernel=[1,1], strides=[1,1], dilations=[1,1], pads=[0,0,0,0]}(%x, %1)\n%3 = Softmax{axis=1}(%2)";
  text.outputs = "y = %3";
  text.profiles = {{{"x", {{1, 1, 4, 4}, {2, 1, 4, 4}, {4, 1, 4, 4}}}}};
  text.info.verbosity = static_cast<int32_t>(verbosity);
  return text;
}

/// The first layer of a type; null when there is none.
json layer_of_type(const json& engine, const std::string& type) {
  for (const json& layer : engine.at("Layers"))
    if (layer.is_object() && layer.at("LayerType") == type) return layer;
  return {};
}

TEST_F(Fixture, InspectsLayersInTensorRTsWords) {
  auto engine = load(make_plan(convolution(ProfilingVerbosity::kDETAILED)));
  ASSERT_NE(engine, nullptr) << logger.text;
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  ASSERT_NE(inspector, nullptr);
  const json all = json::parse(inspector->getEngineInformation(LayerInformationFormat::kJSON));
  EXPECT_EQ(all.at("Bindings"), (json{"x", "y"}));
  ASSERT_EQ(all.at("Layers").size(), static_cast<size_t>(engine->getNbLayers()));
  const json conv = layer_of_type(all, "Convolution");
  ASSERT_FALSE(conv.is_null()) << all.dump(1);
  for (const char* key : {"Name", "Inputs", "Outputs", "Kernel", "Stride", "Dilation", "PrePadding", "PostPadding", "Groups", "OutMaps", "Weights", "TacticName"})
    EXPECT_TRUE(conv.contains(key)) << key;
  EXPECT_EQ(conv["Kernel"], (json{1, 1}));
  EXPECT_EQ(conv["OutMaps"], 2);
  EXPECT_EQ(conv["Weights"]["Count"], 2);
  EXPECT_EQ(conv["Inputs"][0]["Dimensions"], (json{-1, 1, 4, 4}));
  EXPECT_TRUE(conv["Inputs"][0].contains("Format/Datatype"));
  EXPECT_FALSE(layer_of_type(all, "SoftMax").is_null());
  const json first = json::parse(inspector->getLayerInformation(0, LayerInformationFormat::kJSON));
  EXPECT_EQ(first, all["Layers"][0]);
  EXPECT_NE(std::string(inspector->getEngineInformation(LayerInformationFormat::kONELINE)).find("Layers:\n"), std::string::npos);
  EXPECT_NE(std::string(inspector->getLayerInformation(0, LayerInformationFormat::kONELINE)).find("["), std::string::npos);
}

TEST_F(Fixture, InspectsAtTheShapesOfAContext) {
  auto engine = load(make_plan(convolution(ProfilingVerbosity::kDETAILED)));
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  ASSERT_TRUE(context->setInputShape("x", dims({3, 1, 4, 4})));
  EXPECT_TRUE(inspector->setExecutionContext(context.get()));
  EXPECT_EQ(inspector->getExecutionContext(), context.get());
  const json all = json::parse(inspector->getEngineInformation(LayerInformationFormat::kJSON));
  EXPECT_EQ(layer_of_type(all, "Convolution")["Outputs"][0]["Dimensions"], (json{3, 2, 4, 4}));
  auto other = load(small_plan());
  std::unique_ptr<IExecutionContext> foreign(other->createExecutionContext());
  EXPECT_FALSE(inspector->setExecutionContext(foreign.get()));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "one of another engine");
  EXPECT_STREQ(inspector->getLayerInformation(999, LayerInformationFormat::kJSON), "");
  expect_error(ErrorCode::kINVALID_ARGUMENT, "layer 999");
  EXPECT_EQ(inspector->getErrorRecorder(), &recorder);
  inspector->setErrorRecorder(nullptr);
  EXPECT_EQ(inspector->getErrorRecorder(), nullptr);
}

TEST_F(Fixture, TellsAsMuchAsThePlanKept) {
  auto names = load(make_plan(convolution(ProfilingVerbosity::kLAYER_NAMES_ONLY)));
  std::unique_ptr<IEngineInspector> inspector(names->createEngineInspector());
  const json with_names = json::parse(inspector->getEngineInformation(LayerInformationFormat::kJSON));
  EXPECT_TRUE(with_names["Layers"][0].is_string());
  auto none = load(make_plan(convolution(ProfilingVerbosity::kNONE)));
  inspector.reset(none->createEngineInspector());
  EXPECT_TRUE(json::parse(inspector->getEngineInformation(LayerInformationFormat::kJSON))["Layers"].empty());
}

}  // namespace
