#include <fmt/format.h>

#include "tenon/error.h"
#include "tenon/model.h"
#include "tenon/system.h"
#include "units.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print_machine(const SystemInfo& s) {
  fmt::print("tenon     {}\n", version());
  fmt::print("system    {}\n", s.os);
  fmt::print("processor {}\n", s.cpu);
  fmt::print("features  {}\n", joined(s.cpu_features));
  fmt::print("caches    L1 {}, L2 {}, L3 {}\n", bytes_text(s.l1_bytes), bytes_text(s.l2_bytes), bytes_text(s.l3_bytes));
  fmt::print("cores     {} usable here, of {} ({} physical within reach)\n", s.usable_cores, s.logical_cores,
             s.physical_cores);
  fmt::print("memory    {}\n", bytes_text(s.ram_bytes));
}

class DoctorVerb : public Verb {
 public:
  const char* name() const override { return "doctor"; }
  const char* summary() const override {
    return "What this machine offers, what is missing, and the command that installs it";
  }
  void add_flags(CLI::App&) override {}

  Verdict run(Session& session) override {
    SystemInfo system = system_info();
    session.envelope["system"] = system_json(system);
    print_machine(system);
    fmt::print("\ndevices\n");
    for (const DeviceReport& device : system.devices)
      fmt::print("  {:<8} {:<9} {}{}{}\n", device.name, device.usable ? "usable" : "no", device.description,
                 device.description.empty() || device.why_not.empty() ? "" : ": ", device.why_not);
    fmt::print("\nlibraries\n");
    std::string missing;
    for (const LibraryInfo& library : system.libraries) {
      fmt::print("  {:<12} {:<11} {}", library.name, library.found ? library.version : "missing", library.purpose);
      fmt::print("{}\n", library.found
                             ? ""
                             : fmt::format("; {}: {}", library.required ? "needed" : "optional", library.install));
      if (!library.found && library.required) missing += (missing.empty() ? "" : " && ") + library.install;
    }
    if (!missing.empty()) throw Error(ErrorCode::no_device, "libraries are missing; install them with: " + missing);
    fmt::print("\nNothing that the CPU needs is missing.\n");
    return Verdict::passed;
  }
};

}  // namespace

std::unique_ptr<Verb> make_doctor_verb() { return std::make_unique<DoctorVerb>(); }

}  // namespace tenon::cli
