#include "tactics/cuda/row_shape.h"

#include <algorithm>
#include <optional>

namespace tenon::core::cuda {
namespace {

constexpr int kBlock = 128;      // threads of a block of several rows
constexpr int kMostHeld = 32;    // elements in the registers of a thread
constexpr int kThreads[] = {32, 128, 512};

int width_of(int64_t length, int64_t widest_element) {
  const int64_t width = std::clamp<int64_t>(16 / widest_element, 2, 8);
  return length % width == 0 ? static_cast<int>(width) : 1;
}

/// Vectors of each thread; 0 when they do not fit, or more than half of the threads had nothing to do.
int vectors_of(int64_t length, int width, int threads) {
  const int64_t vectors = (length + int64_t{threads} * width - 1) / (int64_t{threads} * width);
  if (vectors * width > kMostHeld) return 0;
  if (threads > kThreads[0] && length <= int64_t{threads} * width / 2) return 0;
  return static_cast<int>(vectors);
}

Offer with_threads(Offer offer, int threads) {
  offer.config["threads"] = threads;
  return offer;
}

}  // namespace

std::vector<std::string> RowShape::options() const {
  return {fmt::format("-DROW_THREADS={}", threads), fmt::format("-DROW_VECTORS={}", vectors), fmt::format("-DROW_WIDTH={}", width)};
}

Launch RowShape::launch(int64_t rows) const {
  const int block = held ? std::max(threads, kBlock) : 256, rows_of_block = held ? block / threads : 1;
  Launch how;
  how.grid.x = static_cast<unsigned>((rows + rows_of_block - 1) / rows_of_block);
  how.block.x = static_cast<unsigned>(block);
  return how;
}

std::vector<Offer> in_row_threads(const Offer& offer, const Dim& length, int64_t widest_element) {
  std::vector<Offer> result;
  if (length.is_const() && length.value() > 0) {
    const int width = width_of(length.value(), widest_element);
    for (int threads : kThreads) {
      const int vectors = vectors_of(length.value(), width, threads);
      if (vectors == 0) continue;
      // A thread with more than 16 elements is slow to start.
      const bool first = !result.empty() && result.front().config.at("threads") < threads && vectors * width <= 16 &&
                         vectors_of(length.value(), width, static_cast<int>(result.front().config.at("threads"))) * width > 16;
      result.insert(first ? result.begin() : result.end(), with_threads(offer, threads));
    }
  }
  if (result.empty()) result.push_back(with_threads(offer, 0));
  return result;
}

std::optional<RowShape> row_shape(const Offer& offer, int64_t length, int64_t widest_element, std::string& why) {
  RowShape shape;
  const auto config = offer.config.find("threads");
  if (config == offer.config.end() || config->second == 0) return shape;
  const auto threads = static_cast<int>(config->second);
  const int width = width_of(length, widest_element), vectors = std::find(std::begin(kThreads), std::end(kThreads), threads) == std::end(kThreads) ? 0 : vectors_of(length, width, threads);
  if (vectors == 0) {
    why = fmt::format("{} threads are too few or too many for rows of {} elements", threads, length);
    return {};
  }
  return RowShape{true, threads, vectors, width};
}

}  // namespace tenon::core::cuda
