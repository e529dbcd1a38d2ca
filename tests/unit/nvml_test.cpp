#include "devices/nvml.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tenon::core {
namespace {

constexpr const char* kFake = TENON_FAKES "/libnvidia-ml.so.1";

/// What the fake driver tells, for a scope.
struct Told {
  explicit Told(const char* settings) { ::setenv("FAKE_NVML", settings, 1); }
  ~Told() { ::unsetenv("FAKE_NVML"); }
};

TEST(Nvml, DescribesTheGpu) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "pci";
  std::filesystem::create_directories(folder / "0000:17:00.0");
  std::ofstream(folder / "0000:17:00.0" / "numa_node") << "1\n";
  std::ofstream(folder / "0000:17:00.0" / "local_cpulist") << "16-31\n";
  const Nvml nvml(kFake, folder.string());
  EXPECT_EQ(nvml.why(), "");
  const auto gpus = nvml.gpus();
  ASSERT_EQ(gpus.size(), 1u);
  const GpuInfo& g = gpus[0];
  EXPECT_EQ(g.name, "Fake GPU");
  EXPECT_EQ(g.driver, "580.12");
  EXPECT_EQ(g.address, "0000:17:00.0");
  EXPECT_EQ(g.compute, 90);
  EXPECT_DOUBLE_EQ(g.power_limit_w, 500);
  EXPECT_DOUBLE_EQ(g.default_power_limit_w, 700);
  EXPECT_EQ(g.max_sm_mhz, 1980);
  EXPECT_EQ(g.max_memory_mhz, 3201);
  EXPECT_EQ(g.slowdown_c, 87);
  EXPECT_EQ(g.pcie_generation, 3);
  EXPECT_EQ(g.max_pcie_generation, 5);
  EXPECT_EQ(g.pcie_lanes, 16);
  EXPECT_EQ(g.numa_node, 1);
  EXPECT_EQ(g.near_cores, "16-31");
}

TEST(Nvml, ReadsTheStateAndKeepsWhatIsNotTold) {
  const Told told("clock=1200 reasons=0x24 processes=3");
  const Nvml nvml(kFake);
  const GpuState s = nvml.state("0000:17:00.0");
  EXPECT_TRUE(s.known);
  EXPECT_EQ(s.sm_mhz, 1200);
  EXPECT_NEAR(s.power_w, 123.4, 1e-9);
  EXPECT_EQ(s.temperature_c, 54);
  EXPECT_EQ(s.limits, (std::vector<std::string>{"power cap", "temperature"}));
  EXPECT_EQ(s.processes, 3);
  EXPECT_EQ(s.busy_percent, -1);  // the fake has no such function
  EXPECT_FALSE(nvml.state("0000:18:00.0").known);
}

TEST(Nvml, MoreProcessesThanRoomAreCounted) {
  const Told told("processes=100");
  EXPECT_EQ(Nvml(kFake).state("0000:17:00.0").processes, 100);
}

TEST(Nvml, SaysWhyNothingCanBeRead) {
  const Nvml missing("libno-such-driver.so.1");
  EXPECT_NE(missing.why().find("not installed"), std::string::npos) << missing.why();
  EXPECT_TRUE(missing.gpus().empty());
  EXPECT_FALSE(missing.state("0000:17:00.0").known);
  const Told told("init=18");
  EXPECT_NE(Nvml(kFake).why().find("Driver/library version mismatch"), std::string::npos);
  const Nvml other("libz.so.1");
  EXPECT_NE(other.why().find("is not NVML"), std::string::npos) << other.why();
}

TEST(Nvml, AddressesAreWrittenInOneWay) {
  for (const char* text : {"00000000:17:00.0", "0000:17:00.0"}) EXPECT_EQ(bus_address(text), "0000:17:00.0");
  EXPECT_EQ(bus_address("0000ABCD:AF:00.0"), "abcd:af:00.0");
  EXPECT_EQ(bus_address(""), "");
}

}  // namespace
}  // namespace tenon::core
