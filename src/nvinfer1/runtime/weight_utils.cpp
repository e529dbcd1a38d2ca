#include <cstring>
#include <vector>

#include "NvUtils.h"
#include "nvinfer1/plan.h"

// The functions of NvUtils.h: weights in another order.
namespace nvinfer1::utils {
namespace {

int64_t element_bytes(DataType type) { return tenon::size_of(tenon::adapter::core_type(static_cast<int32_t>(type))); }

/// `order` names every axis of `nbDims` once.
bool is_permutation(int32_t const* order, int32_t nbDims) {
  std::vector<bool> seen(static_cast<size_t>(nbDims));
  for (int32_t i = 0; i < nbDims; ++i) {
    if (order[i] < 0 || order[i] >= nbDims || seen[static_cast<size_t>(order[i])]) return false;
    seen[static_cast<size_t>(order[i])] = true;
  }
  return true;
}

}  // namespace

bool reshapeWeights(Weights const& input, int32_t const* shape, int32_t const* shapeOrder, void* data, int32_t nbDims) noexcept {
  if (!shape || !shapeOrder || !data || !input.values || nbDims < 1 || nbDims > 8 || !is_permutation(shapeOrder, nbDims)) return false;
  int64_t strides[8], count = 1;
  for (int32_t i = nbDims; i-- > 0;) {
    if (shape[i] < 1) return false;
    strides[i] = count;
    count *= shape[i];
    if (count > input.count) return false;
  }
  if (count != input.count) return false;
  const auto bytes = static_cast<size_t>(element_bytes(input.type));
  int64_t at[8] = {};
  for (int64_t to = 0; to < count; ++to) {
    int64_t from = 0;
    for (int32_t i = 0; i < nbDims; ++i) from += at[i] * strides[shapeOrder[i]];
    std::memcpy(static_cast<char*>(data) + static_cast<size_t>(to) * bytes, static_cast<const char*>(input.values) + static_cast<size_t>(from) * bytes, bytes);
    for (int32_t i = nbDims; i-- > 0;) {
      if (++at[i] < shape[shapeOrder[i]]) break;
      at[i] = 0;
    }
  }
  return true;
}

bool reorderSubBuffers(void* input, int32_t const* order, int32_t num, int32_t size) noexcept {
  if (!input || !order || num < 1 || size < 1 || !is_permutation(order, num)) return false;
  const auto block = static_cast<size_t>(size);
  std::vector<char> copy(static_cast<size_t>(num) * block);
  std::memcpy(copy.data(), input, copy.size());
  for (int32_t i = 0; i < num; ++i) std::memcpy(static_cast<char*>(input) + static_cast<size_t>(i) * block, copy.data() + static_cast<size_t>(order[i]) * block, block);
  return true;
}

bool transposeSubBuffers(void* input, DataType type, int32_t num, int32_t height, int32_t width) noexcept {
  if (!input || num < 1 || height < 1 || width < 1) return false;
  const auto bytes = static_cast<size_t>(element_bytes(type)), h = static_cast<size_t>(height), w = static_cast<size_t>(width);
  std::vector<char> copy(h * w * bytes);
  for (int32_t n = 0; n < num; ++n) {
    char* matrix = static_cast<char*>(input) + static_cast<size_t>(n) * copy.size();
    std::memcpy(copy.data(), matrix, copy.size());
    for (size_t y = 0; y < h; ++y)
      for (size_t x = 0; x < w; ++x) std::memcpy(matrix + (x * h + y) * bytes, copy.data() + (y * w + x) * bytes, bytes);
  }
  return true;
}

}  // namespace nvinfer1::utils
