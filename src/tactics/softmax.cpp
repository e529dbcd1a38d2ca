#include <algorithm>

#include "kernels/cpu/row_kernels.h"
#include "ops/infer_util.h"
#include "ops/normalize.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/narrow_rows.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kSoftmaxGrain = 4096;  // elements of one piece, at least

class SoftmaxExecutable : public Executable {
 public:
  /// `narrow`: x and y are rows that are stored in bf16.
  SoftmaxExecutable(const MemoryAxis& axis, bool log, std::optional<NarrowRows> narrow = {})
      : axis_(axis), log_(log), narrow_(std::move(narrow)) {}
  int64_t workspace_bytes() const override { return narrow_ ? narrow_->workspace_bytes() : 0; }
  std::string kernel_name() const override { return axis_.inner == 1 ? "softmax:rows" : "softmax:columns"; }

  void run(State*, const Args& args, Threads& threads) const override {
    if (axis_.outer * axis_.count * axis_.inner == 0) return;
    const float* x = args.in[0].in<float>();
    float* y = args.out[0].out<float>();
    const cpu::RowKernels& kernels = cpu::row_kernels();
    if (narrow_)
      return narrow_->run(args, threads, [&](int64_t, float* row) { kernels.softmax(row, row, axis_.count, log_); });
    const int64_t width = std::min(axis_.inner, cpu::kColumns), blocks = (axis_.inner + width - 1) / width;
    const int64_t grain = std::max<int64_t>(1, kSoftmaxGrain / (axis_.count * width));
    threads.parallel_ranges(axis_.outer * blocks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % blocks * width, at = i / blocks * axis_.count * axis_.inner + first;
        if (axis_.inner == 1)
          kernels.softmax(x + at, y + at, axis_.count, log_);
        else
          kernels.softmax_columns(x + at, y + at, axis_.count, axis_.inner, std::min(width, axis_.inner - first), log_);
      }
    });
  }

 private:
  MemoryAxis axis_;
  bool log_;
  std::optional<NarrowRows> narrow_;
};

int64_t innermost(const Layout& layout, int rank) { return layout.row_major() ? rank - 1 : layout.order.back(); }

class SoftmaxTactic : public Tactic {
 public:
  std::string_view name() const override { return "softmax"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<Softmax>()) why = "not a softmax";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    std::vector<Offer> result = in_both_layouts(offer, p.input(0).rank());
    if (p.input(0).rank() == 0) return result;
    std::vector<Offer> rows;
    for (const Offer& o : result)
      if (innermost(o.in[0].layout, p.input(0).rank()) == resolve_axis(p.node().as<Softmax>()->axis, p.input(0).rank()))
        rows.push_back(o);
    const size_t plain = rows.size();
    add_narrow_offers(rows, p);
    result.insert(result.end(), rows.begin() + static_cast<std::ptrdiff_t>(plain), rows.end());
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    const Softmax& op = *cx.problem.node().as<Softmax>();
    const Dims& dims = cx.shapes.in[0];
    if (dims.empty()) return std::make_shared<SoftmaxExecutable>(MemoryAxis{}, op.log);
    const int64_t axis = resolve_axis(op.axis, static_cast<int64_t>(dims.size()));
    const MemoryAxis rows = memory_axis(dims, cx.offer.in[0].layout, axis);
    std::optional<NarrowRows> narrow;
    if (cx.offer.in[0].storage == DType::bf16) narrow.emplace(rows.outer, rows.count, cx.threads.size());
    return std::make_shared<SoftmaxExecutable>(rows, op.log, std::move(narrow));
  }
};

}  // namespace

const Tactic& softmax_tactic() {
  static const SoftmaxTactic tactic;
  return tactic;
}

}  // namespace tenon::core
