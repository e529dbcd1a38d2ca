#include "tactics/cuda/own_gemm.h"

#include <algorithm>

extern const char* const kernel_text_tile;
extern const char* const kernel_text_gemm_args;
extern const char* const kernel_text_gemm_load;
extern const char* const kernel_text_gemm;
extern const char* const kernel_text_skinny;
extern const char* const kernel_text_warpgroup;

namespace tenon::core::cuda::own {
namespace {

constexpr GemmTile kTensorTiles[] = {{256, 128, 4, 2, 3}, {128, 256, 2, 4, 3}, {128, 128, 2, 4, 3}, {128, 64, 4, 2, 3}, {64, 128, 2, 4, 3},
                                     {64, 64, 2, 2, 4},   {128, 32, 4, 1, 4},  {32, 128, 1, 4, 4},  {64, 32, 2, 1, 4},  {32, 64, 1, 2, 4},
                                     {32, 32, 2, 2, 4},   {16, 64, 1, 4, 4},  {16, 32, 1, 2, 4}};
constexpr GemmTile kPlainTiles[] = {{128, 128, 2, 4, 3}, {128, 64, 2, 4, 3}, {64, 64, 2, 2, 3}, {32, 64, 2, 2, 3}};

constexpr GemmTile kWarpgroupTiles[] = {{128, 128, 8, 1, 3}, {64, 128, 4, 1, 4}, {128, 64, 8, 1, 4}, {64, 64, 4, 1, 6}, {64, 32, 4, 1, 6}};

std::span<const GemmTile> tiles_of(Multiplier m) {
  if (m == Multiplier::warpgroups) return kWarpgroupTiles;
  return m == Multiplier::tensor_cores ? std::span<const GemmTile>(kTensorTiles) : std::span<const GemmTile>(kPlainTiles);
}

constexpr int kMostCluster = 8;
constexpr int kSkinnyColumns = 16, kSkinnyThreads = 256;  // of a block of skinny.cu
constexpr int64_t kMostSkinnyRows = 16;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Microseconds of one block, roughly: what its tensor cores or its loads need, whichever is more, and a fixed part.
double block_time(const GemmTile& t, bool tensor_cores, DType type, double k) {
  const double flops_per_us = !tensor_cores ? 0.4e6 : type == DType::f32 ? 2.2e6 : 4.4e6, bytes_per_us = 40e3;
  const double flops = 2.0 * t.bm * t.bn * k, bytes = (t.bm + t.bn) * k * static_cast<double>(size_of(type));
  return 2.5 + std::max(flops / flops_per_us, bytes / bytes_per_us) + t.bm * t.bn * 4.0 / bytes_per_us;
}

double estimate(const Problem& p, const GemmTile& t, bool tensor_cores, DType type, int64_t split, int64_t batch, int64_t m, int64_t n, int64_t k) {
  const int64_t blocks = batch * split * ceil_div(m, t.bm) * ceil_div(n, t.bn);
  const double waves = static_cast<double>(ceil_div(blocks, std::max(1, p.device.multiprocessors)));
  const double apart = 2.0 + static_cast<double>(batch * m * n) * 4 * static_cast<double>(split + 1) / 2e6;
  const double sum = split == 1 ? 0 : p.device.compute >= 90 ? 1.0 : apart;
  return waves * block_time(t, tensor_cores, type, static_cast<double>(ceil_div(k, split))) + sum;
}

class GemmExecutable : public DeviceExecutable {
 public:
  GemmExecutable(const GemmPlan& plan, int compute, std::shared_ptr<const DeviceBuffer> weights, std::shared_ptr<const DeviceBuffer> bias)
      : plan_(plan), weights_(std::move(weights)), bias_(std::move(bias)) {
    const Module& module = compiled(plan.text(), compute);
    gemm_ = module.kernel(plan.skinny ? "skinny" : "gemm");
    if (sums_apart()) sum_ = module.kernel("gemm_sum");
  }

