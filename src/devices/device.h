#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tactics/tactic.h"

namespace tenon::core {

/// Work that was captured and is launched as one.
class Recording {
 public:
  virtual ~Recording() = default;
};

/// A point in a queue of work; recorded again, it is the newer point.
class Event {
 public:
  virtual ~Event() = default;
  /// Returns when the work before the point is done.
  virtual void wait() = 0;
  /// Of two points that were reached.
  virtual double us_since(const Event& earlier) const = 0;
};

/// A queue of work on one device. Calls return before the work is done unless they say otherwise. One thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  /// What kernels are launched on: a cudaStream_t; null on the CPU, where work is done when a call returns.
  virtual void* handle() const = 0;
  virtual void copy(void* to, Place to_place, const void* from, Place from_place, int64_t bytes) = 0;
  /// Returns when all is done; fails with what the device reports.
  virtual void wait() = 0;

  /// Points in the queue, numbered from 0 since `clear_marks`; their distance is known after `wait`.
  virtual int mark() = 0;
  virtual double elapsed_us(int from, int to) const = 0;
  virtual void clear_marks() = 0;
  virtual void record(Event&) = 0;
  /// What is queued later waits for the point, wherever that was recorded.
  virtual void follow(const Event&) = 0;
  /// Does nothing for that long.
  virtual void delay(double ms) = 0;

  /// Between the two, calls are recorded instead of run. `end_capture` gives null where the work can't be recorded.
  virtual void begin_capture() = 0;
  virtual std::shared_ptr<Recording> end_capture() = 0;
  virtual void launch(const Recording&) = 0;
  /// The caller's stream is being captured by the caller.
  virtual bool captured_by_caller() const = 0;
};

/// Names for spans of time, shown by a profiler that listens to this process.
class ProfilerRanges {
 public:
  virtual ~ProfilerRanges() = default;
  virtual void begin(const char* name) = 0;
  virtual void end() = 0;
};

/// The memory of one device, its order of work, and its reorders. Thread-safe; calls may come from any thread.
class Device {
 public:
  struct Memory {
    int64_t free = 0, total = 0;
  };
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  /// Kernels read host memory: there is one place, and nothing is ever copied between places.
  virtual bool is_host() const = 0;
  /// Until the result is destroyed, what this thread asks of the device's libraries goes to this device.
  virtual std::shared_ptr<void> use() const { return nullptr; }
  /// Where a GPU sits on the bus ("0000:17:00.0"); empty for the host.
  virtual std::string address() const { return {}; }
  /// Aligned to 64 bytes (256 on a GPU). Fails with out_of_memory.
  virtual std::byte* allocate(int64_t bytes, Place) = 0;
  virtual void release(std::byte*, Place) noexcept = 0;
  virtual Memory memory() const = 0;
  /// A stream of our own, or a view of the caller's.
  virtual std::unique_ptr<Stream> make_stream() = 0;
  virtual std::unique_ptr<Stream> borrow_stream(void* handle) = 0;
  /// `spin`: waiting for it polls instead of sleeping.
  virtual std::unique_ptr<Event> make_event(bool spin) = 0;
  /// Null while no profiler listens.
  virtual ProfilerRanges* ranges() const { return nullptr; }
  /// Fails naming both devices where `memory`, which is meant for `what`, is not of this one.
  virtual void check_memory(const void* memory, const std::string& what) const { (void)memory, (void)what; }
  /// What put the device out of use for this process ("an illegal memory access was encountered"); empty while it works.
  virtual std::string fault() const { return {}; }
  /// Moves one value from one format to another: layout, storage type and place. One input, one output.
  virtual std::shared_ptr<const Executable> prepare_reorder(DType, const Dims&, const Format& from, const Format& to) = 0;
};

/// Resolves "auto", "cpu", "null", "cuda", "cuda:1" to what this machine has; fails with no_device saying what is missing.
std::shared_ptr<Device> find_device(const std::string& name, int threads);

/// Why no GPU can be used; empty when one can.
std::string why_no_cuda();
/// The GPUs that can be used, in the driver's order.
std::vector<DeviceInfo> cuda_devices();

/// The library of a kind of device, loaded at run time (libtenon_cuda.so beside libtenon.so).
class Backend {
 public:
  virtual ~Backend() = default;
  /// The devices that can be used; why there is none, or what is missing, otherwise.
  virtual std::vector<DeviceInfo> devices(std::string& why) = 0;
  virtual std::shared_ptr<Device> open(int index, int threads) = 0;
  virtual std::vector<const Tactic*> tactics() const = 0;
};
/// What the library exports, under the name "tenon_cuda_backend".
using BackendEntry = Backend* (*)();

}  // namespace tenon::core
