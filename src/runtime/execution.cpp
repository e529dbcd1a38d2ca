#include "runtime/execution.h"

#include <chrono>
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/ledger.h"
#include "ir/evaluate.h"
#include "runtime/bodies.h"
#include "runtime/check_fits.h"
#include "runtime/frame.h"
#include "runtime/in_use.h"
#include "runtime/run_memory.h"

namespace tenon::core {
namespace {

constexpr size_t kFramesKept = 32;
constexpr size_t kRecordingsKept = 4;  // of one frame, for different addresses of inputs and outputs

const Dims kNoDims;

}  // namespace

HostValue OutputRef::value() const {
  if (box) return *box;
  const int64_t bytes = checked_mul(checked_product(*dims), size_of(dtype));
  return Tensor::view(dtype, *dims, {data, static_cast<size_t>(bytes)}, nullptr);
}

Execution::Execution(std::shared_ptr<const Program> program, std::shared_ptr<MemorySource> source)
    : program_(std::move(program)),
      trace_(program_),
      own_memory_(!source),
      own_stream_(program_->device().make_stream()),
      memory_(std::make_unique<RunMemory>(source ? std::move(source) : memory_of(program_->device()), program_->plan().inputs.size(), program_->plan().outputs.size())) {
  const Plan& plan = program_->plan();
  inputs_.resize(plan.inputs.size());
  output_buffers_.resize(plan.outputs.size());
  frames_.resize(plan.segments.size());
  boxes_.resize(plan.slots.size());
  base_.resize(plan.slots.size());
  outputs_.resize(plan.outputs.size());
  written_.resize(plan.outputs.size());
  output_dims_.resize(plan.outputs.size(), &kNoDims);
  for (size_t s = 0; s < plan.slots.size(); ++s)
    if (const ConstRef constant = program_->graph().constant(plan.slots[s].value); constant && plan.slots[s].kind == Slot::Kind::box)
      boxes_[s] = constant->value();
}
Execution::~Execution() = default;

void Execution::set_input(int input, HostValue value) {
  const InUse guard(in_use_);
  inputs_.at(input) = {std::move(value), false};
}
void Execution::set_device_input(int input, std::byte* data, Dims dims) {
  const Type& type = program_->graph().type(program_->graph().inputs().at(input));
  if (type.boxed()) fail(ErrorCode::bad_input, "input '{}' is {}: only tensors of numbers lie in device memory", program_->graph().input_name(input), type.str());
  const InUse guard(in_use_);
  const auto bytes = static_cast<size_t>(checked_mul(checked_product(dims), size_of(type.dtype)));
  const Tensor* before = std::get_if<Tensor>(&inputs_.at(input).value);
  if (!before || !inputs_[input].on_device || before->bytes().data() != data)
    program_->device().check_memory(data, "input '" + program_->graph().input_name(input) + "'");
  inputs_.at(input) = {Tensor::view(type.dtype, std::move(dims), {data, bytes}, nullptr), true};
}
void Execution::set_output_buffer(int output, std::span<std::byte> buffer, Place place) {
  const InUse guard(in_use_);
  if (place == Place::device && buffer.data() != output_buffers_.at(output).bytes.data())
    program_->device().check_memory(buffer.data(), "output '" + program_->graph().output_name(output) + "'");
  output_buffers_.at(output) = {buffer, place};
}
void Execution::set_arena(std::span<std::byte> arena) { memory_->lent = arena; }
OutputRef Execution::output(int output) const { return outputs_.at(output); }

int64_t Execution::memory_bytes() const {
  int64_t sum = 0;
  for (const auto& arena : memory_->arenas) sum += arena.bytes();
  for (const auto& [slot, buffer] : memory_->kept) sum += buffer.bytes();
  for (const auto* list : {&memory_->inputs, &memory_->outputs, &memory_->downloads})
    for (const auto& buffer : *list) sum += buffer.bytes();
  for (const auto& frames : frames_)
    for (const auto& entry : frames)
      for (const auto& args : entry.second->args)
        if (const auto* bodies = dynamic_cast<const BodyStates*>(args.state.get())) sum += bodies->memory_bytes();
  return sum;
}

namespace {
int64_t bytes_of_output(const Program& program, int index, const Dims& dims) {
  const Value v = program.plan().slots[program.plan().outputs[index]].value;
  return checked_mul(checked_product(dims), size_of(program.graph().type(v).dtype));
}
}  // namespace

int64_t Execution::output_bytes(const std::pair<int, Dims>& output) const { return bytes_of_output(*program_, output.first, output.second); }

int64_t Execution::planned_bytes() const {
  int64_t sum = 0;
  for (const auto& frames : frames_)
    for (const auto& entry : frames) {
      const BoundSegment& bound = entry.second->bound;
      for (const int64_t bytes : bound.arena_bytes) sum += bytes;
      for (const auto& kept : bound.kept) sum += kept.second;
      for (const auto& output : bound.output_dims) sum += output_bytes(output);
    }
  return sum;
}

int64_t Execution::planned_arena_bytes() const {
  int64_t most = 0;
  for (const auto& frames : frames_)
    for (const auto& entry : frames) most = std::max(most, entry.second->bound.arena_bytes[static_cast<size_t>(Place::device)]);
  return most;
}

bool Execution::recorded() const {
  for (const auto& frames : frames_)
    for (const auto& entry : frames)
      if (!entry.second->recordings.empty()) return true;
  return false;
}

void Execution::collect_key() {
  key_.clear();
  for (const Input& in : inputs_) {
    const Tensor* t = std::get_if<Tensor>(&in.value);
    if (t) key_.insert(key_.end(), t->dims().begin(), t->dims().end());
    key_.push_back(-1 - static_cast<int64_t>(in.value.index()));
  }
}

void Execution::check(const Bindings& bindings) const {
  for (const Check& c : program_->graph().checks) {
    std::set<std::string> symbols;
    c.a.collect_symbols(symbols);
    c.b.collect_symbols(symbols);
    if (!std::all_of(symbols.begin(), symbols.end(), [&](const auto& s) { return bindings.count(s) > 0; })) continue;
    const int64_t a = c.a.evaluate(bindings), b = c.b.evaluate(bindings);
    if (a != b) fail(ErrorCode::shape_mismatch, "{}: {} = {} and {} = {} must be equal", c.what, c.a.str(), a, c.b.str(), b);
  }
}

Frame& Execution::frame(int segment) {
  auto& frames = frames_[segment];
  const auto found = frames.find(key_);
  if (found != frames.end()) return *found->second;
  if (frames.size() >= kFramesKept) frames.clear();
  check(bindings_);
  auto made = std::make_unique<Frame>(*program_, segment, bind_segment(*program_, segment, bindings_), boxes_);
  check_memory(made->bound);
  return *frames.emplace(key_, std::move(made)).first->second;
}

/// A context that does not fit fails before any of its memory is taken.
void Execution::check_memory(const BoundSegment& bound) const {
  if (!has_device_memory() || !own_memory_) return;
  const auto more = [](int64_t wanted, const GrowingBuffer& has) { return wanted > has.bytes() ? wanted : 0; };
  const int64_t arena = bound.arena_bytes[static_cast<size_t>(Place::device)];
  int64_t bytes = memory_->lent.empty() ? more(arena, memory_->arenas[static_cast<size_t>(Place::device)]) : 0;
  for (const auto& kept : bound.kept)
    if (!memory_->kept.count(kept.first)) bytes += kept.second;
  for (const auto& output : bound.output_dims)
    if (output_buffers_[output.first].bytes.empty()) bytes += more(output_bytes(output), memory_->outputs[output.first]);
  for (size_t i = 0; i < inputs_.size(); ++i)
    if (const Tensor* t = std::get_if<Tensor>(&inputs_[i].value); t && !inputs_[i].on_device && t->dtype() != DType::string)
      bytes += more(t->byte_size(), memory_->inputs[i]);
  check_fits(program_->device(), bytes, "a context of engine '" + program_->graph().name + "'");
}

void Execution::bind() {
  const InUse guard(in_use_);
  const Ledger::Owner owner(program_->graph().name);
  bind_inputs();
}

void Execution::bind_inputs() {
  const Graph& g = program_->graph();
  collect_key();
  const auto seen = frames_[0].find(key_);
  const bool same_inputs = seen != frames_[0].end() && program_->plan().segments.size() == 1;
  if (!same_inputs) {
    bindings_.clear();
    for (size_t i = 0; i < inputs_.size(); ++i)
      bind_symbols(g.type(g.inputs()[i]), inputs_[i].value, g.ranges, bindings_, "input '" + g.input_name(static_cast<int>(i)) + "'");
  }
  frame(0);
}

void Execution::take_memory(Frame& frame) {
  for (const Place place : {Place::device, Place::host}) {
    const int64_t bytes = frame.bound.arena_bytes[static_cast<size_t>(place)];
    if (bytes > 0 || place == Place::device) memory_->arena(place, bytes);
  }
  const Plan& plan = program_->plan();
  const auto arena = [&](SlotId s) { return memory_->arena(plan.slots[s].format.place); };
  for (const auto& [slot, offset] : frame.bound.offsets) base_[slot] = arena(slot) + offset;
  for (const auto& [slot, bytes] : frame.bound.kept)
    base_[slot] = memory_->kept.try_emplace(slot, *memory_->source, plan.slots[slot].format.place).first->second.at_least(bytes);
  for (const auto& [index, dims] : frame.bound.output_dims) place_output(index, dims);
}

void Execution::place_output(int index, const Dims& dims) {
  const Plan& plan = program_->plan();
  const SlotId root = plan.slots[plan.outputs[index]].root;
  const int64_t bytes = bytes_of_output(*program_, index, dims);
  const auto& buffer = output_buffers_[index];
  if (!buffer.bytes.empty() && static_cast<int64_t>(buffer.bytes.size()) < bytes)
    fail(ErrorCode::bad_input, "the buffer of output '{}' has {} bytes, {} are needed", program_->graph().output_name(index), buffer.bytes.size(), bytes);
  const bool direct = !buffer.bytes.empty() && (buffer.place == Place::device || !has_device_memory());
  written_[index] = direct ? buffer.bytes.data() : memory_->outputs[index].at_least(bytes);
  output_dims_[index] = &dims;
  outputs_[index] = {written_[index], &dims, program_->graph().type(plan.slots[plan.outputs[index]].value).dtype, nullptr};
  if (plan.slots[root].output == index) base_[root] = written_[index];
}

void Execution::run(const RunOptions& options) { run_on(*own_stream_, options, options.transfers, true); }
void Execution::start(const RunOptions& options) { run_on(*own_stream_, options, options.transfers, false); }
void Execution::wait() {
  const InUse guard(in_use_);
  explaining_faults(program_->device(), [&] { own_stream_->wait(); });
}
void Execution::enqueue(Stream& stream, const RunOptions& options) { run_on(stream, options, false, false); }

void Execution::run_on(Stream& stream, const RunOptions& options, bool to_host, bool wait) {
  const InUse guard(in_use_);
  const Ledger::Owner owner(program_->graph().name);
  const Threads::Busy busy(program_->threads());
  explaining_faults(program_->device(), [&] { queue_run(stream, options, to_host, wait); });
}

void Execution::queue_run(Stream& stream, const RunOptions& options, bool to_host, bool wait) {
  stream_ = &stream;
  trace_.begin_run(stream.handle());
  bind_inputs();
  if (options.times || options.phases) stream.clear_marks();
  const auto mark = [&] {
    if (options.phases) stream.mark();
  };
  const auto begin = std::chrono::steady_clock::now();
  mark();
  take_inputs(options);
  mark();
  for (int segment = 0; segment < static_cast<int>(program_->plan().segments.size()); ++segment) run_segment(segment, options);
  mark();
  finish_outputs(to_host);
  mark();
  const double queued = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  if (wait || options.times || options.phases) stream.wait();
  if (options.times) finish_times(options);
  if (options.phases) *options.phases = {stream.elapsed_us(0, 1), stream.elapsed_us(1, 2), stream.elapsed_us(2, 3), queued};
}

void Execution::take_inputs(const RunOptions& options) {
  const Plan& plan = program_->plan();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const SlotId s = plan.inputs[i];
    const Input& in = inputs_[i];
    if (plan.slots[s].kind == Slot::Kind::box) boxes_[s] = in.value;
    const Tensor* t = std::get_if<Tensor>(&in.value);
    if (t && t->dtype() != DType::string) {
      base_[s] = const_cast<std::byte*>(t->bytes().data());
      if (has_device_memory() && !in.on_device && plan.slots[s].kind != Slot::Kind::box) {
        const bool there = memory_->inputs[i].bytes() >= t->byte_size();
        base_[s] = memory_->inputs[i].at_least(t->byte_size());
        if (t->byte_size() > 0 && !(there && !options.transfers)) stream_->copy(base_[s], Place::device, t->bytes().data(), Place::host, t->byte_size());
      }
    }
    if (options.observe) options.observe(plan.slots[s].value, in.on_device && t ? HostValue(on_host(s, t->dims())) : in.value);
  }
}

