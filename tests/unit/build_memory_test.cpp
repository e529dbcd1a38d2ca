// What a build holds in memory while it goes on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/blocks.h"
#include "build/build.h"
#include "onnx_builder.h"

namespace tenon::core {
namespace {

constexpr int64_t kLayers = 30, kWidth = 1024, kWeights = kLayers * kWidth * kWidth * 4, kBeside = 80 << 20;

/// Products of 4 MiB each, with every second matrix transposed: a constant that follows from the file's.
std::string model_of_products() {
  using namespace test;
  const std::string width = std::to_string(kWidth);
  GraphBytes graph;
  std::vector<float> weights(kWidth * kWidth);
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string w = "w" + std::to_string(layer), t = "t" + std::to_string(layer);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>((i * 31 + static_cast<size_t>(layer)) % 101) / 3e3f - 0.016f;
    graph.initializers.push_back(raw_tensor(w, 1, {kWidth, kWidth}, {reinterpret_cast<const char*>(weights.data()), weights.size() * 4}));
    const bool transposed = layer % 2 == 1;
    if (transposed) graph.nodes.push_back(node("Transpose", {w}, {t}));
    graph.nodes.push_back(node("MatMul", {layer ? "x" + std::to_string(layer) : "x", transposed ? t : w}, {"x" + std::to_string(layer + 1)}));
  }
  graph.inputs = {value_info("x", 1, {"16", width})};
  graph.outputs = {value_info("x" + std::to_string(kLayers), 1, {"16", width})};
  return model_of(graph);
}

class BuildMemory : public testing::Test {
 protected:
  BuildMemory() { std::ofstream(path_, std::ios::binary) << model_of_products(); }
  ~BuildMemory() override { std::filesystem::remove(path_); }
  const std::string path_ = std::filesystem::temp_directory_path() / ("tenon_build_memory" + std::to_string(getpid()) + ".onnx");
};

int64_t resident_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;)
    if (int64_t kib = 0; word == "Rss:" && file >> kib) return kib * 1024;
  return 0;
}

TEST_F(BuildMemory, IsThatOfTheWeightsAndLittleMore) {
  if (!kLargeBlocksAreMapped) GTEST_SKIP() << "the sanitizer keeps what is released";
  BuildOptions options;
  options.device = "cpu";
  options.threads = 2;
  const int64_t before = resident_bytes();
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins here
  const Built built = build(ModelSource{path_, {}, nullptr}, options);
  const int64_t peak = built.report.peak_host_bytes - before;
  EXPECT_EQ(built.report.verdict, "PASSED");
  EXPECT_GT(peak, kWeights) << "packed, they are as large";
  EXPECT_LT(peak, kWeights * 13 / 10 + kBeside);
}

}  // namespace
}  // namespace tenon::core
