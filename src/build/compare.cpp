#include "build/compare.h"

#include <cmath>

#include "base/error.h"

namespace tenon::core {
namespace {

struct TypeTolerance {
  DType dtype;
  double of_range;
};
/// The one table: largest error allowed, as a fraction of the reference's largest magnitude.
constexpr TypeTolerance kTolerances[] = {
    {DType::f64, 1e-6}, {DType::f32, 1e-3},      {DType::f16, 2e-2},    {DType::bf16, 8e-2},      {DType::f8e4m3fn, 0.25},
    {DType::f8e5m2, 0.5}, {DType::f8e4m3fnuz, 0.25}, {DType::f8e5m2fnuz, 0.5}, {DType::f4e2m1, 0.5}, {DType::f8e8m0, 0},
};

Comparison failed(std::string why) {
  Comparison c;
  c.pass = false;
  c.why = std::move(why);
  c.max_abs = c.max_rel = INFINITY;
  return c;
}

Comparison compare_strings(const Tensor& a, const Tensor& b) {
  for (int64_t i = 0; i < a.size(); ++i)
    if (a.data<std::string>()[i] != b.data<std::string>()[i])
      return failed(fmt::format("element {}: \"{}\" against \"{}\"", i, a.data<std::string>()[i], b.data<std::string>()[i]));
  return {};
}

Comparison compare_bytes(const Tensor& a, const Tensor& b) {
  for (size_t i = 0; i < a.bytes().size(); ++i)
    if (a.bytes()[i] != b.bytes()[i]) return failed(fmt::format("byte {} differs", i));
  return {};
}

Comparison compare_numbers(const Tensor& a, const Tensor& b, const Tolerance& tolerance, DType computed_in) {
  const auto x = to_doubles(a), y = to_doubles(b);
  Comparison c;
  double range = 0, dot = 0, xx = 0, yy = 0, noise = 0;
  for (double v : y) if (std::isfinite(v)) range = std::max(range, std::fabs(v));
  int64_t worst = -1;
  for (size_t i = 0; i < x.size(); ++i) {
    if ((std::isnan(x[i]) && std::isnan(y[i])) || x[i] == y[i]) {
      if (std::isfinite(x[i])) dot += x[i] * y[i], xx += x[i] * x[i], yy += y[i] * y[i];
      continue;
    }
    const double error = std::isfinite(x[i]) && std::isfinite(y[i]) ? std::fabs(x[i] - y[i]) : INFINITY;
    if (!(error <= c.max_abs)) {
      c.max_abs = error;
      worst = static_cast<int64_t>(i);
    }
    dot += x[i] * y[i], xx += x[i] * x[i], yy += y[i] * y[i], noise += error * error;
  }
  c.max_rel = c.max_abs == 0 ? 0 : range > 0 ? c.max_abs / range : INFINITY;
  c.cosine = xx > 0 && yy > 0 ? dot / std::sqrt(xx * yy) : (xx == yy ? 1 : 0);
  c.sqnr_db = noise > 0 ? 10 * std::log10(yy / noise) : INFINITY;
  const double rtol = tolerance.rtol >= 0 ? tolerance.rtol : default_tolerance(computed_in == DType::none ? b.dtype() : computed_in);
  const double atol = tolerance.atol >= 0 ? tolerance.atol : (is_float(b.dtype()) ? 1e-6 : 0);
  c.pass = c.max_abs <= atol + rtol * range;
  if (!c.pass) c.why = fmt::format("element {}: {} against {}", worst, x[worst], y[worst]);
  return c;
}

Comparison compare_tensors(const Tensor& a, const Tensor& b, const Tolerance& tolerance, DType computed_in) {
  if (a.dtype() != b.dtype()) return failed(fmt::format("type {} against {}", to_string(a.dtype()), to_string(b.dtype())));
  if (a.dims() != b.dims()) return failed(fmt::format("shape {} against {}", dims_to_string(a.dims()), dims_to_string(b.dims())));
  if (a.dtype() == DType::string) return compare_strings(a, b);
  if (a.dtype() == DType::c64 || a.dtype() == DType::c128) return compare_bytes(a, b);
  return compare_numbers(a, b, tolerance, computed_in);
}

}  // namespace

Comparison compare_values(const HostValue& a, const HostValue& b, const Tolerance& tolerance, DType computed_in) {
  if (a.index() != b.index()) return failed("one is a tensor, the other a sequence or empty");
  if (const Tensor* t = std::get_if<Tensor>(&a)) return compare_tensors(*t, std::get<Tensor>(b), tolerance, computed_in);
  const auto* s = std::get_if<std::vector<Tensor>>(&a);
  if (!s) return {};
  const auto& r = std::get<std::vector<Tensor>>(b);
  if (s->size() != r.size()) return failed(fmt::format("a sequence of {} against {}", s->size(), r.size()));
  Comparison worst;
  for (size_t i = 0; i < s->size(); ++i) {
    const Comparison c = compare_tensors((*s)[i], r[i], tolerance, computed_in);
    if (i == 0 || !c.pass || c.max_rel > worst.max_rel) worst = c;
    if (!c.pass) break;
  }
  return worst;
}

}  // namespace tenon::core

namespace tenon {

double default_tolerance(DType computed_in) {
  for (const auto& t : core::kTolerances)
    if (t.dtype == computed_in) return t.of_range;
  return 0;
}

}  // namespace tenon