void Execution::run_segment(int segment, const RunOptions& options) {
  Frame& frame = this->frame(segment);
  take_memory(frame);
  if (!run_recorded(frame, segment, options)) run_steps(frame, segment, options);
  ++frame.runs;
  if (!frame.args.empty()) define_symbols(program_->plan().steps[program_->plan().segments[segment].first + static_cast<int>(frame.args.size()) - 1]);
}

void Execution::collect_addresses(const Frame& frame) {
  addresses_.assign(1, memory_->arena(Place::device));
  for (const SlotId s : program_->plan().inputs) addresses_.push_back(base_[s]);
  for (const auto& entry : frame.bound.kept) addresses_.push_back(base_[entry.first]);
  for (const auto& entry : frame.bound.output_dims) addresses_.push_back(written_[entry.first]);
}

/// The second run at a shape is recorded, later ones replay it; the first launches plainly.
bool Execution::run_recorded(Frame& frame, int segment, const RunOptions& options) {
  if (!has_device_memory() || !frame.bound.recordable || !frame.recordable || frame.runs == 0) return false;
  if (!options.graph || options.times || options.observe || stream_->captured_by_caller()) return false;
  if (verbosity_ != Verbosity::none && program_->device().ranges()) return false;  // a profiler can't see into a recording
  collect_addresses(frame);
  auto found = frame.recordings.find(addresses_);
  if (found == frame.recordings.end()) {
    if (frame.recordings.size() >= kRecordingsKept) frame.recordings.clear();
    Stream* const target = std::exchange(stream_, own_stream_.get());
    own_stream_->begin_capture();
    try {
      run_steps(frame, segment, options);
    } catch (...) {
      own_stream_->end_capture();
      stream_ = target;
      throw;
    }
    auto recording = own_stream_->end_capture();
    stream_ = target;
    frame.recordable = recording != nullptr;
    if (!recording) return false;
    found = frame.recordings.emplace(addresses_, std::move(recording)).first;
  }
  stream_->launch(*found->second);
  trace_.queued_recording(program_->plan().segments[segment].last - 1);
  return true;
}

