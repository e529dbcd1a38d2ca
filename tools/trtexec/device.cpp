#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tenon/error.h"
#include "tenon/system.h"
#include "trtexec/setup.h"

namespace tenon::trtexec {
namespace {

bool is_number(const std::string& text) { return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); }); }

std::string gpu_text(const DeviceReport& d) {
  return fmt::format(
      "Selected Device: {}\nCompute Capability: {}.{}\nSMs: {}\nDevice Global Memory: {} MiB\nShared Memory per SM: {} KiB\nMemory Bus Width: {} bits (ECC {})\n"
      "Application Compute Clock Rate: {:g} GHz\nApplication Memory Clock Rate: {:g} GHz\n\n"
      "Note: The application clock rates do not reflect the actual clock rates that the GPU is currently running at.",
      d.processor, d.compute / 10, d.compute % 10, d.multiprocessors, d.memory_bytes >> 20, d.shared_bytes >> 10, d.bus_bits, d.ecc ? "enabled" : "disabled",
      d.clock_ghz, d.memory_clock_ghz);
}

std::string cpu_text(const SystemInfo& s) {
  std::string features;
  for (const std::string& feature : s.cpu_features) features += " " + feature;
  return fmt::format("Selected Device: {}\nCompute Capability: CPU{}\nCores: {} ({} used)\nHost Memory: {} MiB\nL2 Cache: {} KiB, L3 Cache: {} KiB", s.cpu, features,
                     s.logical_cores, s.usable_cores, s.ram_bytes >> 20, s.l2_bytes >> 10, s.l3_bytes >> 10);
}

}  // namespace

std::string choose_device(const SystemFlags& flags, Log& log) {
  const char* environment = std::getenv("TENON_DEVICE");
  const std::string asked = !flags.device.empty() ? flags.device : environment ? environment : "";
  if (is_number(asked)) return "cuda:" + asked;
  if (!asked.empty() && asked != "auto") return asked == "cuda" ? "cuda:0" : asked;
  for (const DeviceReport& d : system_info().devices) {
    if (d.name == "cuda" && !d.usable) log.warning(fmt::format("No GPU can be used ({}): running on the CPU. --device=cpu asks for that.", d.why_not));
    if (d.name.rfind("cuda:", 0) == 0 && d.usable) return d.name;
  }
  return "cpu";
}

void print_device(const std::string& device, Log& log) {
  const SystemInfo system = system_info();
  std::string names, text = device == "cpu" || device == "null" ? cpu_text(system) : "";
  for (const DeviceReport& d : system.devices) {
    if (d.name == device && d.name != "cpu") text = gpu_text(d);
    names += (names.empty() ? "" : ", ") + d.name + (d.usable ? "" : " (" + d.why_not + ")");
  }
  if (text.empty()) throw Error(ErrorCode::no_device, fmt::format("there is no device '{}'; this machine has: {}", device, names));
  log.info("=== Device Information ===\n" + text);
}

}  // namespace tenon::trtexec
