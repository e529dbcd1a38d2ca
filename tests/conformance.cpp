// Runs the cases that make_conformance.py writes, each in a process of its own, and compares outputs.
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <thread>
#include <utility>

#include "build/build.h"
#include "build/coverage.h"
#include "ir/evaluate.h"
#include "ir/verify.h"
#include "runtime/execution.h"
#include "onnx/import.h"
#include "onnx/model.h"
#include "onnx/read_tensor.h"
#include "onnx/wire.h"

namespace tenon::core {
namespace {

namespace fs = std::filesystem;

/// Of engines in 16 bits or TF32: how many units of rounding an output may be off by, as a part of its range, and how many of an
/// integer or boolean output's elements may differ, by more than the step of a quantization.
constexpr double kRoundings = 12, kFlips = 0.1, kLargestHalf = 65504;

struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;
  double range = 0;  // part of the largest finite magnitude expected, added to `absolute`
  double flips = 0;  // part of an integer or boolean output's elements
  double largest = std::numeric_limits<double>::infinity();  // larger values may come out infinite
};

/// Of an engine: per ONNX operator the tier that ran it, a view only where nothing ran.
using Tiers = std::map<std::string, std::string>;

/// How a case is run.
struct Mode {
  int threads = 1;
  bool engine = false;      // built with all passes; else the reference executor
  std::string device = "cpu";
  std::string precision = "f32";  // of an engine: what floats may be stored in, or products rounded to
  int64_t chaos_seed = -1;  // of an engine: random offers
  bool narrow() const { return precision == "f16" || precision == "bf16"; }
  /// One rounding of a value near 1; 0 where all bits are kept.
  double unit() const { return precision == "bf16" ? 0x1p-8 : precision == "f16" || precision == "tf32" ? 0x1p-11 : 0; }
};

struct Outcome {
  std::string why;  // empty: passed
  Tiers tiers;
};

struct Result {
  std::string name, folder, outcome, reason;  // outcome: passed, failed, skipped
  Tiers tiers;
};

struct Skip {
  std::string pattern, reason;
};

/// Reads `input_0.pb` and its like: TensorProto, SequenceProto or OptionalProto.
class ProtoFile {
 public:
  explicit ProtoFile(const std::string& path) : file_(MappedFile::open(path)), tensors_(file_, "") {}

