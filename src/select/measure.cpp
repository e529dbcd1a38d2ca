#include "select/measure.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kLeastSamples = 5, kMostSamples = 25;
constexpr double kBudgetUs = 20'000;
constexpr size_t kFlushBytes = size_t{4} << 20;

double elapsed_us(Clock::time_point begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

/// Pushes weights out of the inner caches: in a network another layer's came in between.
void flush_caches() {
  static std::vector<char> junk(kFlushBytes);
  volatile char* p = junk.data();
  for (size_t i = 0; i < kFlushBytes; i += 64) p[i] = static_cast<char>(p[i] + 1);
}

/// Memory of one place for the length of a measurement.
class Buffer {
 public:
  Buffer(Device& device, int64_t bytes, Place place) : device_(device), place_(place), data_(device.allocate(bytes, place)) {}
  ~Buffer() { device_.release(data_, place_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* data() const { return data_; }

 private:
  Device& device_;
  Place place_;
  std::byte* data_;
};

/// Small numbers of both signs, as a float type stores them; other types stay zero. They repeat after 101 elements.
Tensor example(DType stored, int64_t count) {
  std::vector<float> x(static_cast<size_t>(is_float(stored) ? count : 0));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37) % 101) / 101.0f - 0.5f;
  return is_float(stored) ? from_floats(stored, {count}, x) : Tensor(stored, {count});
}

/// A call's memory, filled with small numbers that no kernel refuses.
class Call {
 public:
  Call(const Problem& p, const Offer& offer, const NodeShapes& shapes, const Executable& executable, Weights& weights, Device& device)
      : device_(device), stream_(device.make_stream()), shapes_(shapes), executable_(executable) {
    in_box_.assign(p.inputs(), nullptr);
    out_box_.assign(p.outputs(), nullptr);
    for (int i = 0; i < p.inputs(); ++i) in_.push_back(argument(p.input(i), offer.in[i], shapes_.in[i], executable.uses_input(i), weights));
    for (int i = 0; i < p.outputs(); ++i) out_.push_back(argument(Fact(p.output(i).type), offer.out[i], shapes_.out[i], true, weights));
    if (executable.workspace_bytes() > 0) workspace_ = take(executable.workspace_bytes(), !device.is_host() && executable.on_host() ? Place::host : Place::device);
    state_ = executable.make_state();
    stream_->wait();
  }
  void run(Threads& threads) { executable_.run(state_.get(), {in_, out_, in_box_, out_box_, workspace_, 0, stream_->handle()}, threads); }
  Stream& stream() { return *stream_; }

 private:
  std::byte* take(int64_t bytes, Place place) {
    memory_.push_back(std::make_unique<Buffer>(device_, std::max<int64_t>(bytes, 1), place));
    return memory_.back()->data();
  }
  TensorArg argument(const Fact& fact, const Format& format, const Dims& dims, bool used, Weights& weights) {
    if (!fact.present() || !used || fact.type.boxed()) return {nullptr, &dims};
    // Integer inputs are often indices or shapes: a constant's own values are the only safe ones.
    const bool own_values = fact.constant && format.storage == DType::none;
    const DType stored = stored_as(format, fact.type.dtype);
    const int64_t count = checked_product(dims);
    std::byte* data = nullptr;
    if (own_values) {
      const Tensor values = weights.plain(fact.constant);
      data = take(values.byte_size(), format.place);
      stream_->copy(data, format.place, values.bytes().data(), Place::host, values.byte_size());
      stream_->wait();
    } else {
      data = take(checked_mul(count, size_of(stored)), format.place);
      fill(data, format.place, stored, count);
    }
    return {data, &dims};
  }
  // A short piece is written and then copied behind itself, at the speed of the memory it lies in.
  void fill(std::byte* data, Place place, DType stored, int64_t count) {
    const int64_t piece = std::min<int64_t>(count, 101 * 256), bytes = checked_mul(count, size_of(stored));
    const Tensor values = example(stored, piece);
    stream_->copy(data, place, values.bytes().data(), Place::host, values.byte_size());
    stream_->wait();
    for (int64_t filled = values.byte_size(); filled < bytes; filled *= 2) stream_->copy(data + filled, place, data, place, std::min(filled, bytes - filled));
  }
  Device& device_;
  std::unique_ptr<Stream> stream_;
  const NodeShapes& shapes_;
  const Executable& executable_;
  std::vector<std::unique_ptr<Buffer>> memory_;
  std::vector<TensorArg> in_, out_;
  std::vector<const HostValue*> in_box_;
  std::vector<HostValue*> out_box_;
  std::byte* workspace_ = nullptr;
  std::unique_ptr<State> state_;
};

/// The median of samples taken until there are enough.
CostRecord median_of(FunctionRef<double()> sample) {
  std::vector<double> samples;
  double spent = 0;
  while (samples.size() < kLeastSamples || (spent < kBudgetUs && samples.size() < kMostSamples)) {
    samples.push_back(sample());
    spent += samples.back();
    if (spent > 20 * kBudgetUs) break;
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  CostRecord record;
  record.us = samples[samples.size() / 2];
  record.samples = static_cast<int>(samples.size());
  return record;
}

CostRecord timed_on_host(FunctionRef<void()> run) {
  run();
  return median_of([&] {
    flush_caches();
    const auto begin = Clock::now();
    run();
    return elapsed_us(begin);
  });
}

/// On a device with a queue: several runs recorded as one, so that launching costs nothing, as in a captured network.
CostRecord timed_on_device(Stream& stream, FunctionRef<void()> run) {
  constexpr int kRepeats = 8;
  run();
  stream.wait();
  stream.begin_capture();
  std::shared_ptr<Recording> recording;
  try {
    for (int i = 0; i < kRepeats; ++i) run();
  } catch (...) {
    stream.end_capture();
    throw;
  }
  recording = stream.end_capture();
  const auto once = [&] {
    stream.clear_marks();
    stream.mark();
    if (recording) stream.launch(*recording);
    else for (int i = 0; i < kRepeats; ++i) run();
    stream.mark();
    stream.wait();
    return stream.elapsed_us(0, 1) / kRepeats;
  };
  once();
  return median_of(once);
}

CostRecord timed(Device& device, Stream& stream, const Executable& executable, FunctionRef<void()> run) {
  if (device.is_host()) return timed_on_host(run);
  if (!executable.on_host()) return timed_on_device(stream, run);
  return timed_on_host([&] {
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
  return h.finish();
}

CostRecord measure_here(const Graph& graph, const Measurement& m, Device& device, const TacticOptions& options, Weights& weights, Threads& threads) {
  CostRecord record;
  const Problem problem{graph, m.node, device.info(), options};
  const Tactic* tactic = find_tactic(device.info().kind, m.offer.tactic);
  try {
    const auto executable = tactic->prepare({problem, m.offer, m.shapes, weights, threads}, record.rejection);
    if (!executable) {
      if (record.rejection.empty()) record.rejection = "it could not be prepared";
      return record;
    }
    Call call(problem, m.offer, m.shapes, *executable, weights, device);
    return timed(device, call.stream(), *executable, [&] { call.run(threads); });
  } catch (const std::exception& e) {
    record.rejection = e.what();
    if (record.rejection.empty()) record.rejection = "it failed";
    return record;
  }
}

double measure_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to, Device& device, Threads& threads) {
  const auto executable = device.prepare_reorder(dtype, dims, from, to);
  const auto stream = device.make_stream();
  const int64_t elements = checked_product(dims);
  const auto bytes = [&](const Format& f) { return std::max<int64_t>(1, checked_mul(elements, size_of(stored_as(f, dtype)))); };
  const Buffer in(device, bytes(from), from.place), out(device, bytes(to), to.place);
  const Buffer workspace(device, std::max<int64_t>(1, executable->workspace_bytes()), Place::device);
  const TensorArg source{in.data(), &dims}, target{out.data(), &dims};
  return timed(device, *stream, *executable, [&] { executable->run(nullptr, {{&source, 1}, {&target, 1}, {}, {}, workspace.data(), 0, stream->handle()}, threads); }).us;
}

}  // namespace tenon::core
