#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "calls.h"

using namespace tenon::host_run;

namespace {

/// The values of cudaMemoryType.
enum class Kind : int { unregistered = 0, host = 1, device = 2, managed = 3 };

struct Block {
  size_t bytes = 0;
  Kind kind = Kind::unregistered;
  bool own = true;  // false: the program's memory, registered
};

/// What was allocated or registered and not given back yet.
class Ledger {
 public:
  /// Never destroyed: programs give memory back from static destructors too.
  static Ledger& instance() {
    static auto& ledger = *new Ledger;
    return ledger;
  }

  Status allocate(void** pointer, size_t bytes, Kind kind) try {
    if (!pointer) return invalid_value;
    *pointer = nullptr;
    if (bytes == 0) return ok;
    constexpr size_t kAlignment = 256;
    if (bytes > SIZE_MAX / 2) return out_of_memory;
    void* memory = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
    if (!memory) return out_of_memory;
    const std::lock_guard<std::mutex> guard(lock_);
    blocks_[reinterpret_cast<uintptr_t>(memory)] = {bytes, kind, true};
    *pointer = memory;
    return ok;
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  }

  Status release(void* pointer, bool host) {
    if (!pointer) return ok;
    {
      const std::lock_guard<std::mutex> guard(lock_);
      const auto found = blocks_.find(reinterpret_cast<uintptr_t>(pointer));
      if (found == blocks_.end() || !found->second.own || (found->second.kind == Kind::host) != host) return invalid_value;
      blocks_.erase(found);
    }
    std::free(pointer);
    return ok;
  }

  Status add_registered(void* pointer, size_t bytes) try {
    if (!pointer || bytes == 0) return invalid_value;
    const std::lock_guard<std::mutex> guard(lock_);
    const auto begin = reinterpret_cast<uintptr_t>(pointer);
    const auto next = blocks_.lower_bound(begin);
    const bool overlaps = (next != blocks_.end() && next->first - begin < bytes) || find_locked(begin).second.bytes > 0;
    if (overlaps) return already_registered;
    blocks_[begin] = {bytes, Kind::host, false};
    return ok;
  } catch (const std::bad_alloc&) {
    return out_of_memory;
  }

  Status remove_registered(void* pointer) {
    const std::lock_guard<std::mutex> guard(lock_);
    const auto found = blocks_.find(reinterpret_cast<uintptr_t>(pointer));
    if (found == blocks_.end() || found->second.own) return not_registered;
    blocks_.erase(found);
    return ok;
  }

  Kind kind_of(const void* pointer) {
    const std::lock_guard<std::mutex> guard(lock_);
    return find_locked(reinterpret_cast<uintptr_t>(pointer)).second.kind;
  }

  /// False when the bytes begin in a known block and leave it.
  bool fits(const void* pointer, size_t bytes) {
    const std::lock_guard<std::mutex> guard(lock_);
    const auto at = reinterpret_cast<uintptr_t>(pointer);
    const auto [begin, block] = find_locked(at);
    return block.bytes == 0 || bytes <= block.bytes - (at - begin);
  }

 private:
  /// The block around `at`; one of no bytes where there is none.
  std::pair<uintptr_t, Block> find_locked(uintptr_t at) const {
    auto next = blocks_.upper_bound(at);
    if (next == blocks_.begin()) return {at, {}};
    --next;
    if (at - next->first < next->second.bytes) return *next;
    return {at, {}};
  }

  std::mutex lock_;
  std::map<uintptr_t, Block> blocks_;
};

Ledger& ledger() { return Ledger::instance(); }

/// The bytes that `height` rows take from the first to the last; SIZE_MAX when there is no such number.
size_t span(size_t pitch, size_t width, size_t height) {
  size_t rows = 0, all = 0;
  return __builtin_mul_overflow(pitch, height - 1, &rows) || __builtin_add_overflow(rows, width, &all) ? SIZE_MAX : all;
}

Status copy(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height, int direction, const void* stream) {
  constexpr int kLastDirection = 4;
  if (!is_live_stream(stream)) return invalid_handle;
  if (direction < 0 || direction > kLastDirection) return invalid_direction;
  if (width == 0 || height == 0) return ok;
  if (!to || !from) return invalid_value;
  if (width > to_pitch || width > from_pitch) return invalid_pitch;
  if (!ledger().fits(to, span(to_pitch, width, height)) || !ledger().fits(from, span(from_pitch, width, height))) return invalid_value;
  for (size_t row = 0; row < height; ++row) std::memmove(static_cast<char*>(to) + row * to_pitch, static_cast<const char*>(from) + row * from_pitch, width);
  return ok;
}

Status set(void* to, size_t pitch, int value, size_t width, size_t height, const void* stream) {
  if (!is_live_stream(stream)) return invalid_handle;
  if (width == 0 || height == 0) return ok;
  if (width > pitch) return invalid_pitch;
  if (!to || !ledger().fits(to, span(pitch, width, height))) return invalid_value;
  for (size_t row = 0; row < height; ++row) std::memset(static_cast<char*>(to) + row * pitch, value, width);
  return ok;
}

struct PointerAttributes {  // cudaPointerAttributes, as far as all versions have it
  int type, device;
  void *on_device, *on_host;
};

}  // namespace

