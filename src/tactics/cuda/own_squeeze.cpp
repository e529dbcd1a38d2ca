#include "tactics/cuda/own_squeeze.h"

#include "ops/fused.h"
#include "ops/squeeze.h"
#include "tactics/cuda/own_plane.h"
#include "tactics/support.h"

extern const char* const kernel_text_tile;
extern const char* const kernel_text_plane;
extern const char* const kernel_text_squeeze_args;
extern const char* const kernel_text_squeeze;

namespace tenon::core::cuda {
namespace own {

int64_t SqueezePlan::shared_bytes() const {
  const SqueezeArgs& a = args;
  const int64_t floats = std::max<int64_t>(int64_t{kPlaneThreads} * vector, a.chunk) + 2 * (int64_t{a.chunk} + a.second_line);
  const int64_t weights = held ? int64_t{a.chunk} * (a.hidden + a.second_line) : 0, x = held_x ? int64_t{a.chunk} * a.span : 0;
  return 4 * floats + (weights + x) * size_of(type);
}

void SqueezePlan::share(int parts, int slices, int64_t most) {
  const int full = static_cast<int>(16 / size_of(type));
  args.parts = parts, args.slices = slices;
  args.chunk = static_cast<int>(blocks(blocks(args.channels, full), parts)) * full;
  args.span = static_cast<int>(blocks(args.pixels, slices));
  for (bool* part : {&held, &held_x}) {
    *part = part == &held || vector == full;
    *part = *part && shared_bytes() <= most;
  }
}

KernelText SqueezePlan::text() const {
  const auto bias = [](DType dtype) { return dtype == DType::none ? "float" : type_name(dtype); };
  return text_of({kernel_text_tile, kernel_text_squeeze_args, kernel_text_plane, kernel_text_squeeze},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("VECTOR={}", vector), fmt::format("CLUSTERS={}", clusters ? 1 : 0),
                  fmt::format("FIRST_BIAS={}", bias(first_bias)), fmt::format("SECOND_BIAS={}", bias(second_bias)),
                  fmt::format("HELD={}", held ? 1 : 0), fmt::format("HELD_X={}", held_x ? 1 : 0), inner, outer});
}

namespace {

std::optional<SqueezeGate> gate_of(const Problem& p) {
  const Fused* fused = p.node().as<Fused>();
  return fused ? squeeze_gate(*fused->body) : std::nullopt;
}

/// "ACTIVATION_1(x)=..." of an activation.
std::optional<std::string> numbered(const Activation& activation, int number, std::string& why) {
  const auto text = activation_definition(activation, why);
  if (!text) return {};
  return fmt::format("ACTIVATION_{}{}", number, text->substr(std::string_view("ACTIVATION").size()));
}

/// Rows of `length` elements, each `line` elements long.
std::shared_ptr<const DeviceBuffer> lines(const PrepareContext& cx, int input, DType type, int64_t line) {
  const Dims dims = cx.shapes.in[static_cast<size_t>(input)];
  return packed(cx, input, fmt::format("lines {}", line), type, dims[0] * line, [&](std::span<const float> from, std::span<float> to) {
    for (int64_t row = 0; row < dims[0]; ++row) std::copy_n(from.begin() + row * dims[1], dims[1], to.begin() + row * line);
  });
}

/// Into how many parts of the channels and slices of the pixels an image may be shared: many where there are few images or an
/// image is large.
std::vector<std::pair<int, int>> shares(const Problem& p, int x, DType type) {
  const Shape& shape = p.input(x).shape();
  const int64_t images = expected_size(p, shape[0], 8), channels = expected_size(p, shape[1], 64);
  const int64_t bytes = checked_mul(channels, checked_mul(expected_size(p, shape[2], 14), expected_size(p, shape[3], 14))) * size_of(type);
  int most = 1;
  while (p.device.compute >= 90 && most < 8 && (images * most < p.device.multiprocessors || bytes / most > 64 << 10)) most *= 2;
  std::vector<std::pair<int, int>> result;
  for (int parts = most; parts >= 1; parts /= 2)
    if (parts == 1 || channels * size_of(type) >= 16 * parts) result.emplace_back(parts, most / parts);
  return result;
}

/// Squeeze and excite as one kernel. Config "parts", "slices": of an image, each pair a block of a cluster.
class OwnSqueeze : public Tactic {
 public:
  std::string_view name() const override { return "own_squeeze"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto gate = gate_of(p);
    if (!gate) why = "not a squeeze-and-excite gate";
    if (!why.empty() || !is_float_node(p, why) || !has_async_copies(p, why)) return {};
    if (!p.input(gate->first).constant || !p.input(gate->second).constant) why = "the weights are not constant";
    if (!numbered(gate->inner, 1, why) || !numbered(gate->outer, 2, why) || !why.empty()) return {};
    std::vector<Offer> result;
    for (DType storage : storages(p))
      for (const auto& [parts, slices] : shares(p, gate->x, storage == DType::none ? p.input(gate->x).dtype() : storage)) {
        Offer offer = row_major_offer(p, name());
        const auto x = static_cast<size_t>(gate->x);
        offer.config = {{"parts", parts}, {"slices", slices}};
        offer.in[x] = offer.out[0] = with_layout(channels_last(4));
        offer.in[x].storage = offer.out[0].storage = storage;
        offer.share = Share::in_place;
        offer.shared_input = gate->x;
        result.push_back(std::move(offer));
      }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (!sizes_fit(cx.shapes, why)) return nullptr;
    const Problem& p = cx.problem;
    const SqueezeGate gate = *gate_of(p);
    const int64_t images = cx.shapes.in[static_cast<size_t>(gate.x)][0];
    SqueezePlan plan = plan_of(cx, gate, why);
    const int blocks = plan.args.parts * plan.args.slices;
    if (plan.shared_bytes() > most_shared(p.device) || images * blocks > 65535) {
      why = "more images or channels than a launch takes";
      return nullptr;
    }
    const auto first = lines(cx, gate.first, plan.type, plan.args.first_line), second = lines(cx, gate.second, plan.type, plan.args.second_line);
    plan.args.first = first->data(), plan.args.second = second->data();
    Launch launch;
    launch.grid = dim3(1, 1, static_cast<unsigned>(images * blocks));
    launch.cluster = dim3(1, 1, static_cast<unsigned>(blocks));
    launch.block = dim3(kPlaneThreads);
    launch.shared_bytes = static_cast<unsigned>(plan.shared_bytes());
    const int64_t bytes = plan.vector * size_of(plan.type);
    auto executable = std::make_shared<KernelExecutable<SqueezeArgs>>(
        fmt::format("own_squeeze:{}x{}{}", plan.args.parts, plan.args.slices, plan.held_x ? "" : " read twice"), compiled(plan.text(), p.device.compute).kernel("squeeze"), launch, plan.args,
        [bytes, gate](SqueezeArgs& a, const Args& args) {
          a.x = input_address(args, gate.x, bytes);
          if (gate.first_bias >= 0) a.first_bias = input_address(args, gate.first_bias);
          if (gate.second_bias >= 0) a.second_bias = input_address(args, gate.second_bias);
          a.y = output_address(args, 0, bytes);
        });
    executable->hold(gate.first, first);
    executable->hold(gate.second, second);
    return executable;
  }

