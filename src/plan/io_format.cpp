#include "plan/io_format.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr std::string_view kNames[kMemoryFormats] = {"chw",    "chw2", "hwc8",       "chw4",     "chw16", "chw32", "dhwc8",
                                                     "cdhw32", "hwc",  "dla_linear", "dla_hwc4", "hwc16", "dhwc"};

/// The axis of the channels of a tensor of this rank. Fails where the format needs more dims.
size_t channel_axis(MemoryFormat format, size_t rank) {
  const FormatTraits t = traits(format);
  if (rank < static_cast<size_t>(t.axis_from_end))
    fail(ErrorCode::usage, "a tensor of {} dims can't have the memory format {}: it needs {} at least", rank, to_string(format), t.axis_from_end);
  return rank - static_cast<size_t>(t.axis_from_end);
}

int64_t vectors(int64_t channels, int64_t components) { return channels < 0 ? -1 : channels / components + (channels % components != 0); }

/// `blocks` is the number of vectors of channels, `all` that of channels with padding.
template <class D>
std::vector<D> store(MemoryFormat format, const std::vector<D>& dims, const D& blocks, const D& all) {
  const FormatTraits t = traits(format);
  std::vector<D> stored = dims;
  const auto axis = static_cast<std::ptrdiff_t>(channel_axis(format, dims.size()));
  if (t.channels_last) {
    stored.erase(stored.begin() + axis);
    stored.push_back(all);
  } else {
    stored[static_cast<size_t>(axis)] = blocks;
    stored.push_back(D(t.components));
  }
  return stored;
}

template <class D>
std::vector<D> restore(const IoFormat& io, std::vector<D> dims) {
  const FormatTraits t = traits(io.format);
  const size_t rank = dims.size() - (t.channels_last ? 0 : 1);
  if (dims.empty()) fail(ErrorCode::usage, "the memory format {} needs {} dims at least", to_string(io.format), t.axis_from_end);
  const size_t axis = channel_axis(io.format, rank);
  const D last = dims.back();
  dims.pop_back();
  if (t.channels_last) dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), last);
  if (io.channels >= 0) dims[axis] = D(io.channels);
  return dims;
}

/// Where the element at some coordinates lies: the sum of coordinate * stride, with that of the channels split into
/// whole vectors and the place in one.
struct Map {
  Dims strides;
  size_t axis = 0;
  int64_t components = 1;
};

Map map_of(MemoryFormat format, const Dims& dims) {
  const FormatTraits t = traits(format);
  Map map{Dims(dims.size()), t.axis_from_end == 0 ? dims.size() : channel_axis(format, dims.size()), t.components};
  int64_t stride = t.components;
  const auto give = [&](size_t a) {
    map.strides[a] = stride;
    stride = checked_mul(stride, a == map.axis ? vectors(dims[a], t.components) : dims[a]);
  };
  if (t.channels_last) give(map.axis);
  for (size_t a = dims.size(); a-- > 0;)
    if (!t.channels_last || a != map.axis) give(a);
  return map;
}

/// Calls f(row-major element, stored element) for each.
template <class F>
void each_element(const Map& map, const Dims& dims, F f) {
  const int64_t count = checked_product(dims);
  Dims at(dims.size(), 0);
  for (int64_t dense = 0; dense < count; ++dense) {
    int64_t stored = 0;
    for (size_t a = 0; a < dims.size(); ++a)
      stored += a == map.axis ? at[a] / map.components * map.strides[a] + at[a] % map.components : at[a] * map.strides[a];
    f(dense, stored);
    for (size_t a = dims.size(); a-- > 0;) {
      if (++at[a] < dims[a]) break;
      at[a] = 0;
    }
  }
}

}  // namespace

