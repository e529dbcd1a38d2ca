// first_result ENGINE [threads=0]: loads an engine in a fresh process and runs it once on random inputs. Prints for each of
// the two the time in ms and the CPU time of all threads. The inputs are made between them and not counted.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tenon/engine.h"
#include "tenon/error.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Moment {
  Clock::time_point time = Clock::now();
  std::clock_t cpu = std::clock();
};

void print_since(const Moment& begin) {
  const double cpu = 1e3 * static_cast<double>(std::clock() - begin.cpu) / CLOCKS_PER_SEC;
  std::printf("%.3f %.3f\n", std::chrono::duration<double, std::milli>(Clock::now() - begin.time).count(), cpu);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) return std::fprintf(stderr, "usage: first_result ENGINE [threads]\n"), 2;
  tenon::LoadOptions options;
  options.threads = argc > 2 ? std::atoi(argv[2]) : 0;
  const Moment load;
  const tenon::Engine engine = tenon::Engine::load(argv[1], options);
  print_since(load);
  const auto inputs = engine.example_inputs(1);
  const Moment first;
  tenon::Context context = engine.create_context();
  for (const auto& [name, value] : inputs) context.set_input(name, value);
  context.run();
  print_since(first);
  return 0;
} catch (const tenon::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
