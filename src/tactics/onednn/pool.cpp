#include "tactics/all.h"
#include "tactics/onednn/slide.h"
#include "tactics/support.h"

namespace tenon::core {
namespace onednn {
namespace {

using dnnl::pooling_forward;

dnnl::algorithm algorithm_of(const Pool& pool) {
  if (pool.kind == PoolKind::max) return dnnl::algorithm::pooling_max;
  return pool.count_include_pad && !pool.global ? dnnl::algorithm::pooling_avg_include_padding
                                                : dnnl::algorithm::pooling_avg_exclude_padding;
}

Slide slide_of(const Pool& pool, const NodeShapes& shapes) {
  const Dims& x = shapes.in[0];
  const std::span<const int64_t> spatial = std::span(x).subspan(2);
  if (pool.global) return onednn::slide_of(Window{}, spatial, x, shapes.out[0]);
  return onednn::slide_of(pool.window, pool.window.filled(static_cast<int>(spatial.size())).kernel, x, shapes.out[0]);
}

/// Rounding up adds elements behind the padding, which averages that count padding do not count.
bool counts_beyond_padding(const Pool& pool, const Slide& s) {
  if (algorithm_of(pool) != dnnl::algorithm::pooling_avg_include_padding) return false;
  for (int i = 0; i < s.spatial(); ++i)
    if (implied_pad_end(s.axis(i)) > s.pads[i].second) return true;
  return false;
}

/// Config "rows": the output rows of an image are cut into this many pieces.
class OnednnPool : public Tactic {
 public:
  std::string_view name() const override { return "onednn_pool"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Pool* pool = p.node().as<Pool>();
    if (!pool)
      why = "not a pooling";
    else if (pool->kind == PoolKind::lp || pool->with_indices)
      why = "oneDNN has no such pooling";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    if (p.input(0).rank() < 3 || p.input(0).rank() > 5) {
      why = "oneDNN has poolings of 1 to 3 spatial axes";
      return {};
    }
    std::vector<Offer> result;
    for (const DType storage : {DType::none, DType::bf16}) {
      if (storage == DType::bf16 && !allows_bf16(p)) continue;
      if (pool->global)
        result.push_back(channels_last_offer(p, name(), storage, {{"rows", 1}}));
      else
        for (const Config& config : row_configs(p)) result.push_back(channels_last_offer(p, name(), storage, config));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Pool& pool = *cx.problem.node().as<Pool>();
    const Slide slide = slide_of(pool, cx.shapes);
    if (slide.empty() || counts_beyond_padding(pool, slide)) {
      why = slide.empty() ? "an empty tensor" : "an average that rounds up and counts padding";
      return nullptr;
    }
    const auto rows = split_rows(slide.axis(0), cx.offer.config.at("rows"));
    if (rows.empty()) {
      why = "a piece of rows would see nothing but padding";
      return nullptr;
    }
    const DType storage = cx.offer.in[0].storage == DType::none ? DType::f32 : cx.offer.in[0].storage;
    const auto make = [&](const SlideKind& kind) { return primitive(pool, slide, kind, why); };
    SlidePieces made = slide_pieces(slide, storage, rows, shares_of_work(cx.problem), {}, make);
    if (made.pieces.empty()) return nullptr;
    return std::make_shared<PieceExecutable>(std::move(made.pieces), cx.threads.size(), made.name);
  }

 private:
  static std::optional<SlidePrimitive> primitive(const Pool& pool, const Slide& slide, const SlideKind& kind,
                                                 std::string& why) {
    const SlideArgs args = slide_args(slide, kind);
    const auto desc = describe<pooling_forward::primitive_desc>(
        [&] {
          return pooling_forward::primitive_desc(engine(), dnnl::prop_kind::forward_inference, algorithm_of(pool),
                                                 kind.x, kind.y, args.strides, slide.kernel, args.dilations,
                                                 args.pad_begin, args.pad_end, attributes());
        },
        why);
    if (!desc) return {};
    OneThread one;
    return SlidePrimitive{pooling_forward(*desc), desc->impl_info_str(), {scratchpad(desc->scratchpad_desc())}};
  }
};

}  // namespace
}  // namespace onednn

const Tactic& onednn_pool_tactic() {
  static const onednn::OnednnPool tactic;
  return tactic;
}

}  // namespace tenon::core
