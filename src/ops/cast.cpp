#include "base/error.h"
#include "ops/content.h"
#include "ops/elementwise.h"
#include "ops/infer_util.h"
#include "ops/number_text.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

bool castable(DType dtype) {
  return is_float(dtype) || is_integer(dtype) || dtype == DType::boolean || dtype == DType::string;
}

E8M0Round e8m0_round(const std::string& mode) {
  if (mode == "up") return E8M0Round::up;
  if (mode == "down") return E8M0Round::down;
  if (mode == "nearest") return E8M0Round::nearest;
  fail(ErrorCode::invalid_model, "round_mode must be up, down or nearest; found '{}'", mode);
}

void cast_numbers(Threads& threads, const Tensor& x, Tensor& y, bool saturate) {
  with_compute_type(x.dtype(), [&](auto zero) {
    using C = decltype(zero);
    const Operand<C> in(x, x.dims());
    std::byte* out = y.mutable_bytes().data();
    for_strips(threads, x.size(), [&](int64_t begin, int64_t n) {
      C buffer[kStrip];
      const C* from = in.read(begin, n, buffer);
      write_elements(y.dtype(), from, n, out + begin * size_of(y.dtype()), saturate);
    });
  });
}

void cast_to_e8m0(Threads& threads, const Tensor& x, Tensor& y, bool saturate, E8M0Round mode) {
  const Operand<float> in(x, x.dims());
  std::byte* out = y.mutable_bytes().data();
  for_strips(threads, x.size(), [&](int64_t begin, int64_t n) {
    float buffer[kStrip];
    const float* from = in.read(begin, n, buffer);
    for (int64_t i = 0; i < n; ++i) out[begin + i] = std::byte{to_e8m0(from[i], saturate, mode).bits};
  });
}

void print_numbers(const Tensor& x, Tensor& y) {
  std::string* to = y.mutable_data<std::string>();
  const std::byte* from = x.bytes().data();
  for (int64_t i = 0; i < x.size(); ++i) to[i] = number_to_text(x.dtype(), from + i * size_of(x.dtype()));
}

void parse_numbers(const Tensor& x, Tensor& y, bool saturate) {
  const std::string* from = x.data<std::string>();
  std::byte* to = y.mutable_bytes().data();
  for (int64_t i = 0; i < x.size(); ++i, to += size_of(y.dtype())) text_to_number(from[i], y.dtype(), to, saturate);
}

}  // namespace

std::vector<Fact> Cast::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!castable(x.dtype()) || !castable(to))
    fail(ErrorCode::invalid_model, "there is no conversion from {} to {}", to_string(x.dtype()), to_string(to));
  e8m0_round(round_mode);
  Fact result(x.type);
  result.type.dtype = to;
  if (to == x.dtype()) return {x};
  if (!carries_content(x.dtype())) return {result};
  if (const auto elements = x.elements())
    carry_content(result, [&](int64_t i) -> std::optional<Dim> {
      const Dim& element = (*elements)[i];
      if (to != DType::boolean) return element;
      const std::optional<Dim> is_zero = as_content(equal(element, Dim(0)));
      return is_zero ? std::optional<Dim>(Dim(1) - *is_zero) : std::nullopt;
    });
  return {result};
}

std::vector<HostValue> Cast::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  if (x.dtype() == to) return {x};
  Tensor y(to, x.dims());
  if (to == DType::string)
    print_numbers(x, y);
  else if (x.dtype() == DType::string)
    parse_numbers(x, y, saturate);
  else if (to == DType::f8e8m0)
    cast_to_e8m0(cx.threads(), x, y, saturate, e8m0_round(round_mode));
  else
    cast_numbers(cx.threads(), x, y, saturate);
  return {y};
}

}  // namespace tenon::core
