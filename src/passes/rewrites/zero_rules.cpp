#include <algorithm>

#include "ops/shape.h"
#include "passes/fold.h"
#include "passes/match.h"
#include "passes/rewrites/affine.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/numbers.h"
#include "passes/rewrites/shapes.h"

namespace tenon::core {
namespace {

/// Whether every element is +0 or -0: no bit but the sign is set.
bool is_all_zero(const Constant& c) {
  if (c.is_expression() || !is_float(c.dtype()) || size_of(c.dtype()) < 2) return false;
  const Tensor value = c.value();
  const auto bytes = value.bytes();
  const auto size = static_cast<size_t>(size_of(c.dtype()));
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto bits = std::to_integer<unsigned>(bytes[i]);
    if ((i % size == size - 1 ? bits & 0x7f : bits) != 0) return false;
  }
  return !bytes.empty();
}

std::optional<Patch> zero_weights(Graph& g, Value root, Near& near) {
  const auto a = as_affine(g, root);
  const ConstRef weights = a ? g.constant(a->weights) : nullptr;
  if (!weights || a->activation.present() || !is_all_zero(*weights)) return std::nullopt;
  Value base = number_like(g, root, 0);
  if (a->bias && a->channel_axis == 1 && !is<MatMul>(g, root)) {
    if (!is_constant(g, a->bias)) return near.miss("the bias is not constant");
    Dims dims(g.type(root).rank() - 1, 1);
    dims[0] = g.constant(a->bias)->dims()[0];
    base = fold_reshape(g, a->bias, dims);
  } else if (a->bias) {
    base = a->bias;
  }
  if (a->residual) return replace(root, g.add(Binary(BinaryKind::add), {a->residual, base}));
  const Shape shape = g.type(root).shape;
  const auto target = shape_value(g, shape, a->x);
  if (!target) return near.miss("the output's shape is not made of numbers and dims of the input");
  return replace(root, g.add(Expand{}, {base, *target}));
}

constexpr Rewrite kZeroRules[] = {{"Conv/MatMul with weights that are all zero => its bias", zero_weights, false, true}};

}  // namespace

Rewrites zero_rules() { return kZeroRules; }

}  // namespace tenon::core
