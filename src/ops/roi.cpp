#include "ops/roi.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxSamples = 1 << 16;  // along one axis of one output element

std::vector<Fact> infer_rois(InferContext& cx, int64_t columns, int64_t height, int64_t width) {
  expect_rank(cx, 0, "the input of the region pooling", 4, 4);
  expect_rank(cx, 1, "the regions", 2, 2);
  const Type &x = cx.input(0).type, &rois = cx.input(1).type;
  if (!is_float(x.dtype) || !is_float(rois.dtype))
    fail(ErrorCode::invalid_model, "input and regions must be of a float type; found {} and {}", x.str(), rois.str());
  if (height < 1 || width < 1)
    fail(ErrorCode::invalid_model, "the output must be at least 1 x 1; found {} x {}", height, width);
  if (!x.ranked || !rois.ranked) return {unranked(x.dtype)};
  expect_same(cx, rois.shape[1], Dim(columns), "numbers of each region");
  return {Fact::tensor(x.dtype, {rois.shape[0], x.shape[1], Dim(height), Dim(width)})};
}

void check_concrete(const Tensor& x, const Tensor& rois, int64_t columns) {
  if (x.rank() != 4 || rois.rank() != 2 || rois.dim(1) != columns)
    fail(ErrorCode::shape_mismatch, "expected an input [N,C,H,W] and regions [R,{}]; found {} and {}", columns,
         dims_to_string(x.dims()), dims_to_string(rois.dims()));
}

void check_image(int64_t image, int64_t batch, int64_t region) {
  if (image < 0 || image >= batch)
    fail(ErrorCode::runtime_index, "region {} is in image {}; the batch has {}", region, image, batch);
}

/// Samples along one axis of one output element: two neighbours and the weight of the second.
struct Sample {
  bool outside;
  int64_t low, high;
  double fraction;
};

Sample make_sample(double at, int64_t size) {
  if (!(at >= -1) || at > static_cast<double>(size)) return {true, 0, 0, 0};
  at = std::max(at, 0.0);
  const auto low = static_cast<int64_t>(at);
  if (low >= size - 1) return {false, size - 1, size - 1, 0};
  return {false, low, low + 1, at - static_cast<double>(low)};
}

/// One axis of one region: [output element][sample].
std::vector<std::vector<Sample>> sample_axis(const RoiAlign& op, double begin, double end, int64_t outputs,
                                             int64_t size) {
  const double shift = op.half_pixel ? 0.5 : 0;
  begin = begin * op.spatial_scale - shift, end = end * op.spatial_scale - shift;
  const double length = op.half_pixel ? end - begin : std::max(end - begin, 1.0);
  const double bin = length / static_cast<double>(outputs);
  const double wanted = op.sampling_ratio > 0 ? static_cast<double>(op.sampling_ratio) : std::ceil(bin);
  if (!(wanted <= kMaxSamples)) fail(ErrorCode::bad_input, "a region from {} to {} is too large to sample", begin, end);
  const int64_t count = std::max<int64_t>(0, static_cast<int64_t>(wanted));
  std::vector<std::vector<Sample>> samples(static_cast<size_t>(outputs));
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < count; ++i)
      samples[o].push_back(make_sample(
          begin + bin * (static_cast<double>(o) + (static_cast<double>(i) + 0.5) / static_cast<double>(count)), size));
  return samples;
}

/// One output element. The maximum is over the weighted neighbours themselves, not over interpolated samples.
template <class T>
double pool_samples(const RoiAlign& op, const T* x, int64_t width, const std::vector<Sample>& rows,
                    const std::vector<Sample>& columns) {
  double sum = 0, best = 0;
  bool first = true;
  for (const Sample& r : rows)
    for (const Sample& c : columns) {
      double parts[4] = {};
      if (!r.outside && !c.outside) {
        parts[0] = (1 - r.fraction) * (1 - c.fraction) * x[r.low * width + c.low];
        parts[1] = (1 - r.fraction) * c.fraction * x[r.low * width + c.high];
        parts[2] = r.fraction * (1 - c.fraction) * x[r.high * width + c.low];
        parts[3] = r.fraction * c.fraction * x[r.high * width + c.high];
      }
      sum += parts[0] + parts[1] + parts[2] + parts[3];
      const double highest = *std::max_element(parts, parts + 4);
      best = first ? highest : std::max(best, highest);
      first = false;
    }
  const auto count = static_cast<double>(std::max<size_t>(1, rows.size() * columns.size()));
  return op.max ? best : sum / count;
}

