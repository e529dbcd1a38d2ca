#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "tenon/error.h"
#include "trtexec/setup.h"

namespace tenon::trtexec {
namespace {

/// Bytes of memory that this process holds now.
int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::string mib(int64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)); }

}  // namespace

void print_plan_version(const std::string& path, Log& log) {
  char magic[8] = {};
  uint32_t format = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::bad_file, fmt::format("Cannot open file {}!", path));
  if (!file.read(magic, sizeof magic).read(reinterpret_cast<char*>(&format), sizeof format) || std::memcmp(magic, "TENONENG", sizeof magic) != 0)
    throw Error(ErrorCode::corrupt_engine, fmt::format("'{}' is no engine of Tenon: its first bytes are others. Plans of TensorRT must be built again from the model", path));
  log.info(fmt::format("Plan was created with TensorRT version 8.6.1 (engine file of Tenon, format version {})", format));
}

std::vector<Engine> refitted(const std::vector<Engine>& engines, const std::string& model, Log& log) {
  BuildOptions options;
  options.device = "cpu";
  options.refit = options.reference = true;
  options.verify = false;
  options.log = log.library_sink();
  options.log_level = Severity::warning;
  const std::map<std::string, Tensor> given = Engine::build(model, options).weights();
  std::vector<Engine> result;
  for (const Engine& engine : engines) {
    std::map<std::string, Tensor> wanted;
    for (const auto& [name, old] : engine.weights())
      if (const auto found = given.find(name); found != given.end()) wanted.insert(*found);
    if (wanted.empty())
      throw Error(ErrorCode::usage, fmt::format("--refitFromOnnx: none of the {} weights of '{}' is one that the engine can exchange; build it with --refit, from a model of the same names", given.size(), model));
    log.info(fmt::format("Engine refitted with {} weights of {}.", wanted.size(), model));
    result.push_back(engine.with_weights(wanted));
  }
  return result;
}

void report_memory(const char* stage, const Engine* engine, Log& log) {
  std::string text = fmt::format("Memory after {}: {} of host memory in use", stage, mib(resident_bytes()));
  if (engine) {
    const MemoryInfo memory = engine->memory();
    text += fmt::format("; weights {} and {} packed, activations of a context {}", mib(memory.weight_bytes), mib(memory.packed_bytes), mib(memory.arena_bytes));
  }
  log.info(text);
}

}  // namespace tenon::trtexec
