#include <dnnl.h>
#include <sched.h>

#include <fstream>

#include "base/error.h"
#include "devices/device.h"

namespace tenon::core {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "x86-64";
}

std::string cpu_features() {
  __builtin_cpu_init();
  std::string s;
  const auto add = [&](bool has, const char* name) {
    if (has) s += (s.empty() ? "" : " ") + std::string(name);
  };
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("fma"), "fma");
  add(__builtin_cpu_supports("avx512f"), "avx512f");
  add(__builtin_cpu_supports("avx512bw"), "avx512bw");
  add(__builtin_cpu_supports("avx512dq"), "avx512dq");
  add(__builtin_cpu_supports("avx512vl"), "avx512vl");
  add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16"), "avx512bf16");
  return s;
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

DeviceInfo host(std::string kind, int threads) {
  DeviceInfo info;
  info.kind = std::move(kind);
  info.name = cpu_name();
  info.features = cpu_features();
  const dnnl_version_t* v = dnnl_version();
  info.libraries = fmt::format("onednn {}.{}.{}", v->major, v->minor, v->patch);
  info.threads = threads > 0 ? threads : usable_cores();
  return info;
}

}  // namespace

DeviceInfo find_device(const std::string& name, int threads) {
  if (threads < 0 || threads > 1024) fail(ErrorCode::usage, "--threads {}: expected 0 (all cores) to 1024", threads);
  // There is no CUDA part in this build, so "auto" is the CPU.
  if (name == "cpu" || name == "auto") return host("cpu", threads);
  if (name == "null") return host("null", threads);
  if (name.starts_with("cuda")) fail(ErrorCode::no_device, "device '{}' was asked for, but this build has no CUDA part; use --device cpu", name);
  fail(ErrorCode::unknown_name, "device '{}' is not known; the devices are cpu, null, cuda, cuda:N and auto", name);
}

}  // namespace tenon::core
