#include "kernels/cpu/bottleneck.h"

#include <algorithm>

#include "base/checked.h"
#include "kernels/cpu/matrix_tile.h"
#include "kernels/cpu/row_product.h"

namespace tenon::core::cpu {
namespace {

/// y[pixels, outputs] = a 1x1 convolution of x[pixels, inputs].
void point(const float* x, int64_t pixels, int64_t inputs, int64_t outputs, const float* packed, const DepthwiseFinish& f,
           const float* residual, float* y) {
  PanelProduct product{x, inputs, nullptr, packed, matrix_panel() * inputs, y, outputs, pixels, inputs, outputs, 1, f.bias};
  if (!residual) product.low = f.low, product.high = f.high;
  multiply_packed(product);
  finish_sums(f, residual, y, pixels * outputs);
}

}  // namespace

BottleneckKernel::BottleneckKernel(const BottleneckShape& s, int lanes)
    : s_(s), lanes_(std::min<int64_t>(lanes, s.images * s.depthwise.rows.out)) {
  const SlidingAxis& rows = s.depthwise.rows;
  kept_ = (rows.kernel - 1) * rows.dilation + 1;
  in_row_ = s.depthwise.columns.in * s.depthwise.channels;
  middle_row_ = s.depthwise.columns.out * s.depthwise.channels;
}

int64_t BottleneckKernel::workspace_bytes() const {
  return checked_mul(checked_mul(lanes_, lane_floats()), static_cast<int64_t>(sizeof(float)));
}

/// One thread's rows.
class BottleneckKernel::Lane {
 public:
  Lane(const BottleneckKernel& kernel, const BottleneckInputs& in, float* memory)
      : k_(kernel), s_(kernel.s_), in_(in), kept_(memory), middle_(memory + (s_.inputs ? k_.kept_ * k_.in_row_ : 0)) {}

  /// Row `i` of all images' output rows, in rising order.
  void row(int64_t i, float* y) {
    const SlidingAxis& rows = s_.depthwise.rows;
    if (i / rows.out != image_) image_ = i / rows.out, next_ = 0;
    const int64_t first = i % rows.out * rows.stride - rows.pad, columns = s_.depthwise.columns.out;
    if (s_.inputs) expand_until(first);
    const float* window[DepthwiseShape::kMostRows];
    for (int64_t k = 0; k < rows.kernel; ++k) window[k] = row_before(first + k * rows.dilation);
    if (!s_.outputs) return depthwise_row(s_.depthwise, window, in_.weights, in_.second, y + i * k_.middle_row_);
    depthwise_row(s_.depthwise, window, in_.weights, in_.second, middle_);
    const int64_t at = i * columns * s_.outputs;
    point(middle_, columns, s_.depthwise.channels, s_.outputs, in_.project, in_.third,
          in_.third.residual ? in_.third.residual + at : nullptr, y + at);
  }

 private:
  /// The rows from `first` on that the depthwise convolution reads are computed, as far as they are not there.
  void expand_until(int64_t first) {
    const SlidingAxis& columns = s_.depthwise.columns;
    next_ = std::max({next_, first, int64_t{0}});
    for (const int64_t end = std::min(s_.depthwise.rows.in, first + k_.kept_); next_ < end; ++next_)
      point(in_.x + (image_ * s_.depthwise.rows.in + next_) * columns.in * s_.inputs, columns.in, s_.inputs,
            s_.depthwise.channels, in_.expand, in_.first, nullptr, kept_ + next_ % k_.kept_ * k_.in_row_);
  }
  const float* row_before(int64_t at) const {
    if (at < 0 || at >= s_.depthwise.rows.in) return nullptr;
    return s_.inputs ? kept_ + at % k_.kept_ * k_.in_row_ : in_.x + (image_ * s_.depthwise.rows.in + at) * k_.in_row_;
  }

  const BottleneckKernel& k_;
  const BottleneckShape& s_;
  const BottleneckInputs& in_;
  float *kept_, *middle_;
  int64_t image_ = -1, next_ = 0;  // rows of the image before `next_` are there, as far as they are still read
};

void BottleneckKernel::run(const BottleneckInputs& in, float* y, std::byte* workspace, Threads& threads) const {
  const int64_t total = s_.images * s_.depthwise.rows.out;
  threads.parallel(lanes_, [&](int64_t index) {
    Lane lane(*this, in, reinterpret_cast<float*>(workspace) + index * lane_floats());
    for (int64_t i = total * index / lanes_; i < total * (index + 1) / lanes_; ++i) lane.row(i, y);
  });
}

}  // namespace tenon::core::cpu
