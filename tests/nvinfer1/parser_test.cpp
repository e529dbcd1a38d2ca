#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "network_support.h"
#include "../unit/onnx_builder.h"

namespace tenon::test {

using namespace nvinfer1;
using namespace core::test;  // NOLINT: the builder's names

namespace {

constexpr int kFloat = 1, kInt64 = 7, kString = 8;

std::string bytes_of(const Floats& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}; }

/// y = relu(x * w) over f32[1,2].
GraphBytes scaled(const Floats& w = {2, -1}) {
  GraphBytes g;
  g.inputs = {value_info("x", kFloat, {"1", "2"})};
  g.outputs = {value_info("y", kFloat, {"1", "2"})};
  g.initializers = {raw_tensor("w", kFloat, {2}, bytes_of(w))};
  g.nodes = {node("Mul", {"x", "w"}, {"t"}, "scale"), node("Relu", {"t"}, {"y"}, "act")};
  return g;
}

/// Four nodes, the second of which has an operator that nobody knows.
GraphBytes with_unknown() {
  GraphBytes g;
  g.inputs = {value_info("x", kFloat, {"1", "2"})};
  g.outputs = {value_info("y", kFloat, {"1", "2"})};
  g.nodes = {node("Relu", {"x"}, {"a"}, "first"), node("Frobnicate", {"a"}, {"b"}, "odd"), node("Abs", {"b"}, {"c"}, "third"), node("Neg", {"c"}, {"y"}, "last")};
  return g;
}

}  // namespace

struct OnnxParserTest : NetworkTest {
  void SetUp() override {
    NetworkTest::SetUp();
    make_parser();
  }
  void make_parser() { parser.reset(nvonnxparser::createParser(*network, logger)); }
  bool parse(const std::string& model, const char* path = nullptr) { return parser->parse(model.data(), model.size(), path); }
  void expect_problem(int index, nvonnxparser::ErrorCode code, const std::string& words) {
    ASSERT_LT(index, parser->getNbErrors());
    const nvonnxparser::IParserError* error = parser->getError(index);
    EXPECT_EQ(error->code(), code) << error->desc();
    EXPECT_NE(std::string(error->desc()).find(words), std::string::npos) << error->desc();
  }
  /// An object of TensorRT is deleted before what it was made from.
  void TearDown() override { parser.reset(); }
  std::unique_ptr<nvonnxparser::IParser> parser;
};

TEST_F(OnnxParserTest, ParsesFromMemoryAndRuns) {
  {
    const std::string model = model_of(scaled());
    ASSERT_TRUE(parse(model)) << logger.text;
  }
  EXPECT_EQ(parser->getNbErrors(), 0);
  parser.reset();
  EXPECT_EQ(network->getNbInputs(), 1);
  give<float>("x", {3, 5});
  run();
  expect("y", {6, 0});
}

