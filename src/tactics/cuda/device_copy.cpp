#include <algorithm>
#include <optional>

#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/moves.h"
#include "tactics/support.h"

namespace tenon::core::cuda {
namespace {

class CopyExecutable : public DeviceExecutable {
 public:
  CopyExecutable(std::vector<Move> moves, const PrepareContext& cx) : moves_(std::move(moves)) {
    const DType dtype = cx.problem.output(0).dtype();
    for (const Move& m : moves_) {
      const DType to = stored_as(cx.offer.out[static_cast<size_t>(m.out)], dtype);
      if (m.in < 0) {
        kernels_.emplace_back();
        zero_bytes_.push_back(checked_product(m.dims) * size_of(to));
        continue;
      }
      const DType from = stored_as(cx.offer.in[static_cast<size_t>(m.in)], dtype);
      kernels_.emplace_back(BoxKernel(from, to, m.dims, m.from_strides, m.to_strides, cx.problem.device.compute));
      zero_bytes_.push_back(0);
    }
  }
  std::string kernel_name() const override {
    return "copy:" + (kernels_.empty() || !kernels_.back() ? "nothing" : kernels_.back()->name());
  }
  bool uses_input(int i) const override {
    return std::any_of(moves_.begin(), moves_.end(), [i](const Move& m) { return m.in == i; });
  }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    for (size_t i = 0; i < moves_.size(); ++i) {
      const Move& m = moves_[i];
      std::byte* to = args.out[static_cast<size_t>(m.out)].data + m.to_offset;
      if (kernels_[i])
        kernels_[i]->launch(args.in[static_cast<size_t>(m.in)].data + m.from_offset, to, stream);
      else if (zero_bytes_[i] > 0)
        check(cudaMemsetAsync(to, 0, static_cast<size_t>(zero_bytes_[i]), stream), "zeros around a padded value");
    }
  }

 private:
  std::vector<Move> moves_;
  std::vector<std::optional<BoxKernel>> kernels_;  // none: zeros
  std::vector<int64_t> zero_bytes_;
};

/// Ops that only move elements: transposes, slices, concatenations, paddings, repetitions.
class DeviceCopy : public Tactic {
 public:
  std::string_view name() const override { return "device_copy"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!is_made_of_moves(p, why) || !plain_tensors(p, why)) return {};
    if (size_of(p.output(0).dtype()) == 0) {
      why = fmt::format("elements of {} have no size", to_string(p.output(0).dtype()));
      return {};
    }
    return in_precisions_and_across(move_offers(p, name()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    auto moves = moves_of(cx, why);
    return moves ? std::make_shared<CopyExecutable>(std::move(*moves), cx) : nullptr;
  }
};

}  // namespace

const Tactic& device_copy_tactic() {
  static const DeviceCopy tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
