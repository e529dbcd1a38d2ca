#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tenon/files.h"
#include "trtexec/performance.h"
#include "trtexec/reports.h"

namespace tenon::trtexec {
namespace {

struct Row {
  std::string name;
  int depth = 0;
  double total = 0, average = 0, median = 0;  // ms
};

Row row_of(std::string name, int depth, const std::vector<double>& runs_us) {
  const Summary s = summarize(runs_us, {});
  return {std::move(name), depth, std::accumulate(runs_us.begin(), runs_us.end(), 0.0) / 1000, s.mean / 1000, s.median / 1000};
}

std::string line(const Row& row, double percentage) {
  return fmt::format("{:11.2f}{:13.4f}{:13.4f}{:10.1f}   {}\n", row.total, row.average, row.median, percentage, std::string(2 * static_cast<size_t>(row.depth), ' ') + row.name);
}

}  // namespace

void report_profile(const std::vector<LayerInfo>& layers, int queries, const ReportingFlags& flags, Log& log) {
  std::vector<Row> rows;
  std::vector<double> whole(static_cast<size_t>(queries));
  for (const LayerInfo& layer : layers) {
    if (layer.runs_us.empty()) continue;
    rows.push_back(row_of(layer.name, layer.depth, layer.runs_us));
    if (layer.depth > 0) continue;
    for (size_t i = 0; i < std::min(whole.size(), layer.runs_us.size()); ++i) whole[i] += layer.runs_us[i];
  }
  if (rows.empty()) return log.warning("The engine has no layer that takes time: there is no profile.");
  const Row total = row_of("Total", 0, whole);
  const auto share = [&](const Row& row) { return total.total > 0 ? row.total / total.total * 100 : 0; };
  if (flags.profile) {
    std::string table = fmt::format("\n=== Profile ({} iterations ) ===\n   Time(ms)     Avg.(ms)   Median(ms)   Time(%)   Layer\n", queries);
    for (const Row& row : rows)
      if (row.total > 0) table += line(row, share(row));
    log.info(table + line(total, 100));
  }
  if (flags.export_profile.empty()) return;
  std::string json = fmt::format("[\n  {{ \"count\" : {} }}\n", queries);
  for (const Row& row : rows)
    json += fmt::format(", {{ \"name\" : {}, \"timeMs\" : {:g}, \"averageMs\" : {:g}, \"medianMs\" : {:g}, \"percentage\" : {:g}{} }}\n", nlohmann::json(row.name).dump(), row.total,
                        row.average, row.median, share(row), row.depth > 0 ? fmt::format(", \"depth\" : {}", row.depth) : "");
  save_text(flags.export_profile, json + "]\n");
}

}  // namespace tenon::trtexec