TEST_F(OnnxParserTest, ParsesFromFileWithWeightsBesideIt) {
  const auto folder = std::filesystem::temp_directory_path() / ("tenon_parser_test_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  GraphBytes g = scaled();
  g.initializers = {external_tensor("w", {2}, {{"location", "weights.bin"}})};
  std::ofstream(folder / "weights.bin", std::ios::binary) << bytes_of({4, 4});
  std::ofstream(folder / "model.onnx", std::ios::binary) << model_of(g);
  const std::string path = folder / "model.onnx";
  EXPECT_TRUE(parser->parseFromFile(path.c_str(), static_cast<int>(ILogger::Severity::kINFO))) << logger.text;
  EXPECT_TRUE(logger.said("Input filename:   " + path));
  EXPECT_TRUE(logger.said("ONNX IR version:  0.0.8"));
  EXPECT_TRUE(logger.said("Opset version:    17"));
  start(1u);
  make_parser();
  EXPECT_TRUE(parse(model_of(g), path.c_str())) << logger.text;
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(parser->parseFromFile(path.c_str(), 0));
  EXPECT_TRUE(logger.said("Failed to parse ONNX model from file: " + path));
}

TEST_F(OnnxParserTest, NamesEveryNodeThatFails) {
  GraphBytes g = with_unknown();
  g.nodes.push_back(node("Blorp", {"x"}, {"z"}, "odder"));
  EXPECT_FALSE(parse(model_of(g)));
  ASSERT_EQ(parser->getNbErrors(), 2) << logger.text;
  expect_problem(0, nvonnxparser::ErrorCode::kUNSUPPORTED_NODE, "No importer registered for op: Frobnicate. Attempting to import as plugin.");
  const nvonnxparser::IParserError* error = parser->getError(0);
  EXPECT_EQ(error->node(), 1);
  EXPECT_STREQ(error->nodeName(), "odd");
  EXPECT_STREQ(error->nodeOperator(), "Frobnicate");
  EXPECT_NE(std::string(error->file()).find("parser.cpp"), std::string::npos);
  EXPECT_GT(error->line(), 0);
  EXPECT_STRNE(error->func(), "");
  EXPECT_EQ(error->localFunctionStackSize(), 0);
  EXPECT_EQ(parser->getError(1)->node(), 4);
  EXPECT_TRUE(logger.said("While parsing node number 1 [Frobnicate -> \"b\"]:"));
  EXPECT_TRUE(logger.said("getPluginCreator() could not find Plugin Frobnicate version 1"));
  EXPECT_EQ(parser->getError(2), nullptr);
  EXPECT_EQ(parser->getError(-1), nullptr);
  parser->clearErrors();
  EXPECT_EQ(parser->getNbErrors(), 0);
}

TEST_F(OnnxParserTest, NamesTheFunctionsAroundANode) {
  GraphBytes g;
  g.inputs = {value_info("x", kFloat, {"2"})};
  g.outputs = {value_info("y", kFloat, {"2"})};
  g.nodes = {node("Mine", {"x"}, {"y"}, "call", {}, "local")};
  EXPECT_FALSE(parse(model_of(g, 17, {function("Mine", "local", {"a"}, {"b"}, {node("Frobnicate", {"a"}, {"b"}, "inner")})})));
  ASSERT_GE(parser->getNbErrors(), 1) << logger.text;
  EXPECT_EQ(parser->getError(0)->node(), 0);
  ASSERT_EQ(parser->getError(0)->localFunctionStackSize(), 1);
  EXPECT_STREQ(parser->getError(0)->localFunctionStack()[0], "Mine");
}

TEST_F(OnnxParserTest, RefusesWhatIsNoModel) {
  EXPECT_FALSE(parser->parse(nullptr, 0));
  expect_problem(0, nvonnxparser::ErrorCode::kMODEL_DESERIALIZE_FAILED, "empty");
  EXPECT_FALSE(parse("this is no model"));
  expect_problem(1, nvonnxparser::ErrorCode::kMODEL_DESERIALIZE_FAILED, "");
  EXPECT_EQ(parser->getError(1)->node(), -1);
  GraphBytes g = scaled();
  g.inputs = {value_info("x", kString, {"1", "2"})};
  g.nodes = {node("Identity", {"x"}, {"y"})};
  EXPECT_FALSE(parse(model_of(g)));
  EXPECT_EQ(parser->getNbErrors(), 3) << logger.text;
}

TEST_F(OnnxParserTest, NeedsAnEmptyNetworkWithAnExplicitBatch) {
  ASSERT_TRUE(parse(model_of(scaled())));
  EXPECT_FALSE(parse(model_of(scaled())));
  expect_problem(0, nvonnxparser::ErrorCode::kINVALID_GRAPH, "Parse was called with a non-empty network definition");
  start(0u);
  make_parser();
  EXPECT_FALSE(parse(model_of(scaled())));
  expect_problem(0, nvonnxparser::ErrorCode::kUNSUPPORTED_GRAPH, "kEXPLICIT_BATCH");
}

TEST_F(OnnxParserTest, WeightDescriptorsAreParsedAsAModel) {
  const std::string model = model_of(scaled());
  EXPECT_TRUE(parser->parseWithWeightDescriptors(model.data(), model.size()));
  EXPECT_GT(network->getNbLayers(), 0);
}

TEST_F(OnnxParserTest, ListsSupportedSubgraphs) {
  SubGraphCollection_t groups;
  std::string model = model_of(scaled());
  EXPECT_TRUE(parser->supportsModel(model.data(), model.size(), groups));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0], SubGraph_t({0, 1}, true));
  EXPECT_EQ(network->getNbLayers(), 0);

  model = model_of(with_unknown());
  EXPECT_FALSE(parser->supportsModel(model.data(), model.size(), groups));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0], SubGraph_t({0}, true));
  EXPECT_EQ(groups[1], SubGraph_t({2, 3}, true));
  EXPECT_EQ(parser->getNbErrors(), 1);

  EXPECT_FALSE(parser->supportsModelV2(model.data(), model.size()));
  ASSERT_EQ(parser->getNbSubgraphs(), 2);
  EXPECT_TRUE(parser->isSubgraphSupported(1));
  int64_t length = 0;
  const int64_t* nodes = parser->getSubgraphNodes(1, length);
  ASSERT_EQ(length, 2);
  EXPECT_EQ(nodes[0], 2);
  EXPECT_FALSE(parser->isSubgraphSupported(7));
  EXPECT_EQ(parser->getSubgraphNodes(7, length), nullptr);
  EXPECT_EQ(length, 0);
}

