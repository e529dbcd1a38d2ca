#include "kernels/cpu/attention.h"

#include <cmath>

#include "ops/attention.h"
#include "tactics/all.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

enum Input { kQuery, kKey, kValue, kMask, kLengths, kOffset, kSink };

/// Memory order [batch, rows, heads, columns]: what a projection writes before its heads are split off.
Layout heads_inside() { return Layout{{0, 2, 1, 3}}; }

cpu::HeadStrides head_strides(const Dims& dims, const Layout& layout) {
  const Dims s = strides_of(layout, dims);
  return {s[0], s[1], s[2]};
}

/// Strides of a mask of up to four axes; 0 where it is broadcast.
cpu::HeadStrides mask_strides(const Dims& mask) {
  Dims dims(4 - mask.size(), 1);
  dims.insert(dims.end(), mask.begin(), mask.end());
  const Dims s = strides_of({}, dims);
  return {dims[0] == 1 ? 0 : s[0], dims[1] == 1 ? 0 : s[1], dims[2] == 1 ? 0 : s[2]};
}

class AttentionExecutable : public Executable {
 public:
  AttentionExecutable(const cpu::AttentionShape& shape, const PrepareContext& cx) : kernel_(shape, cx.threads.size()) {
    has_lengths_ = cx.problem.input(kLengths).present();
    has_offsets_ = cx.problem.input(kOffset).present();
    one_offset_ = has_offsets_ && cx.shapes.in[kOffset] == Dims{1};
    if (!cx.problem.input(kMask).present()) return;
    bool_mask_ = cx.problem.input(kMask).dtype() == DType::boolean;
    has_mask_ = true;
    strides_ = mask_strides(cx.shapes.in[kMask]);
    columns_ = cx.shapes.in[kMask].back();
  }
  std::string kernel_name() const override { return "attention:blocks"; }
  int64_t workspace_bytes() const override { return kernel_.workspace_bytes(); }

  void run(State*, const Args& args, Threads& threads) const override {
    cpu::AttentionInputs in{args.in[kQuery].in<float>(),
                            args.in[kKey].in<float>(),
                            args.in[kValue].in<float>(),
                            {},
                            nullptr,
                            nullptr,
                            one_offset_};
    if (has_mask_) {
      if (bool_mask_)
        in.mask.shown = args.in[kMask].in<bool>();
      else
        in.mask.added = args.in[kMask].in<float>();
      in.mask.strides = strides_;
      in.mask.columns = columns_;
    }
    if (has_lengths_) in.lengths = args.in[kLengths].in<int64_t>();
    if (has_offsets_) in.offsets = args.in[kOffset].in<int64_t>();
    kernel_.run(in, args.out[0].out<float>(), args.workspace, threads);
  }

 private:
  cpu::AttentionKernel kernel_;
  bool has_mask_ = false, bool_mask_ = false, has_lengths_ = false, has_offsets_ = false, one_offset_ = false;
  cpu::HeadStrides strides_;
  int64_t columns_ = 0;
};

/// Attention in f32, with its heads apart (row-major) or inside the rows, as projections leave them.
class AttentionTactic : public Tactic {
 public:
  std::string_view name() const override { return "attention"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Attention* op = p.node().as<Attention>();
    if (!op)
      why = "not an attention";
    else if (op->probe != AttentionProbe::none)
      why = "the scores are an output";
    else if (p.input(kSink).present())
      why = "there is a sink";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    const Fact& mask = p.input(kMask);
    const bool plain_mask = !mask.present() || mask.dtype() == DType::f32 || mask.dtype() == DType::boolean;
    if (p.input(kQuery).dtype() != DType::f32 || !plain_mask) {
      why = "runs on f32 only";
      return {};
    }
    std::vector<Offer> result;
    for (const Layout& queries : {Layout{}, heads_inside()})
      for (const Layout& keys : {Layout{}, heads_inside()}) {
        Offer offer = row_major_offer(p, name());
        offer.in[kQuery] = offer.out[0] = with_layout(queries);
        offer.in[kKey] = offer.in[kValue] = with_layout(keys);
        result.push_back(std::move(offer));
      }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Attention& op = *cx.problem.node().as<Attention>();
    const Dims &q = cx.shapes.in[kQuery], &k = cx.shapes.in[kKey], &v = cx.shapes.in[kValue];
    if (checked_product(cx.shapes.out[0]) == 0 || checked_product(k) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    cpu::AttentionShape s{q[0], q[1], k[1], q[2], k[2], q[3], v[3]};
    s.q = head_strides(q, cx.offer.in[kQuery].layout);
    s.k = head_strides(k, cx.offer.in[kKey].layout);
    s.v = head_strides(v, cx.offer.in[kValue].layout);
    s.y = head_strides(cx.shapes.out[0], cx.offer.out[0].layout);
    s.scale = op.scale != 0 ? static_cast<float>(op.scale) : 1 / std::sqrt(static_cast<float>(s.depth));
    s.softcap = static_cast<float>(op.softcap);
    if (op.left >= 0) s.left = -std::min(op.left, cpu::AttentionShape::kFar);
    if (op.right >= 0) s.right = std::min(op.right, cpu::AttentionShape::kFar);
    if (op.causal) s.right = 0;
    return std::make_shared<AttentionExecutable>(s, cx);
  }
};

}  // namespace

const Tactic& attention_tactic() {
  static const AttentionTactic tactic;
  return tactic;
}

}  // namespace tenon::core