FormatTraits traits(MemoryFormat format) {
  switch (format) {
    case MemoryFormat::chw2: return {2, 3, false};
    case MemoryFormat::hwc8: return {8, 3, true};
    case MemoryFormat::chw4: return {4, 3, false};
    case MemoryFormat::chw16: return {16, 3, false};
    case MemoryFormat::chw32: return {32, 3, false};
    case MemoryFormat::dhwc8: return {8, 4, true};
    case MemoryFormat::cdhw32: return {32, 4, false};
    case MemoryFormat::hwc: return {1, 3, true};
    case MemoryFormat::hwc16: return {16, 3, true};
    case MemoryFormat::dhwc: return {1, 4, true};
    default: return {};
  }
}

bool is_of_dla(MemoryFormat format) { return format == MemoryFormat::dla_linear || format == MemoryFormat::dla_hwc4; }

std::string_view to_string(MemoryFormat format) { return kNames[static_cast<size_t>(format)]; }

std::optional<MemoryFormat> parse_memory_format(std::string_view name) {
  if (name == "linear") return MemoryFormat::linear;
  const auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<MemoryFormat>(found - std::begin(kNames));
}

Dims stored_dims(MemoryFormat format, const Dims& dims) {
  const FormatTraits t = traits(format);
  if (t.axis_from_end == 0) return dims;
  const int64_t blocks = vectors(dims[channel_axis(format, dims.size())], t.components);
  return store<int64_t>(format, dims, blocks, blocks < 0 ? -1 : checked_mul(blocks, t.components));
}

Dims dense_dims(const IoFormat& io, const Dims& stored) { return traits(io.format).axis_from_end == 0 ? stored : restore(io, stored); }

Shape stored_shape(MemoryFormat format, const Shape& shape) {
  const FormatTraits t = traits(format);
  if (t.axis_from_end == 0) return shape;
  const size_t axis = channel_axis(format, shape.size());
  const Dim& channels = shape[axis];
  if (t.components == 1) return store<Dim>(format, shape, channels, channels);
  if (!channels.is_const())
    fail(ErrorCode::usage, "the memory format {} needs a fixed number of channels: axis {} is {}; fix it, or allow hwc or chw", to_string(format), axis, channels.str());
  const int64_t blocks = vectors(channels.value(), t.components);
  return store<Dim>(format, shape, Dim(blocks), Dim(checked_mul(blocks, t.components)));
}

Shape dense_shape(const IoFormat& io, const Shape& stored) { return traits(io.format).axis_from_end == 0 ? stored : restore(io, stored); }

Dims stored_strides(MemoryFormat format, const Dims& dims) {
  Map map = map_of(format, dims);
  for (int64_t& stride : map.strides) stride /= map.components;
  return map.strides;
}

Tensor packed(MemoryFormat format, const Tensor& dense) {
  Tensor stored(dense.dtype(), stored_dims(format, dense.dims()));
  const auto size = static_cast<size_t>(size_of(dense.dtype()));
  const std::span<std::byte> bytes = stored.mutable_bytes();
  each_element(map_of(format, dense.dims()), dense.dims(), [&](int64_t from, int64_t to) {
    std::memcpy(bytes.data() + static_cast<size_t>(to) * size, dense.bytes().data() + static_cast<size_t>(from) * size, size);
  });
  return stored;
}

Tensor unpacked(const IoFormat& io, const Tensor& stored) {
  Tensor dense(stored.dtype(), dense_dims(io, stored.dims()));
  if (stored_dims(io.format, dense.dims()) != stored.dims())
    fail(ErrorCode::bad_input, "{} of {} channels is stored as {}, found {}", to_string(io.format), io.channels, dims_to_string(stored_dims(io.format, dense.dims())),
         dims_to_string(stored.dims()));
  const auto size = static_cast<size_t>(size_of(stored.dtype()));
  const std::span<std::byte> bytes = dense.mutable_bytes();
  each_element(map_of(io.format, dense.dims()), dense.dims(), [&](int64_t to, int64_t from) {
    std::memcpy(bytes.data() + static_cast<size_t>(to) * size, stored.bytes().data() + static_cast<size_t>(from) * size, size);
  });
  return dense;
}

}  // namespace tenon::core
