// Graphs for cuDNN, described to the library without a GPU: it takes the properties of one instead.
#include <gtest/gtest.h>

#include <set>

#include "cuda/cudnn_graph.h"
#include "plan/format.h"

namespace tenon::core::cuda::cudnn {
namespace {

constexpr std::string_view kHopper =
    R"({"version":1,"deviceName":"a GPU","maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],
"regsPerBlock":65536,"multiProcessorCount":132,"smClockRateKHz":1980000,"memClockRateKHz":3201000,"l2CacheSize":62914560,
"warpSize":32,"maxSharedMemoryPerBlock":49152,"maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,
"maxRegistersPerSM":65536,"pciDeviceId":0,"maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,
"isTccDriver":0,"supportCoopLaunch":1,"deviceVer":900,"driverVer":13000,"cudaDeviceId":0,"totalGlobalMem":150000000000})";

struct Layer {
  Dims x{8, 64, 28, 28}, w{64, 64, 3, 3}, y{8, 64, 28, 28};
  cudnnDataType_t type = CUDNN_DATA_HALF;
  int64_t stride = 1, pad = 1;
  bool residual = false, transposed = false;
};

GraphSpec graph_of(const Layer& layer) {
  const auto strides = [](const Dims& dims) { return strides_of(channels_last(4), dims); };
  GraphSpec g;
  const int x = g.memory(layer.x, strides(layer.x), layer.type), w = g.memory(layer.w, strides(layer.w), layer.type);
  GraphOp op;
  op.strides = {layer.stride, layer.stride};
  op.dilations = {1, 1};
  op.pre = op.post = {layer.pad, layer.pad};
  const auto kind = layer.transposed ? GraphOp::Kind::conv_transpose : GraphOp::Kind::conv;
  int t = g.convolve(kind, x, w, layer.y, strides(layer.y), op);
  if (layer.residual) t = g.pointwise(CUDNN_POINTWISE_ADD, t, g.memory(layer.y, strides(layer.y), layer.type));
  if (!layer.transposed) {
    const Dims bias{1, layer.y[1], 1, 1};
    t = g.pointwise(CUDNN_POINTWISE_ADD, t, g.memory(bias, strides(bias), layer.type));
    t = g.pointwise(CUDNN_POINTWISE_RELU_FWD, t);
  }
  g.store(t, layer.type);
  return g;
}

class CudnnGraphs : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    lib_ = Library::get(why);
    if (!lib_) GTEST_SKIP() << why;
    if (lib_->version() < 90800) GTEST_SKIP() << lib_->version_text() << " takes no properties of a device";
  }
  std::vector<std::string> engines(const GraphSpec& g, const EngineRules& rules = {}) {
    std::vector<std::string> names;
    try {
      Descriptor properties(*lib_, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, "a device");
      properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<int64_t>(kHopper.size()), kHopper.data());
      properties.finalize();
      for (const Engine& e : Graph(*lib_, g, {nullptr, &properties}).engines(rules)) names.push_back(e.name);
    } catch (const Refused& refused) {
      ADD_FAILURE() << refused.why;
    }
    return names;
  }
  const Library* lib_ = nullptr;
};

TEST_F(CudnnGraphs, ConvolutionsWithTheirEpiloguesHaveCompiledEngines) {
  Layer layer;
  EXPECT_GE(engines(graph_of(layer)).size(), 8u);
  layer.residual = true;
  EXPECT_GE(engines(graph_of(layer)).size(), 8u);
  layer.type = CUDNN_DATA_BFLOAT16;
  EXPECT_GE(engines(graph_of(layer)).size(), 8u);
}

TEST_F(CudnnGraphs, OddChannelsHaveEnginesToo) {
  Layer stem{{8, 3, 56, 56}, {33, 3, 7, 7}, {8, 33, 28, 28}};
  stem.stride = 2;
  stem.pad = 3;
  EXPECT_GT(engines(graph_of(stem)).size(), 2u);
}

TEST_F(CudnnGraphs, TransposedConvolutionsAreGradients) {
  Layer layer{{4, 64, 14, 14}, {64, 32, 3, 3}, {4, 32, 27, 27}};
  layer.stride = 2;
  layer.transposed = true;
  EXPECT_GT(engines(graph_of(layer)).size(), 0u);
}

TEST_F(CudnnGraphs, RoundedFactorsMustBeAllowed) {
  Layer layer;
  layer.type = CUDNN_DATA_FLOAT;
  const auto exact = engines(graph_of(layer)), rounded = engines(graph_of(layer), {true});
  EXPECT_GT(exact.size(), 0u);
  EXPECT_GT(rounded.size(), exact.size());
}

TEST_F(CudnnGraphs, AKeptChoiceIsTheSameEngine) {
  Layer exact;
  exact.type = CUDNN_DATA_FLOAT;
  for (const Layer& layer : {Layer{}, exact}) {
    Descriptor properties(*lib_, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, "a device");
    properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<int64_t>(kHopper.size()), kHopper.data());
    properties.finalize();
    const Graph graph(*lib_, graph_of(layer), {nullptr, &properties});
    try {
      for (const Engine& e : graph.engines({})) {
        EXPECT_GE(e.choice.engine, 0);
        EXPECT_EQ(graph.engine(e.choice, {}).name, e.name);
      }
    } catch (const Refused& refused) {
      ADD_FAILURE() << refused.why;
    }
    EXPECT_THROW(graph.engine({100000, {}}, {}), Refused);
    EXPECT_THROW(graph.engine({-1, {}}, {}), Refused);
    EXPECT_THROW(graph.engine({0, {{2, int64_t{1} << 40}}}, {}), Refused);
  }
}

TEST_F(CudnnGraphs, TheListOfEnginesDependsOnTheProblemAlone) {
  Layer exact;
  exact.type = CUDNN_DATA_FLOAT;
  for (const Layer& layer : {Layer{}, exact}) {
    const auto list = engines(graph_of(layer));
    EXPECT_EQ(list, engines(graph_of(layer)));
    EXPECT_EQ(list.size(), std::set<std::string>(list.begin(), list.end()).size());
  }
}

TEST(CudnnGraphText, NamesTheWholeProblem) {
  Layer a, b;
  EXPECT_EQ(graph_of(a).text(), graph_of(b).text());
  b.pad = 2;
  EXPECT_NE(graph_of(a).text(), graph_of(b).text());
  GraphSpec c, d;
  c.pointwise(CUDNN_POINTWISE_MUL, c.memory({1}, {1}, CUDNN_DATA_FLOAT), c.scalar(2, 1));
  d.pointwise(CUDNN_POINTWISE_MUL, d.memory({1}, {1}, CUDNN_DATA_FLOAT), d.scalar(3, 1));
  EXPECT_NE(c.text(), d.text());
}

}  // namespace
}  // namespace tenon::core::cuda::cudnn
