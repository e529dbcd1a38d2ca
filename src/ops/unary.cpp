#include "base/error.h"
#include "ops/content.h"
#include "ops/infer_util.h"
#include "ops/pointwise.h"

namespace tenon::core {
namespace {

constexpr std::string_view kNames[] = {
    "abs",        "neg",        "sign",      "floor",    "ceil",     "round",        "sqrt",        "rsqrt",
    "reciprocal", "square",     "exp",       "log",      "sin",      "cos",          "tan",         "asin",
    "acos",       "atan",       "sinh",      "cosh",     "tanh",     "asinh",        "acosh",       "atanh",
    "erf",        "sigmoid",    "relu",      "softplus", "softsign", "logical_not",  "bitwise_not", "is_nan",
    "is_inf",     "leaky_relu", "elu",       "selu",     "celu",     "hard_sigmoid", "hard_swish",  "thresholded_relu",
    "shrink",     "gelu_erf",   "gelu_tanh", "mish",     "swish"};
static_assert(std::size(kNames) == static_cast<size_t>(UnaryKind::swish) + 1);

bool takes_integers(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::abs:
    case UnaryKind::neg:
    case UnaryKind::sign:
    case UnaryKind::square:
    case UnaryKind::relu:
    case UnaryKind::bitwise_not:
    case UnaryKind::shrink:
      return true;
    default:
      return false;
  }
}

void check_dtype(UnaryKind kind, const Type& type) {
  const std::string_view name = kNames[static_cast<int>(kind)];
  const DType dtype = type.dtype;
  if (kind == UnaryKind::logical_not && dtype != DType::boolean)
    fail(ErrorCode::invalid_model, "{} needs a bool tensor; found {}", name, type.str());
  if (kind == UnaryKind::bitwise_not && !is_integer(dtype))
    fail(ErrorCode::invalid_model, "{} needs an integer tensor; found {}", name, type.str());
  if (kind == UnaryKind::logical_not || kind == UnaryKind::bitwise_not) return;
  if (is_float(dtype) || (takes_integers(kind) && is_integer(dtype))) return;
  fail(ErrorCode::invalid_model, "{} needs a float{} tensor; found {}", name, takes_integers(kind) ? " or integer" : "",
       type.str());
}

std::optional<Dim> content_of(UnaryKind kind, const Dim& x) {
  const Interval range = x.bounds({});
  switch (kind) {
    case UnaryKind::neg:
      return Dim(0) - x;
    case UnaryKind::abs:
      return range.low >= 0 ? x : range.high <= 0 ? Dim(0) - x : max(x, Dim(0) - x);
    case UnaryKind::relu:
      return max(x, Dim(0));
    case UnaryKind::square:
      return x * x;
    case UnaryKind::logical_not:
      return as_content(equal(x, Dim(0)));
    case UnaryKind::sign:
      if (range.low > 0) return Dim(1);
      if (range.high < 0) return Dim(-1);
      return x == Dim(0) ? std::optional<Dim>(0) : std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::span<const std::string_view> enum_names(UnaryKind) { return kNames; }

std::vector<Fact> Unary::infer(InferContext& cx) const {
  expect_tensor(cx, 0, "the input");
  const Fact& x = cx.input(0);
  check_dtype(kind, x.type);
  Fact result(x.type);
  if (kind == UnaryKind::is_nan || kind == UnaryKind::is_inf) result.type.dtype = DType::boolean;
  if (const auto elements = x.elements())
    carry_content(result, [&](int64_t i) { return content_of(kind, (*elements)[i]); });
  return {result};
}

}  // namespace tenon::core
