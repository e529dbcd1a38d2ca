#include "runtime/execution.h"

#include <chrono>
#include <cstring>
#include <algorithm>
#include <new>

#include "base/error.h"
#include "ir/evaluate.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

constexpr size_t kFramesKept = 32;

std::byte* allocate(int64_t bytes) {
  void* p = ::operator new(static_cast<size_t>(std::max<int64_t>(bytes, 64)), std::align_val_t{64}, std::nothrow);
  if (!p) fail(ErrorCode::out_of_memory, "no memory for a buffer of {} bytes", bytes);
  return static_cast<std::byte*>(p);
}

/// Memory that only grows.
class GrowingBuffer {
 public:
  GrowingBuffer() = default;
  GrowingBuffer(const GrowingBuffer&) = delete;
  GrowingBuffer& operator=(const GrowingBuffer&) = delete;
  ~GrowingBuffer() { release(); }
  std::byte* at_least(int64_t bytes) {
    if (bytes > bytes_ || !data_) {
      release();
      data_ = allocate(bytes);
      bytes_ = bytes;
    }
    return data_;
  }
  int64_t bytes() const { return bytes_; }

 private:
  void release() {
    if (data_) ::operator delete(data_, std::align_val_t{64});
    data_ = nullptr;
  }
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

const Dims kNoDims;

}  // namespace

/// A segment bound to one set of dims, with the argument tables of its steps; only the pointers change between runs.
struct Execution::Frame {
  struct StepArgs {
    std::vector<TensorArg> in, out;
    std::vector<const HostValue*> in_box;
    std::vector<HostValue*> out_box;
    std::unique_ptr<State> state;
  };
  BoundSegment bound;
  std::vector<StepArgs> args;
};

struct Execution::Memory {
  GrowingBuffer arena;
  std::map<SlotId, GrowingBuffer> kept;
  std::vector<GrowingBuffer> outputs;
  std::map<SlotId, std::shared_ptr<const void>> constants;
};

HostValue OutputRef::value() const {
  if (box) return *box;
  const int64_t bytes = checked_mul(checked_product(*dims), size_of(dtype));
  return Tensor::view(dtype, *dims, {data, static_cast<size_t>(bytes)}, nullptr);
}

Execution::Execution(std::shared_ptr<const Program> program) : program_(std::move(program)), memory_(std::make_unique<Memory>()) {
  const Plan& plan = program_->plan();
  inputs_.resize(plan.inputs.size());
  output_buffers_.resize(plan.outputs.size());
  frames_.resize(plan.segments.size());
  boxes_.resize(plan.slots.size());
  base_.resize(plan.slots.size());
  memory_->outputs = std::vector<GrowingBuffer>(plan.outputs.size());
  outputs_.resize(plan.outputs.size());
  output_dims_.resize(plan.outputs.size(), &kNoDims);
  for (size_t s = 0; s < plan.slots.size(); ++s)
    if (const ConstRef constant = program_->graph().constant(plan.slots[s].value); constant && plan.slots[s].kind == Slot::Kind::box)
      boxes_[s] = constant->value();
}
Execution::~Execution() = default;

void Execution::set_input(int input, HostValue value) { inputs_.at(input) = std::move(value); }
void Execution::set_output_buffer(int output, std::span<std::byte> buffer) { output_buffers_.at(output) = buffer; }
OutputRef Execution::output(int output) const { return outputs_.at(output); }

int64_t Execution::memory_bytes() const {
  int64_t sum = memory_->arena.bytes();
  for (const auto& [slot, buffer] : memory_->kept) sum += buffer.bytes();
  for (const auto& buffer : memory_->outputs) sum += buffer.bytes();
  return sum;
}

int64_t Execution::output_bytes(const std::pair<int, Dims>& output) const {
  const Value v = program_->plan().slots[program_->plan().outputs[output.first]].value;
  return checked_mul(checked_product(output.second), size_of(program_->graph().type(v).dtype));
}

int64_t Execution::planned_bytes() const {
  int64_t sum = 0;
  for (const auto& frames : frames_)
    for (const auto& entry : frames) {
      const BoundSegment& bound = entry.second->bound;
      sum += bound.arena_bytes;
      for (const auto& kept : bound.kept) sum += kept.second;
      for (const auto& output : bound.output_dims) sum += output_bytes(output);
    }
  return sum;
}

