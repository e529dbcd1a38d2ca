#include <algorithm>
#include <cmath>

#include "kernels/cpu/row_kernels.h"
#include "ops/normalize.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// One sample is [groups, per_group, plane] in row-major order, [plane, groups, per_group] in channels-last order.
struct Groups {
  int64_t samples, groups, per_group, plane;
  int64_t channels() const { return groups * per_group; }
  int64_t sample() const { return channels() * plane; }
};

/// Scale and bias of channel c, 1 and 0 where they are absent.
struct Parameters {
  const float *scale, *bias;
  int64_t divisor;  // channels that share an element
  float factor(int64_t c) const { return scale ? scale[c / divisor] : 1; }
  float shift(int64_t c) const { return bias ? bias[c / divisor] : 0; }
};

class GroupNormExecutable : public Executable {
 public:
  GroupNormExecutable(const GroupNorm& op, const Groups& g, bool channels_last, bool has_scale, bool has_bias)
      : g_(g),
        epsilon_(static_cast<float>(op.epsilon)),
        channels_last_(channels_last),
        has_scale_(has_scale),
        has_bias_(has_bias),
        divisor_(op.per_group_scale ? g.per_group : 1) {}
  std::string kernel_name() const override { return channels_last_ ? "group_norm:nhwc" : "group_norm:planes"; }
  int64_t workspace_bytes() const override { return channels_last_ ? 2 * g_.samples * g_.channels() * 4 : 0; }

  void run(State*, const Args& args, Threads& threads) const override {
    const Parameters parameters{has_scale_ ? args.in[1].in<float>() : nullptr,
                                has_bias_ ? args.in[2].in<float>() : nullptr, divisor_};
    const float* x = args.in[0].in<float>();
    float* y = args.out[0].out<float>();
    if (g_.samples * g_.sample() == 0) return;
    if (channels_last_) return run_channels_last(x, y, parameters, reinterpret_cast<float*>(args.workspace), threads);
    threads.parallel(g_.samples * g_.groups, [&](int64_t i) {
      const int64_t length = g_.per_group * g_.plane;
      run_planes(x + i * length, y + i * length, i % g_.groups * g_.per_group, parameters);
    });
  }

 private:
  void run_planes(const float* x, float* y, int64_t first_channel, const Parameters& p) const {
    const cpu::RowKernels& kernels = cpu::row_kernels();
    float mean, inverse;
    kernels.statistics(x, g_.per_group * g_.plane, epsilon_, false, &mean, &inverse);
    for (int64_t c = 0; c < g_.per_group; ++c) {
      const float factor = inverse * p.factor(first_channel + c), shift = p.shift(first_channel + c) - mean * factor;
      kernels.affine(x + c * g_.plane, y + c * g_.plane, g_.plane, factor, shift);
    }
  }

  /// First factor and shift of every channel, then one pass over the pixels.
  void run_channels_last(const float* x, float* y, const Parameters& p, float* memory, Threads& threads) const {
    const int64_t channels = g_.channels();
    threads.parallel(g_.samples * g_.groups, [&](int64_t i) {
      const int64_t sample = i / g_.groups, first = i % g_.groups * g_.per_group;
      float* factor = memory + 2 * sample * channels + first;
      fill_parameters(x + sample * g_.sample() + first, first, p, factor, factor + channels);
    });
    const cpu::RowKernels& kernels = cpu::row_kernels();
    threads.parallel_ranges(
        g_.samples * g_.plane, std::max<int64_t>(1, 4096 / channels), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const float* factor = memory + 2 * (i / g_.plane) * channels;
            kernels.affine_rows(x + i * channels, y + i * channels, channels, factor, factor + channels);
          }
        });
  }

  /// The channels of a group, a pixel after the other; sums in double, since a group can be large.
  void fill_parameters(const float* x, int64_t first, const Parameters& p, float* factor, float* shift) const {
    double sum = 0, squares = 0;
    const auto count = static_cast<double>(g_.per_group * g_.plane);
    for (int64_t i = 0; i < g_.plane; ++i)
      for (int64_t c = 0; c < g_.per_group; ++c) sum += x[i * g_.channels() + c];
    const double mean = sum / count;
    for (int64_t i = 0; i < g_.plane; ++i)
      for (int64_t c = 0; c < g_.per_group; ++c)
        squares += (x[i * g_.channels() + c] - mean) * (x[i * g_.channels() + c] - mean);
    const double inverse = 1 / std::sqrt(squares / count + epsilon_);
    for (int64_t c = 0; c < g_.per_group; ++c) {
      factor[c] = static_cast<float>(inverse * p.factor(first + c));
      shift[c] = static_cast<float>(p.shift(first + c) - mean * inverse * p.factor(first + c));
    }
  }

  Groups g_;
  float epsilon_;
  bool channels_last_, has_scale_, has_bias_;
  int64_t divisor_;
};

class GroupNormTactic : public Tactic {
 public:
  std::string_view name() const override { return "group_norm"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<GroupNorm>()) why = "not a group normalization";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    return in_both_layouts(offer, p.input(0).rank());
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const GroupNorm& op = *cx.problem.node().as<GroupNorm>();
    const Dims& x = cx.shapes.in[0];
    const int64_t channels = x[1], groups = op.groups ? op.groups : channels;
    Groups g{x[0], groups, groups ? channels / groups : 0, checked_product(std::span(x).subspan(2))};
    if (groups == 0 || channels % groups != 0) {
      why = fmt::format("{} channels cannot be divided into {} groups", channels, groups);
      return nullptr;
    }
    for (size_t i : {size_t{1}, size_t{2}}) {
      if (!cx.problem.input(static_cast<int>(i)).present()) continue;
      if (cx.shapes.in[i] == Dims{op.per_group_scale ? groups : channels}) continue;
      why = fmt::format("input {} has not one element per channel or group", i);
      return nullptr;
    }
    return std::make_shared<GroupNormExecutable>(op, g, !cx.offer.in[0].layout.row_major(),
                                                 cx.problem.input(1).present(), cx.problem.input(2).present());
  }
};

}  // namespace

const Tactic& group_norm_tactic() {
  static const GroupNormTactic tactic;
  return tactic;
}

}  // namespace tenon::core
