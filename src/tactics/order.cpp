#include "kernels/cpu/order.h"

#include <algorithm>
#include <limits>

#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kOrderGrain = 1 << 13;  // elements of one piece, at least
constexpr int64_t kColumns = 64;     // columns of one piece

class ArgReduceExecutable : public Executable {
 public:
  ArgReduceExecutable(const MemoryAxis& axis, cpu::Best best) : axis_(axis), best_(best) {}
  std::string kernel_name() const override { return axis_.inner == 1 ? "arg_reduce:rows" : "arg_reduce:columns"; }

  void run(State*, const Args& args, Threads& threads) const override {
    const float* x = args.in[0].in<float>();
    auto* y = args.out[0].out<int64_t>();
    const int64_t width = std::min(axis_.inner, kColumns), blocks = (axis_.inner + width - 1) / width;
    const int64_t grain = std::max<int64_t>(1, kOrderGrain / (axis_.count * width));
    threads.parallel_ranges(axis_.outer * blocks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % blocks * width, outer = i / blocks;
        const float* from = x + outer * axis_.count * axis_.inner + first;
        if (axis_.inner == 1)
          y[i] = cpu::best_of_row(from, axis_.count, best_);
        else
          cpu::best_of_columns(from, axis_.count, axis_.inner, std::min(width, axis_.inner - first), best_,
                               y + outer * axis_.inner + first);
      }
    });
  }

 private:
  MemoryAxis axis_;
  cpu::Best best_;
};

class TopKExecutable : public Executable {
 public:
  TopKExecutable(const MemoryAxis& axis, int64_t k, bool largest, int64_t lanes)
      : axis_(axis), k_(k), largest_(largest), lanes_(std::min(lanes, axis.outer * axis.inner)) {}
  std::string kernel_name() const override { return "top_k:keys"; }
  bool uses_input(int i) const override { return i == 0; }
  int64_t workspace_bytes() const override {
    return checked_mul(checked_mul(lanes_, axis_.count), static_cast<int64_t>(sizeof(uint64_t)));
  }

  void run(State*, const Args& args, Threads& threads) const override {
    const int64_t total = axis_.outer * axis_.inner;
    threads.parallel(lanes_, [&](int64_t lane) {
      auto* keys = reinterpret_cast<uint64_t*>(args.workspace) + lane * axis_.count;
      for (int64_t i = total * lane / lanes_; i < total * (lane + 1) / lanes_; ++i) {
        const int64_t outer = i / axis_.inner, inner = i % axis_.inner, to = outer * k_ * axis_.inner + inner;
        cpu::top_k(args.in[0].in<float>() + outer * axis_.count * axis_.inner + inner, axis_.count, axis_.inner, k_,
                   largest_, keys, args.out[0].out<float>() + to, args.out[1].out<int64_t>() + to, axis_.inner);
      }
    });
  }

 private:
  MemoryAxis axis_;
  int64_t k_;
  bool largest_;
  int64_t lanes_;
};

/// Where the best elements along an axis are: ArgMax, ArgMin and TopK of f32.
class OrderTactic : public Tactic {
 public:
  std::string_view name() const override { return "order"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* arg = p.node().as<ArgReduce>();
    if (!arg && !p.node().as<TopK>())
      why = "neither ArgMax, ArgMin nor TopK";
    else if (p.input(0).dtype() != DType::f32)
      why = fmt::format("orders f32 only, found {}", to_string(p.input(0).dtype()));
    if (!why.empty() || !plain_tensors(p, why)) return {};
    std::vector<Offer> result{row_major_offer(p, name())};
    const int rank = p.input(0).rank();
    // Without its channels, what is left of a channels-last order is row-major.
    if (arg && rank >= 3 && resolve_axis(arg->axis, rank) == 1) {
      result.push_back(result[0]);
      result[1].in[0] = with_layout(channels_last(rank));
      if (arg->keepdims) result[1].out[0] = with_layout(channels_last(rank));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims& x = cx.shapes.in[0];
    const auto* arg = cx.problem.node().as<ArgReduce>();
    const auto* top = cx.problem.node().as<TopK>();
    if (x.empty() || checked_product(x) == 0 || checked_product(cx.shapes.out[0]) == 0) {
      why = x.empty() ? "a single number" : "an empty tensor";
      return nullptr;
    }
    const int64_t axis = resolve_axis(arg ? arg->axis : top->axis, static_cast<int64_t>(x.size()));
    const MemoryAxis memory = memory_axis(x, cx.offer.in[0].layout, axis);
    if (memory.count > std::numeric_limits<int32_t>::max()) {
      why = "more elements than an index of 32 bits reaches";
      return nullptr;
    }
    if (arg) return std::make_shared<ArgReduceExecutable>(memory, cpu::Best{arg->minimum, arg->select_last_index});
    return std::make_shared<TopKExecutable>(memory, cx.shapes.out[0][static_cast<size_t>(axis)], top->largest,
                                            cx.threads.size());
  }
};

}  // namespace

const Tactic& order_tactic() {
  static const OrderTactic tactic;
  return tactic;
}

}  // namespace tenon::core
