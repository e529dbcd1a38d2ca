#include "trtexec/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include "session.h"
#include "tenon/error.h"
#include "tenon/io_format.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

void sleep_ms(double ms) {
  if (ms > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
}

/// The dims are known once those of the inputs are.
bool follows_inputs(const TensorInfo& output, const std::vector<TensorInfo>& inputs) {
  std::set<std::string> symbols;
  for (const TensorInfo& input : inputs) symbols.insert(input.names.begin(), input.names.end());
  for (size_t i = 0; i < output.dims.size(); ++i)
    if (output.dims[i] < 0 && output.names[i].find_first_of("+-*/(") == std::string::npos && !symbols.count(output.names[i])) return false;
  return true;
}

}  // namespace

struct Inference::Impl {
  Impl(const Engine& e, const Options& options, Log& l) : engine(e), flags(options.inference), log(l) {}
  void loop(size_t first, size_t count, std::vector<Query>& queries);
  bool enough(int64_t done, double last_start) const;

  Engine engine;
  const InferenceFlags& flags;
  Log& log;
  NamedValues inputs;
  std::vector<Pipeline> pipelines;
};

namespace {

void print_outputs(const Engine& engine, const NamedValues& outputs, Log& log) {
  const std::vector<TensorInfo> inputs = engine.inputs(), infos = engine.outputs();
  for (size_t i = 0; i < infos.size(); ++i) {
    if (!infos[i].is_tensor) continue;
    if (follows_inputs(infos[i], inputs))
      log.info(fmt::format("Output binding for {} with dimensions {} is created.", infos[i].name, dims_text(dense_dims(infos[i], outputs[i].second.tensor.dims()))));
    else
      log.info(fmt::format("Output binding for {} is dynamic and will be created during execution using OutputAllocator.", infos[i].name));
  }
}

}  // namespace

Inference::Inference(const Engine& engine, const Options& options, Log& log) : impl_(std::make_unique<Impl>(engine, options, log)) {
  const InferenceFlags& flags = options.inference;
  impl_->inputs = make_inputs(engine, flags, log);
  for (int s = 0; s < flags.streams; ++s) {
    Pipeline& pipeline = impl_->pipelines.emplace_back(engine, PipelineOptions{flags.overlap, flags.transfers, flags.graph, flags.spin});
    for (const auto& [name, value] : impl_->inputs) pipeline.set_input(name, value);
    pipeline.prepare();
  }
  print_outputs(engine, outputs(), log);
  if (!flags.graph || impl_->pipelines[0].launches_graphs()) return;
  log.warning("The built TensorRT engine contains operations that are not permitted under CUDA graph capture mode.");
  log.warning("The specified --useCudaGraph flag has been ignored. The inference will be launched without using CUDA graph launch.");
}
Inference::~Inference() = default;

const NamedValues& Inference::inputs() const { return impl_->inputs; }
NamedValues Inference::outputs() const { return impl_->pipelines[0].outputs(); }

bool Inference::Impl::enough(int64_t done, double last_start) const {
  if (cli::interrupted()) return true;
  if (flags.duration_s < 0) return false;
  return done >= flags.iterations && last_start >= flags.warmup_ms + flags.duration_s * 1000;
}

/// Fills the pipelines, and takes a result from each that is full.
void Inference::Impl::loop(size_t first, size_t count, std::vector<Query>& queries) {
  int64_t done = 0;
  double last_start = 0;
  const auto take = [&](Pipeline& pipeline) {
    queries.push_back({pipeline.collect()});
    last_start = std::max(last_start, queries.back().compute_start);
  };
  while (!enough(done, last_start)) {
    for (size_t s = first; s < first + count; ++s) pipelines[s].submit();
    bool collected = false;
    for (size_t s = first; s < first + count; ++s)
      if (pipelines[s].in_flight() == pipelines[s].depth()) take(pipelines[s]), collected = true;
    if (!collected || last_start < flags.warmup_ms) continue;
    ++done;
    sleep_ms(flags.idle_ms);
  }
  for (size_t s = first; s < first + count; ++s)
    while (pipelines[s].in_flight() > 0) take(pipelines[s]);
}

std::vector<Query> Inference::run() {
  Impl& i = *impl_;
  if (i.flags.duration_s < 0) i.log.warning("--duration=-1 is specified, inference will run in an endless loop until aborted with CTRL-C (SIGINT)");
  const size_t threads = i.flags.threads ? i.pipelines.size() : 1, each = i.pipelines.size() / threads;
  std::vector<std::vector<Query>> found(threads);
  std::vector<std::thread> running;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto zero = Pipeline::Clock::now();
  for (Pipeline& pipeline : i.pipelines) pipeline.start(zero, i.flags.sleep_ms);
  for (size_t t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      try {
        i.loop(t * each, each, found[t]);
      } catch (...) {
        std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  for (std::thread& thread : running) thread.join();
  if (failure) std::rethrow_exception(failure);
  std::vector<Query> all;
  for (const auto& queries : found) all.insert(all.end(), queries.begin(), queries.end());
  std::sort(all.begin(), all.end(), [](const Query& a, const Query& b) { return a.h2d_start < b.h2d_start; });
  return all;
}

std::vector<LayerInfo> Inference::profile(int& queries) {
  Impl& i = *impl_;
  Context context = i.engine.create_context();
  for (const auto& [name, value] : i.inputs) context.set_input(name, value);
  context.run();
  const auto start = Pipeline::Clock::now();
  context.profile(1);
  const double each = std::max(std::chrono::duration<double, std::milli>(Pipeline::Clock::now() - start).count(), 1e-3);
  const double wanted = i.flags.warmup_ms + std::max(i.flags.duration_s, 0.0) * 1000;
  queries = static_cast<int>(std::min(std::max({wanted / each, static_cast<double>(i.flags.iterations), 1.0}), 1e4));
  return context.profile(queries);
}

}  // namespace tenon::trtexec
