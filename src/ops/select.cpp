#include "base/error.h"
#include "ops/content.h"
#include "ops/elementwise.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

/// Elements of `size` bytes, moved without looking at them.
template <int size>
struct Bytes {
  std::byte bytes[size];
};

template <int size>
void select_bytes(Threads& threads, const Tensor& condition, const Tensor& x, const Tensor& y, Tensor& out) {
  const Operand<int64_t> choose(condition, out.dims());
  const BroadcastView left(x.dims(), out.dims()), right(y.dims(), out.dims());
  const auto gather = [](const BroadcastView& view, const std::byte* from, int64_t begin, int64_t n, Bytes<size>* to) {
    view.for_runs(begin, n, [&](int64_t offset, int64_t stride, int64_t at, int64_t count) {
      std::memcpy(to + at, from + offset * size, (stride ? count : 1) * size);
      if (stride == 0) std::fill_n(to + at + 1, count - 1, to[at]);
    });
  };
  std::byte* result = out.mutable_bytes().data();
  const std::byte *x_bytes = x.bytes().data(), *y_bytes = y.bytes().data();
  for_strips(threads, out.size(), [&](int64_t begin, int64_t n) {
    int64_t flag_buffer[kStrip];
    Bytes<size> a[kStrip], b[kStrip];
    const int64_t* flags = choose.read(begin, n, flag_buffer);
    gather(left, x_bytes, begin, n, a);
    gather(right, y_bytes, begin, n, b);
    auto* to = reinterpret_cast<Bytes<size>*>(result) + begin;
    for (int64_t i = 0; i < n; ++i) to[i] = flags[i] ? a[i] : b[i];
  });
}

void select_strings(const Tensor& condition, const Tensor& x, const Tensor& y, Tensor& out) {
  const Dims& dims = out.dims();
  const BroadcastView choose(condition.dims(), dims), left(x.dims(), dims), right(y.dims(), dims);
  const std::byte* flags = condition.bytes().data();
  const std::string *a = x.data<std::string>(), *b = y.data<std::string>();
  std::string* to = out.mutable_data<std::string>();
  for (int64_t i = 0; i < out.size(); ++i)
    to[i] = flags[choose.offset(i)] != std::byte{0} ? a[left.offset(i)] : b[right.offset(i)];
}

void select(Threads& threads, const Tensor& condition, const Tensor& x, const Tensor& y, Tensor& out) {
  if (out.dtype() == DType::string) return select_strings(condition, x, y, out);
  switch (size_of(out.dtype())) {
    case 1:
      return select_bytes<1>(threads, condition, x, y, out);
    case 2:
      return select_bytes<2>(threads, condition, x, y, out);
    case 4:
      return select_bytes<4>(threads, condition, x, y, out);
    case 8:
      return select_bytes<8>(threads, condition, x, y, out);
    case 16:
      return select_bytes<16>(threads, condition, x, y, out);
    default:
      fail(ErrorCode::internal, "Where: elements of {} have no known size", to_string(out.dtype()));
  }
}

std::optional<Dim> chosen(const Dim& condition, const Dim& x, const Dim& y) {
  if (condition.is_const()) return condition.value() != 0 ? x : y;
  return x == y ? std::optional<Dim>(x) : std::nullopt;
}

void expect_bound(InferContext& cx, int input, std::string_view what) {
  if (!cx.has(input)) return;
  expect_tensor(cx, input, what);
  const Fact &x = cx.input(0), &bound = cx.input(input);
  if (bound.dtype() != x.dtype())
    fail(ErrorCode::invalid_model, "{} must be of the input's type {}; found {}", what, to_string(x.dtype()),
         bound.type.str());
  if (!bound.type.ranked) return;
  for (const Dim& dim : bound.shape())
    if (equal(dim, Dim(1)) == Tri::no)
      fail(ErrorCode::invalid_model, "{} must be a single number; found {}", what, bound.type.str());
}

