// Random graphs: built, saved, loaded and run at several batches, against the reference executor.
// random_graphs [count=200] [first seed=0] [chaos seeds a graph=1]
#include <cstdio>
#include <cstdlib>

#include "build/example_inputs.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "random_graph.h"

namespace tenon::core {
namespace {

std::string check_runs(const Graph& graph, const std::shared_ptr<const Program>& program, Threads& threads) {
  for (const int64_t batch : {2, 1, 4}) {
    const auto inputs = example_inputs(graph, {{"N", batch}}, static_cast<uint64_t>(batch));
    if (auto why = differences(graph, run_program(program, inputs), evaluate(graph, inputs, threads)); !why.empty())
      return fmt::format("batch {}: {}", batch, why);
  }
  return "";
}

/// Empty when all holds.
std::string check_graph(const Graph& graph, uint64_t seed, int chaos_seeds) {
  Threads threads(1);
  const Built built = build_graph(graph, 2, 0);
  if (auto why = check_runs(graph, built.program, threads); !why.empty()) return why;
  const auto bytes = engine_bytes(built.data);
  if (bytes != engine_bytes(build_graph(graph, 2, 0).data)) return "two builds with equal choices give different bytes";
  auto owner = std::make_shared<const std::vector<std::byte>>(bytes);
  LoadOptions load;
  load.device = "cpu";
  load.threads = 2;
  const Built loaded = adopt(load_engine(*owner, owner), load);
  if (!loaded.report.warnings.empty()) return "loading: " + loaded.report.warnings[0];
  if (engine_bytes(loaded.data) != bytes) return "a loaded engine is saved as different bytes";
  if (auto why = check_runs(graph, loaded.program, threads); !why.empty()) return "loaded: " + why;
  for (int i = 1; i <= chaos_seeds; ++i) {
    const auto chaos = static_cast<int64_t>(seed) * 1000 + i;
    if (auto why = check_runs(graph, build_graph(graph, 2, chaos).program, threads); !why.empty())
      return fmt::format("chaos seed {}: {}", chaos, why);
  }
  return "";
}

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  const int count = number(1, 200), first = number(2, 0), chaos_seeds = number(3, 1);
  int failures = 0;
  for (int i = first; i < first + count; ++i) {
    const Graph graph = random_graph(static_cast<uint64_t>(i), 4 + i % 20);
    std::string why;
    try {
      why = check_graph(graph, static_cast<uint64_t>(i), chaos_seeds);
    } catch (const std::exception& e) {
      why = e.what();
    }
    if (why.empty()) continue;
    fmt::print("graph {}: {}\n", i, why);
    if (failures++ == 0) fmt::print("{}", print(graph));
    std::fflush(stdout);
  }
  fmt::print("random_graphs: {} graphs, {} failed\n", count, failures);
  return failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace tenon::core

int main(int argc, char** argv) { return tenon::core::main(argc, argv); }
