#include "gpu_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace tenon::cli {
namespace {

constexpr double kShortWindowMs = 20;  // below it a power cap acts on some runs and not on others
constexpr double kMovedClock = 0.05;

struct Range {
  double low = -1, high = -1;
};

/// Of the samples taken under way; of the last state when there are none.
template <class Field>
Range range_of(const GpuRecord& record, Field GpuState::*field) {
  Range range;
  const std::vector<GpuState> last{record.after};
  for (const GpuState& state : record.during.empty() ? last : record.during) {
    const double value = static_cast<double>(state.*field);
    if (value < 0) continue;
    range.low = range.low < 0 ? value : std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return range;
}

std::string range_text(Range range, const char* unit) {
  if (range.high < 0) return fmt::format("? {}", unit);
  if (range.low == range.high) return fmt::format("{:.0f} {}", range.high, unit);
  return fmt::format("{:.0f} to {:.0f} {}", range.low, range.high, unit);
}

std::set<std::string> limits_of(const GpuRecord& record) {
  std::set<std::string> names;
  for (const GpuState& state : record.during) names.insert(state.limits.begin(), state.limits.end());
  if (record.during.empty()) names.insert(record.after.limits.begin(), record.after.limits.end());
  names.erase("idle");
  return names;
}

bool held_by(const std::set<std::string>& limits, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return limits.count(name) > 0; });
}

/// In a container this process is among those listed under a number that it does not know.
int other_processes(const GpuRecord& record) { return std::max(record.after.processes - 1, 0); }

Json state_json(const GpuState& s) {
  return {{"sm_mhz", s.sm_mhz},           {"memory_mhz", s.memory_mhz}, {"temperature_c", s.temperature_c}, {"busy_percent", s.busy_percent},
          {"power_w", s.power_w},         {"used_bytes", s.used_bytes}, {"limits", s.limits},               {"processes", s.processes}};
}

}  // namespace

GpuWatch::GpuWatch(const std::string& address, int period_ms) : address_(address) {
  std::string why;
  if (address.empty()) return;
  for (const GpuInfo& info : list_gpus(why))
    if (info.address == address) record_.info = info;
  record_.before = gpu_state(address);
  if (record_.before.known) thread_ = std::thread([this, period_ms] { watch(period_ms); });
}

GpuWatch::~GpuWatch() { finish(); }

GpuRecord GpuWatch::finish() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
    record_.after = gpu_state(address_);
  }
  return record_;
}

void GpuWatch::watch(int period_ms) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::milliseconds(period_ms), [this] { return done_; })) record_.during.push_back(gpu_state(address_));
}

std::string gpu_line(const GpuRecord& record) {
  const std::set<std::string> limits = limits_of(record);
  std::string held;
  for (const std::string& name : limits) held += (held.empty() ? "" : ", ") + name;
  const int others = other_processes(record);
  return fmt::format("{}, {:.0f} W limit; SM {} of {} ({}), memory {}, {}, {}; clocks held down by {}; {}", record.info.name, record.info.power_limit_w,
                     range_text(range_of(record, &GpuState::sm_mhz), "MHz"), record.info.max_sm_mhz, limits.count("clock setting") ? "locked" : "floating",
                     range_text(range_of(record, &GpuState::memory_mhz), "MHz"), range_text(range_of(record, &GpuState::power_w), "W"),
                     range_text(range_of(record, &GpuState::temperature_c), "C"), held.empty() ? "nothing" : held,
                     others == 0 ? "no other process" : fmt::format("{} other process{}", others, others == 1 ? "" : "es"));
}

std::vector<std::string> gpu_warnings(const GpuRecord& record, double timed_ms) {
  std::vector<std::string> warnings;
  if (!record.known()) return warnings;
  const std::set<std::string> limits = limits_of(record);
  const bool power = held_by(limits, {"power cap", "power brake"});
  if (power)
    warnings.push_back(fmt::format("the GPU reached its power limit of {:.0f} W and lowered its clocks: compare only with times taken under the same limit; "
                                   "lock clocks that it can hold with `nvidia-smi -lgc MHZ`", record.info.power_limit_w));
  if (held_by(limits, {"temperature", "temperature (hardware)", "hardware slowdown"}))
    warnings.push_back(fmt::format("the GPU is hot ({}) and lowered its clocks: check its fans and the air flow, and let it cool before measuring",
                                   range_text(range_of(record, &GpuState::temperature_c), "C")));
  if (power && timed_ms < kShortWindowMs)
    warnings.push_back(fmt::format("only {:.1f} ms were timed while the power limit acts, which takes about 20 ms to even out: use a longer --duration", timed_ms));
  const Range clock = range_of(record, &GpuState::sm_mhz);
  if (record.during.size() > 1 && clock.high > 0 && (clock.high - clock.low) / clock.high > kMovedClock)
    warnings.push_back(fmt::format("the GPU's clock moved between {:.0f} and {:.0f} MHz: times are comparable to {:.0f}%; a longer --warmup or locked clocks "
                                   "(`nvidia-smi -lgc MHZ`) help", clock.low, clock.high, 100 * (clock.high - clock.low) / clock.high));
  if (const int others = other_processes(record); others > 0)
    warnings.push_back(fmt::format("{} other process{} work on this GPU and share{} its time", others, others == 1 ? "" : "es", others == 1 ? "s" : ""));
  return warnings;
}

Json gpu_json(const GpuRecord& record) {
  Json during = Json::array();
  for (const GpuState& state : record.during) during.push_back(state_json(state));
  const bool locked = limits_of(record).count("clock setting") > 0;
  return {{"info", gpu_info_json(record.info)}, {"clocks", locked ? "locked" : "floating"}, {"before", state_json(record.before)}, {"during", during},
          {"after", state_json(record.after)}};
}

}  // namespace tenon::cli
