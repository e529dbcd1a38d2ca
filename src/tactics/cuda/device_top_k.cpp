#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText top_k_text(DType in, DType out, bool largest) {
  return {kernel_text_top_k,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DSMALLEST={}", !largest)}};
}

namespace {

constexpr int64_t kSize = 2048, kThreads = 256;  // SIZE and THREADS of the kernel
constexpr int64_t kMostSelected = kSize / 2;

/// TopKArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void *values = nullptr, *indices = nullptr, *keys = nullptr;
  uint32_t lines = 0, count = 0, inner = 0, k = 0, splits = 1, piece = 0, padded = 0, size = 0, stride = 0;
};

class TopKExecutable : public DeviceExecutable {
 public:
  TopKExecutable(const MemoryAxis& m, int64_t k, const Module& module, int64_t key_bytes, int multiprocessors)
      : key_bytes_(key_bytes), sorts_all_(k > kMostSelected) {
    Parameters& p = parameters_;
    p.lines = static_cast<uint32_t>(m.outer * m.inner);
    p.count = p.piece = static_cast<uint32_t>(m.count);
    p.inner = static_cast<uint32_t>(m.inner);
    p.k = static_cast<uint32_t>(k);
    if (sorts_all_) {
      p.padded = static_cast<uint32_t>(kSize);
      while (p.padded < p.count) p.padded *= 2;
      chunks_ = module.kernel("chunks");
      step_ = module.kernel("step");
      rest_ = module.kernel("rest");
      take_ = module.kernel("take");
      return;
    }
    const int64_t wanted = (2 * multiprocessors + p.lines - 1) / p.lines;
    p.splits = static_cast<uint32_t>(std::max<int64_t>(1, std::min(wanted, m.count / (2 * kSize))));
    p.piece = (p.count + p.splits - 1) / p.splits;
    p.splits = (p.count + p.piece - 1) / p.piece;
    select_ = module.kernel("choose");
    if (p.splits > 1) merge_ = module.kernel("merge");
  }
  std::string kernel_name() const override {
    return sorts_all_ ? "top_k:sort" : merge_ ? "top_k:split" : "top_k:select";
  }
  bool uses_input(int i) const override { return i == 0; }
  int64_t workspace_bytes() const override {
    const int64_t of_line = sorts_all_ ? parameters_.padded : merge_ ? int64_t{parameters_.splits} * parameters_.k : 0;
    return checked_mul(checked_mul(of_line, parameters_.lines), key_bytes_);
  }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Parameters p = parameters_;
    p.x = args.in[0].data;
    p.values = args.out[0].data;
    p.indices = args.out[1].data;
    p.keys = args.workspace;
    const auto run = [&](const Kernel& kernel, int64_t blocks) {
      Launch how = launch_over(blocks * kThreads, kThreads);
      how.stream = stream;
      kernel(how, p);
    };
    if (!sorts_all_) {
      run(select_, int64_t{p.lines} * p.splits);
      if (merge_) run(merge_, p.lines);
      return;
    }
    const int64_t chunks = int64_t{p.lines} * (p.padded / kSize);
    run(chunks_, chunks);
    for (p.size = 2 * kSize; p.size <= p.padded; p.size *= 2) {
      for (p.stride = p.size / 2; p.stride >= kSize; p.stride /= 2)
        run(step_, int64_t{p.lines} * (p.padded / (2 * kThreads)));
      run(rest_, chunks);
    }
    run(take_, (int64_t{p.lines} * p.k + kThreads - 1) / kThreads);
  }

 private:
  Parameters parameters_;
  int64_t key_bytes_;
  bool sorts_all_;
  Kernel select_, merge_, chunks_, step_, rest_, take_;
};

/// TopK along any axis: k up to 1024 by selection, any other by sorting.
class DeviceTopK : public Tactic {
 public:
  std::string_view name() const override { return "device_top_k"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<TopK>()) why = "not a TopK";
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 0, why)) return {};
    return in_precisions_and_across({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const TopK& op = *cx.problem.node().as<TopK>();
    const Dims& x = cx.shapes.in[0];
    const int64_t count = checked_product(cx.shapes.out[0]);
    if (x.empty() || checked_product(x) == 0 || count == 0) why = x.empty() ? "a single number" : "an empty tensor";
    const int64_t axis = x.empty() ? 0 : resolve_axis(op.axis, static_cast<int64_t>(x.size()));
    if (checked_product(x) > kMostItems / 2) why = "more than 2^30 elements";
    if (!why.empty()) return nullptr;
    const DType dtype = cx.problem.input(0).dtype(), stored = stored_as(cx.offer.in[0], dtype);
    const Module& module =
        compiled(top_k_text(stored, stored_as(cx.offer.out[0], dtype), op.largest), cx.problem.device.compute);
    return std::make_shared<TopKExecutable>(memory_axis(x, {}, axis), cx.shapes.out[0][static_cast<size_t>(axis)],
                                            module, size_of(stored) == 8 ? 16 : 8,
                                            std::max(cx.problem.device.multiprocessors, 1));
  }
};

}  // namespace

const Tactic& device_top_k_tactic() {
  static const DeviceTopK tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
