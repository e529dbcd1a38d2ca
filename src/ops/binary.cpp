#include "base/error.h"
#include "ops/content.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

constexpr std::string_view kNames[] = {"add",         "sub",        "mul",         "div",         "pow",
                                       "mod",         "fmod",       "min",         "max",         "prelu",
                                       "equal",       "less",       "greater",     "less_equal",  "greater_equal",
                                       "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",
                                       "bitwise_xor", "shift_left", "shift_right"};
static_assert(std::size(kNames) == static_cast<size_t>(BinaryKind::shift_right) + 1);

bool is_logical(BinaryKind kind) { return kind >= BinaryKind::logical_and && kind <= BinaryKind::logical_xor; }
bool is_bitwise(BinaryKind kind) { return kind >= BinaryKind::bitwise_and; }

void check_dtypes(BinaryKind kind, const Type& a, const Type& b) {
  const std::string_view name = kNames[static_cast<int>(kind)];
  const bool numbers = (is_float(a.dtype) || is_integer(a.dtype)) && (is_float(b.dtype) || is_integer(b.dtype));
  if (kind == BinaryKind::pow && numbers) return;
  if (a.dtype != b.dtype)
    fail(ErrorCode::invalid_model, "{} needs inputs of one element type; found {} and {}: cast one of them", name,
         a.str(), b.str());
  if (is_logical(kind) && a.dtype != DType::boolean)
    fail(ErrorCode::invalid_model, "{} needs bool tensors; found {}", name, a.str());
  if (is_bitwise(kind) && !is_integer(a.dtype))
    fail(ErrorCode::invalid_model, "{} needs integer tensors; found {}", name, a.str());
  if (is_logical(kind) || is_bitwise(kind) || numbers) return;
  if (kind == BinaryKind::equal && (a.dtype == DType::boolean || a.dtype == DType::string)) return;
  fail(ErrorCode::invalid_model, "{} needs float or integer tensors; found {}", name, a.str());
}

/// Division and remainder of contents are carried where truncation and floor agree.
std::optional<Dim> divided(BinaryKind kind, const Dim& a, const Dim& b) {
  const Interval x = a.bounds({}), y = b.bounds({});
  if (x.low < 0 || y.low < 0 || b == Dim(0)) return std::nullopt;
  return kind == BinaryKind::div ? floordiv(a, b) : mod(a, b);
}

std::optional<Dim> divided_numbers(BinaryKind kind, int64_t a, int64_t b) {
  if (b == 0 || b == -1) return std::nullopt;
  if (kind == BinaryKind::div) return Dim(a / b);
  const int64_t remainder = a % b;
  return Dim(kind == BinaryKind::mod && remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder);
}

/// a < b.
Tri less(const Dim& a, const Dim& b) {
  const Interval difference = (a - b).bounds({});
  if (difference.high < 0) return Tri::yes;
  return difference.low >= 0 ? Tri::no : Tri::unknown;
}

Tri negate(Tri t) { return t == Tri::unknown ? t : t == Tri::yes ? Tri::no : Tri::yes; }

std::optional<Dim> content_of(BinaryKind kind, const Dim& a, const Dim& b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::sub:
      return a - b;
    case BinaryKind::mul:
      return a * b;
    case BinaryKind::min:
      return min(a, b);
    case BinaryKind::max:
      return max(a, b);
    case BinaryKind::div:
    case BinaryKind::mod:
    case BinaryKind::fmod:
      if (a.is_const() && b.is_const()) return divided_numbers(kind, a.value(), b.value());
      return divided(kind, a, b);
    case BinaryKind::equal:
      return as_content(equal(a, b));
    case BinaryKind::less:
      return as_content(less(a, b));
    case BinaryKind::greater:
      return as_content(less(b, a));
    case BinaryKind::less_equal:
      return as_content(negate(less(b, a)));
    case BinaryKind::greater_equal:
      return as_content(negate(less(a, b)));
    case BinaryKind::logical_and:
      return a * b;
    case BinaryKind::logical_or:
      return max(a, b);
    case BinaryKind::logical_xor:
      return as_content(negate(equal(a, b)));
    default:
      return std::nullopt;
  }
}

}  // namespace

std::span<const std::string_view> enum_names(BinaryKind) { return kNames; }

bool is_comparison(BinaryKind kind) { return kind >= BinaryKind::equal && kind <= BinaryKind::greater_equal; }

std::vector<Fact> Binary::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the first input");
  expect_tensor(cx, 1, "the second input");
  const Fact &a = cx.input(0), &b = cx.input(1);
  check_dtypes(kind, a.type, b.type);
  const DType dtype = is_comparison(kind) ? DType::boolean : a.dtype();
  if (!a.type.ranked || !b.type.ranked) return {unranked(dtype)};
  Fact result = Fact::tensor(dtype, broadcast_shapes(cx, a.shape(), b.shape(), kNames[static_cast<int>(kind)]));
  if (!carries_content(a.dtype()) || a.dtype() != b.dtype()) return {result};
  const auto x = a.elements(), y = b.elements();
  if (x && y)
    carry_content(result,
                  [&](int64_t i) { return content_of(kind, broadcast_element(*x, i), broadcast_element(*y, i)); });
  return {result};
}

}  // namespace tenon::core