TEST_F(OnnxParserTest, ModelsThatTheApiCantSayHaveNoSupportedSubgraph) {
  GraphBytes g = scaled();
  g.inputs = {value_info("x", kString, {"1", "2"})};
  g.outputs = {value_info("y", kString, {"1", "2"})};
  g.nodes = {node("Identity", {"x"}, {"y"})};
  const std::string model = model_of(g);
  EXPECT_FALSE(parser->supportsModelV2(model.data(), model.size()));
  ASSERT_EQ(parser->getNbSubgraphs(), 1);
  EXPECT_FALSE(parser->isSubgraphSupported(0));
}

TEST_F(OnnxParserTest, KnowsItsOperators) {
  EXPECT_TRUE(parser->supportsOperator("Conv"));
  EXPECT_TRUE(parser->supportsOperator("Loop"));
  EXPECT_FALSE(parser->supportsOperator("Frobnicate"));
  EXPECT_FALSE(parser->supportsOperator(nullptr));
}

TEST_F(OnnxParserTest, KeepsItsFlags) {
  using nvonnxparser::OnnxParserFlag;
  EXPECT_EQ(parser->getFlags(), 0u);
  parser->setFlag(OnnxParserFlag::kNATIVE_INSTANCENORM);
  EXPECT_TRUE(parser->getFlag(OnnxParserFlag::kNATIVE_INSTANCENORM));
  parser->clearFlag(OnnxParserFlag::kNATIVE_INSTANCENORM);
  EXPECT_EQ(parser->getFlags(), 0u);
  parser->setFlags(1u << 9);
  EXPECT_TRUE(logger.said("name no flag"));
  EXPECT_EQ(parser->getFlags(), 1u << 9);
  int64_t libraries = 9;
  EXPECT_EQ(parser->getUsedVCPluginLibraries(libraries), nullptr);
  EXPECT_EQ(libraries, 0);
  parser.release()->destroy();
}

TEST_F(OnnxParserTest, NarrowsIntegersOfInputsAndOutputs) {
  GraphBytes g;
  g.inputs = {value_info("x", kInt64, {"3"})};
  g.outputs = {value_info("y", kInt64, {"3"})};
  g.nodes = {node("Neg", {"x"}, {"y"})};
  ASSERT_TRUE(parse(model_of(g))) << logger.text;
  EXPECT_EQ(network->getInput(0)->getType(), DataType::kINT32);
  EXPECT_EQ(network->getOutput(0)->getType(), DataType::kINT32);
  give<int32_t>("x", {1, -2, 3});
  run();
  EXPECT_EQ(result<int32_t>("y", 3), (std::vector<int32_t>{-1, 2, -3}));
}

