#include "tenon/pipeline.h"

#include <array>
#include <cstring>
#include <deque>
#include <thread>

#include "api/convert.h"
#include "api/engine_impl.h"
#include "base/error.h"
#include "runtime/execution.h"

namespace tenon {
namespace {

using core::Place;

/// Memory of a device for the length of a scope.
class Buffer {
 public:
  Buffer(core::Device& device, int64_t bytes, Place place) : device_(&device), place_(place), data_(device.allocate(bytes, place)), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept : device_(other.device_), place_(other.place_), data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(device_, other.device_), std::swap(place_, other.place_), std::swap(data_, other.data_), std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer() {
    if (data_) device_->release(data_, place_);
  }
  std::byte* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

 private:
  core::Device* device_;
  Place place_;
  std::byte* data_;
  int64_t bytes_;
};

enum Point { h2d_start, h2d_end, compute_start, compute_end, d2h_start, d2h_end, points };

/// One query in flight: a context of its own, whose inputs and outputs no other query touches.
struct Slot {
  Slot(const std::shared_ptr<const core::Program>& program, core::Device& device, bool spin) : execution(program) {
    for (auto& event : events) event = device.make_event(spin);
    downloads.resize(program->plan().outputs.size());
  }
  core::Execution execution;
  std::vector<std::pair<int, Buffer>> device_inputs;  // input, memory
  std::vector<std::optional<Buffer>> downloads;       // per output: page-locked copies
  std::array<std::unique_ptr<core::Event>, points> events;
  double enqueue_start = 0, enqueue_end = 0;
};

}  // namespace

struct Pipeline::Impl {
  Impl(const Engine& e, const PipelineOptions& o);
  const core::Program& program() const { return engine.impl().program(); }
  const core::Graph& graph() const { return engine.impl().graph(); }
  core::Device& device() const { return program().device(); }
  bool on_host() const { return device().is_host(); }
  double now() const { return std::chrono::duration<double, std::milli>(Clock::now() - zero).count(); }
  void upload(Slot&);
  void compute(Slot&);
  void download(Slot&);
  void copy_output(Slot&, int output);
  QueryTimes times(const Slot&) const;

