#include "fixture.h"

#include <cuda_runtime_api.h>

#include <cmath>

#include "base/error.h"
#include "base/side_by_side.h"
#include "cuda/check.h"
#include "cuda/compile.h"
#include "plan/knobs.h"
#include "tactics/reorder.h"

namespace tenon::core::cuda {
namespace {

constexpr int64_t kFence = 256;
constexpr uint8_t kFenceByte = 0xa5;

Threads& team() {
  static Threads threads(2);
  return threads;
}

/// Device memory of one argument between two fences of known bytes.
class Memory {
 public:
  explicit Memory(int64_t bytes) : bytes_(bytes) {
    check(cudaMalloc(&data_, static_cast<size_t>(bytes + 2 * kFence)), "{} bytes", bytes);
    check(cudaMemset(data_, kFenceByte, static_cast<size_t>(bytes + 2 * kFence)), "fences");
  }
  Memory(Memory&& other) noexcept : bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
  ~Memory() { cudaFree(data_); }
  std::byte* data() const { return static_cast<std::byte*>(data_) + kFence; }
  void put(const void* from) { check(cudaMemcpy(data(), from, static_cast<size_t>(bytes_), cudaMemcpyHostToDevice), "copying in"); }
  void get(void* to) const { check(cudaMemcpy(to, data(), static_cast<size_t>(bytes_), cudaMemcpyDeviceToHost), "copying out"); }
  bool fences_are_whole() const {
    std::vector<uint8_t> all(static_cast<size_t>(bytes_ + 2 * kFence));
    check(cudaMemcpy(all.data(), data_, all.size(), cudaMemcpyDeviceToHost), "reading fences");
    for (int64_t i = 0; i < kFence; ++i)
      if (all[static_cast<size_t>(i)] != kFenceByte || all[all.size() - 1 - static_cast<size_t>(i)] != kFenceByte) return false;
    return true;
  }

 private:
  int64_t bytes_;
  void* data_ = nullptr;
};

class Trial {
 public:
  Trial(const TacticCase& test, Tolerance tolerance) : test_(test), tolerance_(tolerance), node_(test, team()), device_(gpu_info()) {
    for (size_t i = 0; i < node_.expected.size(); ++i)
      node_.graph.add_output("y" + std::to_string(i), {node_.node, static_cast<int32_t>(i)});
  }

  std::vector<std::string> run(const std::vector<const Tactic*>& tactics) {
    const Problem problem{node_.graph, node_.node, device_, test_.options};
    std::vector<Candidate> candidates;
    for (const Tactic* tactic : tactics) {
      std::string why;
      const std::vector<Offer> offers = tactic->offers(problem, why);
      if (offers.empty()) {
        EXPECT_NE(why, "") << tactic->name() << " gives no reason";
      }
      for (const Offer& offer : offers) candidates.push_back({tactic, offer, nullptr, {}});
    }
    const NodeShapes& shapes = node_.shapes;
    side_by_side(static_cast<int64_t>(candidates.size()), usable_cores(), [&](int64_t i) {
      Candidate& c = candidates[static_cast<size_t>(i)];
      c.executable = c.tactic->prepare({problem, c.offer, shapes, weights_, team()}, c.why);
    });
    std::vector<std::string> ran;
    for (const Candidate& c : candidates) {
      SCOPED_TRACE(describe(*test_.op) + " by " + c.offer.str());
      if (!run(c, shapes)) continue;
      check_knobs(problem, c, shapes);
      ran.push_back(c.offer.tactic + " " + c.executable->kernel_name() + " " + c.offer.str());
    }
    return ran;
  }

 private:
  struct Candidate {
    const Tactic* tactic;
    Offer offer;
    std::shared_ptr<const Executable> executable;
    std::string why;
  };

  void check_knobs(const Problem& problem, const Candidate& c, const NodeShapes& shapes) {
    const auto* numbered = dynamic_cast<const Numbered*>(c.executable.get());
    if (!numbered) return;
    ++knob_counts().numbered;
    Config knobs = numbered->knobs();
    if (knobs.empty()) return;
    ++knob_counts().with_knobs;
    Offer kept = c.offer;
    kept.config.merge(knobs);
    std::string why;
    const auto again = c.tactic->prepare({problem, kept, shapes, weights_, team()}, why);
    ASSERT_TRUE(again) << kept.str() << ": " << why;
    EXPECT_EQ(again->kernel_name(), c.executable->kernel_name());
    EXPECT_EQ(again->workspace_bytes(), c.executable->workspace_bytes());
    execute(*again, kept, shapes, false);
  }

  bool run(const Candidate& c, const NodeShapes& shapes) {
    EXPECT_EQ(c.offer.in.size(), test_.inputs.size());
    EXPECT_EQ(c.offer.out.size(), node_.expected.size());
    if (!c.executable) {
      EXPECT_NE(c.why, "") << "a refusal needs a reason";
      return false;
    }
    if (c.offer.share == Share::view) return true;
    execute(*c.executable, c.offer, shapes, false);
    if (c.offer.share == Share::in_place) execute(*c.executable, c.offer, shapes, true);
    return true;
  }

