#include <algorithm>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/norm_util.h"
#include "ops/normalize.h"
#include "ops/reals.h"
#include "ops/window.h"

namespace tenon::core {
namespace {

/// A tensor that broadcasts to the input from the right: reads the element for flat position i of the input.
template <class T>
class Broadcasted {
 public:
  Broadcasted(const Tensor& t, const Dims& to, std::string_view what) : values_(t), same_tail_(true) {
    if (broadcast_dims(t.dims(), to) != to)
      fail(ErrorCode::shape_mismatch, "{} of shape {} does not broadcast to the input's shape {}", what,
           dims_to_string(t.dims()), dims_to_string(to));
    Dims dims(to.size() - t.dims().size(), 1);
    dims.insert(dims.end(), t.dims().begin(), t.dims().end());
    int64_t stride = 1;
    strides_.resize(to.size());
    for (size_t i = to.size(); i-- > 0; stride *= dims[i]) {
      strides_[i] = dims[i] == 1 ? 0 : stride;
      if (dims[i] != to[i] && stride != t.size()) same_tail_ = false;
    }
    dims_ = to;
  }
  T operator[](int64_t i) const {
    if (same_tail_) return values_[i % values_.size()];
    int64_t at = 0;
    for (size_t a = dims_.size(); a-- > 0; i /= dims_[a]) at += i % dims_[a] * strides_[a];
    return values_[at];
  }

 private:
  Reals<T> values_;
  bool same_tail_;
  Dims dims_, strides_;
};

template <class T>
std::vector<HostValue> evaluate_layer_norm(const LayerNorm& op, const EvalContext& cx) {
  const Tensor& x = cx.tensor(0);
  const int64_t axis = resolve_axis(op.axis, x.rank());
  Dims reduced = x.dims();
  std::fill(reduced.begin() + axis, reduced.end(), 1);
  const int64_t outer = checked_product(reduced), inner = outer ? x.size() / outer : 0;
  RealResult<T> y(x.dtype(), x.dims());
  const Reals<T> input(x);
  std::vector<double> means(static_cast<size_t>(outer)), inverses(static_cast<size_t>(outer));
  std::optional<Broadcasted<T>> scale, bias;
  if (cx.has(1)) scale.emplace(cx.tensor(1), x.dims(), "the scale");
  if (cx.has(2)) bias.emplace(cx.tensor(2), x.dims(), "the bias");
  cx.threads().parallel_ranges(
      outer, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, inner)), [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o) {
          const Statistics s = statistics_of(input.data() + o * inner, inner, op.epsilon, op.rms);
          means[o] = s.mean, inverses[o] = s.inverse;
          for (int64_t i = o * inner; i < (o + 1) * inner; ++i) {
            const double normal = (input[i] - s.mean) * s.inverse;
            y.data()[i] = static_cast<T>(normal * (scale ? (*scale)[i] : T(1)) + (bias ? (*bias)[i] : T(0)));
          }
        }
      });
  return {y.finish(), from_doubles(op.stash, reduced, means), from_doubles(op.stash, reduced, inverses)};
}

}  // namespace

std::vector<Fact> LayerNorm::infer(InferContext& cx) const {
  expect_float(cx, 0, "the input of the layer normalization");
  if (!is_float(stash))
    fail(ErrorCode::invalid_model, "the stash type must be a float type; found {}", to_string(stash));
  const Type& x = cx.input(0).type;
  if (!x.ranked) return {Fact(x), unranked(stash), unranked(stash)};
  const int64_t first = resolve_axis(axis, x.rank());
  for (int i : {1, 2}) {
    const std::string_view what =
        i == 1 ? "the scale of the layer normalization" : "the bias of the layer normalization";
    if (!cx.has(i)) continue;
    expect_rank(cx, i, what, 0, x.rank());
    const Shape& p = cx.input(i).shape();
    for (size_t k = 0; cx.input(i).type.ranked && k < p.size(); ++k)
      if (!(p[k] == Dim(1))) expect_same(cx, p[k], x.shape[x.shape.size() - p.size() + k], what);
  }
  Shape reduced = x.shape;
  std::fill(reduced.begin() + first, reduced.end(), Dim(1));
  return {Fact(x), Fact::tensor(stash, reduced), Fact::tensor(stash, reduced)};
}

std::vector<HostValue> LayerNorm::evaluate(const EvalContext& cx) const {
  return with_real_type(cx.tensor(0).dtype(), [&](auto t) { return evaluate_layer_norm<decltype(t)>(*this, cx); });
}

}  // namespace tenon::core
