#include <cmath>

#include "ops/content.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/shape_infer.h"

namespace tenon::core {
namespace {

struct Span {
  int64_t first, last;
};
Span dims_asked(int64_t start, const std::optional<int64_t>& end, int64_t rank) {
  const auto clamp = [rank](int64_t v) { return std::min(std::max<int64_t>(v < 0 ? v + rank : v, 0), rank); };
  const int64_t first = clamp(start);
  return {first, std::max(first, clamp(end.value_or(rank)))};
}

// How many elements a range of numbers has.
int64_t range_count(double start, double limit, double delta) {
  if (delta == 0) fail(ErrorCode::runtime_value, "the step of the range is 0");
  const double count = std::ceil((limit - start) / delta);
  if (std::isnan(count))
    fail(ErrorCode::runtime_value, "the range from {} to {} in steps of {} has no length", start, limit, delta);
  if (count > static_cast<double>(int64_t{1} << 46))
    fail(ErrorCode::too_large, "the range from {} to {} in steps of {} is too long", start, limit, delta);
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

int64_t range_count(int64_t start, int64_t limit, int64_t delta) {
  if (delta == 0) fail(ErrorCode::runtime_value, "the step of the range is 0");
  if (delta > 0 ? start >= limit : start <= limit) return 0;
  const uint64_t distance = delta > 0 ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                      : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
  const uint64_t step = delta > 0 ? static_cast<uint64_t>(delta) : uint64_t{0} - static_cast<uint64_t>(delta);
  const uint64_t count = (distance - 1) / step + 1;
  if (count > uint64_t{1} << 46)
    fail(ErrorCode::too_large, "the range from {} to {} in steps of {} is too long", start, limit, delta);
  return static_cast<int64_t>(count);
}

double real_of(const Tensor& t, std::string_view what) {
  if (t.size() != 1)
    fail(ErrorCode::runtime_value, "{} must be one number; found shape {}", what, dims_to_string(t.dims()));
  return to_doubles(t).front();
}

// The three numbers of a float range when all are constants.
std::optional<int64_t> constant_float_count(const InferContext& cx) {
  double v[3];
  for (int i = 0; i < 3; ++i) {
    const ConstRef& c = cx.input(i).constant;
    if (!c || checked_product(c->dims()) != 1) return std::nullopt;
    v[i] = to_doubles(c->value()).front();
  }
  return range_count(v[0], v[1], v[2]);
}

Dim range_length(InferContext& cx) {
  if (is_float(cx.input(0).dtype())) {
    const auto count = constant_float_count(cx);
    return count ? Dim(*count) : cx.unknown("range");
  }
  const auto start = element_of(cx.input(0)), limit = element_of(cx.input(1)), delta = element_of(cx.input(2));
  if (!start || !limit || !delta || !delta->is_const()) return cx.unknown("range");
  const int64_t step = delta->value();
  if (start->is_const() && limit->is_const()) return range_count(start->value(), limit->value(), step);
  if (step == 0) fail(ErrorCode::runtime_value, "the step of the range is 0");
  return step > 0 ? ceildiv(max(0, *limit - *start), step) : ceildiv(max(0, *start - *limit), Dim(0) - Dim(step));
}

}  // namespace

std::vector<Fact> ShapeOf::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  if (!x.type.ranked) return {Fact::tensor(DType::i64, {cx.unknown("rank")})};
  const Span span = dims_asked(start, end, x.rank());
  const Shape& s = x.shape();
  return {with_content(Fact::tensor(DType::i64, {span.last - span.first}),
                       Shape(s.begin() + span.first, s.begin() + span.last))};
}

std::vector<HostValue> ShapeOf::evaluate(const EvalContext& cx) const {
  const Dims& dims = cx.tensor(0).dims();
  const Span span = dims_asked(start, end, dims.size());
  return {tensor_of<int64_t>({span.last - span.first}, {dims.begin() + span.first, dims.begin() + span.last})};
}

std::vector<Fact> SizeOf::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  Fact out = Fact::tensor(DType::i64, {});
  if (!cx.input(0).type.ranked) return {out};
  return {with_content(out, Shape{product(cx.input(0).shape())})};
}

std::vector<HostValue> SizeOf::evaluate(const EvalContext& cx) const {
  return {tensor_of<int64_t>({}, {cx.tensor(0).size()})};
}

std::vector<Fact> ConstantOfShape::infer(InferContext& cx) const {
  expect_indices(cx, 0, "the shape");
  if (value && checked_product(value->dims()) != 1)
    fail(ErrorCode::invalid_model, "the value must be one element; found {}", value->type().str());
  const DType dtype = value ? value->dtype() : DType::f32;
  const auto dims = dims_from(cx, 0, "constant_of_shape");
  if (!dims) return {unranked(dtype)};
  Fact out = Fact::tensor(dtype, *dims);
  const Dim count = product(*dims);
  if (!is_integer(dtype) || !count.is_const() || count.value() < 0 || count.value() > kMaxContent) return {out};
  return {with_content(out, std::vector<Dim>(count.value(), to_int64s(value->value()).front()))};
}

std::vector<HostValue> ConstantOfShape::evaluate(const EvalContext& cx) const {
  Tensor out(value ? value->dtype() : DType::f32, numbers_of(cx, 0));
  if (value) fill_with(out, value->value());
  return {out};
}

std::vector<Fact> Range::infer(InferContext& cx) const {
  constexpr std::string_view names[] = {"the start", "the limit", "the step"};
  for (int i = 0; i < 3; ++i) {
    expect_rank(cx, i, names[i], 0, 1);
    const Fact& f = cx.input(i);
    if (f.dtype() != cx.input(0).dtype() || !(is_float(f.dtype()) || is_integer(f.dtype())))
      fail(ErrorCode::invalid_model, "{} must be a number of the type of the start; found {}", names[i], f.type.str());
  }
  const Dim length = range_length(cx);
  Fact out = Fact::tensor(cx.input(0).dtype(), {length});
  const auto start = element_of(cx.input(0)), delta = element_of(cx.input(2));
  if (start && delta) carry_content(out, [&](int64_t i) { return std::optional<Dim>(*start + *delta * Dim(i)); });
  return {out};
}

std::vector<HostValue> Range::evaluate(const EvalContext& cx) const {
  const DType dtype = cx.tensor(0).dtype();
  if (is_float(dtype)) {
    const double start = real_of(cx.tensor(0), "the start"), delta = real_of(cx.tensor(2), "the step");
    const int64_t count = range_count(start, real_of(cx.tensor(1), "the limit"), delta);
    std::vector<double> values(count);
    for (int64_t i = 0; i < count; ++i) values[i] = start + static_cast<double>(i) * delta;
    return {from_doubles(dtype, {count}, values)};
  }
  const int64_t start = number_of(cx, 0, "the start"), delta = number_of(cx, 2, "the step");
  std::vector<int64_t> values(range_count(start, number_of(cx, 1, "the limit"), delta));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<int64_t>(static_cast<uint64_t>(start) + i * static_cast<uint64_t>(delta));
  return {from_int64s(dtype, {static_cast<int64_t>(values.size())}, values)};
}

}  // namespace tenon::core
