#include "passes/rewrites/affine.h"

#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"

namespace tenon::core {
namespace {

template <class T>
Value rebuild_as(Graph& g, const Affine& a, const T& op) {
  T copy = op;
  copy.activation = a.activation;
  std::vector<Value> inputs{a.x, a.weights, a.bias, a.residual};
  while (!inputs.back()) inputs.pop_back();
  return g.add(std::move(copy), std::move(inputs));
}

/// [groups, 1, channels / groups, 1, ...] against weights [C, M / groups, kernel...] as [groups, C / groups, M /
/// groups, ...].
Value scale_transposed_weights(Graph& g, const Affine& a, Value factors, BinaryKind kind) {
  const int64_t group = is<ConvTranspose>(g, a.v)->group;
  const Dims dims = g.constant(a.weights)->dims();
  Dims split{group, dims[0] / group};
  split.insert(split.end(), dims.begin() + 1, dims.end());
  Dims shape(split.size(), 1);
  shape[0] = group;
  shape[2] = dims[1];
  const Value scaled = fold(g, Binary(kind), {fold_reshape(g, a.weights, split), fold_reshape(g, factors, shape)});
  return fold_reshape(g, scaled, dims);
}

}  // namespace

std::optional<Affine> as_affine(const Graph& g, Value v) {
  if (!v || !ranked_tensor(g, v) || !is_float(g, v)) return std::nullopt;
  Affine a;
  if (const auto* conv = is<Conv>(g, v)) {
    a.activation = conv->activation;
    a.takes_residual = true;
    a.channel_axis = 1;
  } else if (const auto* deconv = is<ConvTranspose>(g, v)) {
    a.activation = deconv->activation;
    a.channel_axis = 1;
  } else if (const auto* matmul = is<MatMul>(g, v)) {
    a.activation = matmul->activation;
    a.takes_residual = true;
    a.channel_axis = g.type(v).rank() - 1;
    if (g.type(input(g, v)).rank() < 2 || g.type(input(g, v, 1)).rank() < 2) return std::nullopt;
  } else {
    return std::nullopt;
  }
  a.v = v;
  a.x = input(g, v, 0);
  a.weights = input(g, v, 1);
  a.bias = input(g, v, 2);
  a.residual = input(g, v, 3);
  return a;
}

Value rebuild(Graph& g, const Affine& a) {
  const Node& node = g.node(a.v.node);
  if (const auto* conv = node.as<Conv>()) return rebuild_as(g, a, *conv);
  if (const auto* deconv = node.as<ConvTranspose>()) return rebuild_as(g, a, *deconv);
  return rebuild_as(g, a, *node.as<MatMul>());
}

std::optional<std::string> what_lies_between(const Graph& g, Value v) {
  if (is<Cast>(g, v) && as_affine(g, input(g, v))) return "the precision changes between the two";
  if (is<Reshape>(g, v) && as_affine(g, input(g, v))) return "a reshape lies between the two";
  return std::nullopt;
}

bool is_channel_constant(const Graph& g, Value constant, const Shape& shape, int axis) {
  const ConstRef c = g.constant(constant);
  if (!c || !shape[axis].is_const()) return false;
  const int offset = static_cast<int>(shape.size() - c->dims().size());
  if (offset < 0) return false;
  for (size_t i = 0; i < c->dims().size(); ++i) {
    const int64_t d = c->dims()[i];
    if (d != 1 && !(static_cast<int>(i) + offset == axis && d == shape[axis].value())) return false;
  }
  return true;
}

Value channel_vector(Graph& g, Value constant, const Shape& shape, int axis) {
  const int64_t channels = shape[axis].value();
  const int64_t size = checked_product(g.constant(constant)->dims());
  const Value flat = fold_reshape(g, constant, {size});
  return size == channels ? flat : fold(g, Expand{}, {flat, constant_i64(g, {channels})});
}

Value scale_weights(Graph& g, const Affine& a, Value factors, BinaryKind kind) {
  if (is<ConvTranspose>(g, a.v)) return scale_transposed_weights(g, a, factors, kind);
  const int64_t channels = g.constant(factors)->dims()[0];
  Dims shape{channels};
  if (is<Conv>(g, a.v))
    shape.resize(g.constant(a.weights)->dims().size(), 1);
  else if (is<MatMul>(g, a.v)->transpose_b)
    shape.push_back(1);
  return fold(g, Binary(kind), {a.weights, fold_reshape(g, factors, shape)});
}

}  // namespace tenon::core
