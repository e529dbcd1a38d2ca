#include "../unit/onnx_builder.h"
#include "ir/text.h"
#include "network_support.h"
#include "nvinfer1/network/add_model.h"
#include "onnx/import.h"
#include "select/select.h"

using namespace nvinfer1;
using namespace tenon::test;
using namespace tenon::core::test;
namespace core = tenon::core;

namespace {

std::string raw(const Floats& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)}; }
std::string raw(const std::vector<int64_t>& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t)}; }

std::string ints_attribute(const std::string& name, const std::vector<int64_t>& values) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_string(1, name);
  for (int64_t v : values) w.add_int64(8, v);
  w.add_int32(20, 7);
  return bytes;
}

Floats ramp(size_t count) {
  Floats values(count);
  for (size_t i = 0; i < count; ++i) values[i] = 0.01f * static_cast<float>(i) - 0.3f;
  return values;
}

/// y = softmax(relu(maxpool(relu(conv(x))) as rows times w) times v), the conv with padding and bias.
struct GraphHashTest : NetworkTest {
  const Floats kernel = ramp(4 * 3 * 3 * 3), bias = ramp(4), w = ramp(64 * 10), v = ramp(10 * 5);

  core::Graph from_onnx() const {
    GraphBytes g;
    g.inputs = {value_info("x", 1, {"1", "3", "8", "8"})};
    g.outputs = {value_info("y", 1, {})};
    g.initializers = {raw_tensor("kernel", 1, {4, 3, 3, 3}, raw(kernel)), raw_tensor("bias", 1, {4}, raw(bias)), raw_tensor("rows", 7, {2}, raw(std::vector<int64_t>{1, 64})),
                      raw_tensor("w", 1, {64, 10}, raw(w)), raw_tensor("v", 1, {10, 5}, raw(v))};
    g.nodes = {node("Conv", {"x", "kernel", "bias"}, {"a"}, "one", {ints_attribute("pads", {1, 1, 1, 1})}),
               node("Relu", {"a"}, {"b"}, "two"),
               node("MaxPool", {"b"}, {"c"}, "three", {ints_attribute("kernel_shape", {2, 2}), ints_attribute("strides", {2, 2})}),
               node("Reshape", {"c", "rows"}, {"d"}, "four"),
               node("MatMul", {"d", "w"}, {"e"}, "five"),
               node("Relu", {"e"}, {"f"}, "six"),
               node("MatMul", {"f", "v"}, {"g"}, "seven"),
               node("Softmax", {"g"}, {"y"}, "eight")};
    auto bytes = std::make_shared<const std::string>(model_of(g));
    return core::import_onnx_bytes(bytes, std::as_bytes(std::span(*bytes)), "").graph;
  }

  void build_network() {
    ITensor& x = input("x", {1, 3, 8, 8});
    auto* conv = network->addConvolutionNd(x, 4, dims({3, 3}), weights(kernel), weights(bias));
    conv->setPaddingNd(dims({1, 1}));
    ITensor& b = *network->addActivation(*conv->getOutput(0), ActivationType::kRELU)->getOutput(0);
    auto* pool = network->addPoolingNd(b, PoolingType::kMAX, dims({2, 2}));
    pool->setStrideNd(dims({2, 2}));
    auto* rows = network->addShuffle(*pool->getOutput(0));
    rows->setReshapeDimensions(dims({1, 64}));
    auto times = [&](ITensor& a, ITensor& b) -> ITensor& { return *network->addMatrixMultiply(a, MatrixOperation::kNONE, b, MatrixOperation::kNONE)->getOutput(0); };
    ITensor& e = times(*rows->getOutput(0), constant({64, 10}, w));
    ITensor& f = *network->addActivation(e, ActivationType::kRELU)->getOutput(0);
    auto* soft = network->addSoftMax(times(f, constant({10, 5}, v)));
    soft->setAxes(2);
    output(soft->getOutput(0), "result");
  }
  core::Graph from_api() const { return tenon::adapter::Network::of(*network).make_graph({}); }
};

core::Built build(const core::Graph& graph, core::TimingCache& cache) {
  tenon::BuildOptions options;
  options.device = test_device();
  options.verify = false;
  core::BuildHooks hooks;
  hooks.cache = &cache;
  return core::build(core::GraphSource([&](const auto&, const core::Log&) { return graph; }), options, hooks);
}

TEST_F(GraphHashTest, ANetworkIsTheSameGraphAsItsModel) {
  build_network();
  EXPECT_EQ(core::hash_of(from_api()).hex(), core::hash_of(from_onnx()).hex()) << core::print(from_api()) << "\n" << core::print(from_onnx());
  network->getLayer(1)->setName("another name");
  EXPECT_EQ(core::hash_of(from_api()).hex(), core::hash_of(from_onnx()).hex());
  static_cast<IActivationLayer*>(network->getLayer(1))->setActivationType(ActivationType::kTANH);
  EXPECT_NE(core::hash_of(from_api()).hex(), core::hash_of(from_onnx()).hex());
}

TEST_F(GraphHashTest, AndGetsTheSameKernels) {
  build_network();
  core::TimingCache cache;
  const core::Built model = build(from_onnx(), cache), api = build(from_api(), cache);
  EXPECT_EQ(core::build_hash(api.data).hex(), core::build_hash(model.data).hex());
  EXPECT_GT(model.report.tactics_timed, 0);
  EXPECT_EQ(api.report.tactics_timed, 0);
  EXPECT_TRUE(api.report.choices_from_cache);
  for (size_t i = 0; i < model.data.choices.offers.size(); ++i) EXPECT_EQ(api.data.choices.offers.at(i).str(), model.data.choices.offers[i].str());
}

TEST_F(GraphHashTest, ModelsOfHalvesStayHalves) {
  GraphBytes g;
  g.inputs = {value_info("x", 10, {"2"})};
  g.outputs = {value_info("y", 10, {})};
  g.nodes = {node("Neg", {"x"}, {"a"}), node("Add", {"a", "x"}, {"b"}), node("Sub", {"b", "x"}, {"y"})};
  auto bytes = std::make_shared<const std::string>(model_of(g));
  tenon::adapter::add_model(tenon::adapter::Network::of(*network), core::import_onnx_bytes(bytes, std::as_bytes(std::span(*bytes)), "").graph);
  ASSERT_EQ(network->getNbOutputs(), 1);
  EXPECT_EQ(network->getOutput(0)->getType(), DataType::kHALF);
  give("x", std::vector<uint16_t>{0x3C00, 0xC000});
  run();
  EXPECT_EQ(engine->getTensorDataType("y"), DataType::kHALF);
  EXPECT_EQ(result<uint16_t>("y", 2), (std::vector<uint16_t>{0xBC00, 0x4000}));
  network->getLayer(2)->setOutputType(0, DataType::kFLOAT);
  EXPECT_EQ(network->getOutput(0)->getType(), DataType::kFLOAT);
}

}  // namespace
