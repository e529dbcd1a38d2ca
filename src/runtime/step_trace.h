#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "runtime/program.h"

namespace tenon::core {

/// The step's name; with `detailed` also its number, operation, tactic and formats.
std::string step_label(const Program&, int step, bool detailed);

/// What one execution queued last. A GPU reports a fault at some later call, perhaps of another engine: the report is made from
/// the traces of all executions on the device.
class StepTrace {
 public:
  explicit StepTrace(std::shared_ptr<const Program>);
  ~StepTrace();
  StepTrace(const StepTrace&) = delete;
  StepTrace& operator=(const StepTrace&) = delete;

  void begin_run(const void* stream);
  void queued(int step) { last_ = step; }
  /// Steps up to this one were queued as one recording.
  void queued_recording(int last) { recorded_ = true, last_ = last; }

  /// "Queued last: engine 'a' on stream 0x1: ..."; the newest runs first.
  static std::string report(const Device&);

 private:
  std::string text() const;
  std::shared_ptr<const Program> program_;
  std::atomic<const void*> stream_{nullptr};
  std::atomic<int> last_{-1};
  std::atomic<bool> recorded_{false};
  std::atomic<int64_t> number_{0};  // of the run, over all executions
};

/// Calls `f`; where that fails and the device has a fault, the error also says what was queued last and how to find the kernel.
template <class F>
decltype(auto) explaining_faults(const Device& device, F&& f) {
  try {
    return f();
  } catch (const Error& e) {
    const bool explained = std::string_view(e.what()).find("compute-sanitizer") != std::string_view::npos;  // by an execution inside this one
    const std::string fault = e.code() == ErrorCode::device_failed && !explained ? device.fault() : "";
    if (fault.empty()) throw;
    fail(ErrorCode::device_failed, "{}. The device reported '{}' and can't be used by this process any more: start it anew. {} To find the kernel at fault: "
         "compute-sanitizer --tool memcheck COMMAND", e.what(), fault, StepTrace::report(device));
  }
}

}  // namespace tenon::core
