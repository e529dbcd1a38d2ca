#include "devices/nvml.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace tenon::core {
namespace {

// Of NVML's C interface, as its documentation gives it; the library has kept these since driver 450.
using Device = void*;
constexpr int kOk = 0, kInsufficientSize = 7;
constexpr unsigned kSmClock = 1, kMemoryClock = 2, kGpuTemperature = 0, kSlowdownThreshold = 1;
struct PciInfo {
  char legacy_address[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char address[32];
};
struct Utilization {
  unsigned gpu, memory;
};
struct Process {
  unsigned pid;
  unsigned long long bytes;
  unsigned gpu_instance, compute_instance;
};
struct Memory {
  unsigned long long total, free, used;
};

struct Limit {
  uint64_t bit;
  const char* name;
};
constexpr Limit kLimits[] = {{0x1, "idle"},          {0x2, "clock setting"}, {0x4, "power cap"},        {0x8, "hardware slowdown"}, {0x10, "sync boost"},
                             {0x20, "temperature"},  {0x40, "temperature (hardware)"}, {0x80, "power brake"}, {0x100, "display clocks"}};

}  // namespace

struct Nvml::Functions {
  explicit Functions(const SharedLibrary& l)
      : init(l.get<int()>("nvmlInit_v2")),
        shutdown(l.get<int()>("nvmlShutdown")),
        error(l.get<const char*(int)>("nvmlErrorString")),
        driver(l.get<int(char*, unsigned)>("nvmlSystemGetDriverVersion")),
        count(l.get<int(unsigned*)>("nvmlDeviceGetCount_v2")),
        by_index(l.get<int(unsigned, Device*)>("nvmlDeviceGetHandleByIndex_v2")),
        by_address(l.get<int(const char*, Device*)>("nvmlDeviceGetHandleByPciBusId_v2")),
        name(l.get<int(Device, char*, unsigned)>("nvmlDeviceGetName")),
        pci(l.get<int(Device, PciInfo*)>("nvmlDeviceGetPciInfo_v3")),
        compute(l.get<int(Device, int*, int*)>("nvmlDeviceGetCudaComputeCapability")),
        power_limit(l.get<int(Device, unsigned*)>("nvmlDeviceGetEnforcedPowerLimit")),
        default_power_limit(l.get<int(Device, unsigned*)>("nvmlDeviceGetPowerManagementDefaultLimit")),
        power(l.get<int(Device, unsigned*)>("nvmlDeviceGetPowerUsage")),
        clock(l.get<int(Device, unsigned, unsigned*)>("nvmlDeviceGetClockInfo")),
        max_clock(l.get<int(Device, unsigned, unsigned*)>("nvmlDeviceGetMaxClockInfo")),
        temperature(l.get<int(Device, unsigned, unsigned*)>("nvmlDeviceGetTemperature")),
        threshold(l.get<int(Device, unsigned, unsigned*)>("nvmlDeviceGetTemperatureThreshold")),
        reasons(l.get<int(Device, unsigned long long*)>("nvmlDeviceGetCurrentClocksEventReasons")),
        utilization(l.get<int(Device, Utilization*)>("nvmlDeviceGetUtilizationRates")),
        memory(l.get<int(Device, Memory*)>("nvmlDeviceGetMemoryInfo")),
        processes(l.get<int(Device, unsigned*, Process*)>("nvmlDeviceGetComputeRunningProcesses_v3")),
        generation(l.get<int(Device, unsigned*)>("nvmlDeviceGetCurrPcieLinkGeneration")),
        lanes(l.get<int(Device, unsigned*)>("nvmlDeviceGetCurrPcieLinkWidth")),
        max_generation(l.get<int(Device, unsigned*)>("nvmlDeviceGetMaxPcieLinkGeneration")),
        max_lanes(l.get<int(Device, unsigned*)>("nvmlDeviceGetMaxPcieLinkWidth")) {
    // Older drivers know these under earlier names.
    if (!reasons) reasons = l.get<int(Device, unsigned long long*)>("nvmlDeviceGetCurrentClocksThrottleReasons");
    if (!processes) processes = l.get<int(Device, unsigned*, Process*)>("nvmlDeviceGetComputeRunningProcesses_v2");
  }
  bool usable() const { return init && shutdown && count && by_index && pci; }

