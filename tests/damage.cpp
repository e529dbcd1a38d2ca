// Damage to engine files: flipped bits, cut files, and edits inside sections whose hashes are made right again. Each ends
// in an Error or in an engine that agrees with the reference on its own graph; never in a crash, a hang or an internal error.
// Damage to timing caches: records that are read were written.
// damage [count of each class=500] [first seed=0] [folder to write the undamaged engines to]
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "build/example_inputs.h"
#include "engine_bytes.h"
#include "ir/evaluate.h"
#include "random_graph.h"
#include "select/timing_cache.h"

namespace tenon::core {
namespace {

using File = std::vector<std::byte>;
constexpr int64_t kMostBytes = int64_t{1} << 28;  // an engine that needs more is not run

File flip_bit(File file, std::mt19937_64& random) {
  const size_t bit = random() % (file.size() * 8);
  file[bit / 8] ^= std::byte(1 << (bit % 8));
  return file;
}

File truncate(File file, std::mt19937_64& random) {
  file.resize(random() % file.size());
  return file;
}

/// One byte, or one aligned number, of a section other than the weights; numbers get values that hurt.
File edit_field(File file, std::mt19937_64& random) {
  std::vector<SectionBytes> sections;
  for (const auto& s : sections_of(file))
    if (s.id != SectionId::weights && s.bytes > 0) sections.push_back(s);
  const auto& section = sections[random() % sections.size()];
  const size_t at = section.offset + random() % section.bytes, left = section.offset + section.bytes - at;
  static constexpr int64_t kHurtful[] = {0, 1, -1, 2, 7, 127, 255, 65536, INT32_MAX, INT32_MIN, int64_t{1} << 40, INT64_MAX, INT64_MIN};
  const int64_t number = kHurtful[random() % std::size(kHurtful)];
  switch (random() % 3) {
    case 0: file[at] = std::byte(random()); break;
    case 1: std::memcpy(&file[at], &number, std::min<size_t>(left, 4)); break;
    default: std::memcpy(&file[at], &number, std::min<size_t>(left, 8)); break;
  }
  repair_hashes(file);
  return file;
}

/// Bytes of all values of the graph at its tuned dims, as far as they are known.
bool small_enough(const EngineData& e) {
  double bytes = 0;
  for (NodeId id : e.graph.order())
    for (const Fact& fact : e.graph.node(id).outputs) {
      double size = 8;
      for (const Dim& d : fact.type.shape) size *= static_cast<double>(std::max<int64_t>(d.is_const() ? d.value() : 4, 1));
      bytes += size;
    }
  for (const auto& [symbol, value] : e.profile.opt) bytes *= static_cast<double>(std::max<int64_t>(value, 1));
  return bytes < static_cast<double>(kMostBytes);
}

/// Empty for an error or an agreeing result.
std::string load_and_run(File file) {
  auto owner = std::make_shared<const File>(std::move(file));
  LoadOptions options;
  options.device = "cpu";
  options.threads = 1;
  try {
    const Built built = adopt(load_engine(*owner, owner), options);
    if (!small_enough(built.data)) return "";
    const auto inputs = example_inputs(built.data.graph, built.data.profile.opt, 1);
    const auto outputs = run_program(built.program, inputs);
    Threads threads(1);
    return differences(built.data.graph, outputs, evaluate(built.data.graph, inputs, threads));
  } catch (const Error& e) {
    return e.code() == ErrorCode::internal ? fmt::format("an internal error: {}", e.what()) : "";
  } catch (const std::bad_alloc&) {
    return "";
  }
}

File cache_file() {
  TimingCache cache;
  for (int i = 0; i < 40; ++i) {
    const Hash key = hash_text(std::to_string(i));
    cache.set_cost(key, fmt::format("tactic{{rows={}}} nhwc -> nhwc", i), {1.5 * i, 10, i % 5 == 0 ? "it is not offered" : ""});
    if (i % 8 == 0) cache.set_choice(key, {"reference row-major -> row-major", "", "copy"});
    if (i % 10 == 0) cache.set_passed(key);
  }
  const std::string text = cache.text();
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::set<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

/// Empty when the cache is refused, or holds nothing that the undamaged one does not hold.
std::string read_cache(File file) {
  static const File whole = cache_file();
  static const auto known = lines_of({reinterpret_cast<const char*>(whole.data()), whole.size()});
  try {
    for (const auto& line : lines_of(TimingCache::parse({reinterpret_cast<const char*>(file.data()), file.size()}, {}).text()))
      if (known.count(line) == 0) return fmt::format("the damaged cache gives '{}'", line);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) return e.what();
  }
  return "";
}

/// Runs `count` cases in one child; a crash or hang names the case that was running.
int run_class(const char* name, const std::vector<File>& files, File (*damage)(File, std::mt19937_64&), std::string (*use)(File), int count,
              int first) {
  int failures = 0;
  for (int next = first; next < first + count;) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      int failed = 0;
      for (int seed = next; seed < first + count; ++seed) {
        [[maybe_unused]] const auto told = write(ends[1], &seed, sizeof seed);
        alarm(60);
        std::mt19937_64 random(static_cast<uint64_t>(seed));
        const std::string why = use(damage(files[random() % files.size()], random));
        if (why.empty()) continue;
        fmt::print("{} {}: {}\n", name, seed, why);
        ++failed;
      }
      std::fflush(stdout);
      _exit(failed > 0 ? 1 : 0);
    }
    close(ends[1]);
    int seed = next;
    while (read(ends[0], &seed, sizeof seed) > 0) {}
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) return failures + WEXITSTATUS(status);
    fmt::print("{} {}: the process ended with {}\n", name, seed, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "an error");
    ++failures;
    next = seed + 1;
  }
  return failures;
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 500, first = argc > 2 ? std::atoi(argv[2]) : 0;
  std::vector<File> engines;
  for (uint64_t seed = 0; seed < 8; ++seed) engines.push_back(engine_bytes(build_graph(random_graph(seed, 6), 1, 0).data));
  for (size_t i = 0; argc > 3 && i < engines.size(); ++i) {
    AtomicFile file(fmt::format("{}/{}.engine", argv[3], i));
    file.write(engines[i]);
    file.commit();
  }
  int failures = run_class("flip", engines, flip_bit, load_and_run, count, first);
  failures += run_class("truncate", engines, truncate, load_and_run, count, first);
  failures += run_class("edit", engines, edit_field, load_and_run, count, first);
  const std::vector<File> caches{cache_file()};
  failures += run_class("cache flip", caches, flip_bit, read_cache, count, first);
  failures += run_class("cache truncate", caches, truncate, read_cache, count, first);
  fmt::print("damage: {} of each class, {} failed\n", count, failures);
  return failures > 0 ? 1 : 0;
}

}  // namespace
}  // namespace tenon::core

int main(int argc, char** argv) { return tenon::core::main(argc, argv); }
