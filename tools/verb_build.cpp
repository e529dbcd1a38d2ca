#include <fmt/format.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>

#include "gpu_watch.h"
#include "target.h"
#include "tenon/files.h"
#include "units.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

void print_report(const Engine& engine) {
  const BuildReport& report = engine.report();
  fmt::print("{}", signature_text(engine));
  fmt::print("device  {}, {} threads\n", engine.device(), engine.threads());
  MemoryInfo memory = engine.memory();
  fmt::print("memory  {} of tensors per context, {} of weights, {} packed\n", bytes_text(memory.arena_bytes),
             bytes_text(memory.weight_bytes), bytes_text(memory.packed_bytes));
  std::string phases;
  double total = 0;
  for (const auto& phase : report.phases) {
    phases += fmt::format("{}{} {:.2f}", phases.empty() ? "" : ", ", phase.first, phase.second);
    total += phase.second;
  }
  fmt::print("time    {:.2f} s ({})\n", total, phases);
  if (report.choices_from_cache) {
    fmt::print("timed   nothing: all choices came from the timing cache\n");
  } else {
    fmt::print("timed   {} kernels, {} times from the timing cache{}\n", report.tactics_timed, report.cache_hits,
               report.stopped_early ? "; stopped early at the time limit" : "");
  }
  if (!report.coverage.empty()) fmt::print("nodes   {}\n", report.coverage);
}

/// What would keep the engine from being written, before time is spent on it.
void check_place(const std::string& output) {
  const std::filesystem::path path(output), folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  const char* why = nullptr;
  if (std::filesystem::is_directory(path, ignored)) why = "it is a folder";
  else if (!std::filesystem::is_directory(folder, ignored)) why = "there is no such folder";
  if (why) throw Error(ErrorCode::write_failed, fmt::format("can't write '{}': {}", output, why));
}

class BuildVerb : public Verb {
 public:
  const char* name() const override { return "build"; }
  const char* summary() const override { return "Build an engine from an ONNX model, or measure an engine again"; }

  void add_flags(CLI::App& app) override {
    app.add_option("model", model_, "An ONNX model, or an engine")->required();
    app.add_option("-o,--output", output_, "The engine to write (default: the model's name with .engine)")
        ->type_name("FILE");
    flags_.add(app, BuildFlags::Reference::no);
    flags_.set_verify(true);
  }

  Verdict run(Session& session) override {
    std::string output = output_.empty() ? default_output() : output_;
    check_place(output);
    BuildOptions options = flags_.options(session);
    FileKind kind = kind_of(model_);
    GpuWatch watch(gpu_address(options.device), 500);
    Engine engine = kind == FileKind::engine ? Engine::load(model_, flags_.load_options(session)).rebuild(options)
                                             : build_model(session, model_, options);
    if (kind == FileKind::engine) session.envelope.add_build(engine.report());
    check_interrupted();
    report_gpu(session, watch.finish());
    bool failed = engine.report().verdict == "FAILED";
    if (!failed) engine.save(output);
    print_report(engine);
    if (failed)
      throw Error(ErrorCode::accuracy,
                  "the engine disagrees with the reference executor and was not written; the log says "
                  "where, and --no-verify writes it nevertheless");
    fmt::print("engine  {}{}\n", output, size_text(output));
    if (session.json) {
      session.envelope.add_engine(output, engine);
      session.envelope.add_layers(engine.layers());
      session.envelope["engine"]["sha256"] = file_sha256(output);
    }
    return engine.report().verdict == "PASSED" ? Verdict::passed : Verdict::not_verified;
  }

 private:
  std::string default_output() const {
    size_t slash = model_.rfind('/'), dot = model_.rfind('.');
    bool has_extension = dot != std::string::npos && (slash == std::string::npos || dot > slash + 1);
    std::string output = (has_extension ? model_.substr(0, dot) : model_) + ".engine";
    if (output == model_) throw Error(ErrorCode::usage, "an engine is measured again into a new file: give -o FILE");
    return output;
  }
  static void report_gpu(Session& session, const GpuRecord& record) {
    if (!record.known()) return;
    fmt::print("gpu     {}\n", gpu_line(record));
    session.envelope["gpu"] = gpu_json(record);
    for (const std::string& warning : gpu_warnings(record, HUGE_VAL)) session.console.warning(warning);
  }
  static std::string size_text(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) ? ", " + bytes_text(status.st_size) : "";
  }

  std::string model_, output_;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_build_verb() { return std::make_unique<BuildVerb>(); }

}  // namespace tenon::cli
