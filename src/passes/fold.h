#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// Constants above this many bytes stay expressions over their sources.
inline constexpr int64_t kMaxEagerFold = 64 << 10;

/// A weight that a refitter may replace later: an expression from the start, so that no rewrite relies on its values and
/// every fold of it stays an expression.
ConstRef refittable_constant(Tensor value, const std::string& name);
bool is_refittable(const ConstRef&);

/// `op` over constants (null: left out): computed now when the result is small, an expression otherwise. Facts come
/// from `infer`; the result's dims must be constant.
ConstRef fold(OpRef op, std::vector<ConstRef> inputs, int output = 0);
/// The same as values of `g`.
Value fold(Graph& g, OpRef op, const std::vector<Value>& inputs);
template <std::derived_from<Op> T>
Value fold(Graph& g, T op, const std::vector<Value>& inputs) {
  return fold(g, std::make_shared<const T>(std::move(op)), inputs);
}
Value constant_i64(Graph&, const std::vector<int64_t>& values);
/// `x` with constant dims as other dims of the same size.
Value fold_reshape(Graph&, Value constant, const Dims& dims);

}  // namespace tenon::core
