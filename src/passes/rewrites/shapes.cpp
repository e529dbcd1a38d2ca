#include "passes/rewrites/shapes.h"

#include <algorithm>
#include <numeric>

#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

/// The contents of Reshape's shape input; `allowzero` says how to read a 0.
struct Spec {
  std::vector<int64_t> dims;
  bool allowzero = false;
};

std::optional<Spec> spec_for(const Shape& from, const Shape& target) {
  Spec spec;
  bool open = false, zero = false, copied = false;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i].is_const()) {
      spec.dims.push_back(target[i].value());
      zero |= target[i].value() == 0;
    } else if (i < from.size() && known_equal(from[i], target[i])) {
      spec.dims.push_back(0);
      copied = true;
    } else {
      if (open) return std::nullopt;
      spec.dims.push_back(-1);
      open = true;
    }
  }
  if (zero && (open || copied)) return std::nullopt;
  // -1 is what the other dims leave; copied dims must not be 0 then, which a symbol may be.
  spec.allowzero = zero;
  return spec;
}

}  // namespace

bool can_reshape(const Shape& from, const Shape& target) { return spec_for(from, target).has_value(); }
bool can_reshape_to(const Graph& g, Value x, const Shape& target) {
  return ranked_tensor(g, x) && can_reshape(g.type(x).shape, target);
}

std::optional<Value> reshape_to(Graph& g, Value x, const Shape& target) {
  if (!ranked_tensor(g, x)) return std::nullopt;
  if (same_shape(g.type(x).shape, target)) return x;
  const auto spec = spec_for(g.type(x).shape, target);
  if (!spec) return std::nullopt;
  Reshape op;
  op.allowzero = spec->allowzero;
  return g.add(std::move(op), {x, constant_i64(g, spec->dims)});
}

namespace {

/// For each dim its axis in `from`, or -1 for a number; nothing when a dim is neither.
std::optional<std::vector<int64_t>> dim_sources(const Shape& shape, const Shape& from) {
  std::vector<int64_t> sources;
  for (const Dim& d : shape) {
    const auto it = std::find_if(from.begin(), from.end(), [&](const Dim& s) { return known_equal(s, d); });
    if (!d.is_const() && it == from.end()) return std::nullopt;
    sources.push_back(d.is_const() ? -1 : it - from.begin());
  }
  return sources;
}

}  // namespace

bool has_shape_value(const Graph& g, const Shape& shape, Value x) {
  return dim_sources(shape, g.type(x).shape).has_value();
}

std::optional<Value> shape_value(Graph& g, const Shape& shape, Value x) {
  if (const auto dims = const_dims(shape)) return constant_i64(g, *dims);
  const auto sources = dim_sources(shape, g.type(x).shape);
  if (!sources) return std::nullopt;
  std::vector<Value> parts;
  for (size_t i = 0; i < shape.size(); ++i) {
    ShapeOf dim;
    dim.start = (*sources)[i];
    dim.end = (*sources)[i] + 1;
    parts.push_back((*sources)[i] < 0 ? constant_i64(g, {shape[i].value()}) : g.add(std::move(dim), {x}));
  }
  return parts.size() == 1 ? parts[0] : g.add(Concat{}, std::move(parts));
}

std::vector<int64_t> permutation_of(const Graph& g, Value transposed) {
  auto p = is<Transpose>(g, transposed)->permutation;
  if (p.empty()) {
    p.resize(g.type(transposed).rank());
    std::iota(p.rbegin(), p.rend(), 0);
  }
  return p;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& permutation) {
  std::vector<int64_t> out(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) out[permutation[i]] = static_cast<int64_t>(i);
  return out;
}

bool is_identity(const std::vector<int64_t>& permutation) {
  for (size_t i = 0; i < permutation.size(); ++i)
    if (permutation[i] != static_cast<int64_t>(i)) return false;
  return true;
}

Value transpose(Graph& g, Value x, std::vector<int64_t> permutation) {
  Transpose op;
  op.permutation = std::move(permutation);
  return g.add(std::move(op), {x});
}

}  // namespace tenon::core
