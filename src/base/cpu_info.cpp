#include "base/cpu_info.h"

#include <cpuid.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <set>

namespace tenon::core {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

enum Register { A, B, C, D };
enum Needs { nothing, ymm, zmm, tiles };

struct Feature {
  std::string_view name;
  unsigned leaf, subleaf;
  Register where;
  int bit;
  Needs needs;
};
constexpr Feature kFeatures[] = {
    {"sse4.2", 1, 0, C, 20, nothing},  {"popcnt", 1, 0, C, 23, nothing},  {"avx", 1, 0, C, 28, ymm},
    {"f16c", 1, 0, C, 29, ymm},        {"fma", 1, 0, C, 12, ymm},         {"bmi2", 7, 0, B, 8, nothing},
    {"avx2", 7, 0, B, 5, ymm},         {"avx512f", 7, 0, B, 16, zmm},     {"avx512dq", 7, 0, B, 17, zmm},
    {"avx512cd", 7, 0, B, 28, zmm},    {"avx512bw", 7, 0, B, 30, zmm},    {"avx512vl", 7, 0, B, 31, zmm},
    {"avx512_vbmi", 7, 0, C, 1, zmm},  {"avx512_vnni", 7, 0, C, 11, zmm}, {"avx512_bf16", 7, 1, A, 5, zmm},
    {"avx512_fp16", 7, 0, D, 23, zmm}, {"avx_vnni", 7, 1, A, 4, ymm},     {"amx_tile", 7, 0, D, 24, tiles},
    {"amx_int8", 7, 0, D, 25, tiles},  {"amx_bf16", 7, 0, D, 22, tiles},
};

/// Register state that the operating system saves: without it the instructions must not be used.
uint64_t saved_state() {
  constexpr unsigned kOsxsave = 1u << 27;
  if (!(cpuid(1).c & kOsxsave)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

bool usable(Needs needs, uint64_t saved) {
  constexpr std::array<uint64_t, 4> kMasks = {0, 0x6, 0xe6, 0x60000};
  return (saved & kMasks[needs]) == kMasks[needs];
}

std::vector<std::string> read_features() {
  uint64_t saved = saved_state();
  std::vector<std::string> features;
  for (const Feature& feature : kFeatures) {
    Registers r = cpuid(feature.leaf, feature.subleaf);
    unsigned value = std::array<unsigned, 4>{r.a, r.b, r.c, r.d}[feature.where];
    if (((value >> feature.bit) & 1) && usable(feature.needs, saved)) features.emplace_back(feature.name);
  }
  return features;
}

std::string read_brand() {
  if (cpuid(0x80000000).a < 0x80000004) return "unknown processor";
  char text[49] = {};
  for (unsigned i = 0; i < 3; ++i) {
    Registers r = cpuid(0x80000002 + i);
    std::memcpy(text + 16 * i, &r, 16);
  }
  std::string brand(text);
  brand.erase(0, brand.find_first_not_of(' '));
  brand.erase(brand.find_last_not_of(' ') + 1);
  return brand;
}

int64_t cache_bytes(int name) { return std::max<int64_t>(0, sysconf(name)); }

/// Cores that differ in package or core id, among those in the affinity mask.
int read_physical_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
  std::set<std::pair<int, int>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    int package = 0, core = 0;
    if (!(std::ifstream(folder + "physical_package_id") >> package) || !(std::ifstream(folder + "core_id") >> core))
      return 0;
    cores.insert({package, core});
  }
  return static_cast<int>(cores.size());
}

}  // namespace

bool CpuInfo::has(std::string_view feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

CpuInfo read_cpu_info() {
  CpuInfo info;
  info.brand = read_brand();
  info.features = read_features();
  info.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE);
  info.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE);
  info.l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE);
  info.logical_cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  info.physical_cores = read_physical_cores();
  return info;
}

}  // namespace tenon::core