void Execution::collect_key() {
  key_.clear();
  for (const HostValue& v : inputs_) {
    const Tensor* t = std::get_if<Tensor>(&v);
    if (t) key_.insert(key_.end(), t->dims().begin(), t->dims().end());
    key_.push_back(-1 - static_cast<int64_t>(v.index()));
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

Execution::Frame Execution::make_frame(int segment) {
  check(bindings_);
  const Plan& plan = program_->plan();
  Frame frame;
  frame.bound = bind_segment(*program_, segment, bindings_);
  for (size_t i = 0; i < frame.bound.steps.size(); ++i) {
    const Step& step = plan.steps[plan.segments[segment].first + i];
    const BoundStep& bound = frame.bound.steps[i];
    Frame::StepArgs args;
    for (size_t k = 0; k < step.in.size(); ++k) {
      const bool box = step.in[k] >= 0 && plan.slots[step.in[k]].kind == Slot::Kind::box;
      args.in.push_back({nullptr, &bound.in[k]});
      args.in_box.push_back(box ? &boxes_[step.in[k]] : nullptr);
    }
    for (size_t k = 0; k < step.out.size(); ++k) {
      const bool box = plan.slots[step.out[k]].kind == Slot::Kind::box;
      args.out.push_back({nullptr, &bound.out[k]});
      args.out_box.push_back(box ? &boxes_[step.out[k]] : nullptr);
    }
    if (bound.prepared && bound.prepared->executable) args.state = bound.prepared->executable->make_state();
    frame.args.push_back(std::move(args));
  }
  // The dims the arguments point to must not move again: point at the frame's own copies.
  for (size_t i = 0; i < frame.args.size(); ++i) {
    for (size_t k = 0; k < frame.args[i].in.size(); ++k) frame.args[i].in[k].dims = &frame.bound.steps[i].in[k];
    for (size_t k = 0; k < frame.args[i].out.size(); ++k) frame.args[i].out[k].dims = &frame.bound.steps[i].out[k];
  }
  return frame;
}

Execution::Frame& Execution::frame(int segment) {
  auto& frames = frames_[segment];
  const auto found = frames.find(key_);
  if (found != frames.end()) return *found->second;
  if (frames.size() >= kFramesKept) frames.clear();
  return *frames.emplace(key_, std::make_unique<Frame>(make_frame(segment))).first->second;
}

void Execution::bind() {
  const Graph& g = program_->graph();
  collect_key();
  const auto seen = frames_[0].find(key_);
  const bool same_inputs = seen != frames_[0].end() && program_->plan().segments.size() == 1;
  if (!same_inputs) {
    bindings_.clear();
    for (size_t i = 0; i < inputs_.size(); ++i)
      bind_symbols(g.type(g.inputs()[i]), inputs_[i], g.ranges, bindings_, "input '" + g.input_name(static_cast<int>(i)) + "'");
  }
  frame(0);
}

void Execution::take_memory(Frame& frame) {
  const Plan& plan = program_->plan();
  std::byte* arena = memory_->arena.at_least(frame.bound.arena_bytes);
  for (const auto& [slot, offset] : frame.bound.offsets) base_[slot] = arena + offset;
  for (const auto& [slot, bytes] : frame.bound.kept) base_[slot] = memory_->kept[slot].at_least(bytes);
  for (const auto& [index, dims] : frame.bound.output_dims) {
    const Slot& root = plan.slots[plan.slots[plan.outputs[index]].root];
    const DType dtype = program_->graph().type(plan.slots[plan.outputs[index]].value).dtype;
    const int64_t bytes = output_bytes({index, dims});
    const auto buffer = output_buffers_[index];
    if (!buffer.empty() && static_cast<int64_t>(buffer.size()) < bytes)
      fail(ErrorCode::bad_input, "the buffer of output '{}' has {} bytes, {} are needed", program_->graph().output_name(index), buffer.size(), bytes);
    std::byte* memory = buffer.empty() ? memory_->outputs[index].at_least(bytes) : buffer.data();
    output_dims_[index] = &dims;
    outputs_[index] = {memory, &dims, dtype, nullptr};
    if (root.output == index) base_[plan.slots[plan.outputs[index]].root] = memory;
  }
}

void Execution::run(const RunOptions& options) {
  bind();
  const Plan& plan = program_->plan();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const SlotId s = plan.inputs[i];
    if (const Tensor* t = std::get_if<Tensor>(&inputs_[i]); t && t->dtype() != DType::string)
      base_[s] = const_cast<std::byte*>(t->bytes().data());
    if (plan.slots[s].kind == Slot::Kind::box) boxes_[s] = inputs_[i];
    if (options.observe) options.observe(plan.slots[s].value, inputs_[i]);
  }
  for (int segment = 0; segment < static_cast<int>(plan.segments.size()); ++segment) run_segment(segment, options);
  finish_outputs();
}

void Execution::run_segment(int segment, const RunOptions& options) {
  const Plan& plan = program_->plan();
  Frame& frame = this->frame(segment);
  take_memory(frame);
  const int first = plan.segments[segment].first;
  for (int i = 0; i < static_cast<int>(frame.args.size()); ++i) {
    const Step& step = plan.steps[first + i];
    if (!options.times) {
      run_step(frame, i, step, options);
    } else {
      const auto begin = std::chrono::steady_clock::now();
      run_step(frame, i, step, options);
      options.times->push_back({first + i, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count()});
    }
    if (options.observe && step.kind != Step::Kind::reorder) observe(step, frame, i, options);
  }
  if (!frame.args.empty()) define_symbols(plan.steps[first + static_cast<int>(frame.args.size()) - 1]);
}

void Execution::define_symbols(const Step& step) {
  if (step.defines.empty()) return;
  const Graph& g = program_->graph();
  for (SlotId s : step.out)
    if (program_->plan().slots[s].kind == Slot::Kind::box)
      bind_symbols(g.type(program_->plan().slots[s].value), boxes_[s], g.ranges, bindings_, g.describe_node(step.node));
  for (const auto& symbol : step.defines) key_.push_back(bindings_.at(symbol));
}

void Execution::run_step(Frame& frame, int index, const Step& step, const RunOptions& options) {
  const Plan& plan = program_->plan();
  const BoundStep& bound = frame.bound.steps[index];
  Frame::StepArgs& args = frame.args[index];
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
  if (step.kind == Step::Kind::view) {
    const int from = program_->choices().offers[step.node].shared_input;
    base_[step.out[0]] = base_[step.in[from]] + bound.prepared->view_offset;
    return;
  }
  for (size_t k = 0; k < step.out.size(); ++k) {
    const Slot& slot = plan.slots[step.out[k]];
    if (slot.kind == Slot::Kind::arena && slot.root != step.out[k]) base_[step.out[k]] = base_[slot.root];
    args.out[k].data = slot.kind == Slot::Kind::box ? nullptr : base_[step.out[k]];
  }
  if (step.kind == Step::Kind::reorder) {
    const Slot &from = plan.slots[step.in[0]], &to = plan.slots[step.out[0]];
    const DType dtype = program_->graph().type(from.value).dtype;
    reorder(args.in[0].data, args.out[0].data, size_of(dtype), *args.in[0].dims, from.format.layout, to.format.layout, program_->threads());
    return;
  }
  Args call{args.in, args.out, args.in_box, args.out_box, memory_->arena.at_least(0) + bound.workspace_offset, options.seed};
  try {
    executable->run(args.state.get(), call, program_->threads());
  } catch (const Error& e) {
    fail_with(e.code(), program_->graph().describe_node(step.node) + ": " + e.what());
  }
}

std::byte* Execution::constant(SlotId s) {
  const Slot& slot = program_->plan().slots[s];
  const ConstRef value = program_->graph().constant(slot.value);
  Weights& weights = program_->weights();
  if (slot.kind == Slot::Kind::constant && slot.format.layout.row_major()) {
    const Tensor t = weights.plain(value);
    return const_cast<std::byte*>(t.bytes().data());
  }
  auto form = weights.packed(value, "layout:" + slot.format.str(), value->byte_size(), [&](const Tensor& t) -> std::shared_ptr<const void> {
    auto moved = std::make_shared<Tensor>(t.dtype(), t.dims());
    reorder(t.bytes().data(), moved->mutable_bytes().data(), size_of(t.dtype()), t.dims(), {}, slot.format.layout, program_->threads());
    return moved;
  });
  return const_cast<std::byte*>(static_cast<const Tensor*>(form.get())->bytes().data());
}

void Execution::finish_outputs() {
  const Plan& plan = program_->plan();
  for (int i = 0; i < static_cast<int>(plan.outputs.size()); ++i) {
    const SlotId s = plan.outputs[i];
    const Slot& slot = plan.slots[s];
    if (slot.kind == Slot::Kind::box) {
      finish_boxed_output(i, boxes_[s]);
      continue;
    }
    if (slot.kind == Slot::Kind::constant) base_[s] = constant(s);
    if (plan.slots[slot.root].output == i) continue;
    const int64_t bytes = checked_mul(checked_product(*outputs_[i].dims), size_of(outputs_[i].dtype));
    if (bytes > 0) std::memcpy(outputs_[i].data, base_[s], static_cast<size_t>(bytes));
  }
}

void Execution::finish_boxed_output(int output, const HostValue& value) {
  outputs_[output] = {nullptr, nullptr, DType::none, &value};
  const auto buffer = output_buffers_[output];
  const Tensor* t = std::get_if<Tensor>(&value);
  if (buffer.empty() || !t) return;
  if (static_cast<int64_t>(buffer.size()) < t->byte_size())
    fail(ErrorCode::bad_input, "the buffer of output '{}' has {} bytes, {} are needed", program_->graph().output_name(output), buffer.size(), t->byte_size());
  std::memcpy(buffer.data(), t->bytes().data(), static_cast<size_t>(t->byte_size()));
}

void Execution::observe(const Step& step, const Frame& frame, int index, const RunOptions& options) const {
  const Plan& plan = program_->plan();
  for (size_t k = 0; k < step.out.size(); ++k) {
    const Slot& slot = plan.slots[step.out[k]];
    if (slot.kind == Slot::Kind::box) {
      options.observe(slot.value, boxes_[step.out[k]]);
      continue;
    }
    const Dims& dims = frame.bound.steps[index].out[k];
    Tensor t(program_->graph().type(slot.value).dtype, dims);
    if (t.size() > 0)
      reorder(base_[step.out[k]], t.mutable_bytes().data(), size_of(t.dtype()), dims, slot.format.layout, {}, program_->threads());
    options.observe(slot.value, t);
  }
}

}  // namespace tenon::core
