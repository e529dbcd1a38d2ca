#include "tactics/cuda/own_attention.h"

#include <algorithm>
#include <cmath>

#include "tactics/cuda/attention_node.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_attention_args;
extern const char* const kernel_text_attention_mask;
extern const char* const kernel_text_attention_rows;
extern const char* const kernel_text_flash_attention;

namespace tenon::core::cuda {
namespace own {

int AttentionPlan::stages() const { return 3 * stage_bytes() <= 90 << 10 ? 3 : 2; }

int64_t AttentionPlan::shared_bytes() const {
  if (!flash) return int64_t{warps} * (args.depth + args.width) * 4;
  const int64_t steps = (args.keys + keys * pieces - 1) / (keys * pieces);
  const int64_t parts = int64_t{pieces} * block_queries() * (padded_width() + 10) * 4;
  return std::max(block_queries() * (padded_depth() * size_of(type) + 16) + std::min<int64_t>(steps, stages()) * stage_bytes(), parts);
}

KernelText AttentionPlan::text() const {
  const int mask_kind = mask == DType::none ? 0 : mask == DType::boolean ? 2 : 1;
  std::vector<std::string> definitions{
      fmt::format("SCALAR={}", type_name(type)), fmt::format("MASK={}", mask_kind),
      fmt::format("MASK_TYPE={}", mask_kind == 1 ? type_name(mask) : "bool"),
      fmt::format("SINK={}", sink == DType::none ? "float" : type_name(sink))};
  if (flash) {
    for (const auto& [name, value] :
         {std::pair("WARPS", warps), std::pair("TILES", tiles), std::pair("PIECES", pieces), std::pair("KEYS", keys), std::pair("STAGES", stages()),
          std::pair("DEPTH", padded_depth()), std::pair("WIDTH", padded_width()), std::pair("VECTOR", vector),
          std::pair("MASK_ROWS", mask_rows ? 1 : 0), std::pair("PRECISE", precise ? 1 : 0), std::pair("MASK_VECTOR", mask_vector)})
      definitions.push_back(fmt::format("{}={}", name, value));
  }
  return text_of({kernel_text_tile, kernel_text_attention_args, kernel_text_attention_mask,
                  flash ? kernel_text_flash_attention : kernel_text_attention_rows},
                 definitions);
}

namespace {

constexpr int64_t kMostDepth = 256;

HeadStep head_step(const Dims& strides) { return {strides[0], strides[1], strides[2]}; }

/// Steps of a mask of up to four axes; 0 where it is broadcast.
HeadStep mask_step(const Dims& mask) {
  Dims dims(4 - mask.size(), 1);
  dims.insert(dims.end(), mask.begin(), mask.end());
  const Dims s = strides_of({}, dims);
  return {dims[0] == 1 ? 0 : s[0], dims[1] == 1 ? 0 : s[1], dims[2] == 1 ? 0 : s[2]};
}

/// A limit of a window as the kernel takes it.
int near(int64_t limit) { return limit < 0 ? -1 : static_cast<int>(std::min<int64_t>(limit, 1 << 30)); }

/// How the warps of a block share the work: `warps` of 16 `tiles` queries each, times `pieces` of the keys, `keys` of them at once.
struct Sharing {
  int64_t warps, tiles, pieces, keys;
};

/// Attention in all of its memory orders. Config "flash": on tensor cores (f32 as TF32 where that is allowed, else in three parts), with this many warps along the
/// queries, "tiles" of 16 of them each, "pieces" along the keys and "keys" of each at once; without it one warp computes one query, in f32.
class OwnAttention : public Tactic {
 public:
  std::string_view name() const override { return "own_attention"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto node = AttentionNode::of(p, why);
    if (!node || !supports(p, *node, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p)) {
      const DType type = storage == DType::none ? p.output(0).dtype() : storage;
      if (fits_flash(p, *node, type))
        for (const Sharing& sharing : sharings(p, *node, type)) add_offers(p, *node, storage, sharing, result);
      add_offers(p, *node, storage, {}, result);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!sizes_fit(cx.shapes, why)) return nullptr;
    const auto node = AttentionNode::of(cx, why);
    if (!node) return nullptr;
    const AttentionPlan plan = plan_of(cx, *node);
    if (plan.threads() > 512 || plan.tiles > 2 || plan.keys == 0) {
      why = "no kernel has blocks of this shape";
      return nullptr;
    }
    if (plan.shared_bytes() > (plan.flash ? 160 << 10 : 48 << 10)) {
      why = "the heads are too long for shared memory";
      return nullptr;
    }
    Launch launch;
    launch.grid = dim3(blocks(plan.args.queries, plan.block_queries()), static_cast<unsigned>(plan.args.heads),
                       static_cast<unsigned>(plan.batch));
    if (launch.grid.y > 65535 || launch.grid.z > 65535) {
      why = "more heads or batches than a launch can count";
      return nullptr;
    }
    launch.block = dim3(static_cast<unsigned>(plan.threads()));
    launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
    const int64_t bytes = plan.flash ? plan.vector * size_of(plan.type) : 1;
    const int64_t mask_bytes = plan.mask == DType::none ? 1 : plan.mask_vector * size_of(plan.mask);
    return std::make_shared<KernelExecutable<AttentionArgs>>(
        plan.flash ? fmt::format("own_attention:flash{}x{}x{}{}", plan.block_queries(), plan.pieces, plan.keys, plan.precise ? " in parts" : "") : "own_attention:rows",
        compiled(plan.text(), cx.problem.device.compute).kernel(plan.flash ? "flash_attention" : "attention_rows"), launch, plan.args,
        [bytes, mask_bytes, item = size_of(plan.type), node = *node](AttentionArgs& a, const Args& args) {
          const auto at = [&](AttentionInput i, int64_t alignment) { return node.inputs[i] < 0 ? nullptr : input_address(args, node.inputs[i], alignment); };
          const auto operand = [&](AttentionInput i) { return static_cast<const std::byte*>(at(i, bytes)) + node.offset(i) * item; };
          a.q = operand(kQuery), a.k = operand(kKey), a.v = operand(kValue);
          a.mask = at(kMask, mask_bytes);
          a.lengths = static_cast<const long long*>(at(kLengths, 1));
          a.offsets = static_cast<const long long*>(at(kOffset, 1));
          a.sink = at(kSink, 1);
          a.y = output_address(args, 0, bytes);
        });
  }