  HostValue read(OnnxType::Kind kind) {
    const auto bytes = file_->bytes();
    return read(kind, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

 private:
  HostValue read(OnnxType::Kind kind, std::string_view bytes) {
    switch (kind) {
      case OnnxType::Kind::sequence:
        return read_sequence(bytes);
      case OnnxType::Kind::optional:
        return read_optional(bytes);
      // A constant's value is aligned, which raw bytes of a file need not be.
      default:
        return Constant::make(tensors_.read(read_tensor_proto(bytes)))->value();
    }
  }
  std::vector<Tensor> read_sequence(std::string_view bytes) {
    constexpr uint32_t kTensorValues = 3;
    std::vector<Tensor> sequence;
    WireReader in(bytes);
    while (in.next()) {
      if (in.field() == kTensorValues)
        sequence.push_back(std::get<Tensor>(read(OnnxType::Kind::tensor, in.bytes())));
      else
        in.skip();
    }
    return sequence;
  }
  HostValue read_optional(std::string_view bytes) {
    HostValue value;
    WireReader in(bytes);
    while (in.next()) {
      switch (in.field()) {
        case 3:
          value = read(OnnxType::Kind::tensor, in.bytes());
          break;
        case 5:
          value = read(OnnxType::Kind::sequence, in.bytes());
          break;
        case 7:
          value = read(OnnxType::Kind::optional, in.bytes());
          break;
        default:
          in.skip();
      }
    }
    return value;
  }

  std::shared_ptr<const MappedFile> file_;
  TensorSource tensors_;
};

std::string type_text(const Tensor& t) { return std::string(to_string(t.dtype())) + dims_to_string(t.dims()); }

template <class T>
std::string compare_exactly(const Tensor& expected, const Tensor& found) {
  for (int64_t i = 0; i < expected.size(); ++i)
    if (expected.data<T>()[i] != found.data<T>()[i])
      return fmt::format("element {}: expected {}, found {}", i, expected.data<T>()[i], found.data<T>()[i]);
  return "";
}

std::vector<double> numbers(const Tensor& t) {
  if (t.dtype() != DType::c64 && t.dtype() != DType::c128) return to_doubles(t);
  const bool wide = t.dtype() == DType::c128;
  Dims dims = t.dims();
  dims.push_back(2);
  return to_doubles(Tensor::view(wide ? DType::f64 : DType::f32, dims, t.bytes(), std::make_shared<Tensor>(t)));
}

/// Empty when equal enough; otherwise what differs.
std::string compare(const Tensor& expected, const Tensor& found, Tolerance tolerance) {
  if (expected.dtype() != found.dtype() || expected.dims() != found.dims())
    return fmt::format("expected {}, found {}", type_text(expected), type_text(found));
  if (expected.dtype() == DType::string) return compare_exactly<std::string>(expected, found);
  if (tolerance.flips == 0 && expected.dtype() == DType::i64) return compare_exactly<int64_t>(expected, found);
  if (tolerance.flips == 0 && expected.dtype() == DType::u64) return compare_exactly<uint64_t>(expected, found);
  // The onnx package's own runner allows two units in the last place of bf16.
  if (expected.dtype() == DType::bf16) tolerance.relative = std::max(tolerance.relative, 1.0 / 64);
  // Likewise two units of f16, for outputs that were rounded on the way.
  if (expected.dtype() == DType::f16) tolerance.relative = std::max(tolerance.relative, 1.0 / 512);
  const bool exact = is_integer(expected.dtype()) || expected.dtype() == DType::boolean;
  const auto a = numbers(expected);
  double range = 0;
  for (double v : a)
    if (std::isfinite(v)) range = std::max(range, std::abs(v));
  tolerance.absolute = std::max(tolerance.absolute, range * tolerance.range);
  // A sum that cancels keeps the last bits of its largest terms, which depend on the order of adding.
  if (expected.dtype() == DType::f32) tolerance.absolute = std::max(tolerance.absolute, range * 0x1p-22);
  const auto b = numbers(found);
  int64_t wrong = 0;
  size_t first = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool too_large = tolerance.largest < std::abs(a[i]) && std::isinf(b[i]) && std::signbit(a[i]) == std::signbit(b[i]);
    const bool next_step = tolerance.flips > 0 && is_integer(expected.dtype()) && size_of(expected.dtype()) == 1 && std::abs(a[i] - b[i]) == 1;
    const bool equal = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || too_large || next_step;
    const bool close = !exact && std::isfinite(a[i]) && std::isfinite(b[i]) &&
                       std::abs(a[i] - b[i]) <= tolerance.absolute + tolerance.relative * std::abs(a[i]);
    if (equal || close) continue;
    if (wrong++ == 0) first = i;
  }
  if (wrong == 0 || (exact && static_cast<double>(wrong) <= tolerance.flips * static_cast<double>(a.size()))) return "";
  return fmt::format("{} of {} elements differ, first element {}: expected {}, found {}", wrong, a.size(), first,
                     a[first], b[first]);
}

std::string kind_text(const HostValue& value) {
  static constexpr std::string_view kNames[] = {"nothing", "a tensor", "a sequence"};
  return std::string(kNames[value.index()]);
}

std::string compare(const HostValue& expected, const HostValue& found, Tolerance tolerance) {
  if (expected.index() != found.index())
    return fmt::format("expected {}, found {}", kind_text(expected), kind_text(found));
  if (const auto* tensor = std::get_if<Tensor>(&expected)) return compare(*tensor, std::get<Tensor>(found), tolerance);
  const auto* sequence = std::get_if<std::vector<Tensor>>(&expected);
  if (!sequence) return "";
  const auto& other = std::get<std::vector<Tensor>>(found);
  if (sequence->size() != other.size())
    return fmt::format("expected a sequence of {}, found one of {}", sequence->size(), other.size());
  for (size_t i = 0; i < other.size(); ++i)
    if (auto why = compare((*sequence)[i], other[i], tolerance); !why.empty())
      return fmt::format("tensor {}: {}", i, why);
  return "";
}

Tolerance read_tolerance(const fs::path& folder) {
  Tolerance tolerance;
  if (!fs::exists(folder / "case.json")) return tolerance;
  const auto json = nlohmann::json::parse(read_text_file(folder / "case.json"));
  tolerance.relative = json.value("rtol", tolerance.relative);
  tolerance.absolute = json.value("atol", tolerance.absolute);
  return tolerance;
}

/// Files NAME_0.pb, NAME_1.pb, ... of the declared kinds.
std::vector<HostValue> read_values(const fs::path& data_set, const std::string& name,
                                   const std::vector<OnnxType::Kind>& kinds) {
  std::vector<HostValue> values;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const fs::path path = data_set / fmt::format("{}_{}.pb", name, i);
    if (!fs::exists(path)) break;
    values.push_back(ProtoFile(path).read(kinds[i]));
  }
  return values;
}

std::vector<OnnxType::Kind> declared_kinds(const OnnxGraph& graph, const std::vector<OnnxValueInfo>& infos) {
  std::vector<OnnxType::Kind> kinds;
  for (const auto& info : infos) {
    const auto same_name = [&](const OnnxTensor& t) { return t.name == info.name; };
    if (std::none_of(graph.initializers.begin(), graph.initializers.end(), same_name)) kinds.push_back(info.type.kind);
  }
  return kinds;
}

/// A model ready to be run in one of the modes.
class Runner {
 public:
  Runner(const fs::path& model, const Mode& mode) : threads_(mode.threads) {
    if (!mode.engine) {
      graph_ = import_onnx(model).graph;
      verify(graph_);
      return;
    }
    BuildOptions options;
    options.device = mode.device;
    options.threads = mode.threads;
    options.verify = false;
    options.opt_level = 0;
    options.chaos_seed = mode.chaos_seed;
    options.tf32 = mode.precision == "tf32";
    if (mode.narrow()) {
      options.precisions = {parse_dtype(mode.precision)};
      options.layer_types = {{"*", options.precisions[0], {}}};  // wherever a kernel has it, without measuring
    }
    const Built built = build({model, {}, nullptr}, options);
    graph_ = built.program->graph();
    note_tiers(*built.program);
    execution_ = std::make_unique<Execution>(built.program);
  }
  std::vector<HostValue> run(const std::vector<HostValue>& inputs) {
    if (!execution_) return evaluate(graph_, inputs, threads_);
    for (size_t i = 0; i < inputs.size(); ++i) execution_->set_input(static_cast<int>(i), inputs[i]);
    execution_->run();
    std::vector<HostValue> outputs;
    for (size_t i = 0; i < graph_.outputs().size(); ++i) outputs.push_back(execution_->output(static_cast<int>(i)).value());
    return outputs;
  }
  const Graph& graph() const { return graph_; }
  const Tiers& tiers() const { return tiers_; }

