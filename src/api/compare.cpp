#include "tenon/compare.h"

#include "api/convert.h"
#include "ir/compare.h"

namespace tenon {
namespace {

/// The type that decides how exact a value is: its own, or that of a sequence's elements.
DType dtype_of(const Value& value) {
  if (value.kind == Value::Kind::sequence) return value.sequence.empty() ? DType::none : value.sequence[0].dtype();
  return value.tensor.dtype();
}

}  // namespace

double default_tolerance(DType computed_in) { return core::default_tolerance(computed_in).rtol; }

Comparison compare(const Value& a, const Value& b, const Tolerance& tolerance) {
  core::Tolerance used = core::default_tolerance(dtype_of(b));
  if (tolerance.rtol >= 0) used = {tolerance.rtol, tolerance.rtol * 1e-3};
  if (tolerance.atol >= 0) used.atol = tolerance.atol;
  core::Comparison result = core::compare_values(core::to_core(a), core::to_core(b), used);
  return {result.max_abs, result.max_rel, result.cosine, result.sqnr_db, result.pass, std::move(result.why)};
}

}  // namespace tenon
