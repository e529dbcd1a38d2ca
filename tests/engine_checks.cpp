// Checks of finished engines that need a process of their own, on any device; scripts/gpu-check runs them on a GPU.
//   engine_checks samebits ENGINE...         many runs over several contexts, threads and streams give the same bytes
//   engine_checks dynamic ENGINE FIXED       an engine with open dims beside one of fixed dims, and its first runs at new dims
//   engine_checks relabel ENGINE OUT         the engine as if it had been built for another device or with other libraries
#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/engine_data.h"
#include "tenon/engine.h"

namespace tenon {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using Named = std::vector<std::pair<std::string, Value>>;

double ms_since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0 : v[v.size() / 2];
}

void set_inputs(Context& context, const Named& inputs) {
  for (const auto& [name, value] : inputs) context.set_input(name, value);
}

void add_tensor(core::Hasher& hasher, const Tensor& t) {
  if (t.dtype() == DType::string)
    for (int64_t i = 0; i < t.size(); ++i) hasher.add(std::string_view(t.as<std::string>()[i]));
  else
    hasher.add(std::span(static_cast<const std::byte*>(t.data()), static_cast<size_t>(t.byte_size())));
}

std::string bits_of(const Context& context) {
  core::Hasher hasher;
  for (const auto& [name, value] : context.outputs()) {
    if (value.kind == Value::Kind::tensor) add_tensor(hasher, value.tensor);
    for (const Tensor& t : value.sequence) add_tensor(hasher, t);
  }
  return hasher.finish().hex();
}

struct SameBitsOptions {
  int runs = 1000, contexts = 4;
  int of_context = 50;   // runs of a context before it is made anew
  bool in_turn = false;  // no two runs at a time
};

/// How often each result came, as bytes.
class SameBits {
 public:
  SameBits(const Engine& engine, const SameBitsOptions& options)
      : engine_(engine), runs_(options.runs), contexts_(options.contexts), of_context_(options.of_context), in_turn_(options.in_turn), inputs_(engine.example_inputs(1)), others_(engine.example_inputs(2)) {}

  Json run(bool spoil) {
    std::vector<std::thread> threads;
    for (int t = 0; t < contexts_; ++t)
      threads.emplace_back([&, t] {
        try {
          work(runs_ / contexts_ + (t < runs_ % contexts_), spoil && t == 0);
        } catch (const std::exception& e) {
          const std::lock_guard lock(mutex_);
          error_ = e.what();
        }
      });
    for (auto& thread : threads) thread.join();
    Json json = {{"runs", done_.load()}, {"contexts", contexts_}, {"results", seen_.size()}};
    if (!error_.empty()) json["error"] = error_;
    if (seen_.size() > 1)
      for (const auto& entry : seen_) json["seen"].push_back({{"times", entry.second.times}, {"first, second, third, later runs of a context", entry.second.by_run_of_context}});
    json["pass"] = error_.empty() && done_ == runs_ && seen_.size() == 1;
    return json;
  }

 private:
  // A context is made anew now and then: other streams and addresses, a first run that is not a graph's.
  void work(int runs, bool spoil) {
    for (int i = 0; i < runs; i += of_context_) {
      Context context = engine_.create_context();
      set_inputs(context, inputs_);
      for (int k = i; k < std::min(runs, i + of_context_); ++k) {
        if (spoil && k == runs - 1) set_inputs(context, others_);
        {
          std::unique_lock turn(turn_, std::defer_lock);
          if (in_turn_) turn.lock();
          context.run();
        }
        const std::string bits = bits_of(context);
        ++done_;
        const std::lock_guard lock(mutex_);
        Seen& seen = seen_[bits];
        ++seen.times;
        ++seen.by_run_of_context[std::min(k - i, 3)];
      }
    }
  }

  const Engine& engine_;
  int runs_, contexts_, of_context_;
  bool in_turn_;
  std::mutex turn_;
  Named inputs_, others_;
  std::mutex mutex_;
  // How often a result came, and in which runs of its context: the first is launched plainly, the second recorded, later ones replayed.
  struct Seen {
    int times = 0;
    std::array<int, 4> by_run_of_context{};
  };
  std::map<std::string, Seen> seen_;
  std::atomic<int> done_ = 0;
  std::string error_;
};

/// Median time of the kernels of both contexts, in ms, in turns so that both see the same clocks.
std::pair<double, double> compare_compute(Context& a, Context& b, int rounds) {
  std::vector<double> times_a, times_b;
  for (int i = 0; i < rounds + 5; ++i) {
    const double ms_a = a.run_timed().compute, ms_b = b.run_timed().compute;
    if (i < 5) continue;
    times_a.push_back(ms_a);
    times_b.push_back(ms_b);
  }
  return {median(times_a), median(times_b)};
}

class Dynamic {
 public:
  explicit Dynamic(const Engine& engine) : engine_(engine) {}

  Named inputs_at(int64_t batch) const {
    std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
    for (const TensorInfo& input : engine_.inputs()) {
      std::vector<int64_t> dims = input.range.opt;
      for (size_t axis = 0; axis < dims.size(); ++axis)
        if (input.dims[axis] < 0) dims[axis] = batch;
      shapes.emplace_back(input.name, dims);
    }
    Named inputs = engine_.example_inputs(7, shapes);
    for (auto& [name, value] : inputs) {
      Tensor fast = engine_.host_tensor(value.tensor.dtype(), value.tensor.dims());
      std::memcpy(fast.data(), value.tensor.data(), static_cast<size_t>(fast.byte_size()));
      value.tensor = std::move(fast);
    }
    return inputs;
  }

