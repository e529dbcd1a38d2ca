// One engine, many contexts, many threads: each run gives what a single thread got.
// concurrency [graphs=10] [contexts a thread=20]
#include <atomic>
#include <cstdlib>
#include <thread>

#include "build/example_inputs.h"
#include "ir/evaluate.h"
#include "random_graph.h"

namespace tenon::core {
namespace {

constexpr int kThreads = 8;

/// What goes wrong in contexts made and run on all threads at once; 0 when all agree.
int disagreements(const Graph& graph, const std::shared_ptr<const Program>& program, int contexts) {
  std::vector<std::vector<HostValue>> inputs, expected;
  Threads one(1);
  for (int64_t batch = 1; batch <= 4; ++batch) {
    inputs.push_back(example_inputs(graph, {{"N", batch}}, static_cast<uint64_t>(batch)));
    expected.push_back(evaluate(graph, inputs.back(), one));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < contexts; ++i) {
        const size_t which = static_cast<size_t>(t + i) % inputs.size();
        if (!differences(graph, run_program(program, inputs[which]), expected[which]).empty()) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  return wrong;
}

int main(int argc, char** argv) {
  const int graphs = argc > 1 ? std::atoi(argv[1]) : 10, contexts = argc > 2 ? std::atoi(argv[2]) : 20;
  int failures = 0;
  for (int i = 0; i < graphs; ++i) {
    const Graph graph = random_graph(static_cast<uint64_t>(i), 12);
    const int wrong = disagreements(graph, build_graph(graph, 1 + i % 3, i).program, contexts);
    if (wrong == 0) continue;
    ++failures;
    fmt::print("graph {}: {} of {} runs differ\n", i, wrong, kThreads * contexts);
  }
  fmt::print("concurrency: {} graphs, {} failed\n", graphs, failures);
  return failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace tenon::core

int main(int argc, char** argv) { return tenon::core::main(argc, argv); }