const Tensor* bound(const EvalContext& cx, int input) {
  if (!cx.has(input)) return nullptr;
  const Tensor& tensor = cx.tensor(input);
  if (tensor.size() != 1)
    fail(ErrorCode::runtime_value, "a bound must be a single number; found one of dims {}",
         dims_to_string(tensor.dims()));
  return &tensor;
}

template <class C>
C number(const Tensor& tensor) {
  C value;
  read_elements(tensor.dtype(), tensor.bytes().data(), 1, &value);
  return value;
}

template <class C>
void clip(Threads& threads, const Tensor& x, const Tensor* low_bound, const Tensor* high_bound, Tensor& y) {
  const C low = low_bound ? number<C>(*low_bound) : C(0), high = high_bound ? number<C>(*high_bound) : C(0);
  if (low_bound && high_bound)
    return map_elements<C>(threads, x, y, [=](C v) {
      const C raised = v < low ? low : v;
      return raised > high ? high : raised;
    });
  if (low_bound) return map_elements<C>(threads, x, y, [=](C v) { return v < low ? low : v; });
  map_elements<C>(threads, x, y, [=](C v) { return v > high ? high : v; });
}

}  // namespace

std::vector<Fact> Where::infer(InferContext& cx) const {
  expect_dtype(cx, 0, "the condition", {DType::boolean});
  expect_tensor(cx, 1, "the second input");
  expect_tensor(cx, 2, "the third input");
  const Fact &condition = cx.input(0), &x = cx.input(1), &y = cx.input(2);
  if (x.dtype() != y.dtype())
    fail(ErrorCode::invalid_model,
         "the values to choose from must be of one element type; found {} and {}: cast one of them", x.type.str(),
         y.type.str());
  if (!condition.type.ranked || !x.type.ranked || !y.type.ranked) return {unranked(x.dtype())};
  const Shape values = broadcast_shapes(cx, x.shape(), y.shape(), "the values to choose from");
  Fact result =
      Fact::tensor(x.dtype(), broadcast_shapes(cx, condition.shape(), values, "the condition and the values"));
  const auto flags = condition.elements(), a = x.elements(), b = y.elements();
  if (flags && a && b)
    carry_content(result, [&](int64_t i) {
      return chosen(broadcast_element(*flags, i), broadcast_element(*a, i), broadcast_element(*b, i));
    });
  return {result};
}

std::vector<HostValue> Where::evaluate(const EvalContext& cx) const {
  const Tensor &condition = cx.tensor(0), &x = cx.tensor(1), &y = cx.tensor(2);
  Tensor out(x.dtype(), broadcast_dims(condition.dims(), broadcast_dims(x.dims(), y.dims())));
  select(cx.threads(), condition, x, y, out);
  return {out};
}

std::vector<Fact> Clip::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!is_float(x.dtype()) && !is_integer(x.dtype()))
    fail(ErrorCode::invalid_model, "the input must be a float or integer tensor; found {}", x.type.str());
  expect_bound(cx, 1, "the lower bound");
  expect_bound(cx, 2, "the upper bound");
  Fact result(x.type);
  const auto elements = x.elements(), low = cx.input(1).elements(), high = cx.input(2).elements();
  if (!elements || (cx.has(1) && !low) || (cx.has(2) && !high)) return {result};
  carry_content(result, [&](int64_t i) -> std::optional<Dim> {
    const Dim raised = low ? max((*elements)[i], low->at(0)) : (*elements)[i];
    return high ? min(raised, high->at(0)) : raised;
  });
  return {result};
}

std::vector<HostValue> Clip::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const Tensor *low = bound(cx, 1), *high = bound(cx, 2);
  if (!low && !high) return {x};
  Tensor y(x.dtype(), x.dims());
  with_compute_type(x.dtype(), [&](auto zero) { clip<decltype(zero)>(cx.threads(), x, low, high, y); });
  return {y};
}

}  // namespace tenon::core