void Execution::run_steps(Frame& frame, int segment, const RunOptions& options) {
  const Plan& plan = program_->plan();
  const int first = plan.segments[segment].first;
  for (int i = 0; i < static_cast<int>(frame.args.size()); ++i) {
    const Step& step = plan.steps[first + i];
    BodyStates* const bodies = options.times ? dynamic_cast<BodyStates*>(frame.args[i].state.get()) : nullptr;
    if (bodies) bodies->start_timing();
    if (options.times) stream_->mark();
    trace_.queued(first + i);
    run_step(frame, i, step, options);
    if (options.times) {
      stream_->mark();
      options.times->push_back({first + i, 0, {}});
      if (bodies) options.times->back().bodies = bodies->stop_timing();
    }
    if (options.observe && step.kind != Step::Kind::reorder) observe(step, frame, i, options);
  }
}

void Execution::finish_times(const RunOptions& options) {
  for (size_t i = 0; i < options.times->size(); ++i)
    (*options.times)[i].us = stream_->elapsed_us(static_cast<int>(2 * i), static_cast<int>(2 * i) + 1);
}

void Execution::define_symbols(const Step& step) {
  if (step.defines.empty()) return;
  const Graph& g = program_->graph();
  for (SlotId s : step.out)
    if (program_->plan().slots[s].kind == Slot::Kind::box)
      bind_symbols(g.type(program_->plan().slots[s].value), boxes_[s], g.ranges, bindings_, g.describe_node(step.node));
  for (const auto& symbol : step.defines) key_.push_back(bindings_.at(symbol));
}

