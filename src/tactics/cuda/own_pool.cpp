#include "tactics/cuda/own_pool.h"

#include <algorithm>

#include "tactics/cuda/own_plane.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_plane;
extern const char* const kernel_text_pool_args;
extern const char* const kernel_text_pool;

namespace tenon::core::cuda {
namespace own {

KernelText PoolPlan::text() const {
  return text_of({kernel_text_tile, kernel_text_pool_args, kernel_text_plane, kernel_text_pool},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("KIND={}", static_cast<int>(kind)),
                  fmt::format("CHANNELS_LAST={}", channels_last ? 1 : 0), fmt::format("INDICES={}", indices ? 1 : 0), fmt::format("VECTOR={}", vector),
                  fmt::format("CLUSTERS={}", clusters ? 1 : 0), fmt::format("WINDOW_H={}", window_h), fmt::format("WINDOW_W={}", window_w)});
}

namespace {

/// Pooling of up to three spatial axes, channels last or row-major.
class OwnPool : public Tactic {
 public:
  std::string_view name() const override { return "own_pool"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Pool* pool = p.node().as<Pool>();
    if (!pool) why = "not a pooling";
    if (!why.empty() || !supports(p, *pool, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p))
      for (const Layout& layout : {channels_last(p.input(0).rank()), Layout{}}) {
        Offer offer = row_major_offer(p, name());
        offer.in[0] = offer.out[0] = with_layout(layout);
        offer.in[0].storage = offer.out[0].storage = storage;
        result.push_back(offer);
        if (layout.row_major() || pool->with_indices || !is_one_pixel(p.output(0).shape())) continue;
        offer.out[0].layout = Layout{};  // the same bytes
        result.push_back(std::move(offer));
      }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    Launch launch;
    bool whole = false;
    const auto planned = plan_of(cx, launch, whole, why);
    if (!planned) return nullptr;
    const PoolPlan& plan = *planned;
    const int64_t bytes = plan.vector * size_of(plan.type);
    const bool indices = cx.problem.node().as<Pool>()->with_indices;
    return std::make_shared<KernelExecutable<PoolArgs>>(
        whole ? "own_pool:whole" : "own_pool:window", compiled(plan.text(), cx.problem.device.compute).kernel(whole ? "global_pool" : "pool"), launch,
        plan.args, [bytes, indices](PoolArgs& a, const Args& args) {
          a.x = input_address(args, 0, bytes);
          a.y = output_address(args, 0, bytes);
          if (indices) a.indices = static_cast<long long*>(output_address(args, 1, 8));
        });
  }

 private:
  /// `whole`: the window is the plane.
  static std::optional<PoolPlan> plan_of(const PrepareContext& cx, Launch& launch, bool& whole, std::string& why) {
    if (!sizes_fit(cx.shapes, why)) return {};
    const Problem& p = cx.problem;
    const Pool& pool = *p.node().as<Pool>();
    const Dims &x = cx.shapes.in[0], &y = cx.shapes.out[0];
    PoolPlan plan;
    plan.type = stored_as(cx.offer.in[0], p.input(0).dtype());
    plan.kind = pool.kind;
    plan.indices = pool.with_indices;
    plan.channels_last = !cx.offer.in[0].layout.row_major();
    plan.vector = plan.channels_last ? common_vector(plan.type, {x[1]}) : 1;
    fill(plan.args, pool, x, y);
    plan.args.outputs = checked_product(y) / plan.vector;
    const Shape& in = p.input(0).shape();
    const bool fixed = std::all_of(in.begin() + 2, in.end(), [](const Dim& d) { return d.is_const(); });
    whole = (pool.global || fixed) && is_whole(pool, plan.args);
    launch.block = dim3(256);
    launch.grid = dim3(whole ? blocks(x[0] * x[1], 8) : blocks(plan.args.outputs, 256));
    if (whole && plan.channels_last && !share_planes(plan, p.device, x[0], launch)) {
      why = "more images or channels than a launch takes";
      return {};
    }
    if (!whole) compile_window(plan);
    return plan;
  }