  std::string kernel_name() const override {
    const GemmTile& t = plan_.tile;
    if (plan_.skinny) return fmt::format("own_skinny:{}x{}x{}", plan_.skinny, kSkinnyColumns, plan_.args.split);
    return fmt::format("own_{}:{}x{}x{}{}", plan_.conv ? "conv" : "gemm", t.bm, t.bn, plan_.args.split, plan_.warpgroups ? " warpgroups" : plan_.tensor_cores ? "" : " ffma");
  }
  bool uses_input(int i) const override { return i == 1 ? !weights_ : i != 2 || !bias_; }
  int64_t workspace_bytes() const override {
    const GemmArgs& a = plan_.args;
    return !sums_apart() ? 0 : plan_.batch * a.split * a.m * a.n * 4;
  }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    GemmArgs p = plan_.args;
    const int64_t item = size_of(plan_.type), out_item = size_of(plan_.output);
    p.a = input_address(args, 0, plan_.a_vector * item);
    p.b = weights_ ? weights_->data() : input_address(args, 1, plan_.b_vector * item);
    p.bias = bias_ ? bias_->data() : input_address(args, 2);
    p.residual = input_address(args, 3, plan_.y_vector * out_item);
    p.y = output_address(args, 0, plan_.y_vector * out_item);
    p.partial = reinterpret_cast<float*>(args.workspace);
    Launch launch = plan_.launch();
    launch.stream = stream;
    gemm_(launch, p);
    if (!sums_apart()) return;
    Launch sum;
    sum.grid = dim3(blocks(int64_t{p.m} * p.n / plan_.y_vector, 256), 1, static_cast<unsigned>(plan_.batch));
    sum.block = dim3(256);
    sum.stream = stream;
    sum_(sum, p);
  }

 private:
  bool sums_apart() const { return plan_.args.split > 1 && !plan_.cluster; }
  GemmPlan plan_;
  std::shared_ptr<const DeviceBuffer> weights_, bias_;
  Kernel gemm_, sum_;
};

}  // namespace

std::optional<GemmTile> find_tile(Multiplier multiplier, int64_t bm, int64_t bn) {
  for (const GemmTile& t : tiles_of(multiplier))
    if (t.bm == bm && t.bn == bn) return t;
  return {};
}

int64_t GemmPlan::shared_bytes() const {
  if (skinny) return int64_t{kSkinnyThreads} / 32 * skinny * kSkinnyColumns * 4;
  const auto tile_bytes = [&](bool lines_are_k, int64_t other) {
    const int64_t lines = lines_are_k ? bk() : other, length = lines_are_k ? other : bk();
    return lines * (length * size_of(type) + (warpgroups ? 0 : 16));
  };
  const int64_t stage = tile_bytes(a_lines_are_k, tile.bm) + tile_bytes(b_lines_are_k, tile.bn);
  const int64_t early = early_residual ? int64_t{tile.bm} * tile.bn * size_of(output) : 0;
  return std::max<int64_t>(stage * tile.stages, int64_t{tile.bm} * (tile.bn + 8) * 4) + early;
}

Launch GemmPlan::launch() const {
  Launch launch;
  const unsigned pieces = static_cast<unsigned>(batch * args.split);
  launch.grid = skinny ? dim3(blocks(args.n, kSkinnyColumns), blocks(args.m, skinny), pieces)
                       : dim3(blocks(args.m, tile.bm) * blocks(args.n, tile.bn), 1, pieces);
  launch.block = dim3(static_cast<unsigned>(skinny ? kSkinnyThreads : tile.threads()));
  launch.shared_bytes = static_cast<unsigned>(shared_bytes());
  if (cluster) launch.cluster = dim3(1, 1, static_cast<unsigned>(args.split));
  return launch;
}

KernelText GemmPlan::skinny_text() const {
  return text_of({kernel_text_tile, kernel_text_gemm_args, kernel_text_skinny},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("OUTPUT={}", type_name(output)),
                  fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)), fmt::format("TILES={}", skinny / 8),
                  fmt::format("A_VECTOR={}", a_vector), fmt::format("CLUSTER={}", cluster ? 1 : 0), activation});
}