/// Where output k lies: as a part of its root, or where an input is.
std::byte* Execution::shared_memory(const Frame& frame, const BoundStep& bound, const Step& step, size_t k) const {
  const auto part = frame.bound.parts.find(step.out[k]);
  if (part != frame.bound.parts.end()) return base_[program_->plan().slots[step.out[k]].root] + part->second;
  const int64_t offset = step.kind == Step::Kind::view ? bound.prepared->offsets[k] : 0;
  return base_[step.in[program_->choices().offers[step.node].shared_input]] + offset;
}

void Execution::bind_arguments(Frame& frame, int index, const Step& step) {
  const Plan& plan = program_->plan();
  const BoundStep& bound = frame.bound.steps[index];
  StepArgs& args = frame.args[index];
  const Executable* executable = bound.prepared ? bound.prepared->executable.get() : nullptr;
  for (size_t k = 0; k < step.in.size(); ++k) {
    const SlotId s = step.in[k];
    if (s < 0) continue;
    const Slot& slot = plan.slots[s];
    const bool read = step.kind != Step::Kind::run || !executable || executable->uses_input(static_cast<int>(k));
    if (slot.kind == Slot::Kind::constant && !base_[s] && read) base_[s] = constant(s);
    if (slot.kind == Slot::Kind::box) {
      if (const Tensor* t = std::get_if<Tensor>(&boxes_[s])) {
        args.in[k].dims = &t->dims();
        if (t->dtype() != DType::string) base_[s] = const_cast<std::byte*>(t->bytes().data());
      }
    }
    args.in[k].data = base_[s];
  }
  for (size_t k = 0; k < step.out.size(); ++k) {
    const Slot& slot = plan.slots[step.out[k]];
    if (slot.kind == Slot::Kind::arena && slot.root != step.out[k]) base_[step.out[k]] = shared_memory(frame, bound, step, k);
    args.out[k].data = slot.kind == Slot::Kind::box ? nullptr : base_[step.out[k]];
  }
}