 private:
  static SqueezePlan plan_of(const PrepareContext& cx, const SqueezeGate& gate, std::string& why) {
    const Problem& p = cx.problem;
    const Dims& x = cx.shapes.in[static_cast<size_t>(gate.x)];
    SqueezePlan plan;
    plan.type = stored_as(cx.offer.in[static_cast<size_t>(gate.x)], p.input(gate.x).dtype());
    if (gate.first_bias >= 0) plan.first_bias = p.input(gate.first_bias).dtype();
    if (gate.second_bias >= 0) plan.second_bias = p.input(gate.second_bias).dtype();
    plan.inner = *numbered(gate.inner, 1, why), plan.outer = *numbered(gate.outer, 2, why);
    plan.vector = common_vector(plan.type, {x[1]});
    plan.clusters = p.device.compute >= 90;
    SqueezeArgs& a = plan.args;
    const int full = static_cast<int>(16 / size_of(plan.type));
    a.pixels = static_cast<int>(x[2] * x[3]), a.channels = static_cast<int>(x[1]);
    a.hidden = static_cast<int>(cx.shapes.in[static_cast<size_t>(gate.first)][0]);
    a.first_line = (a.channels + full - 1) / full * full, a.second_line = (a.hidden + full - 1) / full * full;
    plan.share(static_cast<int>(cx.offer.config.at("parts")), static_cast<int>(cx.offer.config.at("slices")), most_shared(p.device));
    return plan;
  }
};

}  // namespace
}  // namespace own

const Tactic& own_squeeze_tactic() {
  static const own::OwnSqueeze tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
