#include "ops/packed_attention.h"

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "ops/index.h"
#include "ops/shape.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

const Node* node_of(const Graph& g, Value v) { return v ? &g.node(v.node) : nullptr; }

std::optional<Dims> dims_of(const Graph& g, Value v, const Bindings& symbols) {
  const Type& type = g.type(v);
  if (!type.is_tensor() || !type.ranked) return {};
  std::set<std::string> open;
  for (const Dim& d : type.shape) d.collect_symbols(open);
  if (!std::all_of(open.begin(), open.end(), [&](const std::string& s) { return symbols.count(s) > 0; })) return {};
  return evaluate(type.shape, symbols);
}

/// Numbers for the open dims of a tensor, such that what is a view under them is one under all.
Bindings numbers_for(const Type& type) {
  constexpr std::array<int64_t, 8> kPrimes{1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049};
  std::set<std::string> open;
  if (type.is_tensor() && type.ranked)
    for (const Dim& d : type.shape) d.collect_symbols(open);
  Bindings numbers;
  for (const std::string& symbol : open)
    if (numbers.size() < kPrimes.size()) numbers.emplace(symbol, kPrimes[numbers.size()]);
  return numbers;
}

/// Nothing where a dim is more than a symbol.
std::optional<Bindings> symbols_of(const Shape& shape, const Dims& dims) {
  Bindings symbols;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].is_const()) continue;
    const auto symbol = shape[i].as_symbol();
    if (!symbol || symbols.try_emplace(*symbol, dims[i]).first->second != dims[i]) return {};
  }
  return symbols;
}

/// Strides under which the same elements in the same order have other dims.
std::optional<StridedView> reshaped(const StridedView& from, const Dims& to) {
  Dims dims, strides;
  for (size_t i = 0; i < from.dims.size(); ++i)
    if (from.dims[i] != 1) dims.push_back(from.dims[i]), strides.push_back(from.strides[i]);
  StridedView result{from.offset, to, Dims(to.size(), 1)};
  size_t old = 0, fresh = 0;
  while (fresh < to.size() && old < dims.size()) {
    size_t old_end = old + 1, fresh_end = fresh + 1;
    for (int64_t a = dims[old], b = to[fresh]; a != b;) {
      if (a < b ? old_end == dims.size() : fresh_end == to.size()) return {};
      if (a < b) a *= dims[old_end++];
      else b *= to[fresh_end++];
    }
    for (size_t i = old; i + 1 < old_end; ++i)
      if (strides[i] != dims[i + 1] * strides[i + 1]) return {};
    int64_t stride = strides[old_end - 1];
    for (size_t i = fresh_end; i-- > fresh;) {
      result.strides[i] = stride;
      stride *= to[i];
    }
    old = old_end, fresh = fresh_end;
  }
  return result;
}

std::optional<StridedView> transposed(StridedView view, const Transpose& op) {
  const StridedView from = view;
  const size_t rank = from.dims.size();
  for (size_t i = 0; i < rank; ++i) {
    const size_t axis = op.permutation.empty() ? rank - 1 - i : static_cast<size_t>(op.permutation[i]);
    view.dims[i] = from.dims[axis], view.strides[i] = from.strides[axis];
  }
  return view;
}

size_t axis_of(int64_t axis, const StridedView& view) { return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(view.dims.size()) : axis); }

std::optional<StridedView> part(const Graph& g, StridedView view, const Split& op, Value v, const Bindings& symbols) {
  const size_t axis = axis_of(op.axis, view);
  for (int32_t i = 0; i <= v.output; ++i) {
    const auto dims = dims_of(g, {v.node, i}, symbols);
    if (!dims) return {};
    if (i < v.output) view.offset += (*dims)[axis] * view.strides[axis];
    else view.dims = *dims;
  }
  return view;
}

