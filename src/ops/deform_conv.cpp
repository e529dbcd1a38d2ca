#include "ops/deform_conv.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/conv_real.h"
#include "ops/conv_tiles.h"
#include "ops/infer_util.h"
#include "ops/reals.h"

namespace tenon::core {
namespace {

/// The 2^r neighbours of a fractional position with their weights; those outside the input are left out.
struct Corners {
  std::vector<std::pair<int64_t, double>> parts;

  void set(const Dims& in, const std::vector<double>& at) {
    parts.assign(1, {0, 1.0});
    for (size_t i = 0; i < in.size(); ++i) {
      std::vector<std::pair<int64_t, double>> next;
      const auto size = static_cast<double>(in[i]), base = std::floor(at[i]), fraction = at[i] - base;
      for (auto [offset, weight] : parts)
        for (int k = 0; k < 2; ++k) {
          const double x = base + k, w = k ? fraction : 1 - fraction;
          if (x >= 0 && x < size && w != 0) next.emplace_back(offset * in[i] + static_cast<int64_t>(x), weight * w);
        }
      parts = std::move(next);
    }
  }
};

template <class T>
class Deformer {
 public:
  Deformer(const DeformConv& op, const ConvProblem& p, const EvalContext& cx)
      : slide_(p.slide),
        channels_(p.group * p.in_channels),
        offset_group_(op.offset_group),
        x_(cx.tensor(0)),
        offset_(cx.tensor(2)),
        mask_(cx.has(4) ? Reals<T>(cx.tensor(4)) : Reals<T>()) {}

  /// The moved input under the kernel at up to kTileColumns output positions: [channel][tap][kTileColumns].
  void pack(int64_t image, int64_t first, int64_t count, std::vector<T>& panel) const {
    panel.assign(static_cast<size_t>(channels_ * slide_.taps * kTileColumns), T(0));
    const int64_t per_group = channels_ / offset_group_;
    Corners corners;
    for (int64_t g = 0; g < offset_group_; ++g)
      for (int64_t t = 0; t < slide_.taps; ++t)
        for (int64_t j = 0; j < count; ++j) {
          const int64_t row = (image * offset_group_ + g) * slide_.taps + t;
          corners.set(slide_.in, position(row, t, first + j));
          const T mask = mask_ ? mask_[row * slide_.positions + first + j] : T(1);
          for (int64_t c = g * per_group; c < (g + 1) * per_group; ++c)
            panel[(c * slide_.taps + t) * kTileColumns + j] = mask * sample(image * channels_ + c, corners);
        }
  }

 private:
  std::vector<double> position(int64_t row, int64_t tap, int64_t output) const {
    const size_t rank = slide_.in.size();
    std::vector<double> at(rank);
    int64_t rest_tap = tap, rest_output = output;
    for (size_t i = rank; i-- > 0;) {
      const int64_t start = rest_output % slide_.out[i] * slide_.strides[i] - slide_.begin[i];
      at[i] = static_cast<double>(start + rest_tap % slide_.kernel[i] * slide_.dilations[i]) +
              static_cast<double>(
                  offset_[(row * static_cast<int64_t>(rank) + static_cast<int64_t>(i)) * slide_.positions + output]);
      rest_tap /= slide_.kernel[i], rest_output /= slide_.out[i];
    }
    return at;
  }

  T sample(int64_t plane, const Corners& corners) const {
    double sum = 0;
    for (auto [offset, weight] : corners.parts) sum += weight * x_[plane * slide_.plane + offset];
    return static_cast<T>(sum);
  }