TEST_F(OnnxParserTest, OutputsOfUnknownRankAreGivenByTheRun) {
  GraphBytes g;
  g.inputs = {value_info("a", kFloat, {"2"}), value_info("b", kFloat, {"2", "3"}), value_info("which", kInt64, {})};
  g.outputs = {value_info("y", kFloat, {"N"})};
  g.nodes = {node("SequenceConstruct", {"a", "b"}, {"both"}), node("SequenceAt", {"both", "which"}, {"y"})};
  ASSERT_TRUE(parse(model_of(g))) << logger.text;
  give<float>("a", {1, 2});
  give<float>("b", {3, 4, 5, 6, 7, 8});
  give<int32_t>("which", {1});
  run();
  expect("y", {3, 4, 5, 6, 7, 8});
  EXPECT_EQ(list(engine->getTensorShape("y")), (std::vector<int32_t>{-1}));
}

TEST_F(OnnxParserTest, RefitsFromAModel) {
  config->setFlag(BuilderFlag::kREFIT);
  ASSERT_TRUE(parse(model_of(scaled()))) << logger.text;
  give<float>("x", {3, 5});
  run();
  expect("y", {6, 0});
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, logger));
  ASSERT_NE(refitter, nullptr) << logger.text;
  std::unique_ptr<nvonnxparser::IParserRefitter> from_model(nvonnxparser::createParserRefitter(*refitter, logger));
  ASSERT_NE(from_model, nullptr);
  const std::string other = model_of(scaled({1, 10}));
  EXPECT_TRUE(from_model->refitFromBytes(other.data(), other.size())) << logger.text;
  EXPECT_EQ(from_model->getNbErrors(), 0);
  ASSERT_TRUE(refitter->refitCudaEngine()) << logger.text;
  run_engine();
  expect("y", {3, 50});

  EXPECT_FALSE(from_model->refitFromFile("/nowhere/model.onnx"));
  ASSERT_EQ(from_model->getNbErrors(), 1);
  EXPECT_EQ(from_model->getError(0)->code(), nvonnxparser::ErrorCode::kMODEL_DESERIALIZE_FAILED);
  from_model->clearErrors();
  const std::string larger = model_of([] { GraphBytes g = scaled(); g.initializers = {raw_tensor("w", kFloat, {1}, bytes_of({1}))}; return g; }());
  EXPECT_FALSE(from_model->refitFromBytes(larger.data(), larger.size()));
  EXPECT_EQ(from_model->getError(0)->code(), nvonnxparser::ErrorCode::kREFIT_FAILED);
}

TEST(OnnxParser, RefusesNullsAndOtherVersions) {
  Logger logger;
  EXPECT_EQ(createNvOnnxParser_INTERNAL(nullptr, &logger, NV_ONNX_PARSER_VERSION), nullptr);
  EXPECT_TRUE(logger.said("'network' is null"));
  EXPECT_EQ(createNvOnnxParser_INTERNAL(&logger, &logger, 7), nullptr);
  EXPECT_TRUE(logger.said("parser version 7"));
  EXPECT_EQ(createNvOnnxParserRefitter_INTERNAL(nullptr, &logger, NV_ONNX_PARSER_VERSION), nullptr);
  EXPECT_EQ(getNvOnnxParserVersion(), 100);
}

TEST(OnnxConfig, KeepsItsSettings) {
  nvonnxparser::IOnnxConfig* config = nvonnxparser::createONNXConfig();
  config->setModelDtype(DataType::kHALF);
  EXPECT_EQ(config->getModelDtype(), DataType::kHALF);
  config->setModelFileName("a.onnx");
  EXPECT_STREQ(config->getModelFileName(), "a.onnx");
  config->setTextFileName("a.txt");
  EXPECT_STREQ(config->getTextFileName(), "a.txt");
  config->setFullTextFileName("b.txt");
  EXPECT_STREQ(config->getFullTextFileName(), "b.txt");
  config->setVerbosityLevel(1);
  config->addVerbosity();
  EXPECT_EQ(config->getVerbosityLevel(), 2);
  config->reduceVerbosity();
  EXPECT_EQ(config->getVerbosityLevel(), 1);
  config->setPrintLayerInfo(true);
  EXPECT_TRUE(config->getPrintLayerInfo());
  config->destroy();
}

}  // namespace tenon::test
