// Models with random offers for every node, seed after seed, against the reference executor on the model as it was imported.
// chaos_models COUNT FIRST_SEED MODEL.onnx[:HEIGHTxWIDTH]...
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "build/example_inputs.h"
#include "build/select_kernels.h"
#include "ir/evaluate.h"
#include "onnx/import.h"
#include "random_graph.h"

namespace tenon::core {
namespace {

struct Model {
  std::string path;
  std::optional<std::array<int64_t, 2>> picture;
};

Model parse_model(const std::string& text) {
  Model model{text, {}};
  int64_t height = 0, width = 0;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || std::sscanf(text.c_str() + colon, ":%" SCNd64 "x%" SCNd64, &height, &width) != 2) return model;
  return {text.substr(0, colon), std::array{height, width}};
}

/// The dims of pictures, at batch 1; other inputs keep theirs.
std::map<std::string, ShapeRange> shapes_of(const Graph& g, const Model& model) {
  std::map<std::string, ShapeRange> shapes;
  for (size_t i = 0; model.picture && i < g.inputs().size(); ++i) {
    const Type& type = g.type(g.inputs()[i]);
    if (type.rank() != 4) continue;
    const auto dim = [&](int axis, int64_t open) { return type.shape[axis].is_const() ? type.shape[axis].value() : open; };
    const Dims dims{dim(0, 1), dim(1, 3), dim(2, (*model.picture)[0]), dim(3, (*model.picture)[1])};
    shapes[g.input_name(static_cast<int>(i))] = {dims, dims, dims};
  }
  return shapes;
}

class ChaosModel {
 public:
  explicit ChaosModel(const Model& model) {
    const auto import = [&](const std::map<std::string, Shape>& shapes, const Log&) {
      original_ = std::move(import_onnx(model.path, {shapes, nullptr}).graph);
      return original_;
    };
    BuildOptions options;
    options.device = "cpu";
    options.threads = 2;
    options.opt_level = 0;
    options.verify = false;
    options.shapes = shapes_of(import({}, {}), model);
    built_ = build(GraphSource(import), options);
    inputs_ = example_inputs(original_, built_.data.profile.opt, 1);
    expected_ = evaluate(original_, inputs_, *built_.threads);
  }

  /// Empty when the engine of these offers agrees.
  std::string run(uint64_t seed) {
    try {
      built_.data.choices = random_offers(built_.candidates, seed);
      return differences(original_, run_program(make_program(built_.data, built_.device, built_.threads), inputs_), expected_);
    } catch (const std::exception& e) {
      return e.what();
    }
  }

 private:
  Graph original_;
  Built built_;
  std::vector<HostValue> inputs_, expected_;
};

int check(const std::string& argument, uint64_t first, int count) {
  ChaosModel model(parse_model(argument));
  int failures = 0;
  for (int i = 0; i < count; ++i) {
    const uint64_t seed = first + static_cast<uint64_t>(i);
    const std::string why = model.run(seed);
    if (why.empty()) continue;
    ++failures;
    fmt::print("{}, seed {}: {}\n", argument, seed, why);
    std::fflush(stdout);
  }
  fmt::print("{}: {} seeds, {} failed\n", argument.substr(argument.rfind('/') + 1), count, failures);
  std::fflush(stdout);
  return failures;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: chaos_models COUNT FIRST_SEED MODEL.onnx[:HEIGHTxWIDTH]...\n");
    return 2;
  }
  int failures = 0;
  for (int i = 3; i < argc; ++i) failures += check(argv[i], std::strtoull(argv[2], nullptr, 10), std::atoi(argv[1]));
  return failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace tenon::core

int main(int argc, char** argv) { return tenon::core::main(argc, argv); }
