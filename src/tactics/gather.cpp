#include <algorithm>
#include <cstring>

#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kGatherGrain = 1 << 14;  // bytes of one piece, at least

class GatherExecutable : public Executable {
 public:
  GatherExecutable(int64_t axis, const MemoryAxis& x, int64_t indices, int64_t element, DType index_type)
      : axis_(axis), x_(x), indices_(indices), row_(x.inner * element), wide_(index_type == DType::i64) {}
  std::string kernel_name() const override { return "gather:rows"; }

  void run(State*, const Args& args, Threads& threads) const override {
    const std::byte* from = args.in[0].data;
    std::byte* to = args.out[0].data;
    const int64_t grain = std::max<int64_t>(1, kGatherGrain / std::max<int64_t>(1, row_));
    threads.parallel_ranges(x_.outer * indices_, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = checked_index(index(args.in[1], i % indices_), axis_, x_.count);
        if (row_ == 4)
          std::memcpy(to + i * 4, from + (i / indices_ * x_.count + at) * 4, 4);
        else
          std::memcpy(to + i * row_, from + (i / indices_ * x_.count + at) * row_, static_cast<size_t>(row_));
      }
    });
  }

 private:
  int64_t index(const TensorArg& arg, int64_t i) const { return wide_ ? arg.in<int64_t>()[i] : arg.in<int32_t>()[i]; }
  int64_t axis_;
  MemoryAxis x_;
  int64_t indices_, row_;
  bool wide_;
};

class GatherTactic : public Tactic {
 public:
  std::string_view name() const override { return "gather"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<Gather>()) why = "not a gather";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    return {row_major_offer(p, name())};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    const Dims &x = cx.shapes.in[0], &indices = cx.shapes.in[1];
    const int64_t axis = resolve_axis(cx.problem.node().as<Gather>()->axis, static_cast<int64_t>(x.size()));
    return std::make_shared<GatherExecutable>(axis, memory_axis(x, {}, axis), checked_product(indices),
                                              size_of(cx.problem.input(0).dtype()), cx.problem.input(1).dtype());
  }
};

}  // namespace

const Tactic& gather_tactic() {
  static const GatherTactic tactic;
  return tactic;
}

}  // namespace tenon::core
