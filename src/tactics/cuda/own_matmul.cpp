#include "tactics/matmul_shape.h"

#include <algorithm>

#include "tactics/cuda/own_gemm.h"
#include "tactics/support.h"

namespace tenon::core::cuda {
namespace own {
namespace {

bool fits_int(int64_t v) { return v >= 0 && v < INT32_MAX; }

/// One operand in memory: which index its lines have, and how far apart they are. Nothing when neither index runs through
/// neighbours.
struct Lines {
  bool are_k;
  int64_t step;
};
std::optional<Lines> lines_of(int64_t k_step, int64_t other_step, int64_t k, int64_t other) {
  if (k_step == 1) return Lines{false, other_step};
  if (other_step == 1) return Lines{true, k_step};
  if (k == 1) return Lines{false, other_step};
  return other == 1 ? std::optional(Lines{true, k_step}) : std::nullopt;
}

/// Products of matrices. Config: see GemmTile; "packed": a constant b is kept in the kernel's order.
class OwnMatMul : public Tactic {
 public:
  std::string_view name() const override { return "own_matmul"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const MatMul* op = p.node().as<MatMul>();
    if (!op) why = "not a matrix product";
    if (!why.empty() || !is_float_node(p, why) || !has_async_copies(p, why) || !activation_definition(op->activation, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p)) add_offers(p, *op, storage, result);
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto plan = plan_of(cx, why);
    if (!plan) return nullptr;
    for (const GemmPlan& other : for_other_sizes(cx.problem, *plan)) compiled(other.text(), cx.problem.device.compute);
    std::shared_ptr<const DeviceBuffer> weights;
    if (plan->b_constant) weights = pack_columns(cx, *matmul_shape(*cx.problem.node().as<MatMul>(), cx.shapes, cx.problem.input(2).present(), why), *plan);
    return make_gemm(cx, *plan, weights, why);
  }

 private:
  static std::optional<GemmPlan> plan_of(const PrepareContext& cx, std::string& why) {
    const Problem& p = cx.problem;
    const MatMul& op = *p.node().as<MatMul>();
    if (!sizes_fit(cx.shapes, why)) return {};
    const auto shape = matmul_shape(op, cx.shapes, p.input(2).present(), why);
    if (!shape) return {};
    GemmPlan plan;
    plan.type = stored_as(cx.offer.in[0], p.input(0).dtype());
    plan.output = stored_as(cx.offer.out[0], p.output(0).dtype());
    plan.bias = p.input(2).dtype();
    plan.tensor_cores = on_tensor_cores(p, plan.type);
    plan.activation = *activation_definition(op.activation, why);
    const bool packs = cx.offer.config.count("packed") && shape->w.batch == 0;
    if (!fill(plan, *shape, packs)) {
      why = "neither index of a factor runs through neighbours";
      return {};
    }
    round_vectors(p, plan, packs);
    plan.args.alpha = static_cast<float>(op.alpha);
    if (!choose_kernel(plan, cx.offer.config, p, why)) return {};
    plan.settle(packs, p.input(3).present());
    return plan;
  }

  void add_offers(const Problem& p, const MatMul& op, DType storage, std::vector<Offer>& into) const {
    const Shape &a = p.input(0).shape(), &b = p.input(1).shape(), &y = p.output(0).shape();
    const auto product = [&](size_t count, int64_t otherwise) {
      int64_t result = 1;
      for (size_t i = 0; i < count; ++i) result = checked_mul(result, expected_size(p, y[i], otherwise));
      return result;
    };
    const bool one_b = p.input(1).constant && b.size() == 2;
    const int64_t k = expected_size(p, op.transpose_a && a.size() > 1 ? a[a.size() - 2] : a.back(), 1024);
    const int64_t n = y.empty() ? 1 : expected_size(p, y.back(), 1024);
    const int64_t rows = y.size() < 2 ? 1 : one_b ? product(y.size() - 1, 16) : expected_size(p, y[y.size() - 2], 128);
    const int64_t batch = one_b || y.size() < 3 ? 1 : product(y.size() - 2, 8);
    const DType type = storage == DType::none ? p.input(0).dtype() : storage;
    for (const Config& config : gemm_configs(p, type, batch, rows, n, k, one_b && !op.transpose_a, one_b && !op.transpose_a)) {
      Offer offer = row_major_offer(p, name());
      offer.config = config;
      if (one_b) offer.config["packed"] = 1;
      offer.in[0].storage = offer.out[0].storage = storage;
      if (!one_b) offer.in[1].storage = storage;
      if (p.input(3).present()) {
        offer.in[3].storage = storage;
        offer.share = Share::in_place;
        offer.shared_input = 3;
      }
      into.push_back(offer);
      // What a graph gives to its caller is written in the caller's type.
      if (storage == DType::none || p.input(3).present() || !config.count("skinny") || !p.graph.is_output({p.id, 0})) continue;
      offer.out[0].storage = DType::none;
      into.push_back(std::move(offer));
    }
  }