  int (*init)();
  int (*shutdown)();
  const char* (*error)(int);
  int (*driver)(char*, unsigned);
  int (*count)(unsigned*);
  int (*by_index)(unsigned, Device*);
  int (*by_address)(const char*, Device*);
  int (*name)(Device, char*, unsigned);
  int (*pci)(Device, PciInfo*);
  int (*compute)(Device, int*, int*);
  int (*power_limit)(Device, unsigned*);
  int (*default_power_limit)(Device, unsigned*);
  int (*power)(Device, unsigned*);
  int (*clock)(Device, unsigned, unsigned*);
  int (*max_clock)(Device, unsigned, unsigned*);
  int (*temperature)(Device, unsigned, unsigned*);
  int (*threshold)(Device, unsigned, unsigned*);
  int (*reasons)(Device, unsigned long long*);
  int (*utilization)(Device, Utilization*);
  int (*memory)(Device, Memory*);
  int (*processes)(Device, unsigned*, Process*);
  int (*generation)(Device, unsigned*);
  int (*lanes)(Device, unsigned*);
  int (*max_generation)(Device, unsigned*);
  int (*max_lanes)(Device, unsigned*);
};

namespace {

/// Calls a function that may be missing or may not be supported by the GPU; then `into` stays.
template <class Function, class Into, class... Arguments>
void read(Function* function, Into& into, double scale, Device device, Arguments... arguments) {
  unsigned value = 0;
  if (function && function(device, arguments..., &value) == kOk) into = static_cast<Into>(value * scale);
}

int read_number(const std::string& path, int otherwise) {
  std::ifstream file(path);
  int value = 0;
  return file >> value ? value : otherwise;
}

}  // namespace

Nvml::Nvml(const char* library, std::string pci) : library_({library}), pci_(std::move(pci)) {
  if (!library_) {
    why_ = fmt::format("NVIDIA's driver is not installed ({})", library_.why());
    return;
  }
  auto functions = std::make_shared<const Functions>(library_);
  if (!functions->usable()) {
    why_ = fmt::format("'{}' is not NVML of driver 450 or newer", library_.path());
    return;
  }
  if (const int error = functions->init(); error != kOk)
    why_ = fmt::format("NVIDIA's driver does not answer: {}", functions->error ? functions->error(error) : fmt::format("NVML error {}", error));
  else
    call_ = std::move(functions);
}

Nvml::~Nvml() {
  if (call_) call_->shutdown();
}

std::string Nvml::driver_version() const {
  char text[96] = "";
  return call_ && call_->driver && call_->driver(text, sizeof text) == kOk ? text : "";
}

std::vector<GpuInfo> Nvml::gpus() const {
  std::vector<GpuInfo> list;
  unsigned count = 0;
  if (!call_ || call_->count(&count) != kOk) return list;
  for (unsigned i = 0; i < count; ++i) {
    Device device = nullptr;
    if (call_->by_index(i, &device) == kOk) list.push_back(describe(device));
  }
  return list;
}

GpuInfo Nvml::describe(void* device) const {
  GpuInfo info;
  info.driver = driver_version();
  char name[96] = "";
  if (call_->name && call_->name(device, name, sizeof name) == kOk) info.name = name;
  int major = 0, minor = 0;
  if (call_->compute && call_->compute(device, &major, &minor) == kOk) info.compute = 10 * major + minor;
  read(call_->power_limit, info.power_limit_w, 1e-3, device);
  read(call_->default_power_limit, info.default_power_limit_w, 1e-3, device);
  read(call_->max_clock, info.max_sm_mhz, 1, device, kSmClock);
  read(call_->max_clock, info.max_memory_mhz, 1, device, kMemoryClock);
  read(call_->threshold, info.slowdown_c, 1, device, kSlowdownThreshold);
  read(call_->generation, info.pcie_generation, 1, device);
  read(call_->lanes, info.pcie_lanes, 1, device);
  read(call_->max_generation, info.max_pcie_generation, 1, device);
  read(call_->max_lanes, info.max_pcie_lanes, 1, device);
  PciInfo pci{};
  if (call_->pci(device, &pci) == kOk) info.address = bus_address(pci.address);
  describe_bus(info);
  return info;
}

void Nvml::describe_bus(GpuInfo& info) const {
  const std::string folder = pci_ + "/" + info.address;
  info.numa_node = read_number(folder + "/numa_node", -1);
  std::ifstream cores(folder + "/local_cpulist");
  std::getline(cores, info.near_cores);
}

GpuState Nvml::state(const std::string& address) const {
  GpuState state;
  Device device = nullptr;
  if (!call_ || !call_->by_address || call_->by_address(address.c_str(), &device) != kOk) return state;
  state.known = true;
  read(call_->clock, state.sm_mhz, 1, device, kSmClock);
  read(call_->clock, state.memory_mhz, 1, device, kMemoryClock);
  read(call_->power, state.power_w, 1e-3, device);
  read(call_->temperature, state.temperature_c, 1, device, kGpuTemperature);
  Utilization utilization{};
  if (call_->utilization && call_->utilization(device, &utilization) == kOk) state.busy_percent = static_cast<int>(utilization.gpu);
  Memory memory{};
  if (call_->memory && call_->memory(device, &memory) == kOk) state.used_bytes = static_cast<int64_t>(memory.used);
  unsigned long long reasons = 0;
  if (call_->reasons && call_->reasons(device, &reasons) == kOk) state.limits = clock_limits(reasons);
  read_processes(device, state);
  return state;
}

/// Processes of other containers have numbers that mean nothing here; then this process is not found among them either.
void Nvml::read_processes(void* device, GpuState& state) const {
  std::array<Process, 64> list{};
  unsigned count = list.size();
  if (!call_->processes) return;
  const int error = call_->processes(device, &count, list.data());
  if (error != kOk && error != kInsufficientSize) return;
  const unsigned own = static_cast<unsigned>(::getpid());
  const unsigned listed = std::min<unsigned>(count, list.size());
  const bool found = std::any_of(list.begin(), list.begin() + listed, [&](const Process& p) { return p.pid == own; });
  state.processes = static_cast<int>(count);
  state.own_process_listed = found;
}

std::vector<std::string> clock_limits(uint64_t reasons) {
  std::vector<std::string> names;
  for (const Limit& limit : kLimits)
    if (reasons & limit.bit) names.push_back(limit.name);
  return names;
}

std::string bus_address(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const size_t colon = text.find(':');
  return colon != std::string::npos && colon > 4 ? text.substr(colon - 4) : text;
}

const Nvml& nvml() {
  static const Nvml instance;
  return instance;
}

}  // namespace tenon::core
