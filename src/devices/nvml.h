#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/shared_library.h"
#include "tenon/system.h"

namespace tenon::core {

/// NVIDIA's management library, opened at run time: what a GPU is and what it does now, without a CUDA context. What a
/// driver does not tell stays as the fields of GpuInfo and GpuState begin. Thread-safe.
class Nvml {
 public:
  /// `library`: what to open; for tests. `pci`: where the system describes devices on the bus.
  explicit Nvml(const char* library = "libnvidia-ml.so.1", std::string pci = "/sys/bus/pci/devices");
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// Why nothing can be read; empty when it can.
  const std::string& why() const { return why_; }
  std::string driver_version() const;
  /// In the driver's order, which need not be CUDA's.
  std::vector<GpuInfo> gpus() const;
  /// Of the GPU at this address ("0000:17:00.0").
  GpuState state(const std::string& address) const;

 private:
  struct Functions;
  GpuInfo describe(void* device) const;
  void describe_bus(GpuInfo&) const;
  void read_processes(void* device, GpuState&) const;

  SharedLibrary library_;
  std::string pci_, why_;
  std::shared_ptr<const Functions> call_;
};

/// The one of this process.
const Nvml& nvml();

/// What holds a GPU's clocks down, from NVML's bits.
std::vector<std::string> clock_limits(uint64_t reasons);
/// The bus address as the system writes it: NVML and CUDA write "00000000:17:00.0" and "0000:17:00.0", in either case.
std::string bus_address(std::string text);

}  // namespace tenon::core