 private:
  static bool supports(const Problem& p, const AttentionNode& node, std::string& why) {
    if (node.op->probe != AttentionProbe::none) why = "the scores are an output";
    if (!why.empty() || !plain_tensors(p, why)) return false;
    const DType dtype = p.output(0).dtype();
    const Fact &mask = node.fact(p, kMask), &sink = node.fact(p, kSink);
    const auto is_own = [&](AttentionInput i) { return node.fact(p, i).dtype() == dtype; };
    if (!type_name(dtype) || !is_own(kQuery) || !is_own(kKey) || !is_own(kValue))
      why = "runs on f32, f16 and bf16, the same for queries, keys and values";
    else if (mask.present() && mask.dtype() != DType::boolean && !type_name(mask.dtype()))
      why = fmt::format("the mask is {}", to_string(mask.dtype()));
    else if (sink.present() && !type_name(sink.dtype()))
      why = fmt::format("the sink is {}", to_string(sink.dtype()));
    return why.empty();
  }

  /// Few queries a block, and warps that share their keys, where there are few in all.
  static std::vector<Sharing> sharings(const Problem& p, const AttentionNode& node, DType type) {
    const Shape q = node.shape(p, kQuery), k = node.shape(p, kKey);
    const int64_t heads = checked_mul(expected_size(p, q[0], 8), expected_size(p, q[1], 12)), queries = expected_size(p, q[2], 128);
    const int64_t keys = expected_size(p, k[2], queries), all_tiles = checked_mul(heads, blocks(queries, 16));
    const bool wide = std::max(q[3].value(), node.shape(p, kValue)[3].value()) > 128;
    const auto sharing = [&](int64_t warps, int64_t tiles, int64_t pieces) {
      const int64_t all = blocks(keys, pieces * 16) * 16;  // of one piece
      const int64_t most = wide ? pieces > 1 ? 16 : 32 : pieces > 2 ? 32 : 64;
      return Sharing{warps, wide ? 1 : tiles, pieces, all <= (wide ? most : 64) ? all : most};
    };
    if (type == DType::f32) {  // twice the registers
      if (all_tiles <= 2 * p.device.multiprocessors) return {{2, 1, 2, 16}, {2, 1, 4, 16}, {1, 1, 4, 32}, {1, 1, 4, 16}};
      return {{4, 1, 1, 32}, {4, 1, 2, 16}, {8, 1, 1, 32}, {2, 1, 2, 32}};
    }
    if (all_tiles <= 2 * p.device.multiprocessors) return {sharing(2, 1, 2), sharing(2, 1, 4), sharing(1, 1, 2), sharing(1, 1, 4)};
    if (all_tiles <= 8 * p.device.multiprocessors) return {sharing(4, 1, 2), sharing(2, 2, 2), sharing(2, 1, 4), sharing(1, 2, 4)};
    return {sharing(4, 2, 1), sharing(4, 1, 1), sharing(2, 2, 2)};
  }