void Execution::run_step(Frame& frame, int index, const Step& step, const RunOptions& options) {
  bind_arguments(frame, index, step);
  if (step.kind == Step::Kind::view) return;
  // An engine built with verbosity none has no names to tell.
  ProfilerRanges* ranges = verbosity_ == Verbosity::none || program_->graph().origins().empty() ? nullptr : program_->device().ranges();
  if (!ranges) return launch_step(frame, index, step, options);
  const int number = static_cast<int>(&step - program_->plan().steps.data());
  ranges->begin(step_label(*program_, number, verbosity_ == Verbosity::detailed).c_str());
  struct End {
    ProfilerRanges* ranges;
    ~End() { ranges->end(); }
  } const end{ranges};
  launch_step(frame, index, step, options);
}

void Execution::launch_step(Frame& frame, int index, const Step& step, const RunOptions& options) {
  const BoundStep& bound = frame.bound.steps[index];
  StepArgs& args = frame.args[index];
  const Executable& executable = *bound.prepared->executable;
  std::byte* workspace = nullptr;
  if (executable.workspace_bytes() > 0) workspace = memory_->arena(bound.workspace_place) + bound.workspace_offset;
  Args call{args.in, args.out, args.in_box, args.out_box, workspace, options.seed, stream_->handle()};
  try {
    if (has_device_memory() && executable.on_host()) stream_->wait();
    executable.run(args.state.get(), call, program_->threads());
  } catch (const Error& e) {
    fail_with(e.code(), (step.node < 0 ? std::string("the reorder of an output") : program_->graph().describe_node(step.node)) + ": " + e.what());
  }
}

