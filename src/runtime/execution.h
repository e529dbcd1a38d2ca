#pragma once
#include <functional>
#include <set>

#include "runtime/bound_segment.h"

namespace tenon::core {

/// Measured wall time of one step of one run.
struct StepTime {
  int step;
  double us;
};

struct RunOptions {
  uint64_t seed = 0;
  std::vector<StepTime>* times = nullptr;
  /// Called with every value in row-major order as it is produced: how inner tensors are read.
  std::function<void(Value, const HostValue&)> observe;
};

/// A result: dense row-major bytes that stay until the next run, or a box.
struct OutputRef {
  std::byte* data = nullptr;
  const Dims* dims = nullptr;
  DType dtype = DType::none;
  const HostValue* box = nullptr;
  HostValue value() const;
};

/// One user of a program: its memory and bindings. Not thread-safe; many executions may share a program.
/// A run at shapes that were seen before allocates nothing, except inside a library's own kernels, for boxed values,
/// and where a data-dependent size exceeds all earlier ones.
class Execution {
 public:
  explicit Execution(std::shared_ptr<const Program> program);
  ~Execution();

  const Program& program() const { return *program_; }
  /// Row-major; the bytes must stay until the run ends. Boxed inputs are copied.
  void set_input(int input, HostValue value);
  /// Where the next runs put output `output`; too small a buffer is an error when the size is known. Empty: own memory.
  void set_output_buffer(int output, std::span<std::byte> buffer);
  /// Binds the inputs' dims and prepares all that can be prepared: the slow part of a first run at new shapes.
  void bind();
  void run(const RunOptions& = {});
  OutputRef output(int output) const;
  /// The symbols as last bound: those of the inputs, and after a run those that steps define.
  const Bindings& bindings() const { return bindings_; }
  /// Bytes of arena, kept buffers and own output buffers taken so far.
  int64_t memory_bytes() const;
  /// Bytes that a run at the bound shapes needs: arena, kept buffers and outputs.
  int64_t planned_bytes() const;

 private:
  struct Frame;
  void collect_key();
  int64_t output_bytes(const std::pair<int, Dims>&) const;
  Frame& frame(int segment);
  Frame make_frame(int segment);
  void check(const Bindings&) const;
  void take_memory(Frame&);
  void run_segment(int segment, const RunOptions&);
  void run_step(Frame&, int index, const Step&, const RunOptions&);
  void define_symbols(const Step&);
  void finish_outputs();
  void observe(const Step&, const Frame&, int index, const RunOptions&) const;
  void finish_boxed_output(int output, const HostValue& value);
  std::byte* constant(SlotId slot);

  std::shared_ptr<const Program> program_;
  std::vector<HostValue> inputs_;
  std::vector<std::span<std::byte>> output_buffers_;
  std::vector<std::map<std::vector<int64_t>, std::unique_ptr<Frame>>> frames_;  // per segment
  std::vector<int64_t> key_;
  Bindings bindings_;
  std::vector<HostValue> boxes_;          // per slot
  std::vector<std::byte*> base_;          // per slot
  struct Memory;
  std::unique_ptr<Memory> memory_;
  std::vector<OutputRef> outputs_;
  std::vector<const Dims*> output_dims_;
};

}  // namespace tenon::core