  static bool fits_flash(const Problem& p, const AttentionNode& node, DType type) {
    const Dim depth = node.shape(p, kQuery)[3], width = node.shape(p, kValue)[3];
    const int64_t most = type == DType::f32 ? kMostDepth / 2 : kMostDepth;
    return (type != DType::f32 || !p.options.exact) && p.device.compute >= 80 && depth.is_const() && width.is_const() && depth.value() <= most && width.value() <= most;
  }

  void add_offers(const Problem& p, const AttentionNode& node, DType storage, const Sharing& sharing, std::vector<Offer>& into) const {
    Offer offer = row_major_offer(p, name());
    if (sharing.warps) offer.config = {{"flash", sharing.warps}, {"tiles", sharing.tiles}, {"pieces", sharing.pieces}, {"keys", sharing.keys}};
    for (Offer& each : in_attention_layouts(node, offer, storage, true)) into.push_back(std::move(each));
  }

  static AttentionPlan plan_of(const PrepareContext& cx, const AttentionNode& node) {
    const Problem& p = cx.problem;
    const Attention& op = *node.op;
    const Dims q = node.dims(cx.shapes, kQuery), k = node.dims(cx.shapes, kKey), v = node.dims(cx.shapes, kValue);
    AttentionPlan plan;
    plan.type = stored_as(cx.offer.out[0], p.output(0).dtype());
    plan.mask = node.fact(p, kMask).dtype();
    plan.sink = node.fact(p, kSink).dtype();
    plan.flash = cx.offer.config.count("flash") > 0;
    plan.precise = plan.type == DType::f32 && !on_tensor_cores(p, plan.type);
    const auto number = [&](const char* name, int otherwise) {
      const auto found = cx.offer.config.find(name);
      return found == cx.offer.config.end() ? otherwise : static_cast<int>(std::clamp<int64_t>(found->second, 1, 64));
    };
    if (plan.flash) plan.warps = number("flash", 4), plan.tiles = number("tiles", 1), plan.pieces = number("pieces", 1), plan.keys = number("keys", 32) / 16 * 16;
    plan.batch = q[0];
    AttentionArgs& a = plan.args;
    a.heads = static_cast<int>(q[1]), a.groups = static_cast<int>(k[1]);
    a.queries = static_cast<int>(q[2]), a.keys = static_cast<int>(k[2]);
    a.depth = static_cast<int>(q[3]), a.width = static_cast<int>(v[3]);
    plan.vector = common_vector(plan.type, {q[3], v[3]});
    if (node.views)
      for (const StridedView& view : *node.views)
        plan.vector = std::min(plan.vector, common_vector(plan.type, {view.offset, view.strides[0], view.strides[1], view.strides[2]}));
    a.q_step = head_step(node.strides(cx, kQuery));
    a.k_step = head_step(node.strides(cx, kKey));
    a.v_step = head_step(node.strides(cx, kValue));
    a.y_step = head_step(strides_of(cx.offer.out[0].layout, cx.shapes.out[0]));
    a.scale = op.scale != 0 ? static_cast<float>(op.scale) : 1 / std::sqrt(static_cast<float>(a.depth));
    a.softcap = static_cast<float>(op.softcap);
    a.left = near(op.left), a.right = op.causal ? 0 : near(op.right);
    const auto given = [&](AttentionInput i) { return cx.shapes.in[static_cast<size_t>(node.inputs[i])]; };
    if (node.inputs[kMask] >= 0) {
      a.mask_step = mask_step(given(kMask));
      a.mask_columns = static_cast<int>(given(kMask).back());
      plan.mask_rows = a.mask_step.row != 0;
      const bool even = (a.mask_columns | a.mask_step.batch | a.mask_step.head | a.mask_step.row) % 2 == 0;
      plan.mask_vector = even ? 2 : 1;
    }
    a.offset_step = node.inputs[kOffset] >= 0 && given(kOffset)[0] != 1 ? 1 : 0;
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
