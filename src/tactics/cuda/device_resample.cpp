#include <algorithm>
#include <bit>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"
#include "tactics/memory_axes.h"
#include "tactics/resize_axes.h"

namespace tenon::core::cuda {
namespace {

constexpr uint32_t kMostLoops = 8;  // kLoops of the kernel
constexpr size_t kMostSampled = 3;  // kSampled
int64_t width_of(DType in, DType out) { return 16 / std::max(size_of(in), size_of(out)); }

/// ResampleArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void* y = nullptr;
  const void *places = nullptr, *weights = nullptr;
  uint32_t count = 0, loops = 0;
  Divider extents[kMostLoops];
  int64_t strides[kMostLoops] = {};
  uint32_t sampled[kMostSampled] = {kMostLoops, kMostLoops, kMostLoops}, taps[kMostSampled] = {1, 1, 1},
           tables[kMostSampled] = {};
  float outside = 0;
  uint32_t unused = 0;
};

/// The loops of the output and the tables of those that are sampled.
struct Sampling {
  std::vector<int64_t> extents, strides;  // innermost first
  std::vector<size_t> sampled;            // loops
  std::vector<int64_t> taps, tables;
  std::vector<int64_t> places{0};
  std::vector<float> weights{1};

  void add_plain(int64_t extent, int64_t stride) {
    const bool joins = !extents.empty() && (sampled.empty() || sampled.back() != extents.size() - 1) &&
                       strides.back() * extents.back() == stride;
    if (joins) {
      extents.back() *= extent;
    } else if (extent != 1) {
      extents.push_back(extent);
      strides.push_back(stride);
    }
  }
  void add_sampled(const ResizeTaps& t, int64_t out, int64_t stride) {
    sampled.push_back(extents.size());
    taps.push_back(t.count);
    tables.push_back(static_cast<int64_t>(places.size()));
    extents.push_back(out);
    strides.push_back(0);
    for (int64_t o = 0; o < out; ++o)
      for (int64_t i = o * t.count; i < (o + 1) * t.count; ++i) {
        places.push_back(t.outside[static_cast<size_t>(o)] ? -1 : t.index[static_cast<size_t>(i)] * stride);
        weights.push_back(static_cast<float>(t.weight[static_cast<size_t>(i)]));
      }
  }
  Sampling(const Resize& op, const std::vector<ResizeAxis>& axes, const Layout& layout) {
    int64_t stride = 1;
    for (size_t i = axes.size(); i-- > 0;) {
      const ResizeAxis& axis = axes[layout.row_major() ? i : static_cast<size_t>(layout.order[i])];
      if (axis.identity())
        add_plain(axis.in, stride);
      else
        add_sampled(make_taps(op, axis), axis.out, stride);
      stride *= axis.in;
    }
    if (extents.empty()) add_plain_one();
  }

 private:
  void add_plain_one() {
    extents.push_back(1);
    strides.push_back(1);
  }
};

class ResampleExecutable : public DeviceExecutable {
 public:
  ResampleExecutable(const Sampling& s, DType in, DType out, int64_t count, float outside, int compute)
      : places_(on_device(s.places)), weights_(on_device(s.weights)), width_(width_of(in, out)) {
    Parameters& p = parameters_;
    p.count = static_cast<uint32_t>(count);
    p.loops = static_cast<uint32_t>(s.extents.size());
    p.outside = outside;
    p.places = places_->data();
    p.weights = weights_->data();
    for (size_t l = 0; l < s.extents.size(); ++l) {
      p.extents[l] = Divider(s.extents[l]);
      p.strides[l] = s.strides[l];
    }
    for (size_t i = 0; i < s.sampled.size(); ++i) {
      p.sampled[i] = static_cast<uint32_t>(s.sampled[i]);
      p.taps[i] = static_cast<uint32_t>(s.taps[i]);
      p.tables[i] = static_cast<uint32_t>(s.tables[i]);
    }
    const Module& module = compiled(resample_text(in, out), compute);
    single_ = module.kernel("single");
    if (s.strides[0] == 1 && s.extents[0] % width_ == 0) wide_ = module.kernel("wide");
  }
  std::string kernel_name() const override { return wide_ ? "resample:vectors" : "resample:elements"; }
  bool uses_input(int i) const override { return i == 0; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Parameters p = parameters_;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    const bool aligned = (std::bit_cast<uint64_t>(p.x) | std::bit_cast<uint64_t>(p.y)) % 16 == 0;
    const bool wide = wide_ && aligned;
    if (wide) {
      p.count /= static_cast<uint32_t>(width_);
      p.extents[0] = Divider(p.extents[0].divisor / width_);
      p.strides[0] = width_;
    }
    Launch how = launch_over(p.count);
    how.stream = stream;
    (wide ? wide_ : single_)(how, p);
  }

 private:
  std::shared_ptr<const DeviceBuffer> places_, weights_;
  int64_t width_;
  Parameters parameters_;
  Kernel single_, wide_;
};

/// Linear and cubic resizes of up to three axes.
class DeviceResample : public Tactic {
 public:
  std::string_view name() const override { return "device_resample"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Resize* op = p.node().as<Resize>();
    if (op && op->mode == ResizeMode::nearest) why = "picks elements";
    if (!why.empty() || !has_known_scales(p, why) || !plain_tensors(p, why)) return {};
    const DType dtype = p.input(0).dtype();
    if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
      why = fmt::format("interpolates f32, f16 and bf16 only, found {}", to_string(dtype));
      return {};
    }
    return in_precisions_and_across(in_both_layouts(row_major_offer(p, name()), p.input(0).rank()), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &in = cx.shapes.in[0], &out = cx.shapes.out[0];
    if (checked_product(in) == 0 || checked_product(out) == 0) why = "an empty tensor";
    if (std::max(checked_product(in), checked_product(out)) > kMostItems) why = "more than 2^31 elements";
    if (!why.empty()) return nullptr;
    const Resize& op = *cx.problem.node().as<Resize>();
    const Sampling sampling(op, resize_axes(cx.problem, in, out), cx.offer.in[0].layout);
    if (sampling.sampled.size() > kMostSampled || sampling.extents.size() > kMostLoops) {
      why = fmt::format("more than {} axes are resized", kMostSampled);
      return nullptr;
    }
    const DType dtype = cx.problem.input(0).dtype();
    return std::make_shared<ResampleExecutable>(sampling, stored_as(cx.offer.in[0], dtype),
                                                stored_as(cx.offer.out[0], dtype), checked_product(out),
                                                static_cast<float>(op.extrapolation), cx.problem.device.compute);
  }
};

}  // namespace

KernelText resample_text(DType in, DType out) {
  return {kernel_text_resample,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DWIDTH={}", width_of(in, out))}};
}

const Tactic& device_resample_tactic() {
  static const DeviceResample tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
