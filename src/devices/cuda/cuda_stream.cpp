#include "devices/cuda/cuda_stream.h"

#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "cuda/check.h"

namespace tenon::core::cuda {
namespace {

class GraphRecording : public Recording {
 public:
  explicit GraphRecording(cudaGraphExec_t exec) : exec_(exec) {}
  ~GraphRecording() override { cudaGraphExecDestroy(exec_); }
  cudaGraphExec_t exec() const { return exec_; }

 private:
  cudaGraphExec_t exec_;
};

cudaMemcpyKind direction(Place to, Place from) {
  if (to == Place::device) return from == Place::device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
  return from == Place::device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

class CudaEvent : public Event {
 public:
  CudaEvent(int device, bool spin) {
    const CurrentDevice current(device);
    check(cudaEventCreateWithFlags(&handle_, spin ? cudaEventDefault : cudaEventBlockingSync), "making an event");
  }
  ~CudaEvent() override { cudaEventDestroy(handle_); }
  cudaEvent_t handle() const { return handle_; }
  void wait() override { check(cudaEventSynchronize(handle_), "waiting for an event"); }
  double us_since(const Event& earlier) const override {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, static_cast<const CudaEvent&>(earlier).handle(), handle_), "reading the time between two events");
    return 1000.0 * ms;
  }

 private:
  cudaEvent_t handle_ = nullptr;
};

/// Streams of our own that nobody uses now. They are never destroyed: libraries remember the streams that they ran on.
class IdleStreams {
 public:
  static IdleStreams& instance() {
    static IdleStreams& idle = *new IdleStreams;  // a driver that is shutting down must not be called
    return idle;
  }
  cudaStream_t take(int device) {
    {
      const std::lock_guard lock(mutex_);
      auto& streams = streams_[device];
      if (!streams.empty()) {
        const cudaStream_t stream = streams.back();
        streams.pop_back();
        return stream;
      }
    }
    const CurrentDevice current(device);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream on GPU {}", device);
    return stream;
  }
  void give_back(int device, cudaStream_t stream) {
    const std::lock_guard lock(mutex_);
    streams_[device].push_back(stream);
  }

 private:
  std::mutex mutex_;
  std::map<int, std::vector<cudaStream_t>> streams_;
};

class CudaStream : public Stream {
 public:
  CudaStream(int device, cudaStream_t handle, bool own) : device_(device), handle_(handle), own_(own) {}
  ~CudaStream() override {
    for (cudaEvent_t e : events_) cudaEventDestroy(e);
    if (own_) IdleStreams::instance().give_back(device_, handle_);
  }
  void* handle() const override { return handle_; }

  void copy(void* to, Place to_place, const void* from, Place from_place, int64_t bytes) override {
    if (bytes == 0) return;
    const CurrentDevice current(device_);
    check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), direction(to_place, from_place), handle_), "copying {} bytes", bytes);
  }
  void wait() override {
    const CurrentDevice current(device_);
    check(cudaStreamSynchronize(handle_), "waiting for GPU {}", device_);
  }

  int mark() override {
    const CurrentDevice current(device_);
    if (used_ == events_.size()) {
      cudaEvent_t event = nullptr;
      check(cudaEventCreate(&event), "making an event");
      events_.push_back(event);
    }
    check(cudaEventRecord(events_[used_], handle_), "recording an event");
    return static_cast<int>(used_++);
  }
  double elapsed_us(int from, int to) const override {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, events_.at(from), events_.at(to)), "reading the time between two events");
    return 1000.0 * ms;
  }
  void clear_marks() override { used_ = 0; }
  void record(Event& event) override {
    const CurrentDevice current(device_);
    check(cudaEventRecord(static_cast<CudaEvent&>(event).handle(), handle_), "recording an event");
  }
  void follow(const Event& event) override {
    const CurrentDevice current(device_);
    check(cudaStreamWaitEvent(handle_, static_cast<const CudaEvent&>(event).handle(), 0), "waiting for an event");
  }
  void delay(double ms) override {
    const CurrentDevice current(device_);
    auto length = std::make_unique<double>(ms);
    const auto sleep = [](void* data) {
      const std::unique_ptr<double> length(static_cast<double*>(data));
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(*length));
    };
    check(cudaLaunchHostFunc(handle_, sleep, length.get()), "queueing a delay");
    length.release();
  }

  void begin_capture() override {
    const CurrentDevice current(device_);
    check(cudaStreamBeginCapture(handle_, cudaStreamCaptureModeThreadLocal), "starting to record a graph");
  }
  std::shared_ptr<Recording> end_capture() override {
    const CurrentDevice current(device_);
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(handle_, &graph) != cudaSuccess || !graph) {
      cudaGetLastError();
      return nullptr;
    }
    cudaGraphExec_t exec = nullptr;
    const cudaError_t error = cudaGraphInstantiate(&exec, graph, 0);
    cudaGraphDestroy(graph);
    check(error, "making a graph of the recorded work");
    return std::make_shared<GraphRecording>(exec);
  }
  void launch(const Recording& recording) override {
    const CurrentDevice current(device_);
    check(cudaGraphLaunch(static_cast<const GraphRecording&>(recording).exec(), handle_), "launching a graph");
  }
  bool captured_by_caller() const override {
    if (own_) return false;
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(handle_, &status), "asking whether the stream is being captured");
    return status != cudaStreamCaptureStatusNone;
  }

 private:
  int device_;
  cudaStream_t handle_;
  bool own_;
  std::vector<cudaEvent_t> events_;
  size_t used_ = 0;
};

}  // namespace

std::unique_ptr<Event> make_event(int device, bool spin) { return std::make_unique<CudaEvent>(device, spin); }
std::unique_ptr<Stream> make_stream(int device) { return std::make_unique<CudaStream>(device, IdleStreams::instance().take(device), true); }
std::unique_ptr<Stream> view_stream(int device, cudaStream_t callers) { return std::make_unique<CudaStream>(device, callers, false); }

}  // namespace tenon::core::cuda
