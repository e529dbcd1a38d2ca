#include "select/measure.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "ir/evaluate.h"
#include "runtime/check_shapes.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLeastSamples = 5, kMostSamples = 25, kMostDeviceSamples = 9;
constexpr double kBudgetUs = 20'000, kDeviceBudgetUs = 3'000, kLongUs = 2'000;
constexpr int64_t kFlushBytes = 2 << 20;  // of each thread

double elapsed_us(Clock::time_point begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

/// Pushes weights out of the inner caches: in a network another layer's came in between.
/// On every core: afterwards all threads of the team are awake, as between two steps.
void flush_caches(Threads& threads) {
  static std::vector<char> junk;
  junk.resize(std::max(junk.size(), static_cast<size_t>(kFlushBytes * threads.size())));
  volatile char* p = junk.data();
  constexpr int64_t line = 64;
  threads.parallel_ranges(kFlushBytes * threads.size() / line, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * line; i < end * line; i += line) p[i] = static_cast<char>(p[i] + 1);
  });
}

/// One call of a kernel, its arguments in scratch memory.
class Call {
 public:
  Call(const Problem& p, const Offer& offer, const NodeShapes& shapes, const Executable& executable, Weights& weights, Device& device, Scratch& scratch)
      : stream_(device.make_stream()), shapes_(shapes), executable_(executable), scratch_(scratch) {
    in_box_.assign(p.inputs(), nullptr);
    out_box_.assign(p.outputs(), nullptr);
    for (int i = 0; i < p.inputs(); ++i) in_.push_back(input(i, p.input(i), offer.in[i], shapes_.in[i], weights));
    for (int i = 0; i < p.outputs(); ++i) out_.push_back(output(p.inputs() + i, p.output(i), offer.out[i], shapes_.out[i]));
    const Place place = !device.is_host() && executable.on_host() ? Place::host : Place::device;
    if (executable.workspace_bytes() > 0) workspace_ = scratch_.memory(p.inputs() + p.outputs(), place, executable.workspace_bytes());
    state_ = executable.make_state();
    stream_->wait();
  }
  void run(Threads& threads) { executable_.run(state_.get(), {in_, out_, in_box_, out_box_, workspace_, 0, stream_->handle()}, threads); }
  Stream& stream() { return *stream_; }

 private:
  TensorArg input(int slot, const Fact& fact, const Format& format, const Dims& dims, Weights& weights) {
    if (!fact.present() || !executable_.uses_input(slot) || fact.type.boxed()) return {nullptr, &dims};
    // Integer inputs are often indices or shapes: a constant's own values are the only safe ones.
    if (fact.constant && format.storage == DType::none) return {scratch_.values(slot, format.place, weights.plain(fact.constant), *stream_), &dims};
    return {scratch_.numbers(slot, format.place, stored_as(format, fact.type.dtype), checked_product(dims), *stream_), &dims};
  }
  TensorArg output(int slot, const Fact& fact, const Format& format, const Dims& dims) {
    if (!fact.present() || fact.type.boxed()) return {nullptr, &dims};
    return {scratch_.memory(slot, format.place, checked_mul(checked_product(dims), size_of(stored_as(format, fact.type.dtype)))), &dims};
  }
  std::unique_ptr<Stream> stream_;
  const NodeShapes& shapes_;
  const Executable& executable_;
  Scratch& scratch_;
  std::vector<TensorArg> in_, out_;
  std::vector<const HostValue*> in_box_;
  std::vector<HostValue*> out_box_;
  std::byte* workspace_ = nullptr;
  std::unique_ptr<State> state_;
};

