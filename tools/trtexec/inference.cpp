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
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

using Clock = std::chrono::steady_clock;

double ms_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double, std::milli>(to - from).count(); }
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
  Query query(Context&);
  void loop(size_t first, size_t count, std::vector<Query>& queries);
  bool enough(int64_t done, double last_start) const;

  Engine engine;
  const InferenceFlags& flags;
  Log& log;
  NamedValues inputs;
  std::vector<Context> contexts;
  Clock::time_point start;
};

Inference::Inference(const Engine& engine, const Options& options, Log& log) : impl_(std::make_unique<Impl>(engine, options, log)) {
  impl_->inputs = make_inputs(engine, options.inference, log);
  for (int s = 0; s < options.inference.streams; ++s) {
    impl_->contexts.push_back(engine.create_context());
    for (const auto& [name, value] : impl_->inputs) impl_->contexts.back().set_input(name, value);
    impl_->contexts.back().run();
  }
  const std::vector<TensorInfo> inputs = engine.inputs();
  for (const TensorInfo& info : engine.outputs()) {
    if (!info.is_tensor) continue;
    const Value value = impl_->contexts[0].output(info.name);
    if (follows_inputs(info, inputs)) log.info(fmt::format("Output binding for {} with dimensions {} is created.", info.name, dims_text(value.tensor.dims())));
    else log.info(fmt::format("Output binding for {} is dynamic and will be created during execution using OutputAllocator.", info.name));
  }
}
Inference::~Inference() = default;

const NamedValues& Inference::inputs() const { return impl_->inputs; }
NamedValues Inference::outputs() const { return impl_->contexts[0].outputs(); }

Query Inference::Impl::query(Context& context) {
  Query q;
  const double begin = ms_between(start, Clock::now());
  const RunTimes times = context.run_timed();
  q.enqueue_start = q.h2d_start = begin;
  q.enqueue_end = begin + times.enqueue;
  q.h2d_end = q.compute_start = begin + times.h2d;
  q.compute_end = q.d2h_start = q.compute_start + times.compute;
  q.d2h_end = q.d2h_start + times.d2h;
  return q;
}

bool Inference::Impl::enough(int64_t done, double last_start) const {
  if (cli::interrupted()) return true;
  if (flags.duration_s < 0) return false;
  return done >= flags.iterations && last_start >= flags.warmup_ms + flags.duration_s * 1000;
}

void Inference::Impl::loop(size_t first, size_t count, std::vector<Query>& queries) {
  int64_t done = 0;
  double last_start = 0;
  while (!enough(done, last_start)) {
    for (size_t s = first; s < first + count; ++s) {
      queries.push_back(query(contexts[s]));
      last_start = std::max(last_start, queries.back().compute_start);
    }
    if (last_start < flags.warmup_ms) continue;
    ++done;
    sleep_ms(flags.idle_ms);
  }
}

std::vector<Query> Inference::run() {
  Impl& i = *impl_;
  if (i.flags.duration_s < 0) i.log.warning("--duration=-1 is specified, inference will run in an endless loop until aborted with CTRL-C (SIGINT)");
  const size_t threads = i.flags.threads ? i.contexts.size() : 1, each = i.contexts.size() / threads;
  std::vector<std::vector<Query>> found(threads);
  std::vector<std::thread> running;
  std::exception_ptr failure;
  std::mutex mutex;
  i.start = Clock::now();
  sleep_ms(i.flags.sleep_ms);
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
  const auto start = Clock::now();
  i.contexts[0].profile(1);
  const double each = std::max(ms_between(start, Clock::now()), 1e-3);
  const double wanted = i.flags.warmup_ms + std::max(i.flags.duration_s, 0.0) * 1000;
  queries = static_cast<int>(std::clamp(wanted / each, std::max<double>(static_cast<double>(i.flags.iterations), 1), 1e6));
  return i.contexts[0].profile(queries);
}

}  // namespace tenon::trtexec
