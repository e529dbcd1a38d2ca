#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "calls.h"

using namespace tenon::host_run;

namespace {

using Clock = std::chrono::steady_clock;

struct Stream {
  unsigned flags = 0;
  int priority = 0;
  unsigned long long id = 0;
};

struct Event {
  static constexpr unsigned kNoTiming = 2;
  unsigned flags = 0;
  bool recorded = false;
  Clock::time_point at;
};

/// Objects of one sort by the handles that programs hold. Handles are never used twice.
template <class T>
class Handles {
 public:
  /// Never destroyed: programs call from static destructors too.
  static Handles& instance() {
    static auto& handles = *new Handles;
    return handles;
  }
  Status add(void** handle, T object) {
    if (!handle) return invalid_value;
    const std::lock_guard<std::mutex> guard(lock_);
    next_ += kStep;
    *handle = reinterpret_cast<void*>(next_);
    objects_[*handle] = object;
    return ok;
  }
  Status remove(const void* handle) {
    const std::lock_guard<std::mutex> guard(lock_);
    return objects_.erase(handle) > 0 ? ok : invalid_handle;
  }
  /// Calls `body` with the object.
  template <class F>
  Status with(const void* handle, F&& body) {
    const std::lock_guard<std::mutex> guard(lock_);
    const auto found = objects_.find(handle);
    return found == objects_.end() ? invalid_handle : body(found->second);
  }
  bool has(const void* handle) {
    const std::lock_guard<std::mutex> guard(lock_);
    return objects_.count(handle) > 0;
  }

 private:
  static constexpr uintptr_t kStep = 64;
  std::mutex lock_;
  std::map<const void*, T> objects_;
  uintptr_t next_ = uintptr_t{1} << 32;  // above the two default streams
};

Handles<Stream>& streams() { return Handles<Stream>::instance(); }
Handles<Event>& events() { return Handles<Event>::instance(); }

int check_stream(const void* stream) { return finish(is_live_stream(stream) ? ok : invalid_handle); }

/// The default streams have the properties of `Stream{}`.
template <class V, class F>
int read_stream(const void* stream, V* value, F&& read) {
  if (!value) return finish(invalid_value);
  if (!is_live_stream(stream)) return finish(invalid_handle);
  *value = read(Stream{});
  streams().with(stream, [&](const Stream& s) { return *value = read(s), ok; });
  return ok;
}

/// Nothing is ever captured.
int answer_not_capturing(const void* stream, int* status) {
  if (!status) return finish(invalid_value);
  *status = 0;
  return check_stream(stream);
}

}  // namespace

namespace tenon::host_run {

bool is_live_stream(const void* stream) {
  constexpr uintptr_t kLastDefaultStream = 2;
  return reinterpret_cast<uintptr_t>(stream) <= kLastDefaultStream || streams().has(stream);
}

}  // namespace tenon::host_run

extern "C" {

int cudaStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
  static unsigned long long streams_made = 0;
  return finish(streams().add(stream, {flags, priority, __atomic_add_fetch(&streams_made, 1, __ATOMIC_RELAXED)}));
}
int cudaStreamCreateWithFlags(void** stream, unsigned flags) { return cudaStreamCreateWithPriority(stream, flags, 0); }
int cudaStreamCreate(void** stream) { return cudaStreamCreateWithPriority(stream, 0, 0); }
int cudaStreamDestroy(void* stream) { return finish(streams().remove(stream)); }
int cudaStreamSynchronize(void* stream) { return check_stream(stream); }
int cudaStreamQuery(void* stream) { return check_stream(stream); }
int cudaStreamWaitEvent(void* stream, void* event, unsigned) { return events().has(event) ? check_stream(stream) : finish(invalid_handle); }
int cudaStreamGetFlags(void* stream, unsigned* flags) {
  return read_stream(stream, flags, [](const Stream& s) { return s.flags; });
}
int cudaStreamGetPriority(void* stream, int* priority) {
  return read_stream(stream, priority, [](const Stream& s) { return s.priority; });
}
int cudaStreamGetId(void* stream, unsigned long long* id) {
  return read_stream(stream, id, [](const Stream& s) { return s.id; });
}
int cudaStreamGetDevice(void* stream, int* device) {
  return read_stream(stream, device, [](const Stream&) { return 0; });
}
int cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (least) *least = 0;
  if (greatest) *greatest = 0;
  return ok;
}

int cudaLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  if (!function) return finish(invalid_value);
  if (!is_live_stream(stream)) return finish(invalid_handle);
  function(data);
  return ok;
}
int cudaStreamAddCallback(void* stream, void (*function)(void*, int, void*), void* data, unsigned) {
  if (!function) return finish(invalid_value);
  if (!is_live_stream(stream)) return finish(invalid_handle);
  function(stream, ok, data);
  return ok;
}

int cudaEventCreateWithFlags(void** event, unsigned flags) { return finish(events().add(event, {flags, false, {}})); }
int cudaEventCreate(void** event) { return cudaEventCreateWithFlags(event, 0); }
int cudaEventDestroy(void* event) { return finish(events().remove(event)); }
int cudaEventRecordWithFlags(void* event, void* stream, unsigned) {
  if (!is_live_stream(stream)) return finish(invalid_handle);
  return finish(events().with(event, [](Event& e) {
    e.recorded = true;
    e.at = Clock::now();
    return ok;
  }));
}
int cudaEventRecord(void* event, void* stream) { return cudaEventRecordWithFlags(event, stream, 0); }
int cudaEventQuery(void* event) { return finish(events().has(event) ? ok : invalid_handle); }
int cudaEventSynchronize(void* event) { return finish(events().has(event) ? ok : invalid_handle); }
int cudaEventElapsedTime(float* ms, void* from, void* to) {
  Event points[2];
  int n = 0;
  if (!ms) return finish(invalid_value);
  for (void* handle : {from, to}) {
    const Status found = events().with(handle, [&](const Event& e) { return points[n++] = e, e.recorded && !(e.flags & Event::kNoTiming) ? ok : invalid_handle; });
    if (found != ok) return finish(found);
  }
  *ms = std::chrono::duration<float, std::milli>(points[1].at - points[0].at).count();
  return ok;
}

int cudaStreamBeginCapture(void*, int) {
  return refuse("cudaStreamBeginCapture", "work can't be captured on the CPU, where engines run while they are enqueued; run the program without CUDA graphs");
}
int cudaStreamIsCapturing(void* stream, int* status) { return answer_not_capturing(stream, status); }
int cudaStreamGetCaptureInfo(void* stream, int* status) { return answer_not_capturing(stream, status); }
int cudaStreamGetCaptureInfo_v2(void* stream, int* status) { return answer_not_capturing(stream, status); }
int cudaStreamGetCaptureInfo_v3(void* stream, int* status) { return answer_not_capturing(stream, status); }
int cudaThreadExchangeStreamCaptureMode(int*) { return ok; }

}  // extern "C"

TENON_PER_THREAD(cudaStreamSynchronize, _ptsz);
TENON_PER_THREAD(cudaStreamQuery, _ptsz);
TENON_PER_THREAD(cudaStreamWaitEvent, _ptsz);
TENON_PER_THREAD(cudaStreamGetFlags, _ptsz);
TENON_PER_THREAD(cudaStreamGetPriority, _ptsz);
TENON_PER_THREAD(cudaStreamGetId, _ptsz);
TENON_PER_THREAD(cudaStreamGetDevice, _ptsz);
TENON_PER_THREAD(cudaLaunchHostFunc, _ptsz);
TENON_PER_THREAD(cudaStreamAddCallback, _ptsz);
TENON_PER_THREAD(cudaEventRecord, _ptsz);
TENON_PER_THREAD(cudaEventRecordWithFlags, _ptsz);
TENON_PER_THREAD(cudaStreamBeginCapture, _ptsz);
TENON_PER_THREAD(cudaStreamIsCapturing, _ptsz);
TENON_PER_THREAD(cudaStreamGetCaptureInfo, _ptsz);
TENON_PER_THREAD(cudaStreamGetCaptureInfo_v2, _ptsz);
TENON_PER_THREAD(cudaStreamGetCaptureInfo_v3, _ptsz);
