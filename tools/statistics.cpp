#include "statistics.h"

#include <algorithm>
#include <cmath>

namespace tenon::cli {

Statistics statistics_of(std::vector<double> samples) {
  Statistics s;
  if (samples.empty()) return s;
  std::sort(samples.begin(), samples.end());
  auto count = static_cast<double>(samples.size());
  auto percentile = [&](double p) {
    return samples[static_cast<size_t>(std::max(1.0, std::ceil(p / 100 * count))) - 1];
  };
  double sum = 0, squares = 0;
  for (double x : samples) sum += x;
  s.mean = sum / count;
  for (double x : samples) squares += (x - s.mean) * (x - s.mean);
  s.min = samples.front();
  s.max = samples.back();
  size_t middle = samples.size() / 2;
  s.median = samples.size() % 2 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
  s.p90 = percentile(90);
  s.p95 = percentile(95);
  s.p99 = percentile(99);
  s.cv = s.mean > 0 ? std::sqrt(squares / count) / s.mean : 0;
  return s;
}

}  // namespace tenon::cli