void GemmPlan::settle(bool constant, bool has_residual) {
  b_constant = constant;
  constexpr int64_t kMostShared = 112 << 10;  // two blocks on a multiprocessor
  early_residual = has_residual && !skinny && y_vector * size_of(output) == 16 && (cluster || args.split == 1);
  early_residual = early_residual && shared_bytes() <= kMostShared;
}

KernelText GemmPlan::text() const {
  if (skinny) return skinny_text();
  KernelText result = text_of({kernel_text_tile, kernel_text_gemm_args, kernel_text_warpgroup, kernel_text_gemm_load, kernel_text_gemm},
                 {fmt::format("SCALAR={}", type_name(type)), fmt::format("OUTPUT={}", type_name(output)),
                  fmt::format("BIAS={}", bias == DType::none ? "float" : type_name(bias)), fmt::format("CONV={}", conv ? 1 : 0),
                  fmt::format("BM={}", tile.bm), fmt::format("BN={}", tile.bn), fmt::format("BK={}", bk()), fmt::format("STAGES={}", tile.stages),
                  fmt::format("WARPS_M={}", tile.warps_m), fmt::format("WARPS_N={}", tile.warps_n),
                  fmt::format("TENSOR_CORES={}", tensor_cores ? 1 : 0), fmt::format("A_LINES_ARE_K={}", a_lines_are_k ? 1 : 0),
                  fmt::format("B_LINES_ARE_K={}", b_lines_are_k ? 1 : 0), fmt::format("A_VECTOR={}", a_vector),
                  fmt::format("B_VECTOR={}", b_vector), fmt::format("Y_VECTOR={}", y_vector),
                  fmt::format("CLUSTER={}", cluster ? 1 : 0), fmt::format("B_CONSTANT={}", b_constant ? 1 : 0),
                  fmt::format("EARLY_RESIDUAL={}", early_residual ? 1 : 0), fmt::format("WARPGROUPS={}", warpgroups ? 1 : 0), activation});
  result.arch_specific = warpgroups;
  return result;
}

void GemmPlan::split_into(int64_t pieces, int compute) {
  const int64_t piece = ceil_div(ceil_div(args.k, pieces), bk()) * bk();
  args.split = static_cast<int>(ceil_div(args.k, piece));
  args.k_piece = static_cast<int>(piece);
  cluster = args.split > 1 && args.split <= kMostCluster && compute >= 90;
}

bool choose_kernel(GemmPlan& plan, const Config& config, const Problem& p, std::string& why) {
  if (config.count("skinny")) {
    plan.skinny = static_cast<int>(config.at("skinny"));
    if (plan.args.m > 4 * kMostSkinnyRows) {
      why = "more rows than the kernel for few rows is good for";
      return false;
    }
  } else {
    plan.warpgroups = config.count("warpgroups") > 0;
    if (plan.warpgroups && (p.device.compute != 90 || size_of(plan.type) != 2 || plan.a_lines_are_k || plan.b_lines_are_k)) {
      why = "products of warpgroups take 16-bit factors whose lines are along k, on compute capability 9.0";
      return false;
    }
    const Multiplier multiplier = plan.warpgroups ? Multiplier::warpgroups : plan.tensor_cores ? Multiplier::tensor_cores : Multiplier::plain;
    const auto tile = find_tile(multiplier, config.at("bm"), config.at("bn"));
    if (!tile) {
      why = "no kernel has tiles of this shape";
      return false;
    }
    plan.tile = *tile;
  }
  plan.split_into(config.at("split"), p.device.compute);
  return true;
}