  Engine engine;
  PipelineOptions options;
  std::unique_ptr<core::Stream> in, main, out;
  std::unique_ptr<core::Event> base;
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<std::pair<int, Buffer>> host_inputs;  // input, its bytes in page-locked memory
  std::optional<Buffer> arena;                      // of all slots: they compute one after the other
  std::deque<size_t> flying;
  size_t next = 0, last = 0;
  Clock::time_point zero = Clock::now();
  double offset = 0;  // ms from `zero` to the point `base`
};

Pipeline::Impl::Impl(const Engine& e, const PipelineOptions& o) : engine(e), options(o) {
  in = device().make_stream();
  main = device().make_stream();
  out = device().make_stream();
  base = device().make_event(o.spin);
  const int count = o.overlap && !on_host() ? 2 : 1;
  for (int i = 0; i < count; ++i) slots.push_back(std::make_unique<Slot>(engine.impl().built.program, device(), o.spin));
}

Pipeline::Pipeline(const Engine& engine, const PipelineOptions& options) : impl_(std::make_unique<Impl>(engine, options)) {}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;

void Pipeline::set_input(const std::string& name, const Value& value) {
  Impl& p = *impl_;
  const int input = core::find_input(p.graph(), name);
  const core::Type& type = p.graph().type(p.graph().inputs()[input]);
  if (p.on_host() || type.boxed() || value.kind != Value::Kind::tensor || value.tensor.dtype() == DType::string) {
    for (auto& slot : p.slots) slot->execution.set_input(input, core::to_core(value));
    return;
  }
  if (value.tensor.dtype() != type.dtype)
    core::fail(ErrorCode::bad_input, "input '{}' is {}: found a tensor of {}", name, type.str(), to_string(value.tensor.dtype()));
  const int64_t bytes = value.tensor.byte_size();
  p.host_inputs.emplace_back(input, Buffer(p.device(), bytes, Place::host));
  std::memcpy(p.host_inputs.back().second.data(), value.tensor.data(), static_cast<size_t>(bytes));
  for (auto& slot : p.slots) {
    slot->device_inputs.emplace_back(input, Buffer(p.device(), bytes, Place::device));
    slot->execution.set_device_input(input, slot->device_inputs.back().second.data(), value.tensor.dims());
  }
}

void Pipeline::prepare() {
  Impl& p = *impl_;
  if (!p.on_host()) {
    int64_t bytes = 0;
    for (auto& slot : p.slots) {
      slot->execution.bind();
      bytes = std::max(bytes, slot->execution.planned_arena_bytes());
    }
    if (bytes > 0 && p.program().plan().segments.size() == 1) {
      p.arena.emplace(p.device(), bytes, Place::device);
      for (auto& slot : p.slots) slot->execution.set_arena({p.arena->data(), static_cast<size_t>(bytes)});
    }
    for (auto& slot : p.slots) p.upload(*slot);
    p.in->wait();
  }
  start(Clock::now());
  // The second run at a shape is recorded.
  const size_t runs = p.slots.size() * (p.on_host() || !p.options.graph ? 1 : 2);
  for (size_t i = 0; i < runs; ++i) {
    submit();
    collect();
  }
}

bool Pipeline::launches_graphs() const { return impl_->options.graph && impl_->slots[0]->execution.recorded(); }
int Pipeline::depth() const { return static_cast<int>(impl_->slots.size()); }
int Pipeline::in_flight() const { return static_cast<int>(impl_->flying.size()); }

void Pipeline::start(Clock::time_point zero, double delay_ms) {
  Impl& p = *impl_;
  for (core::Stream* stream : {p.in.get(), p.main.get(), p.out.get()}) stream->wait();
  p.zero = zero;
  p.offset = p.now();
  if (delay_ms > 0) p.main->delay(delay_ms);
  p.main->record(*p.base);
  p.in->follow(*p.base);
}

void Pipeline::Impl::upload(Slot& slot) {
  for (size_t i = 0; i < slot.device_inputs.size(); ++i) {
    const Buffer& to = slot.device_inputs[i].second;
    if (to.bytes() > 0) in->copy(to.data(), Place::device, host_inputs[i].second.data(), Place::host, to.bytes());
  }
}

void Pipeline::Impl::compute(Slot& slot) {
  core::RunOptions run;
  run.graph = options.graph;
  main->record(*slot.events[compute_start]);
  slot.enqueue_start = now();
  slot.execution.enqueue(*main, run);
  slot.enqueue_end = now();
  main->record(*slot.events[compute_end]);
}

void Pipeline::Impl::copy_output(Slot& slot, int output) {
  const core::OutputRef result = slot.execution.output(output);
  if (result.box || on_host()) return;
  const int64_t bytes = core::checked_mul(core::checked_product(*result.dims), size_of(result.dtype));
  auto& copy = slot.downloads[output];
  if (!copy || copy->bytes() < bytes) copy.emplace(device(), bytes, Place::host);
  if (bytes > 0) out->copy(copy->data(), Place::host, result.data, Place::device, bytes);
}

void Pipeline::Impl::download(Slot& slot) {
  for (int i = 0; i < static_cast<int>(slot.downloads.size()); ++i) copy_output(slot, i);
}

void Pipeline::submit() {
  Impl& p = *impl_;
  if (in_flight() == depth()) core::fail(ErrorCode::usage, "{} queries are in flight already: collect one first", depth());
  Slot& slot = *p.slots[p.next];
  const bool copies = p.options.transfers && !p.on_host();
  if (copies) {
    p.in->record(*slot.events[h2d_start]);
    p.upload(slot);
    p.in->record(*slot.events[h2d_end]);
    p.main->follow(*slot.events[h2d_end]);
  }
  p.compute(slot);
  if (copies) {
    p.out->follow(*slot.events[compute_end]);
    p.out->record(*slot.events[d2h_start]);
    p.download(slot);
    p.out->record(*slot.events[d2h_end]);
  }
  p.flying.push_back(p.next);
  p.next = (p.next + 1) % p.slots.size();
}

QueryTimes Pipeline::Impl::times(const Slot& slot) const {
  const auto at = [&](Point point) { return offset + slot.events[point]->us_since(*base) / 1000; };
  QueryTimes t;
  t.enqueue_start = slot.enqueue_start;
  t.enqueue_end = slot.enqueue_end;
  t.h2d_start = t.h2d_end = t.compute_start = at(Point::compute_start);
  t.d2h_start = t.d2h_end = t.compute_end = at(Point::compute_end);
  if (!options.transfers || on_host()) return t;
  t.h2d_start = at(Point::h2d_start), t.h2d_end = at(Point::h2d_end);
  t.d2h_start = at(Point::d2h_start), t.d2h_end = at(Point::d2h_end);
  return t;
}

QueryTimes Pipeline::collect() {
  Impl& p = *impl_;
  if (p.flying.empty()) core::fail(ErrorCode::usage, "no query is in flight: submit one first");
  p.last = p.flying.front();
  p.flying.pop_front();
  Slot& slot = *p.slots[p.last];
  slot.events[p.options.transfers && !p.on_host() ? d2h_end : compute_end]->wait();
  return p.times(slot);
}

std::vector<std::pair<std::string, Value>> Pipeline::outputs() {
  Impl& p = *impl_;
  Slot& slot = *p.slots[p.last];
  if (!p.options.transfers && !p.on_host()) {
    p.download(slot);
    p.out->wait();
  }
  std::vector<std::pair<std::string, Value>> values;
  for (int i = 0; i < static_cast<int>(slot.downloads.size()); ++i) {
    const core::OutputRef result = slot.execution.output(i);
    const std::string& name = p.graph().output_name(i);
    if (result.box || p.on_host()) {
      values.emplace_back(name, core::to_public(result.value()));
      continue;
    }
    Tensor tensor(result.dtype, *result.dims);
    if (tensor.byte_size() > 0) std::memcpy(tensor.data(), slot.downloads[i]->data(), static_cast<size_t>(tensor.byte_size()));
    values.emplace_back(name, std::move(tensor));
  }
  return values;
}

}  // namespace tenon
