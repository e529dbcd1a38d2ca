#include "tactics/moves.h"

#include <algorithm>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Dims and element strides of one input or output in its offered layout.
struct Side {
  Dims dims, strides;
};

class Moves {
 public:
  explicit Moves(const PrepareContext& cx) : cx_(cx) {}

  Side in(int i) const { return side(cx_.shapes.in[static_cast<size_t>(i)], cx_.offer.in[static_cast<size_t>(i)]); }
  Side out(int i) const { return side(cx_.shapes.out[static_cast<size_t>(i)], cx_.offer.out[static_cast<size_t>(i)]); }
  std::vector<int64_t> numbers(int i) const { return *cx_.problem.input(i).numbers(); }

  void add(int in, int out, const Dims& dims, const Dims& from, const Dims& to, int64_t from_at = 0,
           int64_t to_at = 0) {
    const DType dtype = cx_.problem.output(0).dtype();
    const auto element = [&](const std::vector<Format>& formats, int i) {
      return size_of(i < 0 ? dtype : stored_as(formats[static_cast<size_t>(i)], dtype));
    };
    const int64_t from_size = in < 0 ? 1 : checked_product(cx_.shapes.in[static_cast<size_t>(in)]);
    fits = fits && inside(dims, from, from_at, from_size) &&
           inside(dims, to, to_at, checked_product(cx_.shapes.out[static_cast<size_t>(out)]));
    all.push_back({in, out, from_at * element(cx_.offer.in, in), to_at * element(cx_.offer.out, out), dims, from, to});
  }

  std::vector<Move> all;
  bool fits = true;  // every element that is moved lies inside its tensors

 private:
  static bool inside(const Dims& dims, const Dims& strides, int64_t at, int64_t size) {
    int64_t low = at, high = at;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0) return true;
      const int64_t reach = checked_mul(dims[i] - 1, strides[i]);
      (reach < 0 ? low : high) += reach;
    }
    return low >= 0 && high < size;
  }
  static Side side(const Dims& dims, const Format& format) { return {dims, strides_of(format.layout, dims)}; }
  const PrepareContext& cx_;
};

void transpose(Moves& m, const Transpose& op) {
  const Side x = m.in(0), y = m.out(0);
  Dims from;
  for (size_t i = 0; i < x.dims.size(); ++i)
    from.push_back(x.strides[op.permutation.empty() ? x.dims.size() - 1 - i : static_cast<size_t>(op.permutation[i])]);
  m.add(0, 0, y.dims, from, y.strides);
}

void concat(Moves& m, const Concat& op, int inputs) {
  const Side y = m.out(0);
  const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(y.dims.size())));
  int64_t at = 0;
  for (int i = 0; i < inputs; ++i) {
    const Side x = m.in(i);
    m.add(i, 0, x.dims, x.strides, y.strides, 0, at * y.strides[axis]);
    at += x.dims[axis];
  }
}

void split(Moves& m, const Split& op, int outputs) {
  const Side x = m.in(0);
  const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(x.dims.size())));
  int64_t at = 0;
  for (int i = 0; i < outputs; ++i) {
    const Side y = m.out(i);
    m.add(0, i, y.dims, x.strides, y.strides, at * x.strides[axis]);
    at += y.dims[axis];
  }
}

/// Where a slice starts; its length is that of the output.
int64_t first_of(int64_t start, int64_t step, int64_t dim) {
  if (start < 0) start += dim;
  return std::clamp<int64_t>(start, 0, std::max<int64_t>(0, step > 0 ? dim : dim - 1));
}

void slice(Moves& m, const Problem& p) {
  const Side x = m.in(0), y = m.out(0);
  const std::vector<int64_t> starts = m.numbers(1);
  std::vector<int64_t> axes, steps(starts.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (p.input(3).present()) axes = resolve_axes(m.numbers(3), static_cast<int64_t>(x.dims.size()));
  if (p.input(4).present()) steps = m.numbers(4);
  Dims from = x.strides;
  int64_t at = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto a = static_cast<size_t>(axes[i]);
    at += first_of(starts[i], steps[i], x.dims[a]) * x.strides[a];
    from[a] = y.dims[a] > 1 ? x.strides[a] * steps[i] : 0;
  }
  m.add(0, 0, y.dims, from, y.strides, at);
}

void expand(Moves& m) {
  const Side x = m.in(0), y = m.out(0);
  const size_t missing = y.dims.size() - x.dims.size();
  Dims from(y.dims.size(), 0);
  for (size_t i = 0; i < x.dims.size(); ++i)
    if (x.dims[i] != 1) from[missing + i] = x.strides[i];
  m.add(0, 0, y.dims, from, y.strides);
}

void tile(Moves& m) {
  const Side x = m.in(0), y = m.out(0);
  Dims dims, from, to;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    dims.insert(dims.end(), {x.dims[i] == 0 ? 0 : y.dims[i] / x.dims[i], x.dims[i]});
    from.insert(from.end(), {0, x.strides[i]});
    to.insert(to.end(), {y.strides[i] * x.dims[i], y.strides[i]});
  }
  m.add(0, 0, dims, from, to);
}

