#include <dnnl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/blocks.h"
#include "base/error.h"
#include "devices/host_device.h"
#include "tactics/reorder.h"

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

DeviceInfo describe(std::string kind, int threads) {
  DeviceInfo info;
  info.kind = std::move(kind);
  info.name = cpu_name();
  info.features = cpu_features();
  const dnnl_version_t* v = dnnl_version();
  info.libraries = fmt::format("onednn {}.{}.{}", v->major, v->minor, v->patch);
  info.threads = threads > 0 ? threads : usable_cores();
  return info;
}

class HostEvent : public Event {
 public:
  using Clock = std::chrono::steady_clock;
  void wait() override {}
  double us_since(const Event& earlier) const override {
    return std::chrono::duration<double, std::micro>(time - static_cast<const HostEvent&>(earlier).time).count();
  }
  Clock::time_point time = Clock::now();
};

/// Work is done when a call returns, so that there is nothing to wait for and nothing to record.
class HostStream : public Stream {
 public:
  void* handle() const override { return nullptr; }
  void copy(void* to, Place, const void* from, Place, int64_t bytes) override {
    if (bytes > 0) std::memmove(to, from, static_cast<size_t>(bytes));
  }
  void wait() override {}
  int mark() override {
    marks_.push_back(Clock::now());
    return static_cast<int>(marks_.size()) - 1;
  }
  double elapsed_us(int from, int to) const override { return std::chrono::duration<double, std::micro>(marks_.at(to) - marks_.at(from)).count(); }
  void clear_marks() override { marks_.clear(); }
  void record(Event& event) override { static_cast<HostEvent&>(event).time = Clock::now(); }
  void follow(const Event&) override {}
  void delay(double ms) override { std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms)); }
  void begin_capture() override {}
  std::shared_ptr<Recording> end_capture() override { return nullptr; }
  void launch(const Recording&) override {}
  bool captured_by_caller() const override { return false; }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> marks_;
};

class HostDevice : public Device {
 public:
  explicit HostDevice(DeviceInfo info) : info_(std::move(info)) {}
  const DeviceInfo& info() const override { return info_; }
  bool is_host() const override { return true; }
  std::byte* allocate(int64_t bytes, Place) override {
    void* p = take_block(bytes);
    if (!p) fail(ErrorCode::out_of_memory, "no memory for a buffer of {} bytes", bytes);
    return static_cast<std::byte*>(p);
  }
  void release(std::byte* p, Place) noexcept override { release_block(p); }
  Memory memory() const override {
    const int64_t page = ::sysconf(_SC_PAGESIZE);
    return {::sysconf(_SC_AVPHYS_PAGES) * page, ::sysconf(_SC_PHYS_PAGES) * page};
  }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<HostStream>(); }
  std::unique_ptr<Stream> borrow_stream(void*) override { return make_stream(); }
  std::unique_ptr<Event> make_event(bool) override { return std::make_unique<HostEvent>(); }
  std::shared_ptr<const Executable> prepare_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) override {
    return host_reorder(dtype, dims, from, to);
  }

 private:
  DeviceInfo info_;
};

}  // namespace

std::shared_ptr<Device> host_device(std::string kind, int threads) { return std::make_shared<HostDevice>(describe(std::move(kind), threads)); }

}  // namespace tenon::core