  /// At the dims that both are tuned for.
  Json beside(const Engine& fixed, int64_t batch, double limit) const {
    Context open = engine_.create_context(), closed = fixed.create_context();
    set_inputs(open, inputs_at(batch));
    set_inputs(closed, fixed.example_inputs(7));
    const auto [open_ms, closed_ms] = compare_compute(open, closed, 60);
    return {{"batch", batch}, {"open_ms", open_ms}, {"fixed_ms", closed_ms}, {"ratio", open_ms / closed_ms}, {"limit", limit}, {"pass", open_ms <= limit * closed_ms}};
  }

  /// A context goes to batch `to`: its first run there beside later ones, as the caller sees them, with inputs in page-locked memory.
  Json change(Context& context, int64_t to, double limit) const {
    const Named inputs = inputs_at(to);
    const auto begin = Clock::now();
    set_inputs(context, inputs);
    context.run();
    const double first = ms_since(begin);
    std::vector<double> later;
    for (int i = 0; i < 20; ++i) {
      const auto again = Clock::now();
      context.run();
      later.push_back(ms_since(again));
    }
    const double steady = median({later.begin() + 5, later.end()});
    return {{"batch", to}, {"first_ms", first}, {"second_ms", later[0]}, {"steady_ms", steady}, {"ratio", first / steady}, {"limit", limit}, {"pass", first <= limit * steady}};
  }

 private:
  const Engine& engine_;
};

int check_same_bits(const std::vector<std::string>& paths, const SameBitsOptions& options, bool control, Json& report) {
  bool all = true;
  for (const std::string& path : paths) {
    const Engine engine = Engine::load(path);
    const auto begin = Clock::now();
    Json row = SameBits(engine, options).run(false);
    // The check itself: one run with another input must be seen.
    SameBitsOptions few = options;
    few.runs = 2 * options.contexts;
    if (control) row["control"] = SameBits(engine, few).run(true)["results"];
    row["seconds"] = ms_since(begin) / 1000;
    all &= row["pass"].get<bool>();
    std::cout << path << ": " << row.dump() << "\n" << std::flush;
    report[path] = row;
  }
  return all ? 0 : 1;
}

int check_dynamic(const std::vector<std::string>& paths, int64_t opt, const std::vector<int64_t>& batches, Json& report) {
  const Engine open = Engine::load(paths.at(0)), fixed = Engine::load(paths.at(1));
  const Dynamic dynamic(open);
  report["beside"] = dynamic.beside(fixed, opt, 1.05);
  bool all = report["beside"]["pass"].get<bool>();
  std::cout << report["beside"].dump() << "\n";
  Context context = open.create_context();
  set_inputs(context, dynamic.inputs_at(opt));
  for (int i = 0; i < 5; ++i) context.run();
  for (int64_t batch : batches) {
    Json row = dynamic.change(context, batch, 1.5);
    all &= row["pass"].get<bool>();
    std::cout << row.dump() << "\n" << std::flush;
    report["changes"].push_back(row);
  }
  return all ? 0 : 1;
}

int relabel(const std::vector<std::string>& paths, const std::string& features, const std::string& libraries, const std::string& name) {
  const auto file = core::MappedFile::open(paths.at(0));
  core::EngineData data = core::load_engine(file->bytes(), file);
  if (!features.empty()) data.device.features = features;
  if (!libraries.empty()) data.device.libraries = libraries;
  if (!name.empty()) data.device.name = name;
  core::AtomicFile out(paths.at(1));
  core::save_engine(data, out);
  out.commit();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app("Checks finished engines");
  std::string verb, json_path, features, libraries, name;
  std::vector<std::string> paths;
  std::vector<int64_t> batches{1, 2, 3, 5, 7, 16, 24, 32};
  SameBitsOptions same;
  int64_t opt = 8;
  bool control = false;
  app.add_option("verb", verb, "samebits, dynamic or relabel")->required()->check(CLI::IsMember({"samebits", "dynamic", "relabel"}));
  app.add_option("engines", paths, "Engine files")->required();
  app.add_option("--json", json_path, "Write the figures there");
  app.add_option("--runs", same.runs, "samebits: runs of each engine");
  app.add_option("--contexts", same.contexts, "samebits: contexts at a time, each on a thread and a stream of its own");
  app.add_option("--of-context", same.of_context, "samebits: runs of a context before it is made anew")->check(CLI::PositiveNumber);
  app.add_flag("--in-turn", same.in_turn, "samebits: no two runs at a time");
  app.add_flag("--control", control, "samebits: also count the results when one run has another input");
  app.add_option("--opt", opt, "dynamic: the batch that both engines are tuned for");
  app.add_option("--batches", batches, "dynamic: the batches to go to")->delimiter(',');
  app.add_option("--features", features, "relabel: sm_80");
  app.add_option("--libraries", libraries, "relabel: cudnn 9.1.0 cublaslt 12.6.0 nvrtc 12.6");
  app.add_option("--name", name, "relabel: the device's name");
  CLI11_PARSE(app, argc, argv);
  if (verb != "samebits" && paths.size() != 2) core::fail(ErrorCode::usage, "{}: two files were expected, found {}", verb, paths.size());
  Json report;
  int code = 0;
  if (verb == "samebits") code = check_same_bits(paths, same, control, report);
  else if (verb == "dynamic") code = check_dynamic(paths, opt, batches, report);
  else code = relabel(paths, features, libraries, name);
  if (!json_path.empty()) {
    core::AtomicFile file(json_path);
    file.write(report.dump(1) + "\n");
    file.commit();
  }
  return code;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  try {
    return tenon::run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "engine_checks: " << e.what() << "\n";
    return 2;
  }
}