void pad(Moves& m, const Problem& p) {
  const Side x = m.in(0), y = m.out(0);
  const auto rank = static_cast<int64_t>(x.dims.size());
  const std::vector<int64_t> pads = m.numbers(1);
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  if (p.input(3).present()) axes = resolve_axes(m.numbers(3), rank);
  Dims dims = x.dims;
  int64_t from_at = 0, to_at = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto a = static_cast<size_t>(axes[i]);
    const int64_t begin = pads[i], end = pads[axes.size() + i];
    dims[a] += std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0);
    from_at += std::max<int64_t>(-begin, 0) * x.strides[a];
    to_at += std::max<int64_t>(begin, 0) * y.strides[a];
  }
  m.add(p.input(2).present() ? 2 : -1, 0, {checked_product(y.dims)}, {0}, {1});
  m.add(0, 0, dims, x.strides, y.strides, from_at, to_at);
}

void depth_to_space(Moves& m, const DepthToSpace& op) {
  const Side x = m.in(0), y = m.out(0);
  const int64_t b = op.blocksize, depth = y.dims[1], c = op.crd ? b * b : 1, i = op.crd ? b : b * depth,
                j = op.crd ? 1 : depth;
  m.add(0, 0, {x.dims[0], depth, x.dims[2], b, x.dims[3], b},
        {x.strides[0], c * x.strides[1], x.strides[2], i * x.strides[1], x.strides[3], j * x.strides[1]},
        {y.strides[0], y.strides[1], b * y.strides[2], y.strides[2], b * y.strides[3], y.strides[3]});
}

void space_to_depth(Moves& m, const SpaceToDepth& op) {
  const Side x = m.in(0), y = m.out(0);
  const int64_t b = op.blocksize, depth = x.dims[1], c = op.crd ? b * b : 1, i = op.crd ? b : b * depth,
                j = op.crd ? 1 : depth;
  m.add(0, 0, {x.dims[0], depth, y.dims[2], b, y.dims[3], b},
        {x.strides[0], x.strides[1], b * x.strides[2], x.strides[2], b * x.strides[3], x.strides[3]},
        {y.strides[0], c * y.strides[1], y.strides[2], i * y.strides[1], y.strides[3], j * y.strides[1]});
}

bool constants_known(const Problem& p, std::initializer_list<int> inputs, std::string& why) {
  for (int i : inputs) {
    if (!p.input(i).present() || p.input(i).numbers()) continue;
    why = fmt::format("input {} is known only at run time", i);
    return false;
  }
  return true;
}

}  // namespace

bool is_made_of_moves(const Problem& p, std::string& why) {
  const Node& n = p.node();
  if (n.as<Slice>()) return constants_known(p, {1, 3, 4}, why);
  if (const Pad* op = n.as<Pad>()) {
    if (op->mode == PadMode::constant) return constants_known(p, {1, 3}, why);
    why = "pads with other elements of the input";
    return false;
  }
  if (n.as<Transpose>() || n.as<Concat>() || n.as<Split>() || n.as<Expand>() || n.as<Tile>() || n.as<DepthToSpace>() ||
      n.as<SpaceToDepth>())
    return true;
  why = "does not only move elements";
  return false;
}

bool keeps_layout(const Problem& p) {
  const Node& n = p.node();
  return n.as<Slice>() || n.as<Pad>() || n.as<Concat>() || n.as<Split>() || n.as<Tile>() || n.as<DepthToSpace>() ||
         n.as<SpaceToDepth>();
}

std::optional<std::vector<Move>> moves_of(const PrepareContext& cx, std::string& why) {
  const Problem& p = cx.problem;
  const Node& n = p.node();
  if (!is_made_of_moves(p, why)) return {};
  Moves m(cx);
  if (const auto* op = n.as<Transpose>())
    transpose(m, *op);
  else if (const auto* op = n.as<Concat>())
    concat(m, *op, p.inputs());
  else if (const auto* op = n.as<Split>())
    split(m, *op, p.outputs());
  else if (const auto* op = n.as<DepthToSpace>())
    depth_to_space(m, *op);
  else if (const auto* op = n.as<SpaceToDepth>())
    space_to_depth(m, *op);
  else if (n.as<Slice>())
    slice(m, p);
  else if (n.as<Expand>())
    expand(m);
  else if (n.as<Tile>())
    tile(m);
  else
    pad(m, p);
  if (m.fits) return std::move(m.all);
  why = "what is moved does not fit the tensors: their dims contradict each other";
  return {};
}

std::vector<Offer> move_offers(const Problem& p, std::string_view tactic) {
  std::vector<Offer> result{row_major_offer(p, tactic)};
  const int rank = p.input(0).rank();
  if (keeps_layout(p) && rank >= 3) {
    result.push_back(result[0]);
    const Format format = with_layout(channels_last(rank));
    for (size_t i = 0; i < result[1].in.size(); ++i)
      if (p.node().inputs[i] && p.input(static_cast<int>(i)).rank() == rank) result[1].in[i] = format;
    std::fill(result[1].out.begin(), result[1].out.end(), format);
  }
  return result;
}

}  // namespace tenon::core