template <class T>
Tensor evaluate_align(const RoiAlign& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &rois = cx.tensor(1);
  check_concrete(x, rois, 4);
  const std::vector<int64_t> images = to_int64s(cx.tensor(2));
  const std::vector<double> boxes = to_doubles(rois);
  if (static_cast<int64_t>(images.size()) != rois.dim(0))
    fail(ErrorCode::shape_mismatch, "{} regions need as many batch indices; found {}", rois.dim(0), images.size());
  const int64_t channels = x.dim(1), height = x.dim(2), width = x.dim(3), plane = op.height * op.width;
  RealResult<T> y(x.dtype(), {rois.dim(0), channels, op.height, op.width});
  const Reals<T> input(x);
  cx.threads().parallel(rois.dim(0), [&](int64_t r) {
    check_image(images[r], x.dim(0), r);
    const double* box = boxes.data() + r * 4;
    const auto columns = sample_axis(op, box[0], box[2], op.width, width),
               rows = sample_axis(op, box[1], box[3], op.height, height);
    if (height == 0 || width == 0) return;
    for (int64_t c = 0; c < channels; ++c) {
      const T* from = input.data() + (images[r] * channels + c) * height * width;
      for (int64_t i = 0; i < plane; ++i)
        y.data()[(r * channels + c) * plane + i] =
            static_cast<T>(pool_samples(op, from, width, rows[i / op.width], columns[i % op.width]));
    }
  });
  return y.finish();
}

/// The half-open input range of output element o of one axis.
std::pair<int64_t, int64_t> bin_range(double begin, double end, double scale, int64_t o, int64_t outputs,
                                      int64_t size) {
  const double first = std::round(begin * scale), last = std::round(end * scale);
  const double bin = std::max(last - first + 1, 1.0) / static_cast<double>(outputs), n = static_cast<double>(size);
  const auto limit = [n](double v) { return std::isnan(v) ? 0 : static_cast<int64_t>(std::clamp(v, 0.0, n)); };
  const auto k = static_cast<double>(o);
  return {limit(std::floor(k * bin) + first), limit(std::ceil((k + 1) * bin) + first)};
}

template <class T>
T pool_bin(const T* x, int64_t width, std::pair<int64_t, int64_t> rows, std::pair<int64_t, int64_t> columns) {
  if (rows.first >= rows.second || columns.first >= columns.second) return 0;
  T best = x[rows.first * width + columns.first];
  for (int64_t h = rows.first; h < rows.second; ++h)
    for (int64_t w = columns.first; w < columns.second; ++w) best = std::max(best, x[h * width + w]);
  return best;
}

template <class T>
Tensor evaluate_max_pool(const MaxRoiPool& op, const EvalContext& cx) {
  const Tensor &x = cx.tensor(0), &rois = cx.tensor(1);
  check_concrete(x, rois, 5);
  const std::vector<double> boxes = to_doubles(rois);
  const int64_t channels = x.dim(1), height = x.dim(2), width = x.dim(3), plane = op.height * op.width;
  RealResult<T> y(x.dtype(), {rois.dim(0), channels, op.height, op.width});
  const Reals<T> input(x);
  cx.threads().parallel(rois.dim(0), [&](int64_t r) {
    const double* box = boxes.data() + r * 5;
    const int64_t image = box[0] >= 0 && box[0] < static_cast<double>(x.dim(0)) ? static_cast<int64_t>(box[0]) : -1;
    check_image(image, x.dim(0), r);
    for (int64_t i = 0; i < plane; ++i) {
      const auto rows = bin_range(box[2], box[4], op.spatial_scale, i / op.width, op.height, height);
      const auto columns = bin_range(box[1], box[3], op.spatial_scale, i % op.width, op.width, width);
      for (int64_t c = 0; c < channels; ++c)
        y.data()[(r * channels + c) * plane + i] =
            pool_bin(input.data() + (image * channels + c) * height * width, width, rows, columns);
    }
  });
  return y.finish();
}

}  // namespace

std::vector<Fact> RoiAlign::infer(InferContext& cx) const {
  if (sampling_ratio < 0)
    fail(ErrorCode::invalid_model, "sampling_ratio must not be negative; found {}", sampling_ratio);
  expect_rank(cx, 2, "the batch indices", 1, 1);
  const Type &rois = cx.input(1).type, &images = cx.input(2).type;
  if (!is_integer(images.dtype))
    fail(ErrorCode::invalid_model, "the batch indices must be integers; found {}", images.str());
  std::vector<Fact> out = infer_rois(cx, 4, height, width);
  if (rois.ranked && images.ranked)
    expect_same(cx, images.shape[0], rois.shape[0], "batch indices, one for each region");
  return out;
}

std::vector<HostValue> RoiAlign::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_align<decltype(t)>(*this, cx); })};
}

std::vector<Fact> MaxRoiPool::infer(InferContext& cx) const { return infer_rois(cx, 5, height, width); }

std::vector<HostValue> MaxRoiPool::evaluate(const EvalContext& cx) const {
  return {with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_max_pool<decltype(t)>(*this, cx); })};
}

}  // namespace tenon::core
