#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/export.h"

namespace tenon {

/// A library Tenon uses or could use.
struct LibraryInfo {
  std::string name, version;  // the version that is loaded now; empty when missing
  std::string purpose;
  bool found = false, required = false;
  std::string install;        // the command that installs it
};

/// A device as `--device` names it.
struct DeviceReport {
  std::string name;           // "cpu", "cuda:0"
  std::string description;    // the processor's own name
  bool usable = false;
  std::string why_not;
  // Of a GPU, as its driver says.
  std::string processor;         // "NVIDIA H200"
  int compute = 0;               // 90 for compute capability 9.0
  int multiprocessors = 0;
  int64_t memory_bytes = 0, shared_bytes = 0;  // shared: of one multiprocessor
  int bus_bits = 0;
  bool ecc = false;
  double clock_ghz = 0, memory_clock_ghz = 0;  // of applications
};

/// The machine as this process may use it.
struct SystemInfo {
  std::string os, cpu;
  std::vector<std::string> cpu_features;  // of those that kernels use
  int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0, ram_bytes = 0;
  int logical_cores = 0, physical_cores = 0;
  int usable_cores = 0;                   // affinity and container limits counted in: the default number of threads
  std::vector<DeviceReport> devices;
  std::vector<LibraryInfo> libraries;
};
TENON_API SystemInfo system_info();

}  // namespace tenon
