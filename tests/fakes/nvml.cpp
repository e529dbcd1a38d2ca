// A driver with one GPU, as far as Tenon asks NVML. FAKE_NVML="clock=1200 reasons=4" changes what it tells.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

/// The number behind `name=` in FAKE_NVML.
unsigned setting(const char* name, unsigned otherwise) {
  const char* text = std::getenv("FAKE_NVML");
  const std::string all = text ? std::string(" ") + text : "", key = std::string(" ") + name + "=";
  const size_t at = all.find(key);
  return at == std::string::npos ? otherwise : static_cast<unsigned>(std::strtoul(all.c_str() + at + key.size(), nullptr, 0));
}

int give(unsigned* into, unsigned value) {
  *into = value;
  return 0;
}

int give(char* into, unsigned size, const char* text) {
  std::snprintf(into, size, "%s", text);
  return 0;
}

struct Pci {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char address[32];
};
int one_gpu;

}  // namespace

extern "C" {
int nvmlInit_v2() { return static_cast<int>(setting("init", 0)); }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int) { return "Driver/library version mismatch"; }
int nvmlSystemGetDriverVersion(char* text, unsigned size) { return give(text, size, "580.12"); }
int nvmlDeviceGetCount_v2(unsigned* count) { return give(count, setting("count", 1)); }
int nvmlDeviceGetHandleByIndex_v2(unsigned, void** device) {
  *device = &one_gpu;
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device) {
  *device = &one_gpu;
  return std::strcmp(address, "0000:17:00.0") == 0 ? 0 : 6;
}
int nvmlDeviceGetName(void*, char* text, unsigned size) { return give(text, size, "Fake GPU"); }
int nvmlDeviceGetPciInfo_v3(void*, Pci* pci) { return give(pci->address, sizeof pci->address, "00000000:17:00.0"); }
int nvmlDeviceGetCudaComputeCapability(void*, int* major, int* minor) {
  *major = static_cast<int>(setting("compute", 90)) / 10;
  *minor = static_cast<int>(setting("compute", 90)) % 10;
  return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* mw) { return give(mw, 500000); }
int nvmlDeviceGetPowerManagementDefaultLimit(void*, unsigned* mw) { return give(mw, 700000); }
int nvmlDeviceGetPowerUsage(void*, unsigned* mw) { return give(mw, 123400); }
int nvmlDeviceGetClockInfo(void*, unsigned kind, unsigned* mhz) { return give(mhz, kind == 1 ? setting("clock", 1980) : 3201); }
int nvmlDeviceGetMaxClockInfo(void*, unsigned kind, unsigned* mhz) { return give(mhz, kind == 1 ? 1980 : 3201); }
int nvmlDeviceGetTemperature(void*, unsigned, unsigned* c) { return give(c, 54); }
int nvmlDeviceGetTemperatureThreshold(void*, unsigned kind, unsigned* c) { return kind == 1 ? give(c, 87) : 3; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* bits) {
  *bits = setting("reasons", 0);
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v2(void*, unsigned* count, void*) {
  const unsigned has = setting("processes", 0), room = *count;
  *count = has;
  return has > room ? 7 : 0;
}
int nvmlDeviceGetCurrPcieLinkGeneration(void*, unsigned* n) { return give(n, 3); }
int nvmlDeviceGetCurrPcieLinkWidth(void*, unsigned* n) { return give(n, setting("lanes", 16)); }
int nvmlDeviceGetMaxPcieLinkGeneration(void*, unsigned* n) { return give(n, 5); }
int nvmlDeviceGetMaxPcieLinkWidth(void*, unsigned* n) { return give(n, 16); }
}
