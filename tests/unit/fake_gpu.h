#pragma once

#include "base/error.h"
#include "devices/host_device.h"

namespace tenon::core {

/// A device with memory of its own, as far as the runtime can tell; in truth it is host memory and the kernels are the CPU's.
class FakeGpu : public Device {
 public:
  int64_t free_bytes = int64_t{1} << 40;
  int64_t allocated = 0;           // of Place::device, since it was made
  std::string fault_text;          // once set, waiting fails as after a fault
  std::vector<std::string> ranges_seen;
  bool profiler_listens = false;

  const DeviceInfo& info() const override { return host_->info(); }
  bool is_host() const override { return false; }
  std::byte* allocate(int64_t bytes, Place place) override {
    if (place == Place::device) allocated += bytes;
    return host_->allocate(bytes, place);
  }
  void release(std::byte* p, Place place) noexcept override { host_->release(p, place); }
  Memory memory() const override { return {free_bytes, int64_t{1} << 40}; }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<FakeStream>(*this, host_->make_stream()); }
  std::unique_ptr<Stream> borrow_stream(void*) override { return make_stream(); }
  std::unique_ptr<Event> make_event(bool spin) override { return host_->make_event(spin); }
  ProfilerRanges* ranges() const override { return profiler_listens ? &recorder_ : nullptr; }
  void check_memory(const void* memory, const std::string& what) const override { checked.emplace_back(memory, what); }
  std::string fault() const override { return fault_text; }
  std::shared_ptr<const Executable> prepare_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) override {
    return host_->prepare_reorder(dtype, dims, from, to);
  }
  mutable std::vector<std::pair<const void*, std::string>> checked;

 private:
  /// Counts what is begun and ended.
  struct Recorder : ProfilerRanges {
    explicit Recorder(std::vector<std::string>& into) : seen(into) {}
    void begin(const char* name) override { seen.push_back(name); }
    void end() override { seen.push_back("end"); }
    std::vector<std::string>& seen;
  };
  class FakeStream : public Stream {
   public:
    FakeStream(const FakeGpu& gpu, std::unique_ptr<Stream> host) : gpu_(gpu), host_(std::move(host)) {}
    void* handle() const override { return nullptr; }
    void copy(void* to, Place a, const void* from, Place b, int64_t bytes) override { host_->copy(to, a, from, b, bytes); }
    void wait() override {
      if (!gpu_.fault_text.empty()) fail(ErrorCode::device_failed, "waiting for GPU 0: {}", gpu_.fault_text);
    }
    int mark() override { return host_->mark(); }
    double elapsed_us(int from, int to) const override { return host_->elapsed_us(from, to); }
    void clear_marks() override { host_->clear_marks(); }
    void record(Event& event) override { host_->record(event); }
    void follow(const Event& event) override { host_->follow(event); }
    void delay(double ms) override { host_->delay(ms); }
    void begin_capture() override {}
    std::shared_ptr<Recording> end_capture() override { return nullptr; }
    void launch(const Recording&) override {}
    bool captured_by_caller() const override { return false; }

   private:
    const FakeGpu& gpu_;
    std::unique_ptr<Stream> host_;
  };
  std::shared_ptr<Device> host_ = host_device("cpu", 1);
  mutable Recorder recorder_{ranges_seen};
};

}  // namespace tenon::core
