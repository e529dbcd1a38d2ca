#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "base/threads.h"

namespace tenon::core {
namespace {

int cores_for(double quota, double period) {
  return quota > 0 && period > 0 ? std::max(1, static_cast<int>((quota + period - 1) / period)) : 0;
}

/// The folder of this process in the unified hierarchy, "" when there is none.
std::string cgroup_folder() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  return "";
}

/// 0 without a limit. A limit may stand in any folder above the process's own.
int quota_v2() {
  int cores = 0;
  for (std::string folder = cgroup_folder();;) {
    std::ifstream file("/sys/fs/cgroup" + folder + "/cpu.max");
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max") {
      int here = cores_for(std::strtod(quota.c_str(), nullptr), period);
      if (here > 0) cores = cores == 0 ? here : std::min(cores, here);
    }
    size_t slash = folder.rfind('/');
    if (slash == std::string::npos) return cores;
    folder.resize(slash);
  }
}

int quota_v1() {
  double quota = 0, period = 0;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  return cores_for(quota, period);
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  bool known = sched_getaffinity(0, sizeof set, &set) == 0;
  int cores = std::max(1, known ? CPU_COUNT(&set) : static_cast<int>(std::thread::hardware_concurrency()));
  for (int quota : {quota_v2(), quota_v1()})
    if (quota > 0) cores = std::min(cores, quota);
  return cores;
}

}  // namespace tenon::core