  const Slide& slide_;
  int64_t channels_, offset_group_;
  Reals<T> x_, offset_, mask_;
};

void check_concrete(const DeformConv& op, const ConvProblem& p, const EvalContext& cx) {
  const Slide& s = p.slide;
  const auto expect = [&](int input, std::string_view what, int64_t rows) {
    Dims expected = {p.batch, rows};
    expected.insert(expected.end(), s.out.begin(), s.out.end());
    if (cx.tensor(input).dims() != expected)
      fail(ErrorCode::shape_mismatch, "{} must have shape {}; found {}", what, dims_to_string(expected),
           dims_to_string(cx.tensor(input).dims()));
  };
  const int64_t rows = checked_mul(op.offset_group, s.taps);
  expect(2, "the offset", checked_mul(rows, static_cast<int64_t>(s.in.size())));
  if (cx.has(4)) expect(4, "the mask", rows);
  if (p.group * p.in_channels % op.offset_group != 0)
    fail(ErrorCode::shape_mismatch, "{} channels can't be divided into {} offset groups", p.group * p.in_channels,
         op.offset_group);
  if (cx.has(3) && cx.tensor(3).size() != p.group * p.out_channels)
    fail(ErrorCode::shape_mismatch, "the bias must have {} elements; found {}", p.group * p.out_channels,
         cx.tensor(3).size());
}

template <class T>
Tensor evaluate_deform(const DeformConv& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &w = cx.tensor(1);
  const ConvProblem p = make_conv_problem(x.dims(), w.dims(), op.window, op.group);
  check_concrete(op, p, cx);
  const Slide& s = p.slide;
  const int64_t depth = p.in_channels * s.taps, channels = p.group * p.out_channels;
  const int64_t chunks = (s.positions + kTileColumns - 1) / kTileColumns;
  RealResult<T> y(x.dtype(), output_dims(p));
  const Reals<T> weights(w), bias = cx.has(3) ? Reals<T>(cx.tensor(3)) : Reals<T>();
  const Deformer<T> deformer(op, p, cx);
  std::vector<std::vector<T>> strips;
  for (int64_t g = 0; g < p.group; ++g)
    strips.push_back(
        pack_strips(weights.data() + g * p.out_channels * depth, p.out_channels, depth, depth, int64_t{1}));
  cx.threads().parallel(p.batch * chunks, [&](int64_t piece) {
    const int64_t image = piece / chunks, first = piece % chunks * kTileColumns,
                  count = std::min(kTileColumns, s.positions - first);
    std::vector<T> panel;
    deformer.pack(image, first, count, panel);
    T* to = y.data() + image * channels * s.positions + first;
    for (int64_t g = 0; g < p.group; ++g)
      multiply_panels(strips[g].data(), p.out_channels, depth, panel.data() + g * depth * kTileColumns, count,
                      to + g * p.out_channels * s.positions, s.positions);
    for (int64_t m = 0; m < channels && bias; ++m)
      for (int64_t j = 0; j < count; ++j) to[m * s.positions + j] += bias[m];
  });
  return y.finish();
}

}  // namespace

std::vector<Fact> DeformConv::infer(InferContext& cx) const {
  for (int i = 0; i < 3; ++i) expect_tensor(cx, i, i == 0 ? "the input" : i == 1 ? "the weights" : "the offset");
  const Type &x = cx.input(0).type, &w = cx.input(1).type, &offset = cx.input(2).type;
  if (!is_float(x.dtype) || w.dtype != x.dtype || offset.dtype != x.dtype)
    fail(ErrorCode::invalid_model, "input, weights and offset must be of one float type; found {}, {} and {}", x.str(),
         w.str(), offset.str());
  if (offset_group < 1) fail(ErrorCode::invalid_model, "offset_group must be 1 or more; found {}", offset_group);
  if (!x.ranked || !w.ranked) return {unranked(x.dtype)};
  const Shape out = infer_conv_shape(cx, 0, 1, window, group);
  const int rank = static_cast<int>(out.size());
  const Dim rows = product(Shape(w.shape.begin() + 2, w.shape.end())) * Dim(offset_group);
  const auto expect_map = [&](int input, std::string_view what, const Dim& channels) {
    expect_rank(cx, input, what, rank, rank);
    const Type& type = cx.input(input).type;
    if (!type.ranked) return;
    expect_same(cx, type.shape[0], out[0], what);
    expect_same(cx, type.shape[1], channels, what);
    for (int i = 2; i < rank; ++i) expect_same(cx, type.shape[i], out[i], what);
  };
  expect_map(2, "the shape of the offset", rows * Dim(rank - 2));
  if (cx.has(3)) {
    expect_rank(cx, 3, "the bias", 1, 1);
    if (cx.input(3).type.ranked)
      expect_same(cx, cx.input(3).shape()[0], out[1], "elements of the bias, one per output channel");
  }
  if (cx.has(4)) expect_map(4, "the shape of the mask", rows);
  return {Fact::tensor(x.dtype, out)};
}

std::vector<HostValue> DeformConv::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_deform<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
