#pragma once
#include <atomic>
#include <functional>
#include <set>

#include "runtime/bound_segment.h"
#include "runtime/step_trace.h"
#include "tenon/options.h"

namespace tenon::core {

/// Measured wall time of one step of one run, and, of control flow, of the steps of its bodies over all trips.
struct StepTime {
  int step;
  double us;
  std::vector<std::vector<StepTime>> bodies;
};

/// Where the time of one run went, in us: device time of the three phases, and how long the caller was held to queue them.
struct PhaseTimes {
  double upload = 0, compute = 0, download = 0, enqueue = 0;
};

struct RunOptions {
  uint64_t seed = 0;
  std::vector<StepTime>* times = nullptr;
  PhaseTimes* phases = nullptr;  // not together with `times`
  bool graph = true;             // replay recorded launches where that is possible
  /// False: inputs that an earlier run copied to the device are used as they are there, and results stay there.
  bool transfers = true;
  /// Called with every value in row-major order as it is produced: how inner tensors are read.
  std::function<void(Value, const HostValue&)> observe;
};

/// A result: dense row-major bytes that stay until the next run, or a box. The bytes lie in host memory after `run`, and
/// after `enqueue` where the device writes them.
struct OutputRef {
  std::byte* data = nullptr;
  const Dims* dims = nullptr;
  DType dtype = DType::none;
  const HostValue* box = nullptr;
  HostValue value() const;
};

struct Frame;
struct RunMemory;
class MemorySource;

/// One user of a program: its memory and bindings. Many executions may share a program; two threads inside one fail.
/// A run at shapes that were seen before allocates nothing, except inside a library's own kernels, for boxed values,
/// and where a data-dependent size exceeds all earlier ones.
class Execution {
 public:
  explicit Execution(std::shared_ptr<const Program> program, std::shared_ptr<MemorySource> source = nullptr);
  ~Execution();

  const Program& program() const { return *program_; }
  /// Row-major; the bytes must stay until the run ends. Boxed inputs are copied.
  void set_input(int input, HostValue value);
  /// An input in memory that the device's kernels read.
  void set_device_input(int input, std::byte* data, Dims dims);
  /// Where the next runs put output `output`; too small a buffer is an error when the size is known. Empty: own memory.
  /// `place` says whose memory it is; the CPU has one place.
  void set_output_buffer(int output, std::span<std::byte> buffer, Place place = Place::host);
  /// Memory of the device for what lives within one run: too small is an error of the run. Empty: own memory.
  void set_arena(std::span<std::byte> arena);
  /// What a profiler that listens is told of each step. Unless that is nothing, steps are then launched one by one.
  void set_verbosity(Verbosity v) { verbosity_ = v; }
  /// Binds the inputs' dims and prepares all that can be prepared: the slow part of a first run at new shapes.
  void bind();
  /// Returns when the results are there, in host memory unless a device buffer was given for them.
  void run(const RunOptions& = {});
  /// `run` in two halves: queues it, as far as no step needs the host; waits for what is queued.
  void start(const RunOptions& = {});
  void wait();
  /// Queues a run on the caller's stream and returns, as far as no step needs the host; results stay on the device.
  void enqueue(Stream&, const RunOptions& = {});
  OutputRef output(int output) const;
  /// Runs replay recorded launches.
  bool recorded() const;
  /// The symbols as last bound: those of the inputs, and after a run those that steps define.
  const Bindings& bindings() const { return bindings_; }
  /// Bytes of arena, kept buffers and own output buffers taken so far.
  int64_t memory_bytes() const;
  /// Bytes that a run at the bound shapes needs: arena, kept buffers and outputs.
  int64_t planned_bytes() const;
  /// Bytes of `set_arena` that a run at the bound shapes needs.
  int64_t planned_arena_bytes() const;

 private:
  void collect_key();
  void bind_inputs();
  void check_memory(const BoundSegment&) const;
  int64_t output_bytes(const std::pair<int, Dims>&) const;
  Frame& frame(int segment);
  void check(const Bindings&) const;
  void take_memory(Frame&);
  void place_output(int output, const Dims&);
  void run_on(Stream&, const RunOptions&, bool to_host, bool wait);
  void queue_run(Stream&, const RunOptions&, bool to_host, bool wait);
  void take_inputs(const RunOptions&);
  void run_segment(int segment, const RunOptions&);
  bool run_recorded(Frame&, int segment, const RunOptions&);
  void collect_addresses(const Frame&);
  void run_steps(Frame&, int segment, const RunOptions&);
  void run_step(Frame&, int index, const Step&, const RunOptions&);
  void launch_step(Frame&, int index, const Step&, const RunOptions&);
  void bind_arguments(Frame&, int index, const Step&);
  std::byte* shared_memory(const Frame&, const BoundStep&, const Step&, size_t output) const;
  void define_symbols(const Step&);
  void finish_outputs(bool to_host);
  void finish_times(const RunOptions&);
  void observe(const Step&, const Frame&, int index, const RunOptions&);
  Tensor on_host(SlotId, const Dims&);
  void finish_boxed_output(int output, const HostValue& value);
  std::byte* constant(SlotId slot);
  bool has_device_memory() const { return !program_->device().is_host(); }

  std::shared_ptr<const Program> program_;
  std::atomic<bool> in_use_{false};
  StepTrace trace_;
  Verbosity verbosity_ = Verbosity::names;
  bool own_memory_;  // from the device itself
  std::unique_ptr<Stream> own_stream_;
  Stream* stream_ = nullptr;  // of the run under way
  struct Input {
    HostValue value;         // of a device input a view of its bytes, which the host can't read
    bool on_device = false;  // where kernels read it
  };
  struct OutputBuffer {
    std::span<std::byte> bytes;
    Place place = Place::host;
  };
  std::vector<Input> inputs_;
  std::vector<OutputBuffer> output_buffers_;
  std::vector<std::map<std::vector<int64_t>, std::unique_ptr<Frame>>> frames_;  // per segment
  std::vector<int64_t> key_;
  std::vector<const std::byte*> addresses_;  // what a recording holds fast: arena, kept buffers, inputs and outputs of the run under way
  Bindings bindings_;
  std::vector<HostValue> boxes_;          // per slot
  std::vector<std::byte*> base_;          // per slot
  std::unique_ptr<RunMemory> memory_;
  std::vector<OutputRef> outputs_;
  std::vector<std::byte*> written_;       // per output: where the steps put it
  std::vector<const Dims*> output_dims_;
};

}  // namespace tenon::core