 private:
  void note_tiers(const Program& program) {
    for (const auto& entry : graph_.dropped()) tiers_[graph_.origins()[entry.first].operation] = "folded";
    for (const Step& step : program.plan().steps)
      if (step.kind != Step::Kind::reorder)
        for (OriginId o : graph_.node(step.node).origins) {
          const auto [tier, first] = tiers_.try_emplace(graph_.origins()[o].operation, tier_of(program, step));
          if (!first && (step.kind == Step::Kind::run || tier->second == "folded")) tier->second = tier_of(program, step);
        }
  }

  Threads threads_;
  Tiers tiers_;
  Graph graph_;
  std::unique_ptr<Execution> execution_;
};

Outcome run_case(const fs::path& folder, const Mode& mode) {
  Tolerance tolerance = read_tolerance(folder);
  // Values rounded at each step of a short chain, and sums of rounded values: errors are fractions of the output's range. What
  // depends on the order of rounded values (an index, a comparison, a floor) may change where they nearly tie.
  tolerance.relative = std::max(tolerance.relative, kRoundings * mode.unit());
  tolerance.range = kRoundings * mode.unit();
  if (mode.unit() > 0) tolerance.flips = kFlips;
  if (mode.precision == "f16") tolerance.largest = kLargestHalf;
  const auto file = MappedFile::open(folder / "model.onnx");
  const OnnxModel source = read_model({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  Runner runner(folder / "model.onnx", mode);
  int data_sets = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().rfind("test_data_set_", 0) != 0) continue;
    ++data_sets;
    const auto inputs = read_values(entry.path(), "input", declared_kinds(*source.graph, source.graph->inputs));
    const auto expected = read_values(entry.path(), "output", declared_kinds({}, source.graph->outputs));
    const auto found = runner.run(inputs);
    for (size_t i = 0; i < expected.size(); ++i)
      if (auto why = compare(expected[i], found.at(i), tolerance); !why.empty())
        return {fmt::format("output '{}': {}", runner.graph().output_name(static_cast<int>(i)), why), runner.tiers()};
  }
  return {data_sets == 0 ? "it has no test_data_set folder" : "", runner.tiers()};
}

/// What a case's process sends: why it failed, and behind this mark a line "OPERATOR TIER" for each operator.
constexpr char kMark = '\x1e';

std::string encoded(const Outcome& outcome) {
  std::string text = outcome.why + kMark;
  for (const auto& [operation, tier] : outcome.tiers) text += operation + " " + tier + "\n";
  return text;
}

Outcome decoded(const std::string& text) {
  const size_t mark = text.find(kMark);
  Outcome outcome{text.substr(0, mark), {}};
  if (mark == text.npos) return outcome;
  std::istringstream lines(text.substr(mark + 1));
  for (std::string operation, tier; lines >> operation >> tier;) outcome.tiers[operation] = tier;
  return outcome;
}

bool write_all(int fd, const void* data, size_t bytes) {
  for (size_t sent = 0; sent < bytes;) {
    const ssize_t n = write(fd, static_cast<const char*>(data) + sent, bytes - sent);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

bool read_all(int fd, void* data, size_t bytes) {
  for (size_t got = 0; got < bytes;) {
    const ssize_t n = read(fd, static_cast<char*>(data) + got, bytes - got);
    if (n <= 0) return false;
    got += static_cast<size_t>(n);
  }
  return true;
}

/// A process that runs one case after the other, so that a crash or an endless loop is one failure and not the end.
class CaseProcess {
 public:
  CaseProcess(std::span<Result* const> cases, const Mode& mode, unsigned time_limit) : time_limit_(time_limit) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::internal, "no pipe");
    child_ = fork();
    if (child_ == 0) {
      close(ends[0]);
      work(ends[1], cases, mode, time_limit);
    }
    close(ends[1]);
    fd_ = ends[0];
  }
  ~CaseProcess() {
    close(fd_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }
  CaseProcess(const CaseProcess&) = delete;
  CaseProcess& operator=(const CaseProcess&) = delete;

  /// The next case's outcome; false when the process ended in it.
  bool next(Outcome& outcome) {
    uint32_t size = 0;
    std::string text;
    if (read_all(fd_, &size, sizeof size)) {
      text.resize(size);
      if (read_all(fd_, text.data(), size)) {
        outcome = decoded(text);
        return true;
      }
    }
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) outcome.why = fmt::format("stopped after {} seconds", time_limit_);
    else if (WIFSIGNALED(status)) outcome.why = fmt::format("crashed: {}", strsignal(WTERMSIG(status)));
    else outcome.why = fmt::format("ended with status {}", WEXITSTATUS(status));
    return false;
  }

 private:
  [[noreturn]] static void work(int fd, std::span<Result* const> cases, const Mode& mode, unsigned time_limit) {
    for (const Result* one : cases) {
      alarm(time_limit);
      Outcome outcome;
      try {
        outcome = run_case(one->folder, mode);
      } catch (const std::exception& e) {
        outcome.why = e.what();
        if (outcome.why.empty()) outcome.why = "an exception without a message";
      }
      const std::string text = encoded(outcome);
      const auto size = static_cast<uint32_t>(text.size());
      if (!write_all(fd, &size, sizeof size) || !write_all(fd, text.data(), text.size())) break;
    }
    _exit(0);
  }
  unsigned time_limit_;
  pid_t child_ = -1;
  int fd_ = -1;
};

void run_cases(std::vector<Result*> cases, const Mode& mode, unsigned time_limit, const std::function<void(const Result&)>& done) {
  for (size_t at = 0; at < cases.size();) {
    CaseProcess process(std::span<Result* const>(cases).subspan(at), mode, time_limit);
    for (bool alive = true; alive && at < cases.size(); ++at) {
      Outcome outcome;
      alive = process.next(outcome);
      if (!outcome.why.empty()) cases[at]->outcome = "failed";
      cases[at]->reason = outcome.why;
      cases[at]->tiers = outcome.tiers;
      done(*cases[at]);
    }
  }
}

std::vector<Skip> read_skips(const std::string& path) {
  std::vector<Skip> skips;
  if (path.empty()) return skips;
  std::istringstream lines(read_text_file(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t end = line.find(' ');
    const size_t reason = line.find_first_not_of(' ', end);
    if (reason == line.npos) fail(ErrorCode::bad_file, "{}: the line '{}' gives no reason", path, line);
    skips.push_back({line.substr(0, end), line.substr(reason)});
  }
  return skips;
}

/// "node/test_abs" -> its folder.
std::map<std::string, fs::path> find_cases(const std::vector<std::string>& folders) {
  std::map<std::string, fs::path> cases;
  for (const auto& root : folders)
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.path().filename() == "model.onnx") {
        const fs::path folder = entry.path().parent_path();
        cases[folder == root ? root : fs::relative(folder, root).string()] = folder;
      }
  return cases;
}

/// The operators that the importer knows, and every case.
void write_json(const std::string& path, const std::vector<Result>& results) {
  nlohmann::json json = {{"operators", nlohmann::json::array()}, {"cases", nlohmann::json::array()}};
  for (const auto& [domain, operation] : import_table().entries()) json["operators"].push_back({domain, operation});
  for (const auto& r : results)
    json["cases"].push_back(
        {{"name", r.name}, {"folder", r.folder}, {"outcome", r.outcome}, {"reason", r.reason}, {"tiers", r.tiers}});
  AtomicFile file(path);
  file.write(json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  file.commit();
}

int main(int argc, char** argv) {
  CLI::App app("Runs ONNX conformance cases on the reference executor or as engines");
  std::vector<std::string> folders{"build/conformance"}, filters;
  std::string json_path;
  std::vector<std::string> skips_paths{"tests/conformance_skips.txt"};
  bool list_failures = false;
  Mode mode;
  unsigned time_limit = 120;
  size_t jobs = 1;
  app.add_option("folders", folders, "Folders of cases, searched through");
  app.add_option("--filter", filters, "Only cases whose name contains this (any of them)");
  app.add_option("--skips", skips_paths, "Lists of cases not to run: pattern and reason; '' for none")->allow_extra_args(false);
  app.add_option("--json", json_path, "Write every case's outcome there");
  app.add_option("--threads", mode.threads, "Threads of the executor");
  app.add_flag("--engine", mode.engine, "Build each model and run the engine");
  app.add_option("--chaos", mode.chaos_seed, "With --engine: pick kernels at random from this seed");
  app.add_option("--device", mode.device, "With --engine: the device to build for");
  app.add_option("--precision", mode.precision, "With --engine: f32, tf32, f16 or bf16, with tolerances of 12 units of rounding of the output's range")
      ->check(CLI::IsMember({"f32", "tf32", "f16", "bf16"}));
  app.add_option("--jobs", jobs, "Processes side by side (default 1)");
  app.add_option("--time-limit", time_limit, "Seconds a case may take");
  app.add_flag("--list-failures", list_failures, "Print the names of failing cases alone");
  CLI11_PARSE(app, argc, argv);

  std::vector<Skip> skips;
  for (const std::string& path : skips_paths)
    for (Skip& skip : read_skips(path)) skips.push_back(std::move(skip));
  std::vector<Result> results;
  for (const auto& [name, folder] : find_cases(folders)) {
    const auto contained = [&, &name = name](const std::string& f) { return name.find(f) != name.npos; };
    if (!filters.empty() && std::none_of(filters.begin(), filters.end(), contained)) continue;
    Result result{name, folder, "passed", "", {}};
    for (const auto& skip : skips)
      if (fnmatch(skip.pattern.c_str(), name.c_str(), 0) == 0) result.outcome = "skipped", result.reason = skip.reason;
    results.push_back(std::move(result));
  }
  std::vector<std::vector<Result*>> shares(std::max<size_t>(jobs, 1));
  size_t next_share = 0;
  for (Result& result : results)
    if (result.outcome == "passed") shares[next_share++ % shares.size()].push_back(&result);
  std::mutex printing;
  const auto done = [&](const Result& result) {
    if (result.outcome != "failed") return;
    const std::lock_guard lock(printing);
    std::cout << (list_failures ? result.name : fmt::format("FAILED {}: {}", result.name, result.reason)) << "\n" << std::flush;
  };
  std::vector<std::thread> threads;
  for (auto& share : shares) threads.emplace_back([&, &share = share] { run_cases(share, mode, time_limit, done); });
  for (auto& thread : threads) thread.join();
  std::map<std::string, int> totals;
  for (const Result& result : results) ++totals[result.outcome];
  if (!json_path.empty()) write_json(json_path, results);
  if (!list_failures)
    std::cout << fmt::format("{} cases: {} passed, {} failed, {} skipped\n", results.size(), totals["passed"],
                             totals["failed"], totals["skipped"]);
  return totals["failed"] > 0 ? 1 : 0;
}

}  // namespace
}  // namespace tenon::core

int main(int argc, char** argv) {
  try {
    return tenon::core::main(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "conformance: " << e.what() << "\n";
    return 2;
  }
}
