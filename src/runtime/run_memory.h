#pragma once
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "devices/device.h"
#include "plan/plan.h"

namespace tenon::core {

/// Where the buffers of an execution come from; the device, unless its maker wants otherwise.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  /// Aligned like memory of `Device::allocate`.
  virtual std::byte* allocate(int64_t bytes, Place) = 0;
  virtual void release(std::byte*, Place) noexcept = 0;
};

std::shared_ptr<MemorySource> memory_of(Device&);

/// Memory that only grows.
class GrowingBuffer {
 public:
  GrowingBuffer(MemorySource& source, Place place) : source_(&source), place_(place) {}
  GrowingBuffer(GrowingBuffer&& other) noexcept : source_(other.source_), place_(other.place_), data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  GrowingBuffer& operator=(GrowingBuffer&&) = delete;
  ~GrowingBuffer() { release(); }
  std::byte* at_least(int64_t bytes) {
    if (bytes > bytes_ || !data_) {
      release();
      bytes_ = 0;
      data_ = source_->allocate(bytes, place_);
      bytes_ = bytes;
    }
    return data_;
  }
  int64_t bytes() const { return bytes_; }

 private:
  void release() {
    if (data_) source_->release(data_, place_);
    data_ = nullptr;
  }
  MemorySource* source_;
  Place place_;
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

/// The memory of one execution.
struct RunMemory {
  RunMemory(std::shared_ptr<MemorySource> from, size_t inputs, size_t outputs);
  /// The arena of a place, of at least `bytes`; too small a lent one is an error.
  std::byte* arena(Place place, int64_t bytes = 0);

  std::shared_ptr<MemorySource> source;
  std::span<std::byte> lent;
  std::array<GrowingBuffer, 2> arenas;  // by Place
  std::map<SlotId, GrowingBuffer> kept;
  std::vector<GrowingBuffer> inputs;     // copies of host inputs; unused on a device that reads host memory
  std::vector<GrowingBuffer> outputs;    // where steps write results that the caller gave no memory for
  std::vector<GrowingBuffer> downloads;  // their host copies; likewise unused
  std::map<SlotId, std::shared_ptr<const std::byte>> constants;
};

}  // namespace tenon::core
