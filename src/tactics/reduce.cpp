#include "kernels/cpu/reduce.h"

#include <algorithm>

#include "ops/conv.h"
#include "ops/reduce.h"
#include "tactics/all.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

struct FoldKind {
  cpu::Fold fold;
  cpu::ReduceSpec::Finish finish;
  bool log_sum_exp = false;
};

FoldKind kind_of(ReduceKind kind) {
  using Fold = cpu::Fold;
  using Finish = cpu::ReduceSpec::Finish;
  switch (kind) {
    case ReduceKind::sum:
      return FoldKind{Fold::sum, Finish::none};
    case ReduceKind::mean:
      return FoldKind{Fold::sum, Finish::mean};
    case ReduceKind::max:
      return FoldKind{Fold::max, Finish::none};
    case ReduceKind::min:
      return FoldKind{Fold::min, Finish::none};
    case ReduceKind::prod:
      return FoldKind{Fold::product, Finish::none};
    case ReduceKind::sum_square:
      return FoldKind{Fold::sum_squares, Finish::none};
    case ReduceKind::l1:
      return FoldKind{Fold::sum_abs, Finish::none};
    case ReduceKind::l2:
      return FoldKind{Fold::sum_squares, Finish::square_root};
    case ReduceKind::log_sum:
      return FoldKind{Fold::sum, Finish::logarithm};
    case ReduceKind::log_sum_exp:
      return FoldKind{Fold::sum, Finish::none, true};
  }
  return {};
}

/// What a Reduce node or a global pooling folds; nothing, with a sentence, for others.
struct Folding {
  FoldKind kind;
  std::vector<int64_t> axes;
  bool keeps_rank;
};
std::optional<Folding> folding_of(const Problem& p, std::string& why) {
  const int rank = p.input(0).rank();
  if (const Reduce* op = p.node().as<Reduce>()) {
    const auto axes = op->axes(rank, p.input(1));
    if (axes) return Folding{kind_of(op->kind), *axes, op->keepdims};
    why = "the axes are known only at run time";
    return {};
  }
  const Pool* pool = p.node().as<Pool>();
  if (!pool || !pool->global || pool->kind == PoolKind::lp || pool->with_indices) {
    why = "neither a reduction nor a global pooling";
    return {};
  }
  std::vector<int64_t> axes;
  for (int axis = 2; axis < rank; ++axis) axes.push_back(axis);
  return Folding{kind_of(pool->kind == PoolKind::max ? ReduceKind::max : ReduceKind::mean), axes, true};
}

class ReduceExecutable : public Executable {
 public:
  explicit ReduceExecutable(const cpu::ReduceSpec& spec) : reduction_(spec) {}
  std::string kernel_name() const override { return reduction_.folds_rows() ? "reduce:rows" : "reduce:columns"; }
  bool uses_input(int i) const override { return i == 0; }
  void run(State*, const Args& args, Threads& threads) const override {
    reduction_.run(args.in[0].in<float>(), args.out[0].out<float>(), threads);
  }

 private:
  cpu::Reduction reduction_;
};

/// Reductions of f32 in any layout, and global poolings.
class ReduceTactic : public Tactic {
 public:
  std::string_view name() const override { return "reduce"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!plain_tensors(p, why)) return {};
    if (p.output(0).dtype() != DType::f32 || p.input(0).dtype() != DType::f32) {
      why = "reduces f32 only";
      return {};
    }
    const auto folding = folding_of(p, why);
    if (!folding) return {};
    const int rank = p.input(0).rank();
    std::vector<Offer> result{row_major_offer(p, name())};
    // Without the reduced axes, what is left of a channels-last order is row-major when at most one axis is left behind
    // the samples.
    const bool last_is_plain = !folding->keeps_rank && rank >= 3 && reduces_all_spatial(*folding, rank);
    if (rank >= 3 && (folding->keeps_rank || last_is_plain)) {
      result.push_back(result[0]);
      result[1].in[0] = with_layout(channels_last(rank));
      if (folding->keeps_rank) result[1].out[0] = with_layout(channels_last(rank));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto folding = folding_of(cx.problem, why);
    if (!folding) return nullptr;
    const Dims& x = cx.shapes.in[0];
    const Layout& layout = cx.offer.in[0].layout;
    cpu::ReduceSpec spec;
    spec.fold = folding->kind.fold;
    spec.finish = folding->kind.finish;
    spec.log_sum_exp = folding->kind.log_sum_exp;
    for (size_t i = 0; i < x.size(); ++i) {
      const auto axis = layout.row_major() ? static_cast<int64_t>(i) : layout.order[i];
      const bool reduced = std::find(folding->axes.begin(), folding->axes.end(), axis) != folding->axes.end();
      spec.loops.push_back({x[static_cast<size_t>(axis)], reduced});
    }
    return std::make_shared<ReduceExecutable>(spec);
  }

 private:
  static bool reduces_all_spatial(const Folding& f, int rank) {
    for (int64_t axis = 2; axis < rank; ++axis)
      if (std::find(f.axes.begin(), f.axes.end(), axis) == f.axes.end()) return false;
    return true;
  }
};

}  // namespace

const Tactic& reduce_tactic() {
  static const ReduceTactic tactic;
  return tactic;
}

}  // namespace tenon::core
