#include "../../tools/gpu_watch.h"

#include <gtest/gtest.h>

#include "../../tools/overlap.h"

namespace tenon::cli {
namespace {

GpuState at_clock(int mhz, std::vector<std::string> limits = {}) {
  GpuState s;
  s.known = true;
  s.sm_mhz = mhz;
  s.memory_mhz = 3201;
  s.temperature_c = 54;
  s.power_w = 412;
  s.processes = 1;
  s.limits = std::move(limits);
  return s;
}

GpuRecord record(std::vector<GpuState> during) {
  GpuRecord r;
  r.info.name = "Fake GPU";
  r.info.power_limit_w = 700;
  r.info.max_sm_mhz = 1980;
  r.before = at_clock(345, {"idle"});
  r.during = std::move(during);
  r.after = at_clock(1980);
  return r;
}

bool warns(const GpuRecord& r, double timed_ms, const std::string& part) {
  for (const std::string& w : gpu_warnings(r, timed_ms))
    if (w.find(part) != std::string::npos) return true;
  return false;
}

TEST(GpuWatch, ASteadyGpuGivesNoWarning) {
  const GpuRecord r = record({at_clock(1980), at_clock(1965)});
  EXPECT_TRUE(gpu_warnings(r, 5).empty());
  EXPECT_EQ(gpu_line(r), "Fake GPU, 700 W limit; SM 1965 to 1980 MHz of 1980 (floating), memory 3201 MHz, 412 W, 54 C; clocks held down by nothing; no other process");
}

TEST(GpuWatch, IdleClocksBeforeDoNotCountAsMoved) { EXPECT_TRUE(gpu_warnings(record({at_clock(1980)}), 5).empty()); }

TEST(GpuWatch, WarnsOfPowerHeatShortWindowsAndMovingClocks) {
  const GpuRecord capped = record({at_clock(1980), at_clock(1800, {"power cap"})});
  EXPECT_TRUE(warns(capped, 3000, "power limit of 700 W"));
  EXPECT_TRUE(warns(capped, 3000, "between 1800 and 1980 MHz"));
  EXPECT_FALSE(warns(capped, 3000, "longer --duration"));
  EXPECT_TRUE(warns(capped, 19, "only 19.0 ms were timed"));
  EXPECT_FALSE(warns(record({at_clock(1980)}), 19, "were timed"));
  EXPECT_TRUE(warns(record({at_clock(1980, {"temperature"})}), 3000, "hot (54 C)"));
  EXPECT_FALSE(warns(record({at_clock(1980), at_clock(1890)}), 3000, "moved"));
}

TEST(GpuWatch, LockedClocksAndOtherProcessesAreSaid) {
  GpuRecord r = record({at_clock(1500, {"clock setting"})});
  r.after.processes = 3;
  EXPECT_NE(gpu_line(r).find("(locked)"), std::string::npos);
  EXPECT_TRUE(warns(r, 3000, "2 other processes"));
  EXPECT_EQ(gpu_json(r)["clocks"], "locked");
}

TEST(GpuWatch, NothingIsWatchedWithoutAnAddress) {
  GpuWatch watch("");
  EXPECT_FALSE(watch.finish().known());
  EXPECT_TRUE(gpu_warnings(GpuRecord{}, 1).empty());
}

Measurement timed(double h2d, double compute, double d2h, double enqueue) {
  Measurement m;
  m.h2d.median = h2d, m.compute.median = compute, m.d2h.median = d2h, m.enqueue.median = enqueue;
  m.streams = 2;
  return m;
}

TEST(Overlap, NamesWhatBindsAndTheFlagToTry) {
  EXPECT_EQ(binding_of(timed(0.1, 1, 0.1, 0.1)).what, "compute");
  EXPECT_EQ(binding_of(timed(2, 1, 0.1, 0.1)).what, "H2D");
  EXPECT_NE(binding_of(timed(2, 1, 0.1, 0.1)).advice.find("--no-transfers"), std::string::npos);
  EXPECT_EQ(binding_of(timed(0.1, 1, 3, 0.1)).what, "D2H");
  EXPECT_EQ(binding_of(timed(0.1, 0.3, 0.1, 0.9)).what, "enqueue");
  EXPECT_NE(binding_of(timed(0.1, 0.3, 0.1, 0.9)).advice.find("--sweep-batch"), std::string::npos);
}

TEST(Overlap, OneStreamCanNotOverlapCopies) {
  Measurement m = timed(0.9, 1, 0.9, 0.1);
  m.streams = 1;
  EXPECT_NE(binding_of(m).advice.find("--streams 2"), std::string::npos);
}

}  // namespace
}  // namespace tenon::cli