namespace {

/// Of few rows: enough blocks to read b at full speed.
std::vector<Config> skinny_configs(const Problem& p, int64_t m, int64_t n, int64_t k) {
  std::vector<Config> result;
  for (const int64_t split : {1, 2, 4, 8}) {
    const int64_t columns = ceil_div(n, kSkinnyColumns);
    if (split > 1 && (p.device.compute < 90 || k / split < 256 || columns * split > 3 * p.device.multiprocessors)) continue;
    result.push_back({{"skinny", m <= 8 ? 8 : 16}, {"split", split}});
  }
  std::reverse(result.begin(), result.end());
  if (result.size() > 3) result.resize(3);
  return result;
}

std::vector<Config> warpgroup_configs(const Problem& p, int64_t batch, int64_t m, int64_t n, int64_t k) {
  constexpr double kBytesPerUs = 110e3, kFlopsPerUs = 5e6;  // of a multiprocessor
  constexpr int64_t kStep = 64;
  std::vector<std::pair<double, Config>> ranked;
  for (const GemmTile& t : kWarpgroupTiles)
    for (const int64_t split : {1, 2, 3, 4, 5, 6, 8}) {
      const int64_t all = batch * split * ceil_div(m, t.bm) * ceil_div(n, t.bn);
      if (split > 1 && (k / split < 2 * kStep || all > 2 * p.device.multiprocessors)) continue;
      const double step = std::max((t.bm + t.bn) * kStep * 2 / kBytesPerUs, 2.0 * t.bm * t.bn * kStep / kFlopsPerUs);
      const double block = step * static_cast<double>(ceil_div(k, split * kStep)) + t.bm * t.bn * 4 / kBytesPerUs;
      const double us = block * static_cast<double>(ceil_div(all, std::max(1, p.device.multiprocessors))) + (split > 1 ? 0.7 : 0.0);
      ranked.emplace_back(us, Config{{"bm", t.bm}, {"bn", t.bn}, {"split", split}, {"warpgroups", 1}});
    }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min<size_t>(ranked.size(), 5));
  std::vector<Config> result;
  for (const auto& [time, config] : ranked) result.push_back(config);
  return result;
}

}  // namespace

std::vector<Config> gemm_configs(const Problem& p, DType type, int64_t batch, int64_t m, int64_t n, int64_t k, bool constant_b, bool along_k) {
  const bool tensor_cores = on_tensor_cores(p, type);
  const size_t most = 4;
  std::vector<Config> result;
  if (along_k && p.device.compute == 90 && size_of(type) == 2 && m > kMostSkinnyRows) result = warpgroup_configs(p, batch, m, n, k);
  if (constant_b && tensor_cores && m <= kMostSkinnyRows) result = skinny_configs(p, m, n, k);
  std::vector<std::pair<double, Config>> ranked;
  for (const GemmTile& t : tiles_of(tensor_cores ? Multiplier::tensor_cores : Multiplier::plain))
    for (const int64_t split : {1, 2, 4, 8}) {
      if (split > 1 && (k / split < 128 || batch * ceil_div(m, t.bm) * ceil_div(n, t.bn) * split > 2 * p.device.multiprocessors)) continue;
      ranked.emplace_back(estimate(p, t, tensor_cores, type, split, batch, m, n, k), Config{{"bm", t.bm}, {"bn", t.bn}, {"split", split}});
    }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), result.empty() ? most : 2));
  for (const auto& [time, config] : ranked) result.push_back(config);
  return result;
}

std::shared_ptr<const Executable> make_gemm(const PrepareContext& cx, const GemmPlan& plan, std::shared_ptr<const DeviceBuffer> weights,
                                            std::string& why) {
  if (plan.skinny && (plan.conv || plan.a_lines_are_k || plan.batch != 1 || !weights)) {
    why = "the kernel for few rows takes rows that are lines along k, and one constant matrix";
    return nullptr;
  }
  if (plan.batch * plan.args.split > 65535 || plan.args.m > INT32_MAX - 256) {
    why = "more products than a launch can count";
    return nullptr;
  }
  return std::make_shared<GemmExecutable>(plan, cx.problem.device.compute, std::move(weights), held_constant(cx, 2));
}

}  // namespace tenon::core::cuda::own
