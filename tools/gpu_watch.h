#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "envelope.h"

namespace tenon::cli {

/// What a GPU did before, during and after a measurement.
struct GpuRecord {
  GpuInfo info;
  GpuState before, after;
  std::vector<GpuState> during;
  bool known() const { return before.known; }
};

/// Reads the state of a GPU now, every `period_ms` from then on, and at the end. Watches nothing where the address is empty or
/// NVML is missing.
class GpuWatch {
 public:
  explicit GpuWatch(const std::string& address, int period_ms = 100);
  ~GpuWatch();
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;
  GpuRecord finish();

 private:
  void watch(int period_ms);
  std::string address_;
  GpuRecord record_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

/// One line: name, limit, clocks, power, temperature, what holds the clocks down, other processes.
std::string gpu_line(const GpuRecord&);
/// Why times taken over `timed_ms` may mislead.
std::vector<std::string> gpu_warnings(const GpuRecord&, double timed_ms);
Json gpu_json(const GpuRecord&);

}  // namespace tenon::cli
