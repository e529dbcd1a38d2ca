#pragma once
#include <vector>

namespace tenon::cli {

struct Statistics {
  double min = 0, max = 0, mean = 0, median = 0, p90 = 0, p95 = 0, p99 = 0;
  double cv = 0;  // standard deviation over mean
};
/// Percentiles by nearest rank: values that were measured. Of no samples: zeros.
Statistics statistics_of(std::vector<double> samples);

}  // namespace tenon::cli
