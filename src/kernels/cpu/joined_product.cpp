#include "kernels/cpu/joined_product.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "kernels/cpu/joined_rows.h"
#include "kernels/cpu/matrix_tile.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kScratchFloats = 1 << 16;  // of a block
constexpr int64_t kTileRows = 12;            // heights of the product's tiles divide it

}  // namespace

int64_t JoinedShape::channels() const { return std::accumulate(widths.begin(), widths.end(), int64_t{0}); }

JoinedProduct::JoinedProduct(const JoinedShape& s, int lanes)
    : s_(s), channels_(s.channels()), row_(round_up(channels_, 16)), lanes_(std::min<int64_t>(lanes, s.rows)) {
  const int64_t most = std::max(kTileRows, kScratchFloats / row_ / kTileRows * kTileRows);
  block_ = std::min(most, round_up((s.rows + lanes_ - 1) / lanes_, kTileRows));
}

int64_t JoinedProduct::workspace_bytes() const {
  return checked_mul(checked_mul(lanes_, block_ * row_), static_cast<int64_t>(sizeof(float)));
}

void JoinedProduct::block(const JoinedInputs& in, int64_t begin, int64_t count, float* scratch, float* y) const {
  int64_t channel = 0;
  for (size_t i = 0; i < s_.widths.size(); ++i) {
    const int64_t width = s_.widths[i];
    join_rows({in.parts[i] + begin * width, in.scale + channel, in.shift + channel, width, count, scratch + channel, row_});
    channel += width;
  }
  float* to = y + begin * s_.filters;
  const DepthwiseFinish& f = in.finish;
  multiply_packed({scratch, row_, nullptr, in.packed, matrix_panel() * channels_, to, s_.filters, count, channels_, s_.filters,
                   1, f.bias, f.low, f.high});
  if (f.activation) f.activation({to, {to, nullptr, nullptr}, count * s_.filters, f.alpha, f.beta});
}

void JoinedProduct::run(const JoinedInputs& in, float* y, std::byte* workspace, Threads& threads) const {
  threads.parallel(lanes_, [&](int64_t lane) {
    auto* scratch = reinterpret_cast<float*>(workspace) + lane * block_ * row_;
    const int64_t end = s_.rows * (lane + 1) / lanes_;
    for (int64_t i = s_.rows * lane / lanes_; i < end; i += block_) block(in, i, std::min(block_, end - i), scratch, y);
  });
}

}  // namespace tenon::core::cpu
