#include "tactics/cuda/own_attention.h"

#include <algorithm>
#include <cmath>

#include "ops/attention.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_attention_args;
extern const char* const kernel_text_attention_mask;
extern const char* const kernel_text_attention_rows;
extern const char* const kernel_text_flash_attention;

namespace tenon::core::cuda {
namespace own {

int64_t AttentionPlan::shared_bytes() const {
  if (!flash) return int64_t{warps} * (args.depth + args.width) * 4;
  const int64_t depth = padded_depth() * 2 + 16, width = padded_width() * 2 + 16;
  return warps * 16 * std::max(depth, width) + 2 * keys * (depth + width);
}

KernelText AttentionPlan::text() const {
  const int mask_kind = mask == DType::none ? 0 : mask == DType::boolean ? 2 : 1;
  std::vector<std::string> definitions{
      fmt::format("SCALAR={}", type_name(type)), fmt::format("MASK={}", mask_kind),
      fmt::format("MASK_TYPE={}", mask_kind == 1 ? type_name(mask) : "bool"),
      fmt::format("SINK={}", sink == DType::none ? "float" : type_name(sink))};
  if (flash) {
    for (const auto& [name, value] : {std::pair("WARPS", warps), std::pair("KEYS", keys), std::pair("DEPTH", padded_depth()),
                                      std::pair("WIDTH", padded_width()), std::pair("VECTOR", vector)})
      definitions.push_back(fmt::format("{}={}", name, value));
  }
  return text_of({kernel_text_tile, kernel_text_attention_args, kernel_text_attention_mask,
                  flash ? kernel_text_flash_attention : kernel_text_attention_rows},
                 definitions);
}

namespace {

enum Input { kQuery, kKey, kValue, kMask, kLengths, kOffset, kSink };
constexpr int64_t kMostDepth = 256;

/// Memory order [batch, rows, heads, columns]: what a projection writes before its heads are split off.
Layout heads_inside() { return Layout{{0, 2, 1, 3}}; }

HeadStep head_step(const Dims& dims, const Layout& layout) {
  const Dims s = strides_of(layout, dims);
  return {s[0], s[1], s[2]};
}

/// Steps of a mask of up to four axes; 0 where it is broadcast.
HeadStep mask_step(const Dims& mask) {
  Dims dims(4 - mask.size(), 1);
  dims.insert(dims.end(), mask.begin(), mask.end());
  const Dims s = strides_of({}, dims);
  return {dims[0] == 1 ? 0 : s[0], dims[1] == 1 ? 0 : s[1], dims[2] == 1 ? 0 : s[2]};
}

/// A limit of a window as the kernel takes it.
int near(int64_t limit) { return limit < 0 ? -1 : static_cast<int>(std::min<int64_t>(limit, 1 << 30)); }

/// Attention, with its heads apart (row-major) or inside the rows. Config "flash": on tensor cores, with this many warps;
/// without it one warp computes one query, in f32.
class OwnAttention : public Tactic {
 public:
  std::string_view name() const override { return "own_attention"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!supports(p, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p)) {
      const DType type = storage == DType::none ? p.input(kQuery).dtype() : storage;
      if (fits_flash(p, type))
        for (int64_t warps : block_warps(p)) add_offers(p, storage, warps, result);
      add_offers(p, storage, 0, result);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!sizes_fit(cx.shapes, why)) return nullptr;
    const AttentionPlan plan = plan_of(cx);
    if (plan.shared_bytes() > (plan.flash ? 160 << 10 : 48 << 10)) {
      why = "the heads are too long for shared memory";
      return nullptr;
    }
    Launch launch;
    launch.grid = dim3(blocks(plan.args.queries, plan.flash ? plan.warps * 16 : plan.warps), static_cast<unsigned>(plan.args.heads),
                       static_cast<unsigned>(plan.batch));
    if (launch.grid.y > 65535 || launch.grid.z > 65535) {
      why = "more heads or batches than a launch can count";
      return nullptr;
    }
    launch.block = dim3(static_cast<unsigned>(plan.warps * 32));
    launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
    const int64_t bytes = plan.flash ? plan.vector * size_of(plan.type) : 1;
    return std::make_shared<KernelExecutable<AttentionArgs>>(
        plan.flash ? fmt::format("own_attention:flash{}", plan.warps * 16) : "own_attention:rows",
        compiled(plan.text(), cx.problem.device.compute).kernel(plan.flash ? "flash_attention" : "attention_rows"), launch, plan.args,
        [bytes](AttentionArgs& a, const Args& args) {
          a.q = input_address(args, kQuery, bytes);
          a.k = input_address(args, kKey, bytes);
          a.v = input_address(args, kValue, bytes);
          a.mask = input_address(args, kMask);
          a.lengths = static_cast<const long long*>(input_address(args, kLengths));
          a.offsets = static_cast<const long long*>(input_address(args, kOffset));
          a.sink = input_address(args, kSink);
          a.y = output_address(args, 0, bytes);
        });
  }