extern "C" {

int cudaMalloc(void** pointer, size_t bytes) { return finish(ledger().allocate(pointer, bytes, Kind::device)); }
int cudaMallocManaged(void** pointer, size_t bytes, unsigned) { return finish(ledger().allocate(pointer, bytes, Kind::managed)); }
int cudaMallocHost(void** pointer, size_t bytes) { return finish(ledger().allocate(pointer, bytes, Kind::host)); }
int cudaHostAlloc(void** pointer, size_t bytes, unsigned) { return finish(ledger().allocate(pointer, bytes, Kind::host)); }
int cudaMallocAsync(void** pointer, size_t bytes, void* stream) {
  return is_live_stream(stream) ? finish(ledger().allocate(pointer, bytes, Kind::device)) : finish(invalid_handle);
}
int cudaMallocPitch(void** pointer, size_t* pitch, size_t width, size_t height) {
  constexpr size_t kPitch = 512;
  size_t bytes = 0;
  if (!pitch || width > SIZE_MAX - kPitch) return finish(invalid_value);
  *pitch = (width + kPitch - 1) / kPitch * kPitch;
  if (__builtin_mul_overflow(*pitch, height, &bytes)) return finish(out_of_memory);
  return finish(ledger().allocate(pointer, bytes, Kind::device));
}

int cudaFree(void* pointer) { return finish(ledger().release(pointer, false)); }
int cudaFreeAsync(void* pointer, void* stream) { return is_live_stream(stream) ? cudaFree(pointer) : finish(invalid_handle); }
int cudaFreeHost(void* pointer) { return finish(ledger().release(pointer, true)); }

int cudaHostRegister(void* pointer, size_t bytes, unsigned) { return finish(ledger().add_registered(pointer, bytes)); }
int cudaHostUnregister(void* pointer) { return finish(ledger().remove_registered(pointer)); }
int cudaHostGetDevicePointer(void** on_device, void* on_host, unsigned flags) {
  if (!on_device || flags != 0 || ledger().kind_of(on_host) != Kind::host) return finish(invalid_value);
  *on_device = on_host;
  return ok;
}

int cudaMemcpy(void* to, const void* from, size_t bytes, int direction) { return finish(copy(to, bytes, from, bytes, bytes, 1, direction, nullptr)); }
int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int direction, void* stream) { return finish(copy(to, bytes, from, bytes, bytes, 1, direction, stream)); }
int cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height, int direction) {
  return finish(copy(to, to_pitch, from, from_pitch, width, height, direction, nullptr));
}
int cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t height, int direction, void* stream) {
  return finish(copy(to, to_pitch, from, from_pitch, width, height, direction, stream));
}
int cudaMemset(void* to, int value, size_t bytes) { return finish(set(to, bytes, value, bytes, 1, nullptr)); }
int cudaMemsetAsync(void* to, int value, size_t bytes, void* stream) { return finish(set(to, bytes, value, bytes, 1, stream)); }
int cudaMemset2D(void* to, size_t pitch, int value, size_t width, size_t height) { return finish(set(to, pitch, value, width, height, nullptr)); }
int cudaMemset2DAsync(void* to, size_t pitch, int value, size_t width, size_t height, void* stream) { return finish(set(to, pitch, value, width, height, stream)); }

int cudaMemGetInfo(size_t* unused, size_t* all) {
  if (!unused || !all) return finish(invalid_value);
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  *unused = page * static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES));
  *all = page * static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  return ok;
}

int cudaPointerGetAttributes(void* attributes, const void* pointer) {
  if (!attributes) return finish(invalid_value);
  const Kind kind = ledger().kind_of(pointer);
  void* const address = const_cast<void*>(pointer);
  const PointerAttributes found{static_cast<int>(kind), kind == Kind::unregistered ? -2 : 0, kind == Kind::unregistered ? nullptr : address,
                                kind == Kind::device ? nullptr : address};
  std::memcpy(attributes, &found, sizeof found);
  return ok;
}

// Hints about where memory should be: it is where it should be.
int cudaMemPrefetchAsync() { return ok; }
int cudaMemPrefetchAsync_v2() { return ok; }
int cudaMemAdvise() { return ok; }
int cudaMemAdvise_v2() { return ok; }
int cudaStreamAttachMemAsync() { return ok; }

}  // extern "C"

TENON_PER_THREAD(cudaMallocAsync, _ptsz);
TENON_PER_THREAD(cudaFreeAsync, _ptsz);
TENON_PER_THREAD(cudaMemcpy, _ptds);
TENON_PER_THREAD(cudaMemcpyAsync, _ptsz);
TENON_PER_THREAD(cudaMemcpy2D, _ptds);
TENON_PER_THREAD(cudaMemcpy2DAsync, _ptsz);
TENON_PER_THREAD(cudaMemset, _ptds);
TENON_PER_THREAD(cudaMemsetAsync, _ptsz);
TENON_PER_THREAD(cudaMemset2D, _ptds);
TENON_PER_THREAD(cudaMemset2DAsync, _ptsz);
TENON_PER_THREAD(cudaMemPrefetchAsync, _ptsz);
TENON_PER_THREAD(cudaMemPrefetchAsync_v2, _ptsz);
TENON_PER_THREAD(cudaStreamAttachMemAsync, _ptsz);
