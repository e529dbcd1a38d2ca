#include "build/reformat.h"

#include <algorithm>
#include <numeric>

#include "ops/shape.h"
#include "passes/fold.h"

namespace tenon::core {
namespace {

/// Adds nodes one behind the other.
class Chain {
 public:
  Chain(Graph& g, Value v, OriginId origin) : g_(g), value_(v), origin_(origin) {}
  Value value() const { return value_; }
  const Shape& shape() const { return g_.type(value_).shape; }

  template <class T>
  void add(T op, std::vector<std::vector<int64_t>> numbers = {}) {
    std::vector<Value> inputs{value_};
    for (const auto& n : numbers) inputs.push_back(constant_i64(g_, n));
    value_ = g_.add(std::move(op), std::move(inputs), {origin_});
  }
  void move_axis(size_t from, size_t to) {
    Transpose op;
    op.permutation.resize(shape().size());
    std::iota(op.permutation.begin(), op.permutation.end(), 0);
    const int64_t axis = op.permutation[from];
    op.permutation.erase(op.permutation.begin() + static_cast<std::ptrdiff_t>(from));
    op.permutation.insert(op.permutation.begin() + static_cast<std::ptrdiff_t>(to), axis);
    add(std::move(op));
  }
  /// Reshapes to this shape, whose symbolic dims stay where they are.
  void reshape(const Shape& target) {
    std::vector<int64_t> dims;
    for (const Dim& d : target) dims.push_back(d.is_const() ? d.value() : 0);
    Reshape op;
    op.allowzero = std::all_of(target.begin(), target.end(), [](const Dim& d) { return d.is_const(); });
    add(std::move(op), {dims});
  }
  void cut(size_t axis, int64_t count) { add(Slice{}, {{0}, {count}, {static_cast<int64_t>(axis)}}); }
  void pad(size_t axis, int64_t count) {
    std::vector<int64_t> pads(2 * shape().size(), 0);
    pads[shape().size() + axis] = count;
    add(Pad{}, {pads});
  }

 private:
  Graph& g_;
  Value value_;
  OriginId origin_;
};

/// A vector's channels stand beside their blocks only once both are last: then symbolic dims keep their places in Reshape.
Shape with_last(const Shape& shape, size_t dropped, std::initializer_list<int64_t> last) {
  Shape result(shape.begin(), shape.end() - static_cast<std::ptrdiff_t>(dropped));
  for (int64_t d : last) result.emplace_back(d);
  return result;
}

}  // namespace

Value dense_from(Graph& g, Value stored, const IoFormat& io, OriginId origin) {
  const FormatTraits t = traits(io.format);
  if (t.axis_from_end == 0) return stored;
  Chain chain(g, stored, origin);
  const size_t rank = chain.shape().size() - (t.channels_last ? 0 : 1), axis = rank - static_cast<size_t>(t.axis_from_end);
  if (!t.channels_last) {
    const int64_t blocks = chain.shape()[axis].value();
    chain.move_axis(axis, rank - 1);
    chain.reshape(with_last(chain.shape(), 2, {blocks * t.components}));
  }
  const Dim padded = chain.shape().back();
  chain.move_axis(rank - 1, axis);
  if (t.components > 1 && padded != Dim(io.channels)) chain.cut(axis, io.channels);
  return chain.value();
}

Value stored_from(Graph& g, Value dense, MemoryFormat format, OriginId origin) {
  const FormatTraits t = traits(format);
  if (t.axis_from_end == 0) return dense;
  Chain chain(g, dense, origin);
  const size_t rank = chain.shape().size(), axis = rank - static_cast<size_t>(t.axis_from_end);
  if (t.components > 1) {
    const int64_t channels = chain.shape()[axis].value(), blocks = (channels + t.components - 1) / t.components;
    if (blocks * t.components != channels) chain.pad(axis, blocks * t.components - channels);
    chain.move_axis(axis, rank - 1);
    if (t.channels_last) return chain.value();
    chain.reshape(with_last(chain.shape(), 1, {blocks, t.components}));
    chain.move_axis(rank - 1, axis);
  } else {
    chain.move_axis(axis, rank - 1);
  }
  return chain.value();
}

bool is_reformat(const Graph& g, NodeId id) {
  const auto& origins = g.node(id).origins;
  return !origins.empty() && std::all_of(origins.begin(), origins.end(), [&](OriginId o) { return g.origins()[static_cast<size_t>(o)].operation == kReformat; });
}

}  // namespace tenon::core
