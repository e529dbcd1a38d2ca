#include <algorithm>

#include "kernels/cpu/box_copy.h"
#include "tactics/all.h"
#include "tactics/moves.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

class CopyExecutable : public Executable {
 public:
  CopyExecutable(std::vector<Move> moves, int64_t element) : moves_(std::move(moves)) {
    for (const Move& m : moves_) copies_.emplace_back(element, m.dims, m.from_strides, m.to_strides);
  }
  std::string kernel_name() const override { return "copy"; }
  bool uses_input(int i) const override {
    return std::any_of(moves_.begin(), moves_.end(), [i](const Move& m) { return m.in == i; });
  }
  void run(State*, const Args& args, Threads& threads) const override {
    static const std::byte zeros[16] = {};
    for (size_t i = 0; i < moves_.size(); ++i) {
      const Move& m = moves_[i];
      const std::byte* from = m.in < 0 ? zeros : args.in[static_cast<size_t>(m.in)].data + m.from_offset;
      copies_[i].run(from, args.out[static_cast<size_t>(m.out)].data + m.to_offset, threads);
    }
  }

 private:
  std::vector<Move> moves_;
  std::vector<cpu::BoxCopy> copies_;
};

/// Ops that only move elements: transposes, slices, concatenations, paddings, repetitions.
class Copy : public Tactic {
 public:
  std::string_view name() const override { return "copy"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!is_made_of_moves(p, why) || !plain_tensors(p, why)) return {};
    return move_offers(p, name());
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    auto moves = moves_of(cx, why);
    if (!moves) return nullptr;
    return std::make_shared<CopyExecutable>(std::move(*moves), size_of(cx.problem.output(0).dtype()));
  }
};

}  // namespace

const Tactic& copy_tactic() {
  static const Copy tactic;
  return tactic;
}

}  // namespace tenon::core