std::byte* Execution::constant(SlotId s) {
  const Slot& slot = program_->plan().slots[s];
  auto& kept = memory_->constants[s];
  if (!kept) kept = program_->constant(program_->graph().constant(slot.value), slot.format);
  return const_cast<std::byte*>(kept.get());
}

void Execution::finish_outputs(bool to_host) {
  const Plan& plan = program_->plan();
  for (int i = 0; i < static_cast<int>(plan.outputs.size()); ++i) {
    const SlotId s = plan.outputs[i];
    const Slot& slot = plan.slots[s];
    if (slot.kind == Slot::Kind::box) {
      finish_boxed_output(i, boxes_[s]);
      continue;
    }
    if (slot.kind == Slot::Kind::constant) base_[s] = constant(s);
    const int64_t bytes = checked_mul(checked_product(*outputs_[i].dims), size_of(outputs_[i].dtype));
    if (plan.slots[slot.root].output != i && bytes > 0) stream_->copy(written_[i], Place::device, base_[s], Place::device, bytes);
    const auto& buffer = output_buffers_[i];
    if (!has_device_memory() || (!buffer.bytes.empty() && buffer.place == Place::device)) continue;
    if (buffer.bytes.empty() && !to_host) continue;
    outputs_[i].data = buffer.bytes.empty() ? memory_->downloads[i].at_least(bytes) : buffer.bytes.data();
    if (bytes > 0) stream_->copy(outputs_[i].data, Place::host, written_[i], Place::device, bytes);
  }
}

void Execution::finish_boxed_output(int output, const HostValue& value) {
  outputs_[output] = {nullptr, nullptr, DType::none, &value};
  const auto& buffer = output_buffers_[output];
  const Tensor* t = std::get_if<Tensor>(&value);
  if (buffer.bytes.empty() || !t || t->dtype() == DType::string) return;
  if (static_cast<int64_t>(buffer.bytes.size()) < t->byte_size())
    fail(ErrorCode::bad_input, "the buffer of output '{}' has {} bytes, {} are needed", program_->graph().output_name(output), buffer.bytes.size(), t->byte_size());
  stream_->copy(buffer.bytes.data(), buffer.place, t->bytes().data(), Place::host, t->byte_size());
}

/// A value as a row-major tensor of its own type; waits for the device.
Tensor Execution::on_host(SlotId s, const Dims& dims) {
  const Slot& slot = program_->plan().slots[s];
  Tensor t(program_->graph().type(slot.value).dtype, dims);
  if (t.size() == 0) return t;
  const Format plain{{}, DType::none, has_device_memory() ? Place::host : Place::device};
  const auto prepared = program_->prepare_reorder(t.dtype(), dims, slot.format, plain);
  const Executable& executable = *prepared->executable;
  GrowingBuffer workspace(*memory_->source, executable.on_host() ? Place::host : Place::device);
  const TensorArg in{base_[s], &dims}, out{t.mutable_bytes().data(), &dims};
  Args call{{&in, 1}, {&out, 1}, {}, {}, workspace.at_least(executable.workspace_bytes()), 0, stream_->handle()};
  executable.run(nullptr, call, program_->threads());
  stream_->wait();
  return t;
}

void Execution::observe(const Step& step, const Frame& frame, int index, const RunOptions& options) {
  const Plan& plan = program_->plan();
  for (size_t k = 0; k < step.out.size(); ++k) {
    const Slot& slot = plan.slots[step.out[k]];
    if (slot.kind == Slot::Kind::box) options.observe(slot.value, boxes_[step.out[k]]);
    else options.observe(slot.value, on_host(step.out[k], frame.bound.steps[index].out[k]));
  }
}

}  // namespace tenon::core
