#include <fmt/format.h>

#include "tenon/error.h"
#include "tenon/model.h"
#include "tenon/system.h"
#include "units.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

void print_machine(const SystemInfo& s) {
  fmt::print("tenon     {}\n", version());
  fmt::print("system    {}\n", s.os);
  fmt::print("processor {}\n", s.cpu);
  fmt::print("features  {}\n", fmt::join(s.cpu_features, " "));
  fmt::print("caches    L1 {}, L2 {}, L3 {}\n", bytes_text(s.l1_bytes), bytes_text(s.l2_bytes), bytes_text(s.l3_bytes));
  fmt::print("cores     {} usable here, of {} ({} physical within reach)\n", s.usable_cores, s.logical_cores,
             s.physical_cores);
  fmt::print("memory    {}\n", bytes_text(s.ram_bytes));
}

std::string known(int number, const char* unit) { return number < 0 ? "?" : fmt::format("{}{}", number, unit); }

/// A slower link than the GPU and the slot can do is no fault of an idle GPU: it takes the generation down, never the lanes.
std::string link_text(const GpuInfo& g) {
  std::string text = fmt::format("PCIe generation {} with {} lanes now, generation {} with {} lanes possible", known(g.pcie_generation, ""),
                                 known(g.pcie_lanes, ""), known(g.max_pcie_generation, ""), known(g.max_pcie_lanes, ""));
  if (g.pcie_lanes >= 0 && g.pcie_lanes < g.max_pcie_lanes) text += "; lanes are missing: seat the card anew, or use a slot with all of them";
  else if (g.pcie_generation >= 0 && g.pcie_generation < g.max_pcie_generation) text += " (an idle GPU lowers it)";
  return text;
}

std::string numa_text(const GpuInfo& g, int here) {
  if (g.numa_node < 0) return "NUMA node not told: one node, or a virtual machine";
  if (here == g.numa_node) return fmt::format("NUMA node {}, where this thread and its new memory are too", g.numa_node);
  return fmt::format("NUMA node {}, but this thread runs on node {} and takes memory there: `numactl --cpunodebind={} --membind={}` in front of the command "
                     "shortens copies", g.numa_node, here, g.numa_node, g.numa_node);
}

void print_gpu(const GpuInfo& g, int here) {
  const GpuState now = gpu_state(g.address);
  fmt::print("  {} at {}, sm_{}, driver {}{}\n", g.name, g.address, known(g.compute, ""), g.driver,
             g.compute >= 0 && g.compute < kOldestCompute ? fmt::format("; too old: {}", kSupportedGpus) : "");
  fmt::print("    power     {:.0f} W of at most {:.0f} W (as delivered: {:.0f} W), {} C\n", now.power_w, g.power_limit_w, g.default_power_limit_w, now.temperature_c);
  fmt::print("    clocks    SM {} of {}, memory {} of {}; held down by {}\n", known(now.sm_mhz, ""), known(g.max_sm_mhz, " MHz"), known(now.memory_mhz, ""),
             known(g.max_memory_mhz, " MHz"), now.limits.empty() ? "nothing" : fmt::format("{}", fmt::join(now.limits, " ")));
  fmt::print("    link      {}\n    place     {}\n", link_text(g), numa_text(g, here));
  if (now.processes > 0) fmt::print("    shared    {} processes have work on it\n", now.processes);
}

/// Says for each library where it is and what is wrong; returns the commands that put it right.
std::string print_libraries(const SystemInfo& system) {
  std::string commands;
  for (const LibraryInfo& library : system.libraries) {
    fmt::print("  {:<12} {:<11} {}", library.name, library.found ? library.version : "missing", library.purpose);
    if (!library.path.empty()) fmt::print(" ({})", library.path);
    if (!library.problem.empty()) fmt::print("; {}", library.problem);
    if (!library.found) fmt::print("; {}{}: {}", library.required ? "needed" : "optional", library.needed.empty() ? "" : ", version " + library.needed, library.install);
    fmt::print("\n");
    if (!library.found && library.required) commands += (commands.empty() ? "" : " && ") + library.install;
  }
  return commands;
}

class DoctorVerb : public Verb {
 public:
  const char* name() const override { return "doctor"; }
  const char* summary() const override {
    return "What this machine offers, what is missing, and the command that installs it";
  }
  void add_flags(CLI::App&) override {}

  Verdict run(Session& session) override {
    const SystemInfo system = system_info();
    std::string why;
    const std::vector<GpuInfo> gpus = list_gpus(why);
    const int here = numa_node_here();
    session.envelope["system"] = system_json(system);
    session.envelope["system"]["gpus"] = Json::array();
    for (const GpuInfo& gpu : gpus) session.envelope["system"]["gpus"].push_back(gpu_info_json(gpu));
    session.envelope["system"]["thread_numa_node"] = here;
    print_machine(system);
    fmt::print("\ndevices\n");
    for (const DeviceReport& device : system.devices)
      fmt::print("  {:<8} {:<9} {}{}{}\n", device.name, device.usable ? "usable" : "no", device.description,
                 device.description.empty() || device.why_not.empty() ? "" : ": ", device.why_not);
    fmt::print("\nGPUs that the driver shows{}\n", gpus.empty() ? ": none. " + why : "");
    for (const GpuInfo& gpu : gpus) print_gpu(gpu, here);
    fmt::print("\nlibraries\n");
    const std::string missing = print_libraries(system);
    if (!missing.empty()) throw Error(ErrorCode::no_device, "libraries are missing; install them with: " + missing);
    fmt::print("\nNothing that the CPU needs is missing.\n");
    return Verdict::passed;
  }
};

}  // namespace

std::unique_ptr<Verb> make_doctor_verb() { return std::make_unique<DoctorVerb>(); }

}  // namespace tenon::cli
