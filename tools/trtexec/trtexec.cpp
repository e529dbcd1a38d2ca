#include "trtexec/trtexec.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>

#include "session.h"
#include "tenon/error.h"
#include "tenon/files.h"
#include "tenon/model.h"
#include "trtexec/flags.h"
#include "trtexec/inference.h"
#include "trtexec/performance.h"
#include "trtexec/reports.h"
#include "trtexec/setup.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

/// Loads the engine's bytes again and again, as --timeDeserialize asks.
void time_deserialize(const Options& o, const Engine& engine, const std::string& device, Log& log) {
  std::string path = o.build.load.empty() ? o.build.save : o.build.load;
  if (path.empty()) throw Error(ErrorCode::usage, "--timeDeserialize needs an engine file: add --saveEngine or --loadEngine");
  LoadOptions options;
  options.device = device;
  const std::string bytes = load_text(path);
  const auto load_ms = [&] {
    const auto start = std::chrono::steady_clock::now();
    Engine::load(std::as_bytes(std::span(bytes)), options);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  };
  constexpr int kIterations = 20;
  log.info("Begin deserialization warmup...");
  load_ms();
  load_ms();
  log.info("Begin deserialization engine timing...");
  const double first = load_ms();
  log.info(fmt::format("First deserialization time = {:g} milliseconds", first));
  double total = 0;
  for (int i = 0; i < kIterations; ++i) total += load_ms();
  log.info(fmt::format("Total deserialization time = {:g} milliseconds in {} iterations, average time = {:g} milliseconds, first time = {:g} milliseconds.", total, kIterations,
                       total / kIterations, first));
  log.info(fmt::format("Deserialization Bandwidth = {:g} GB/s", 1e-6 * static_cast<double>(engine.memory().weight_bytes) * kIterations / total));
}

/// One run of the program. `stage` is what TensorRT's tool says when this part fails.
class Program {
 public:
  Program(const Options& options, Log& log) : o_(options), log_(log) {}
  const char* stage() const { return stage_; }

  void run() {
    log_.info(describe(o_));
    log_.set_verbose(o_.reporting.verbose);
    const std::string device = choose_device(o_.system, log_);
    print_device(device, log_);
    log_.info("");
    log_.info("TensorRT version: 8.6.1");
    log_.info("Tenon version: " + version());
    load_plugins(o_.system, log_);
    stage_ = "Engine set up failed";
    answer_flags(o_, device, log_);
    if (o_.build.version_only) return print_plan_version(o_.build.load, log_);
    note_memory("device selection");
    std::vector<Engine> engines = make_engines(o_, device, log_);
    if (!o_.model.refit_from.empty()) engines = refitted(engines, o_.model.refit_from, log_);
    const Engine& engine = engines[o_.inference.profile];
    note_memory("engine set up", &engine);
    report_refit(engine);
    report_profiles(engines, o_.reporting, log_);
    if (o_.build.skip_inference) {
      report_layers(engine, o_, log_);
      return log_.info("Skipped inference phase since --skipInference is added.");
    }
    if (o_.inference.time_deserialize) return time_deserialize(o_, engine, device, log_);
    stage_ = "Inference set up failed";
    infer(o_.inference.specialize ? specialized(engine, o_, log_) : engine, device == "cpu");
  }

 private:
  void note_memory(const char* stage, const Engine* engine = nullptr) const {
    if (o_.reporting.memory) report_memory(stage, engine, log_);
  }

  void report_refit(const Engine& engine) const {
    if (!o_.reporting.refit && !o_.inference.time_refit) return;
    const auto weights = engine.weights();
    if (weights.empty()) throw Error(ErrorCode::usage, "--dumpRefit, --timeRefit: the engine has no weights that can be exchanged; build it with --refit");
    if (o_.reporting.refit)
      for (const auto& [name, tensor] : weights) log_.info(fmt::format("{} {}[{}]", name, to_string(tensor.dtype()), dims_text(tensor.dims())));
    if (!o_.inference.time_refit) return;
    if (!o_.build.load.empty()) return log_.warning("Network not available, skipped timing refit.");
    constexpr int kTimes = 10;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) engine.with_weights(weights);
    log_.info(fmt::format("Engine refitted in {:g} ms.", std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / kTimes));
  }

  void infer(const Engine& engine, bool on_cpu) {
    const bool profiled = o_.reporting.wants_profile(), measured = !profiled || o_.inference.separate_profile;
    stage_ = "Inference set up failed";
    Inference inference(engine, o_, log_);
    note_memory("inference set up", &engine);
    report_layers(engine, o_, log_);
    log_.info("Starting inference");
    stage_ = "Error occurred during inference";
    int queries = 0;
    std::vector<LayerInfo> layers;
    if (measured) {
      report_performance(inference.run(), o_, on_cpu, log_);
    } else {
      layers = inference.profile(queries);
      log_.info("The e2e network timing is not reported since it is inaccurate due to the extra synchronizations when the profiler is enabled.");
      log_.info("To show e2e network timing report, add --separateProfileRun to profile layer timing in a separate run or remove --dumpProfile to disable the profiler.");
    }
    note_memory("inference", &engine);
    report_outputs(engine, inference.inputs(), inference.outputs(), o_.reporting, log_);
    if (!profiled) return;
    if (measured) layers = inference.profile(queries);
    report_profile(layers, queries, o_.reporting, log_);
  }

  const Options& o_;
  Log& log_;
  const char* stage_ = "";
};

/// The options, or nothing when --help or an error was printed instead.
std::optional<Options> read_options(const std::vector<std::string>& words, Log& log, bool& failed) {
  if (words.empty()) return std::nullopt;
  try {
    Options options = read_flags(words);
    if (options.help) return std::nullopt;
    complete(options);
    for (const std::string& note : options.notes) log.warning(note);
    return options;
  } catch (const Error& e) {
    log.error(e.what());
    failed = true;
    return std::nullopt;
  }
}

bool run_program(const Options& options, Log& log) {
  Program program(options, log);
  try {
    program.run();
    return true;
  } catch (const Error& e) {
    log.error(fmt::format("{}: {}", error_id(e.code()), e.what()));
  } catch (const std::bad_alloc&) {
    log.error("E6001: memory ran out");
  } catch (const std::exception& e) {
    log.error(fmt::format("Uncaught exception detected: {}", e.what()));
  }
  if (*program.stage()) log.error(program.stage());
  return false;
}

}  // namespace

int run(int argc, char** argv) {
  cli::watch_interrupts();
  Log log;
  const TestLine test(argc, argv);
  test.begin();
  bool failed = false;
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool help = words == std::vector<std::string>{"--help"} || words == std::vector<std::string>{"-h"};
  const auto options = read_options(words, log, failed);
  if (options) return test.end(run_program(*options, log));
  fmt::print("{}", help_text());
  return help ? 0 : test.end(!failed);
}

}  // namespace tenon::trtexec
