#include "kernels/cpu/stem.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "kernels/cpu/matrix_tile.h"

namespace tenon::core::cpu {

int64_t StemKernel::depth(const StemShape& s) {
  return checked_mul(checked_mul(s.channels, s.rows.kernel), s.columns.kernel);
}

StemKernel::StemKernel(const StemShape& s, int lanes) : s_(s), lanes_(std::min<int64_t>(lanes, s.images * s.rows.out)) {
  const SlidingAxis& c = s.columns;
  width_ = round_up((c.out - 1) * c.stride + (c.kernel - 1) * c.dilation + 1, 16);
  scratch_rows_ = s.channels * s.rows.kernel;
  for (int64_t row = 0; row < scratch_rows_; ++row)
    for (int64_t k = 0; k < c.kernel; ++k) places_.push_back(row * width_ + k * c.dilation);
}

int64_t StemKernel::workspace_bytes() const {
  return checked_mul(checked_mul(lanes_, scratch_floats()), static_cast<int64_t>(sizeof(float)));
}

void StemKernel::load_rows(const float* image, int64_t row, float* scratch) const {
  const SlidingAxis& c = s_.columns;
  const int64_t count = std::min(c.in, width_ - c.pad);  // columns that any output reaches
  for (int64_t channel = 0; channel < s_.channels; ++channel)
    for (int64_t k = 0; k < s_.rows.kernel; ++k, scratch += width_) {
      const int64_t at = row * s_.rows.stride + k * s_.rows.dilation - s_.rows.pad;
      if (at < 0 || at >= s_.rows.in || count <= 0) {
        std::fill_n(scratch, width_, 0.0f);
        continue;
      }
      std::fill_n(scratch, c.pad, 0.0f);
      std::memcpy(scratch + c.pad, image + (channel * s_.rows.in + at) * c.in,
                  static_cast<size_t>(count) * sizeof(float));
      std::fill_n(scratch + c.pad + count, width_ - c.pad - count, 0.0f);
    }
}

void StemKernel::run(const float* x, const float* packed, const DepthwiseFinish& finish, float* y, std::byte* workspace,
                     Threads& threads) const {
  const int64_t total = s_.images * s_.rows.out, row = s_.columns.out * s_.filters, all = depth(s_);
  threads.parallel(lanes_, [&](int64_t lane) {
    auto* scratch = reinterpret_cast<float*>(workspace) + lane * scratch_floats();
    for (int64_t i = total * lane / lanes_; i < total * (lane + 1) / lanes_; ++i) {
      load_rows(x + i / s_.rows.out * s_.channels * s_.rows.in * s_.columns.in, i % s_.rows.out, scratch);
      float* to = y + i * row;
      multiply_packed({scratch, s_.columns.stride, places_.data(), packed, matrix_panel() * all, to, s_.filters,
                       s_.columns.out, all, s_.filters, 1, finish.bias, finish.low, finish.high});
      if (finish.activation) finish.activation({to, {to, nullptr, nullptr}, row, finish.alpha, finish.beta});
    }
  });
}

}  // namespace tenon::core::cpu