 private:
  static bool supports(const Problem& p, std::string& why) {
    const Attention* op = p.node().as<Attention>();
    if (!op)
      why = "not an attention";
    else if (op->probe != AttentionProbe::none)
      why = "the scores are an output";
    if (!why.empty() || !plain_tensors(p, why)) return false;
    const DType dtype = p.input(kQuery).dtype();
    const Fact &mask = p.input(kMask), &sink = p.input(kSink);
    if (!type_name(dtype) || p.input(kKey).dtype() != dtype || p.input(kValue).dtype() != dtype || p.output(0).dtype() != dtype)
      why = "runs on f32, f16 and bf16, the same for queries, keys and values";
    else if (mask.present() && mask.dtype() != DType::boolean && !type_name(mask.dtype()))
      why = fmt::format("the mask is {}", to_string(mask.dtype()));
    else if (sink.present() && !type_name(sink.dtype()))
      why = fmt::format("the sink is {}", to_string(sink.dtype()));
    return why.empty();
  }

  /// Few queries a block where there are few in all.
  static std::vector<int64_t> block_warps(const Problem& p) {
    const Shape& q = p.input(kQuery).shape();
    const int64_t heads = checked_mul(expected_size(p, q[0], 8), expected_size(p, q[1], 12)), queries = expected_size(p, q[2], 128);
    const auto fills = [&](int64_t warps) { return heads * blocks(queries, warps * 16) >= p.device.multiprocessors; };
    if (fills(4)) return {4, 8};
    return fills(2) ? std::vector<int64_t>{2, 4} : std::vector<int64_t>{1, 2};
  }

  static bool fits_flash(const Problem& p, DType type) {
    const Dim &depth = p.input(kQuery).shape()[3], &width = p.input(kValue).shape()[3];
    return type != DType::f32 && p.device.compute >= 80 && depth.is_const() && width.is_const() && depth.value() <= kMostDepth &&
           width.value() <= kMostDepth;
  }

  void add_offers(const Problem& p, DType storage, int64_t warps, std::vector<Offer>& into) const {
    for (const Layout& queries : {heads_inside(), Layout{}})
      for (const Layout& keys : {heads_inside(), Layout{}}) {
        Offer offer = row_major_offer(p, name());
        if (warps) offer.config = {{"flash", warps}};
        offer.in[kQuery] = offer.out[0] = with_layout(queries);
        offer.in[kKey] = offer.in[kValue] = with_layout(keys);
        for (Format* format : {&offer.in[kQuery], &offer.in[kKey], &offer.in[kValue], &offer.out[0]}) format->storage = storage;
        into.push_back(std::move(offer));
      }
  }

  static AttentionPlan plan_of(const PrepareContext& cx) {
    const Problem& p = cx.problem;
    const Attention& op = *p.node().as<Attention>();
    const Dims &q = cx.shapes.in[kQuery], &k = cx.shapes.in[kKey], &v = cx.shapes.in[kValue];
    AttentionPlan plan;
    plan.type = stored_as(cx.offer.in[kQuery], p.input(kQuery).dtype());
    plan.mask = p.input(kMask).dtype();
    plan.sink = p.input(kSink).dtype();
    plan.flash = cx.offer.config.count("flash") > 0;
    plan.warps = plan.flash ? static_cast<int>(cx.offer.config.at("flash")) : 4;
    plan.batch = q[0];
    AttentionArgs& a = plan.args;
    a.heads = static_cast<int>(q[1]), a.groups = static_cast<int>(k[1]);
    a.queries = static_cast<int>(q[2]), a.keys = static_cast<int>(k[2]);
    a.depth = static_cast<int>(q[3]), a.width = static_cast<int>(v[3]);
    plan.keys = std::max(plan.padded_depth(), plan.padded_width()) > 128 ? 32 : 64;
    plan.vector = common_vector(plan.type, {q[3], v[3]});
    a.q_step = head_step(q, cx.offer.in[kQuery].layout);
    a.k_step = head_step(k, cx.offer.in[kKey].layout);
    a.v_step = head_step(v, cx.offer.in[kValue].layout);
    a.y_step = head_step(cx.shapes.out[0], cx.offer.out[0].layout);
    a.scale = op.scale != 0 ? static_cast<float>(op.scale) : 1 / std::sqrt(static_cast<float>(a.depth));
    a.softcap = static_cast<float>(op.softcap);
    a.left = near(op.left), a.right = op.causal ? 0 : near(op.right);
    if (p.input(kMask).present()) {
      a.mask_step = mask_step(cx.shapes.in[kMask]);
      a.mask_columns = static_cast<int>(cx.shapes.in[kMask].back());
    }
    a.offset_step = p.input(kOffset).present() && cx.shapes.in[kOffset][0] != 1 ? 1 : 0;
    return plan;
  }
};

}  // namespace
}  // namespace own

const Tactic& own_attention_tactic() {
  static const own::OwnAttention tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