  /// How elements are aligned follows from what neighbours in memory run along. Where that dim is not fixed, they are aligned
  /// as widely as can be or alone.
  static std::vector<int GemmPlan::*> open_vectors(const Problem& p, bool packs) {
    const auto open = [](const Shape& shape) { return !shape.empty() && !shape.back().is_const(); };
    std::vector<int GemmPlan::*> result;
    if (open(p.input(0).shape())) result.push_back(&GemmPlan::a_vector);
    if (!packs && open(p.input(1).shape())) result.push_back(&GemmPlan::b_vector);
    if (open(p.output(0).shape())) result.push_back(&GemmPlan::y_vector);
    return result;
  }
  static void round_vectors(const Problem& p, GemmPlan& plan, bool packs) {
    for (auto vector : open_vectors(p, packs))
      if (plan.*vector * size_of(plan.type) < 16) plan.*vector = 1;
  }
  /// The plans that other shapes in range have, so that none has to wait for its kernel.
  static std::vector<GemmPlan> for_other_sizes(const Problem& p, const GemmPlan& plan) {
    std::vector<GemmPlan> result{plan};
    for (auto vector : open_vectors(p, plan.b_constant)) {
      const size_t count = result.size();
      for (size_t i = 0; i < count; ++i) {
        result.push_back(result[i]);
        result.back().*vector = plan.*vector == 1 ? static_cast<int>(16 / size_of(plan.type)) : 1;
      }
    }
    result.erase(result.begin());
    for (GemmPlan& other : result) other.settle(plan.b_constant, p.input(3).present());
    return result;
  }

  static bool fill(GemmPlan& plan, const MatMulShape& s, bool packs) {
    GemmArgs& a = plan.args;
    const auto lines_a = lines_of(s.a.column, s.a.row, s.k, s.m);
    auto lines_b = lines_of(s.w.row, s.w.column, s.k, s.n);
    if (!lines_a || (!lines_b && !packs)) return false;
    const int64_t item = size_of(plan.type);
    if (packs) lines_b = Lines{false, (s.k * item + 15) / 16 * 16 / item};
    for (int64_t v : {s.m, s.n, s.k, lines_a->step, lines_b->step, s.bias.column, s.bias.row})
      if (!fits_int(v)) return false;
    plan.batch = s.batch;
    a.m = static_cast<int>(s.m), a.n = static_cast<int>(s.n), a.k = static_cast<int>(s.k);
    a.a_row = static_cast<int>(lines_a->step), a.b_row = static_cast<int>(lines_b->step), a.y_row = static_cast<int>(s.n);
    a.inner_count = 1;
    a.a_outer = s.a.batch, a.b_outer = s.w.batch, a.y_outer = s.y.batch;
    a.bias_column = static_cast<int>(s.bias.column), a.bias_row = static_cast<int>(s.bias.row), a.bias_z = s.bias.batch;
    plan.a_lines_are_k = lines_a->are_k, plan.b_lines_are_k = lines_b->are_k;
    plan.a_vector = common_vector(plan.type, {plan.a_lines_are_k ? s.m : s.k, lines_a->step, s.a.batch});
    plan.b_vector = packs ? static_cast<int>(16 / item) : common_vector(plan.type, {plan.b_lines_are_k ? s.n : s.k, lines_b->step, s.w.batch});
    plan.y_vector = common_vector(plan.output, {s.n, s.y.batch});
    return true;
  }

  static std::shared_ptr<const DeviceBuffer> pack_columns(const PrepareContext& cx, const MatMulShape& s, const GemmPlan& plan) {
    const int64_t line = plan.args.b_row;
    const std::string key = fmt::format("columns {} {} {} {}", s.w.row, s.w.column, s.k, s.n);
    return packed(cx, 1, key, plan.type, s.n * line, [&](std::span<const float> from, std::span<float> to) {
      for (int64_t j = 0; j < s.n; ++j)
        for (int64_t i = 0; i < s.k; ++i) to[static_cast<size_t>(j * line + i)] = from[static_cast<size_t>(i * s.w.row + j * s.w.column)];
    });
  }
};

}  // namespace
}  // namespace own

const Tactic& own_matmul_tactic() {
  static const own::OwnMatMul tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