  void execute(const Executable& executable, const Offer& offer, const NodeShapes& shapes, bool in_place) {
    std::vector<Memory> in, out;
    std::vector<TensorArg> in_args, out_args;
    for (size_t i = 0; i < test_.inputs.size(); ++i) {
      const auto* tensor = std::get_if<Tensor>(&test_.inputs[i]);
      in.emplace_back(tensor ? tensor->size() * size_of(stored_as(offer.in[i], tensor->dtype())) : 0);
      const bool read = tensor && executable.uses_input(static_cast<int>(i));
      if (read) in.back().put(stored_in(offer.in[i], *tensor, team()).bytes().data());
      in_args.push_back({read ? in.back().data() : nullptr, &shapes.in[i]});
    }
    for (size_t i = 0; i < node_.expected.size(); ++i) {
      const auto* tensor = std::get_if<Tensor>(&node_.expected[i]);
      out.emplace_back(tensor ? tensor->size() * size_of(stored_as(offer.out[i], tensor->dtype())) : 0);
      out_args.push_back({tensor ? out.back().data() : nullptr, &shapes.out[i]});
    }
    if (in_place) out_args[0].data = in_args[static_cast<size_t>(offer.shared_input)].data;
    Memory workspace(executable.workspace_bytes());
    const std::vector<const HostValue*> no_in(in.size(), nullptr);
    const std::vector<HostValue*> no_out(out.size(), nullptr);
    Args args{in_args, out_args, no_in, no_out, workspace.data(), 0};
    const auto state = executable.make_state();
    for (int repeat = 0; repeat < (in_place ? 1 : 2); ++repeat) executable.run(state.get(), args, team());
    check(cudaDeviceSynchronize(), "running");
    for (const Memory& m : out) EXPECT_TRUE(m.fences_are_whole()) << "wrote outside an output";
    for (const Memory& m : in) EXPECT_TRUE(m.fences_are_whole()) << "wrote outside an input";
    EXPECT_TRUE(workspace.fences_are_whole()) << "wrote outside the workspace";
    for (size_t i = 0; i < node_.expected.size(); ++i)
      compare(i, in_place && i == 0 ? in[static_cast<size_t>(offer.shared_input)] : out[i], offer);
  }

  /// Rounding of the narrowest storage that the offer has, on top of what the caller allows.
  Tolerance tolerance_of(const Offer& offer) const {
    Tolerance t = tolerance_;
    for (const std::vector<Format>* formats : {&offer.in, &offer.out})
      for (const Format& f : *formats) {
        const double unit = f.storage == DType::bf16 ? 0x1p-7 : f.storage == DType::f16 ? 0x1p-10 : 0;
        t.absolute = std::max(t.absolute, 8 * unit);
        t.relative = std::max(t.relative, 4 * unit);
      }
    return t;
  }

  void compare(size_t i, const Memory& memory, const Offer& offer) {
    const auto* expected = std::get_if<Tensor>(&node_.expected[i]);
    if (!expected) return;
    Tensor raw(stored_as(offer.out[i], expected->dtype()), expected->dims());
    memory.get(raw.mutable_bytes().data());
    expect_output(i, *expected, raw.bytes().data(), offer.out[i], tolerance_of(offer), team());
  }

  const TacticCase& test_;
  Tolerance tolerance_;
  TestNode node_;
  DeviceInfo device_;
  TestWeights weights_;
};

}  // namespace

KnobCounts& knob_counts() {
  static KnobCounts counts;
  return counts;
}

std::string why_no_gpu() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error != cudaSuccess) return cudaGetErrorString(error);
  return count == 0 ? "no GPU" : "";
}

DeviceInfo gpu_info() {
  DeviceInfo info;
  cudaDeviceProp properties{};
  int device = 0;
  check(cudaGetDevice(&device), "the current device");
  check(cudaGetDeviceProperties(&properties, device), "the properties of the device");
  info.kind = "cuda";
  info.name = properties.name;
  info.compute = 10 * properties.major + properties.minor;
  info.features = "sm_" + std::to_string(info.compute);
  info.multiprocessors = properties.multiProcessorCount;
  info.memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
  return info;
}

std::vector<std::string> check_on_gpu(const std::vector<const Tactic*>& tactics, const TacticCase& test, Tolerance tolerance) {
  return Trial(test, tolerance).run(tactics);
}

void expect_on_gpu(const std::vector<const Tactic*>& tactics, std::string_view tactic, const TacticCase& test, Tolerance tolerance) {
  expect_ran(check_on_gpu(tactics, test, tolerance), tactic, test);
}

}  // namespace tenon::core::cuda
