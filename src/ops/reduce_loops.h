#pragma once
#include <span>
#include <vector>

#include "base/threads.h"
#include "ops/reduce.h"
#include "ops/shape_infer.h"

namespace tenon::core {

/// The accumulated value of each of outer * inner columns of [outer, count, inner]: a sum (of squares, of magnitudes),
/// a product or an extreme, without the final division, root or logarithm. f32 accumulates in double. The order of
/// additions does not depend on the number of threads.
std::vector<double> reduce_loops(std::span<const float> x, const AxisSpan& span, ReduceKind kind, Threads& threads);
std::vector<double> reduce_loops(std::span<const double> x, const AxisSpan& span, ReduceKind kind, Threads& threads);
std::vector<int64_t> reduce_loops(std::span<const int64_t> x, const AxisSpan& span, ReduceKind kind, Threads& threads);

}  // namespace tenon::core
