#include "build/example_inputs.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "ops/body_types.h"
#include "ops/control.h"
#include "ops/index.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

/// In [0, 1).
double next_unit(uint64_t& random) { return static_cast<double>(next_random(random) >> 11) * 0x1p-53; }

/// One more than the largest number in a constant that indices are compared with: a hand-written one-hot.
int64_t bound_of_table(const Graph& g, Value v) {
  const ConstRef c = g.constant(v);
  if (!c || c->dtype() == DType::string || checked_product(c->dims()) < 2) return INT64_MAX;
  const auto values = to_int64s(c->value());
  return *std::max_element(values.begin(), values.end()) + 1;
}

/// The smallest bound that readers of an integer value put on it; 2 when none does.
int64_t bound_of(const Graph& g, Value v, const Bindings& bindings, int depth) {
  int64_t bound = INT64_MAX;
  for (const Use& use : g.uses(v)) {
    const Node& n = g.node(use.user);
    if (const auto* gather = n.as<Gather>(); gather && use.input == 1) {
      const Type& data = g.type(n.inputs[0]);
      if (data.ranked && data.rank() > 0)
        bound = std::min(bound, data.shape[(gather->axis + data.rank()) % data.rank()].evaluate(bindings));
    } else if (n.as<OneHot>() && use.input == 0) {
      if (const auto depth_value = uniform_constant(g, n.inputs[1])) bound = std::min(bound, static_cast<int64_t>(*depth_value));
    } else if (const auto* compared = n.as<Binary>(); compared && compared->kind == BinaryKind::equal) {
      bound = std::min(bound, bound_of_table(g, n.inputs[1 - use.input]));
    } else if (depth < 8 && (n.as<Expand>() || n.as<Cast>() || n.as<Reshape>() || n.as<Unsqueeze>() || n.as<Squeeze>() || n.as<Flatten>() || n.as<Transpose>() || n.as<Identity>())) {
      const int64_t inner = bound_of(g, {use.user, 0}, bindings, depth + 1);
      if (inner != 2) bound = std::min(bound, inner);
    }
  }
  return bound == INT64_MAX ? 2 : std::max<int64_t>(bound, 1);
}

/// An If takes this condition, and its first branch can't run at these dims.
bool leads_nowhere(const Graph& g, Value condition, const Bindings& bindings) {
  const std::map<std::string, Dim> dims(bindings.begin(), bindings.end());
  for (const Use& use : g.uses(condition)) {
    const Node& n = g.node(use.user);
    const auto* op = n.as<If>();
    if (!op || use.input != 0) continue;
    std::vector<Type> types;
    for (size_t i = 0; i < op->then_branch->inputs().size(); ++i) {
      types.push_back(g.type(n.inputs[1 + i]));
      for (Dim& d : types.back().shape) d = d.substitute(dims);
    }
    if (!try_body_types(*op->then_branch, types)) return true;
  }
  return false;
}

/// The number that a model compares an integer input with (a sample rate, a mode): the one it surely takes. The next
/// one where what the model does for that number can't run at these dims.
std::optional<double> compared_with(const Graph& g, Value v, const Bindings& bindings) {
  for (const Use& use : g.uses(v)) {
    const auto* compared = g.node(use.user).as<Binary>();
    if (!compared || compared->kind != BinaryKind::equal) continue;
    const Value other = g.node(use.user).inputs[1 - use.input];
    const ConstRef c = g.constant(other);
    const auto number = c && checked_product(c->dims()) == 1 ? uniform_constant(g, other) : std::nullopt;
    if (number) return *number + leads_nowhere(g, {use.user, 0}, bindings);
  }
  return std::nullopt;
}

Tensor random_tensor(const Type& type, Dims dims, int64_t bound, uint64_t& random) {
  int64_t count = checked_product(dims);
  if (type.dtype == DType::string) {
    Tensor t(DType::string, std::move(dims));
    for (auto& s : t.mutable_values<std::string>()) s = "text" + std::to_string(next_random(random) % 10);
    return t;
  }
  if (type.dtype == DType::c64 || type.dtype == DType::c128) return Tensor(type.dtype, std::move(dims));
  constexpr int64_t kPiece = int64_t{1} << 16;  // of a large tensor at a time: a double takes up to eight times its element
  Tensor t(type.dtype, std::move(dims));
  for (int64_t first = 0; first < count; first += kPiece) {
    std::vector<double> values(static_cast<size_t>(std::min(kPiece, count - first)));
    for (double& v : values)
      v = is_float(type.dtype) ? 2 * next_unit(random) - 1 : static_cast<double>(next_random(random) % static_cast<uint64_t>(bound));
    const Tensor piece = from_doubles(type.dtype, {static_cast<int64_t>(values.size())}, values);
    std::copy(piece.bytes().begin(), piece.bytes().end(), t.mutable_bytes().begin() + first * size_of(type.dtype));
  }
  return t;
}

HostValue random_value(const Graph& g, Value in, const Bindings& bindings, uint64_t& random) {
  const Type& type = g.type(in);
  if (type.kind == Type::Kind::sequence) return std::vector<Tensor>{};
  if (type.kind == Type::Kind::optional) return {};
  if (!type.ranked) return random_tensor(type, {1}, 2, random);
  if (const auto number = is_integer(type.dtype) ? compared_with(g, in, bindings) : std::nullopt) {
    const Dims dims = evaluate(type.shape, bindings);
    return from_doubles(type.dtype, dims, std::vector<double>(checked_product(dims), *number));
  }
  const int64_t bound = is_float(type.dtype) ? 2 : bound_of(g, in, bindings, 0);
  return random_tensor(type, evaluate(type.shape, bindings), bound, random);
}

}  // namespace

std::vector<HostValue> example_inputs(const Graph& g, const Bindings& bindings, uint64_t seed) {
  std::vector<HostValue> values;
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    uint64_t random = seed * 1000003 + i;
    values.push_back(random_value(g, g.inputs()[i], bindings, random));
  }
  return values;
}

}  // namespace tenon::core