  static bool is_one_pixel(const Shape& y) {
    return std::all_of(y.begin() + 2, y.end(), [](const Dim& d) { return d.is_const() && d.value() == 1; });
  }

  static bool supports(const Problem& p, const Pool& pool, std::string& why) {
    if (!plain_tensors(p, why)) return false;
    const int rank = p.input(0).rank();
    constexpr int64_t kMost = 1 << 14;
    bool fits = true;
    for (const auto* list : {&pool.window.kernel, &pool.window.strides, &pool.window.dilations, &pool.window.pads})
      fits &= std::none_of(list->begin(), list->end(), [](int64_t v) { return v > kMost; });
    if (!type_name(p.input(0).dtype()))
      why = fmt::format("runs on f32, f16 and bf16, found {}", to_string(p.input(0).dtype()));
    else if (rank < 3 || rank > 5)
      why = fmt::format("the kernel has one to three spatial axes, found {}", rank - 2);
    else if (!fits)
      why = fmt::format("a window's size, stride, dilation or pad is larger than {}", kMost);
    return why.empty();
  }

  static void fill(PoolArgs& a, const Pool& pool, const Dims& x, const Dims& y) {
    const int spatial = static_cast<int>(x.size()) - 2;
    const auto sizes = std::span(x).subspan(2);
    Window window = pool.window;
    if (pool.global) window = Window{}, window.kernel.assign(sizes.begin(), sizes.end());
    window = window.filled(spatial);
    const auto pads = resolve_pads(window, sizes);
    a.channels = static_cast<int>(x[1]);
    for (int i = 0; i < 3; ++i) a.in[i] = a.out[i] = a.kernel[i] = a.stride[i] = a.dilation[i] = 1;
    for (int i = 0; i < spatial; ++i) {
      const auto from = static_cast<size_t>(i);
      const int to = i + 3 - spatial;
      a.in[to] = static_cast<int>(x[from + 2]);
      a.out[to] = static_cast<int>(y[from + 2]);
      a.kernel[to] = static_cast<int>(window.kernel[from]);
      a.stride[to] = static_cast<int>(window.strides[from]);
      a.dilation[to] = static_cast<int>(window.dilations[from]);
      a.begin[to] = static_cast<int>(pads[from].first);
      a.end[to] = static_cast<int>(pads[from].second);
    }
    a.include_padding = pool.count_include_pad;
    a.column_major = pool.storage_order == 1;
    a.power = static_cast<float>(pool.p);
  }

  /// The blocks of each image, so that the GPU has work.
  static bool share_planes(PoolPlan& plan, const DeviceInfo& device, int64_t images, Launch& launch) {
    PoolArgs& a = plan.args;
    plan.clusters = device.compute >= 90;
    a.blocks = plane_blocks(device, images, int64_t{a.in[0]} * a.in[1] * a.in[2] * a.channels / plan.vector);
    if (images * a.blocks > 65535) a.blocks = 1;
    launch.grid = dim3(1, 1, static_cast<unsigned>(images * a.blocks));
    launch.cluster = dim3(1, 1, static_cast<unsigned>(a.blocks));
    launch.block = dim3(kPlaneThreads);
    launch.shared_bytes = static_cast<unsigned>(plane_bytes(a.channels, plan.vector));
    return images <= 65535 && launch.shared_bytes <= 64 << 10;
  }

  static void compile_window(PoolPlan& plan) {
    const PoolArgs& a = plan.args;
    if (a.kernel[0] != 1 || a.kernel[1] * a.kernel[2] > 16) return;
    plan.window_h = a.kernel[1], plan.window_w = a.kernel[2];
  }

  static bool is_whole(const Pool& pool, const PoolArgs& a) {
    bool whole = !pool.with_indices;
    for (int i = 0; i < 3; ++i) whole &= a.out[i] == 1 && a.kernel[i] == a.in[i] && a.begin[i] == 0 && a.end[i] == 0 && a.dilation[i] == 1;
    return whole;
  }
};

}  // namespace
}  // namespace own

const Tactic& own_pool_tactic() {
  static const own::OwnPool tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
