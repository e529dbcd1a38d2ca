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

/// A call's memory, filled with small numbers that no kernel refuses.
class Call {
 public:
  Call(const Problem& p, const NodeShapes& shapes, const Executable& executable, Weights& weights) : shapes_(shapes) {
    in_box_.assign(p.inputs(), nullptr);
    out_box_.assign(p.outputs(), nullptr);
    for (int i = 0; i < p.inputs(); ++i) in_.push_back(argument(p.input(i), shapes_.in[i], executable.uses_input(i), weights));
    for (int i = 0; i < p.outputs(); ++i) out_.push_back(argument(Fact(p.output(i).type), shapes_.out[i], true, weights));
    workspace_ = Tensor(DType::u8, {executable.workspace_bytes()});
    state_ = executable.make_state();
  }
  void run(const Executable& executable, Threads& threads) {
    executable.run(state_.get(), {in_, out_, in_box_, out_box_, workspace_.mutable_bytes().data(), 0}, threads);
  }

 private:
  TensorArg argument(const Fact& fact, const Dims& dims, bool used, Weights& weights) {
    if (!fact.present() || !used) return {nullptr, &dims};
    // Integer inputs are often indices or shapes: a constant's own values are the only safe ones.
    if (fact.constant) {
      memory_.push_back(weights.plain(fact.constant));
      return {const_cast<std::byte*>(memory_.back().bytes().data()), &dims};
    }
    Tensor t(fact.type.dtype, dims);
    if (t.dtype() == DType::f32) {
      float* x = t.mutable_data<float>();
      for (int64_t i = 0; i < t.size(); ++i) x[i] = static_cast<float>((i * 37) % 101) / 101.0f - 0.5f;
    }
    memory_.push_back(t);
    return {memory_.back().mutable_bytes().data(), &dims};
  }
  const NodeShapes& shapes_;
  std::vector<Tensor> memory_;
  std::vector<TensorArg> in_, out_;
  std::vector<const HostValue*> in_box_;
  std::vector<HostValue*> out_box_;
  Tensor workspace_;
  std::unique_ptr<State> state_;
};

CostRecord timed(FunctionRef<void()> run) {
  run();
  std::vector<double> samples;
  double spent = 0;
  while (samples.size() < kLeastSamples || (spent < kBudgetUs && samples.size() < kMostSamples)) {
    flush_caches();
    const auto begin = Clock::now();
    run();
    samples.push_back(elapsed_us(begin));
    spent += samples.back();
    if (spent > 20 * kBudgetUs) break;
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  CostRecord record;
  record.us = samples[samples.size() / 2];
  record.samples = static_cast<int>(samples.size());
  return record;
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

CostRecord measure_here(const Graph& graph, const Measurement& m, const DeviceInfo& device, const TacticOptions& options, Weights& weights, Threads& threads) {
  CostRecord record;
  const Problem problem{graph, m.node, device, options};
  const Tactic* tactic = find_tactic(device.kind, m.offer.tactic);
  try {
    const auto executable = tactic->prepare({problem, m.offer, m.shapes, weights, threads}, record.rejection);
    if (!executable) {
      if (record.rejection.empty()) record.rejection = "it could not be prepared";
      return record;
    }
    Call call(problem, m.shapes, *executable, weights);
    return timed([&] { call.run(*executable, threads); });
  } catch (const std::exception& e) {
    record.rejection = e.what();
    if (record.rejection.empty()) record.rejection = "it failed";
    return record;
  }
}

double measure_reorder(const Dims& dims, int64_t element_size, const Layout& from, const Layout& to, Threads& threads) {
  const int64_t bytes = checked_mul(checked_product(dims), element_size);
  Tensor in(DType::u8, {bytes}), out(DType::u8, {bytes});
  return timed([&] { reorder(in.bytes().data(), out.mutable_bytes().data(), element_size, dims, from, to, threads); }).us;
}

}  // namespace tenon::core