std::optional<StridedView> picked(const Graph& g, StridedView view, const Gather& op, const Node& node) {
  const ConstRef index = g.constant(node.inputs[1]);
  const size_t axis = axis_of(op.axis, view);
  if (!index || index->dims().size() > 1 || checked_product(index->dims()) != 1) return {};
  const int64_t at = static_cast<int64_t>(to_doubles(index->value())[0]);
  if (at < -view.dims[axis] || at >= view.dims[axis]) return {};
  view.offset += (at < 0 ? at + view.dims[axis] : at) * view.strides[axis];
  if (!index->dims().empty()) {
    view.dims[axis] = 1;
    return view;
  }
  view.dims.erase(view.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  view.strides.erase(view.strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return view;
}

bool is_reshape(const Node& n) { return n.as<Reshape>() || n.as<Squeeze>() || n.as<Unsqueeze>() || n.as<Flatten>(); }
bool is_view(const Node& n) { return is_reshape(n) || n.as<Transpose>() || n.as<Split>() || n.as<Gather>(); }

constexpr int kMostSteps = 16;

std::optional<StridedView> view_of(const Graph& g, Value v, Value root, const Bindings& symbols, int steps) {
  const auto dims = v ? dims_of(g, v, symbols) : std::nullopt;
  if (!dims || checked_product(*dims) == 0) return {};
  if (v == root) return StridedView{0, *dims, strides_of(*dims)};
  const Node& node = *node_of(g, v);
  if (steps == 0 || !is_view(node)) return {};
  const auto view = view_of(g, node.inputs[0], root, symbols, steps - 1);
  if (!view) return {};
  if (const auto* op = node.as<Transpose>()) return transposed(*view, *op);
  if (const auto* op = node.as<Split>()) return part(g, *view, *op, v, symbols);
  if (const auto* op = node.as<Gather>()) return picked(g, *view, *op, node);
  return reshaped(*view, *dims);
}

}  // namespace

std::optional<StridedView> view_of(const Graph& g, Value v, Value root) { return view_of(g, v, root, numbers_for(g.type(root)), kMostSteps); }

Value viewed(const Graph& g, Value v) {
  for (int steps = 0; steps < kMostSteps && v && !g.constant(v) && is_view(*node_of(g, v)); ++steps) v = node_of(g, v)->inputs[0];
  return v;
}

std::optional<PackedAttention> packed_attention(const Graph& body) {
  if (body.outputs().size() != 1) return {};
  const Value y = body.outputs()[0];
  const Node& node = body.node(y.node);
  PackedAttention result;
  result.op = node.as<Attention>();
  if (!result.op || node.outputs.size() != 1 || node.inputs.size() < 3) return {};
  const auto index_of = [&](Value v) {
    const auto& inputs = body.inputs();
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == v) return static_cast<int>(i);
    return -1;
  };
  const Value packed = viewed(body, node.inputs[0]);
  result.packed = index_of(packed);
  result.inputs.fill(-1);
  if (result.packed < 0) return {};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i >= 3 && node.inputs[i] && (result.inputs[i] = index_of(node.inputs[i])) < 0) return {};
    if (i >= 3) continue;
    const auto view = view_of(body, node.inputs[i], packed);
    if (!view || view->dims.size() != 4 || (view->strides[3] != 1 && view->dims[3] != 1)) return {};
    result.operands[i] = node.inputs[i];
  }
  return result;
}

std::optional<std::array<StridedView, 3>> views_at(const Graph& body, const PackedAttention& attention, const Dims& dims) {
  const Value packed = body.inputs()[static_cast<size_t>(attention.packed)];
  const Shape& shape = body.type(packed).shape;
  const auto symbols = shape.size() == dims.size() ? symbols_of(shape, dims) : std::nullopt;
  if (!symbols) return {};
  std::array<StridedView, 3> views;
  for (size_t i = 0; i < views.size(); ++i) {
    auto view = view_of(body, attention.operands[i], packed, *symbols, kMostSteps);
    if (!view) return {};
    views[i] = std::move(*view);
  }
  return views;
}

}  // namespace tenon::core
