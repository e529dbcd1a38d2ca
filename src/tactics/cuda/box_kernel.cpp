#include "tactics/cuda/box_kernel.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "codegen/cuda/pointwise.h"

extern const char* const kernel_text_box;

namespace tenon::core::cuda {
namespace {

constexpr int64_t kMostItems = (int64_t{1} << 31) - 1;
constexpr size_t kMostLoops = 8;
constexpr int64_t kSmallestTile = 8;  // an extent below it leaves most of a tile empty

int64_t width_of(DType from, DType to) { return std::max<int64_t>(16 / std::max(size_of(from), size_of(to)), from == to ? 1 : 2); }
int64_t tile_of(DType to) { return size_of(to) <= 2 ? 64 : 32; }

/// The target's innermost loop first.
Loops in_order_of_target(const Dims& dims, const Dims& from, const Dims& to) {
  Loops loops = Loops::of(dims, {from, to});
  for (size_t i = 0; i + 1 < loops.size(); ++i) {
    size_t least = i;
    for (size_t j = i + 1; j < loops.size(); ++j)
      if (loops.extents[j] != 1 && (loops.extents[least] == 1 || loops.stride(1, j) < loops.stride(1, least))) least = j;
    loops.swap(i, least);
  }
  loops.collapse();
  return loops;
}

}  // namespace

std::string_view raw_name(int64_t size) {
  switch (size) {
    case 1: return "u8";
    case 2: return "u16";
    case 4: return "u32";
    case 8: return "u64";
    default: return "uint4";
  }
}

KernelText box_text(DType from, DType to) {
  const std::string_view from_name = from == to ? raw_name(size_of(to)) : element_name(from),
                         to_name = from == to ? raw_name(size_of(to)) : element_name(to);
  if (from_name.empty() || to_name.empty())
    fail(ErrorCode::no_kernel, "kernels convert no elements of {} to {}", to_string(from), to_string(to));
  return {kernel_text_box,
          {fmt::format("-DFROM={}", from_name), fmt::format("-DTO={}", to_name), fmt::format("-DWIDTH={}", width_of(from, to)),
           fmt::format("-DTILE={}", tile_of(to))}};
}

BoxKernel::BoxKernel(DType from, DType to, const Dims& dims, const Dims& from_strides, const Dims& to_strides, int compute)
    : from_size_(size_of(from)), to_size_(size_of(to)) {
  if (std::count(dims.begin(), dims.end(), 0)) return;
  Loops loops = in_order_of_target(dims, from_strides, to_strides);
  pieces_ = 1;
  peel(loops);
  if (loops.size() > kMostLoops) fail(ErrorCode::no_kernel, "a move of {} loops; kernels have {}", loops.size(), kMostLoops);
  module_ = &compiled(box_text(from, to), compute);
  const int64_t width = width_of(from, to);
  if (width > 1 && loops.vector_width(width) == width) {
    wide_ = one_by_one(loops, width, "rows");
    alignment_ = std::min<int64_t>(16, width * std::max(from_size_, to_size_));
    name_ = "rows";
  } else if (prepare_tiles(loops)) {
    name_ = "tiles";
    return;
  } else {
    name_ = prepare_pixels(loops) ? "pixels" : "single";
  }
  single_ = one_by_one(loops, 1, "single");
}

/// Takes the outermost loop off where there are more elements than one launch can number.
void BoxKernel::peel(Loops& loops) {
  if (loops.count() <= kMostItems) return;
  pieces_ = loops.extents.back();
  from_piece_ = loops.strides[0].back() * from_size_;
  to_piece_ = loops.strides[1].back() * to_size_;
  loops.extents.back() = 1;
  loops.collapse();
  if (loops.count() > kMostItems) fail(ErrorCode::too_large, "a move of {} elements in one loop", loops.count());
}

BoxKernel::Prepared BoxKernel::one_by_one(const Loops& elements, int64_t width, const char* entry) const {
  const Loops loops = elements.in_vectors(width);
  Prepared result;
  result.kernel = module_->kernel(entry);
  Parameters& p = result.parameters;
  p.count = static_cast<uint32_t>(loops.count());
  p.loops = static_cast<uint32_t>(loops.size());
  for (size_t l = 0; l < loops.size(); ++l) {
    p.extents[l] = Divider(loops.extents[l]);
    p.from_strides[l] = loops.stride(0, l);
    p.to_strides[l] = loops.stride(1, l);
  }
  p.step = elements.stride(0, 0) != 0;
  result.blocks = (p.count + result.threads - 1) / result.threads;
  return result;
}

/// Both arrays are dense, each along a loop of its own.
bool BoxKernel::prepare_tiles(Loops loops) {
  size_t column = 1;
  while (column < loops.size() && loops.stride(0, column) != 1) ++column;
  if (column >= loops.size() || loops.stride(1, 0) != 1) return false;
  loops.swap(1, column);
  if (std::min(loops.extents[0], loops.extents[1]) < kSmallestTile) return false;
  const int64_t tile = to_size_ <= 2 ? 64 : 32;
  Parameters& p = wide_.parameters;
  p.loops = static_cast<uint32_t>(loops.size());
  p.rows = static_cast<uint32_t>(loops.extents[0]);
  p.columns = static_cast<uint32_t>(loops.extents[1]);
  p.row_stride = loops.stride(0, 0);
  p.column_stride = loops.stride(1, 1);
  for (size_t l : {size_t{0}, size_t{1}}) loops.extents[l] = (loops.extents[l] + tile - 1) / tile;
  for (size_t l = 0; l < loops.size(); ++l) {
    p.extents[l] = Divider(loops.extents[l]);
    p.from_strides[l] = loops.stride(0, l);
    p.to_strides[l] = loops.stride(1, l);
  }
  wide_.kernel = module_->kernel("tiles");
  wide_.blocks = static_cast<unsigned>(loops.count());
  wide_.threads = 256;
  return true;
}

/// Up to four rows, each dense in the source, whose elements alternate in the target: channels of a picture.
bool BoxKernel::prepare_pixels(const Loops& loops) {
  const int64_t rows = loops.extents[0], pixels = 16 / std::min(from_size_, to_size_);
  if (rows < 2 || rows > 4 || loops.stride(1, 0) != 1 || std::max(from_size_, to_size_) > 8) return false;
  size_t column = 1;
  while (column < loops.size() && (loops.stride(0, column) != 1 || loops.stride(1, column) != rows)) ++column;
  if (column >= loops.size() || loops.extents[column] % pixels != 0) return false;
  const auto even = [](int64_t stride, int64_t size) { return stride * size % 16 == 0; };
  if (!even(loops.stride(0, 0), from_size_)) return false;
  Parameters& p = wide_.parameters;
  const auto add = [&](int64_t extent, int64_t from, int64_t to) {
    p.extents[p.loops] = Divider(extent);
    p.from_strides[p.loops] = from;
    p.to_strides[p.loops++] = to;
  };
  p.loops = 0;
  add(loops.extents[column] / pixels, pixels, pixels * rows);
  for (size_t l = 1; l < loops.size(); ++l) {
    if (l == column) continue;
    if (!even(loops.stride(0, l), from_size_) || !even(loops.stride(1, l), to_size_)) return false;
    add(loops.extents[l], loops.stride(0, l), loops.stride(1, l));
  }
  p.rows = static_cast<uint32_t>(rows);
  p.row_stride = loops.stride(0, 0);
  p.count = static_cast<uint32_t>(loops.count() / (rows * pixels));
  wide_.kernel = module_->kernel("pixels");
  wide_.blocks = (p.count + wide_.threads - 1) / wide_.threads;
  alignment_ = 16;
  return true;
}

void BoxKernel::launch(const void* from, void* to, cudaStream_t stream) const {
  const auto addresses = std::bit_cast<uint64_t>(from) | std::bit_cast<uint64_t>(to);
  const bool aligned = (addresses | static_cast<uint64_t>(from_piece_) | static_cast<uint64_t>(to_piece_)) % static_cast<uint64_t>(alignment_) == 0;
  const Prepared& chosen = wide_.kernel && (aligned || !single_.kernel) ? wide_ : single_;
  for (int64_t piece = 0; piece < pieces_; ++piece) {
    Parameters p = chosen.parameters;
    p.from = static_cast<const std::byte*>(from) + piece * from_piece_;
    p.to = static_cast<std::byte*>(to) + piece * to_piece_;
    void* args[] = {&p};
    Launch how;
    how.grid.x = chosen.blocks;
    how.block.x = chosen.threads;
    how.stream = stream;
    chosen.kernel.launch(how, args);
  }
}

}  // namespace tenon::core::cuda
