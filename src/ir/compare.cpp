#include "ir/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tenon::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Sums over two tensors, taken in strips so that no second copy of a large one is made.
class Accumulator {
 public:
  void add(double actual, double expected) {
    int64_t index = count_++;
    if (std::isfinite(expected)) range_ = std::max(range_, std::fabs(expected));
    if (!std::isfinite(actual) || !std::isfinite(expected)) {
      bool same = actual == expected || (std::isnan(actual) && std::isnan(expected));
      if (!same && !special_) special_ = {index, actual, expected};
      return;
    }
    double difference = std::fabs(actual - expected);
    if (difference > worst_.difference()) worst_ = {index, actual, expected};
    dot_ += actual * expected;
    actual_squares_ += actual * actual;
    expected_squares_ += expected * expected;
    noise_ += difference * difference;
  }

  Comparison result(Tolerance tolerance) const {
    Comparison c;
    c.max_abs = worst_.difference();
    c.max_rel = c.max_abs == 0 ? 0 : range_ == 0 ? kInfinity : c.max_abs / range_;
    c.cosine = cosine();
    c.sqnr_db = noise_ == 0 ? kInfinity : 10 * std::log10(expected_squares_ / noise_);
    double allowed = tolerance.atol + tolerance.rtol * range_;
    if (special_) {
      c.why = special_->text();
    } else if (!(c.max_abs <= allowed)) {
      c.why = worst_.text() + fmt::format(", apart {:.4g}; {:.4g} is allowed", c.max_abs, allowed);
    }
    c.pass = c.why.empty();
    return c;
  }

 private:
  struct Element {
    int64_t index = 0;
    double actual = 0, expected = 0;
    double difference() const { return std::fabs(actual - expected); }
    std::string text() const { return fmt::format("element {}: {:.7g} against {:.7g}", index, actual, expected); }
  };

  double cosine() const {
    if (noise_ == 0) return 1;
    double lengths = std::sqrt(actual_squares_) * std::sqrt(expected_squares_);
    return lengths == 0 ? 0 : std::clamp(dot_ / lengths, -1.0, 1.0);
  }

  int64_t count_ = 0;
  double range_ = 0, dot_ = 0, actual_squares_ = 0, expected_squares_ = 0, noise_ = 0;
  Element worst_;
  std::optional<Element> special_;
};

Comparison failure(std::string why) {
  Comparison c;
  c.max_abs = c.max_rel = kInfinity;
  c.cosine = 0;
  c.sqnr_db = -kInfinity;
  c.pass = false;
  c.why = std::move(why);
  return c;
}

Comparison compare_strings(const Tensor& actual, const Tensor& expected) {
  auto a = actual.values<std::string>(), b = expected.values<std::string>();
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return failure(fmt::format("element {}: '{}' against '{}'", i, a[i], b[i]));
  Comparison equal;
  equal.sqnr_db = kInfinity;
  return equal;
}

/// Complex numbers as twice as many real ones, in one dimension.
Tensor as_real_list(const Tensor& tensor) {
  bool complex = tensor.dtype() == DType::c64 || tensor.dtype() == DType::c128;
  DType dtype = tensor.dtype() == DType::c64 ? DType::f32 : complex ? DType::f64 : tensor.dtype();
  int64_t count = tensor.size() * (complex ? 2 : 1);
  return Tensor::view(dtype, {count}, tensor.bytes(), std::make_shared<Tensor>(tensor));
}

Tensor part_of(const Tensor& list, int64_t begin, int64_t count) {
  auto width = static_cast<size_t>(size_of(list.dtype()));
  auto bytes = list.bytes().subspan(static_cast<size_t>(begin) * width, static_cast<size_t>(count) * width);
  return Tensor::view(list.dtype(), {count}, bytes, nullptr);
}

/// 64-bit integers do not fit doubles: equal bytes are equal whatever the sums say.
bool same_bytes(const Tensor& a, const Tensor& b) {
  return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

void take_worst(Comparison& worst, const Comparison& other, const std::string& where) {
  worst.max_abs = std::max(worst.max_abs, other.max_abs);
  worst.max_rel = std::max(worst.max_rel, other.max_rel);
  worst.cosine = std::min(worst.cosine, other.cosine);
  worst.sqnr_db = std::min(worst.sqnr_db, other.sqnr_db);
  if (worst.pass && !other.pass) worst.why = where + other.why;
  worst.pass = worst.pass && other.pass;
}

}  // namespace

Tolerance default_tolerance(DType computed_in) {
  auto of_range = [](double fraction) { return Tolerance{fraction, fraction * 1e-3}; };
  switch (computed_in) {
    case DType::f64:
    case DType::c128:
      return of_range(1e-6);
    case DType::f32:
    case DType::c64:
      return of_range(1e-3);
    case DType::f16:
      return of_range(5e-3);
    case DType::bf16:
      return of_range(3e-2);
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz:
    case DType::f8e8m0:
    case DType::f4e2m1:
      return of_range(1e-1);
    default:
      return {};
  }
}

Comparison compare_tensors(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  if (actual.dtype() != expected.dtype())
    return failure(fmt::format("type {} against {}", to_string(actual.dtype()), to_string(expected.dtype())));
  if (actual.dims() != expected.dims())
    return failure(fmt::format("shape {} against {}", dims_to_string(actual.dims()), dims_to_string(expected.dims())));
  if (actual.dtype() == DType::string) return compare_strings(actual, expected);
  Tensor a = as_real_list(actual), b = as_real_list(expected);
  Accumulator sums;
  constexpr int64_t kStrip = 1 << 16;
  for (int64_t begin = 0; begin < a.size(); begin += kStrip) {
    int64_t count = std::min(kStrip, a.size() - begin);
    std::vector<double> x = to_doubles(part_of(a, begin, count)), y = to_doubles(part_of(b, begin, count));
    for (size_t i = 0; i < x.size(); ++i) sums.add(x[i], y[i]);
  }
  Comparison result = sums.result(tolerance);
  bool exact = !is_float(b.dtype()) && tolerance.rtol == 0 && tolerance.atol == 0;
  if (result.pass && exact && !same_bytes(actual, expected))
    return failure("integers that differ in their lowest bits");
  return result;
}

Comparison compare_values(const HostValue& actual, const HostValue& expected, Tolerance tolerance) {
  if (actual.index() != expected.index()) {
    constexpr const char* kKinds[] = {"nothing", "a tensor", "a sequence"};
    return failure(fmt::format("{} against {}", kKinds[actual.index()], kKinds[expected.index()]));
  }
  if (const Tensor* tensor = std::get_if<Tensor>(&actual))
    return compare_tensors(*tensor, std::get<Tensor>(expected), tolerance);
  Comparison worst;
  worst.sqnr_db = kInfinity;
  const auto* a = std::get_if<std::vector<Tensor>>(&actual);
  if (!a) return worst;
  const auto& b = std::get<std::vector<Tensor>>(expected);
  if (a->size() != b.size()) return failure(fmt::format("{} elements against {}", a->size(), b.size()));
  for (size_t i = 0; i < b.size(); ++i)
    take_worst(worst, compare_tensors((*a)[i], b[i], tolerance), fmt::format("sequence element {}, ", i));
  return worst;
}

}  // namespace tenon::core
