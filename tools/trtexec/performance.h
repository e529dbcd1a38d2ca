#pragma once
#include "trtexec/inference.h"
#include "trtexec/log.h"
#include "trtexec/options.h"

namespace tenon::trtexec {

/// What one line of the summary is made of, in ms.
struct Summary {
  double min = 0, max = 0, mean = 0, median = 0;
  double variation = 0;  // standard deviation over mean, in %
  std::vector<double> percentiles;
};
/// Of at least one value. A percentile is the ascending list's element max(n - 1 - floor((1 - p/100) n), 0).
Summary summarize(std::vector<double> values, const std::vector<double>& percentiles);

/// The trace and the block "=== Performance summary ===", of the queries whose computation began after the warm-up; and
/// --exportTimes. Fails when there is none.
void report_performance(const std::vector<Query>&, const Options&, bool on_cpu, Log&);

}  // namespace tenon::trtexec