/// The median of samples taken until there are enough.
CostRecord median_of(size_t most, double budget_us, FunctionRef<double()> sample) {
  std::vector<double> samples;
  double spent = 0;
  while (samples.size() < kLeastSamples || (spent < budget_us && samples.size() < most)) {
    samples.push_back(sample());
    spent += samples.back();
    if (spent > 20 * budget_us) break;
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  CostRecord record;
  record.us = samples[samples.size() / 2];
  record.samples = static_cast<int>(samples.size());
  return record;
}

CostRecord timed_on_host(Threads& threads, FunctionRef<void()> run) {
  const Threads::Busy busy(threads);
  run();
  return median_of(kMostSamples, kBudgetUs, [&] {
    flush_caches(threads);
    const auto begin = Clock::now();
    run();
    return elapsed_us(begin);
  });
}

/// On a device with a queue: several runs recorded as one, so that launching costs nothing, as in a captured network.
CostRecord timed_on_device(Stream& stream, FunctionRef<void()> run) {
  const auto span = [&](FunctionRef<void()> work) {
    stream.clear_marks();
    stream.mark();
    work();
    stream.mark();
    stream.wait();
    return stream.elapsed_us(0, 1);
  };
  run();
  stream.wait();
  const int repeats = static_cast<int>(std::clamp(kLongUs / std::max(span(run), 1.0), 1.0, 8.0));
  stream.begin_capture();
  std::shared_ptr<Recording> recording;
  try {
    for (int i = 0; i < repeats; ++i) run();
  } catch (...) {
    stream.end_capture();
    throw;
  }
  recording = stream.end_capture();
  const auto once = [&] {
    const double us = span([&] {
      if (recording) stream.launch(*recording);
      else for (int i = 0; i < repeats; ++i) run();
    });
    return us / repeats;
  };
  once();
  return median_of(kMostDeviceSamples, kDeviceBudgetUs / repeats, once);
}

CostRecord timed(Device& device, Stream& stream, const Executable& executable, Threads& threads, FunctionRef<void()> run) {
  if (device.is_host()) return timed_on_host(threads, run);
  if (!executable.on_host()) return timed_on_device(stream, run);
  return timed_on_host(threads, [&] {
    run();
    stream.wait();
  });
}

}  // namespace

Hash problem_hash(const Problem& p, const NodeShapes& shapes) {
  Hasher h;
  h.add(describe(*p.node().op));
  for (int i = 0; i < p.inputs(); ++i) {
    const Fact& f = p.input(i);
    h.add(f.present() ? std::string(to_string(f.type.dtype)) + dims_to_string(shapes.in[i]) : "absent");
    h.add(static_cast<int64_t>(f.constant != nullptr));
    // Small integer constants (axes, sizes) are part of what is computed.
    if (const auto numbers = f.constant ? f.numbers() : std::nullopt) h.add(dims_to_string(*numbers));
  }
  for (int i = 0; i < p.outputs(); ++i) h.add(std::string(to_string(p.output(i).dtype())) + dims_to_string(shapes.out[i]));
  h.add(p.device.key());
  h.add(static_cast<int64_t>(p.options.tf32));
  return h.finish();
}

Trial prepare_trial(const Graph& graph, const Measurement& m, Device& device, const TacticOptions& options, WeightStore& weights, Threads& threads) {
  Trial trial;
  const Problem problem{graph, m.node, device.info(), options};
  try {
    const auto current = device.use();
    trial.executable = find_tactic(device.info().kind, m.offer.tactic)->prepare({problem, m.offer, m.shapes, weights, threads}, trial.rejection);
    if (!trial.executable && trial.rejection.empty()) trial.rejection = "it could not be prepared";
  } catch (const Error& e) {
    trial.rejection = e.what();
    trial.no_memory = e.code() == ErrorCode::out_of_memory;
  } catch (const std::exception& e) {
    trial.rejection = e.what();
  }
  if (!trial.executable && trial.rejection.empty()) trial.rejection = "it failed";
  return trial;
}

CostRecord time_trial(const Graph& graph, const Measurement& m, const Trial& trial, Device& device, const TacticOptions& options, Weights& weights,
                      Scratch& scratch, Threads& threads) {
  CostRecord record;
  record.rejection = trial.rejection;
  if (!trial.executable) return record;
  const Problem problem{graph, m.node, device.info(), options};
  try {
    const auto current = device.use();
    Call call(problem, m.offer, m.shapes, *trial.executable, weights, device, scratch);
    record = timed(device, call.stream(), *trial.executable, threads, [&] { call.run(threads); });
    record.workspace = trial.executable->workspace_bytes();
    return record;
  } catch (const std::exception& e) {
    record.rejection = e.what();
    if (record.rejection.empty()) record.rejection = "it failed";
    return record;
  }
}

double measure_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to, Device& device, Scratch& scratch, Threads& threads) {
  const auto current = device.use();
  const auto executable = device.prepare_reorder(dtype, dims, from, to);
  const auto stream = device.make_stream();
  const int64_t elements = checked_product(dims);
  const TensorArg source{scratch.numbers(0, from.place, stored_as(from, dtype), elements, *stream), &dims};
  const TensorArg target{scratch.memory(1, to.place, checked_mul(elements, size_of(stored_as(to, dtype)))), &dims};
  std::byte* workspace = scratch.memory(2, Place::device, executable->workspace_bytes());
  return timed(device, *stream, *executable, threads, [&] { executable->run(nullptr, {{&source, 1}, {&target, 1}, {}, {}, workspace, 0, stream->handle()}, threads); }).us;
}

}  // namespace tenon::core
