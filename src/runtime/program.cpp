#include "runtime/program.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/side_by_side.h"
#include "ir/subgraphs.h"
#include "plan/bodies.h"
#include "runtime/bodies.h"
#include "runtime/staged.h"
#include "plan/knobs.h"
#include "runtime/tuned_shapes.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

constexpr size_t kPreparedKept = 10'000;

bool aligned(const Tensor& t) { return t.dtype() == DType::string || reinterpret_cast<uintptr_t>(t.bytes().data()) % 64 == 0; }

Tensor aligned_copy(const Tensor& t) {
  Tensor copy(t.dtype(), t.dims());
  std::memcpy(copy.mutable_bytes().data(), t.bytes().data(), t.bytes().size());
  return copy;
}

bool same_formats(const Offer& a, const Offer& b) { return a.in == b.in && a.out == b.out && a.share == b.share; }

/// A kernel of `other` can run where `chosen` was planned, but for constants, which it may hold itself.
bool can_replace(const Problem& p, const Offer& chosen, const Offer& other) {
  if (chosen.out != other.out || chosen.in.size() != other.in.size()) return false;
  if (chosen.share != other.share && (chosen.share != Share::none || other.share != Share::in_place)) return false;
  for (size_t i = 0; i < chosen.in.size(); ++i)
    if (chosen.in[i] != other.in[i] && !p.input(static_cast<int>(i)).constant) return false;
  return true;
}

bool reads_same(const Executable& executable, const Offer& chosen, const Offer& other) {
  for (size_t i = 0; i < chosen.in.size(); ++i)
    if (chosen.in[i] != other.in[i] && executable.uses_input(static_cast<int>(i))) return false;
  return true;
}

}  // namespace

Tensor Weights::plain(const ConstRef& constant) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = plain_.find(constant);
    if (it != plain_.end()) return it->second;
  }
  Tensor value = constant->value();
  if (!aligned(value)) {
    const Tensor read = std::exchange(value, aligned_copy(value));
    release_read(read.bytes());
  }
  const std::lock_guard lock(mutex_);
  return plain_.emplace(constant, std::move(value)).first->second;
}

std::shared_ptr<const void> Weights::packed(const ConstRef& constant, const std::string& key, int64_t bytes,
                                            FunctionRef<std::shared_ptr<const void>(const Tensor&)> make) {
  std::shared_ptr<Form> form;
  std::optional<Tensor> kept;
  {
    const std::lock_guard lock(mutex_);
    auto& entry = packed_[{constant, key}];
    if (!entry) entry = std::make_shared<Form>();
    form = entry;
    const auto it = plain_.find(constant);
    if (it != plain_.end()) kept = it->second;
  }
  const std::lock_guard own(form->mutex);
  if (form->made) return form->made;
  const Tensor source = kept ? *kept : constant->value();
  form->made = make(aligned(source) ? source : aligned_copy(source));
  if (!kept && source.dtype() != DType::string) release_read(source.bytes());
  const std::lock_guard lock(mutex_);
  packed_bytes_ += bytes;
  return form->made;
}

int64_t Weights::packed_bytes() const {
  const std::lock_guard lock(mutex_);
  return packed_bytes_;
}

Program::Program(Setup setup, std::shared_ptr<Threads> threads, std::shared_ptr<Weights> weights)
    : setup_(std::move(setup)), plan_(make_plan(setup_.graph, setup_.choices)), threads_(std::move(threads)), weights_(std::move(weights)) {
  for (const auto& [id, choices] : setup_.choices.bodies) {
    const auto graphs = subgraphs(*setup_.graph.node(id).op);
    assume(graphs.size() == choices.size(), "a control-flow node has choices for each of its bodies");
    for (size_t i = 0; i < graphs.size(); ++i)
      bodies_[id].push_back(std::make_shared<const Program>(Setup{*graphs[i], choices[i], setup_.device, setup_.options}, threads_, weights_));
  }
}

const std::vector<std::shared_ptr<const Program>>& Program::bodies(NodeId id) const {
  static const std::vector<std::shared_ptr<const Program>> none;
  const auto it = bodies_.find(id);
  return it == bodies_.end() ? none : it->second;
}

void Program::prepare_together(std::span<const std::pair<NodeId, NodeShapes>> steps) const {
  side_by_side(static_cast<int64_t>(steps.size()), threads_->size(), [&](int64_t i) {
    const auto& [id, shapes] = steps[static_cast<size_t>(i)];
    try {
      prepare(id, shapes);
    } catch (const Error&) {  // said again, in order, by who needs the step
    }
  });
}

std::shared_ptr<const Prepared> Program::prepared(NodeId id, const NodeShapes& shapes) const {
  const std::lock_guard lock(mutex_);
  const auto it = prepared_.find({id, shapes});
  return it == prepared_.end() ? nullptr : it->second;
}

std::shared_ptr<const Prepared> Program::prepare(NodeId id, const NodeShapes& shapes) const {
  if (auto found = prepared(id, shapes)) return found;
  auto made = std::make_shared<const Prepared>(make(id, shapes));
  const std::lock_guard lock(mutex_);
  // A loop whose values grow asks for new shapes in each trip.
  if (prepared_.size() >= kPreparedKept) prepared_.clear();
  return prepared_.emplace(std::pair{id, shapes}, std::move(made)).first->second;
}

std::shared_ptr<const Prepared> Program::prepare_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) const {
  const ReorderKey key{dtype, dims, from, to};
  {
    const std::lock_guard lock(mutex_);
    const auto it = reorders_.find(key);
    if (it != reorders_.end()) return it->second;
  }
  auto made = std::make_shared<const Prepared>(Prepared{setup_.device->prepare_reorder(dtype, dims, from, to)});
  const std::lock_guard lock(mutex_);
  if (reorders_.size() >= kPreparedKept) reorders_.clear();
  return reorders_.emplace(key, std::move(made)).first->second;
}

std::shared_ptr<const std::byte> Program::constant(const ConstRef& value, const Format& format) const {
  const auto shared = [](const Tensor& t) {
    const auto keep = std::make_shared<Tensor>(t);
    return std::shared_ptr<const std::byte>(keep, keep->bytes().data());
  };
  Device& device = *setup_.device;
  const bool upload = !device.is_host() && format.place == Place::device;
  const DType dtype = value->type().dtype, storage = stored_as(format, dtype);
  if (format.layout.row_major() && storage == dtype && !upload) return shared(weights_->plain(value));
  const auto form = weights_->packed(value, "format:" + format.str(), value->byte_size(), [&](const Tensor& t) -> std::shared_ptr<const void> {
    Tensor moved(storage, t.dims());
    const auto executable = host_reorder(dtype, t.dims(), {}, format);
    Tensor workspace(DType::u8, {executable->workspace_bytes()});
    const TensorArg in{const_cast<std::byte*>(t.bytes().data()), &t.dims()}, out{moved.mutable_bytes().data(), &t.dims()};
    Args args{{&in, 1}, {&out, 1}, {}, {}, workspace.mutable_bytes().data()};
    executable->run(nullptr, args, *threads_);
    if (!upload) return shared(moved);
    std::byte* memory = device.allocate(moved.byte_size(), Place::device);
    std::shared_ptr<const std::byte> owner(memory, [keep = setup_.device](const std::byte* p) { keep->release(const_cast<std::byte*>(p), Place::device); });
    const auto stream = device.make_stream();
    stream->copy(memory, Place::device, moved.bytes().data(), Place::host, moved.byte_size());
    stream->wait();
    return owner;
  });
  return std::static_pointer_cast<const std::byte>(form);
}

std::shared_ptr<const Executable> Program::try_tactic(NodeId id, const NodeShapes& shapes, const Tactic& tactic, const Offer& offer, std::string& why,
                                                      std::string& no_memory) const {
  try {
    return tactic.prepare({problem(id), offer, shapes, *weights_, *threads_}, why);
  } catch (const Error& e) {
    if (setup_.device->is_host()) throw;
    // A compiler or library of the GPU that fails is a reason to take another kernel.
    why = e.what();
    if (e.code() == ErrorCode::out_of_memory) no_memory = why;
    return nullptr;
  }
}

const Program::StandIns* Program::stand_ins(NodeId id) const {
  const Tactic* tactic = find_tactic(setup_.device->info().kind, setup_.choices.offers[id].tactic);
  if (setup_.tuned.empty() || !tactic || !tactic->slow_to_prepare()) return nullptr;
  StandIns* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    entry = &stand_ins_.try_emplace(id).first->second;
  }
  std::call_once(entry->looked, [&] {
    entry->tuned = tuned_shapes(setup_.graph, id, setup_.tuned);
    entry->list = find_stand_ins(id, entry->tuned);
  });
  return entry->list.empty() ? nullptr : entry;
}

/// The first one that takes the tuned dims is prepared for them. That compiles and loads what other dims will ask for, packs its weights,
/// and settles the library's kernel: other dims get the same one instead of asking the library again.
std::vector<Program::StandIn> Program::find_stand_ins(NodeId id, const std::optional<NodeShapes>& tuned) const {
  std::vector<StandIn> found;
  const Offer& chosen = setup_.choices.offers[id];
  const Problem p = problem(id);
  for (const Tactic* other : tactics_for(p.device.kind)) {
    std::string why;
    if (other->slow_to_prepare() || other->tier() == "reference") continue;
    std::vector<Offer> offers = other->offers(p, why);
    const auto fits = std::find_if(offers.begin(), offers.end(), [&](const Offer& o) { return can_replace(p, chosen, o); });
    if (fits != offers.end()) found.push_back({other, std::move(*fits)});
  }
  std::string why, no_memory;
  for (StandIn& one : found) {
    const auto executable = tuned ? try_tactic(id, *tuned, *one.tactic, one.offer, why, no_memory) : nullptr;
    if (!executable || !reads_same(*executable, chosen, one.offer)) continue;
    const auto* numbered = dynamic_cast<const Numbered*>(executable.get());
    if (!numbered) break;
    one.offer.config.merge(numbered->knobs());
    try_tactic(id, *tuned, *one.tactic, one.offer, why, no_memory);
    break;
  }
  return found;
}

/// Null when there is none for these dims.
std::shared_ptr<const Executable> Program::prepare_stand_in(NodeId id, const std::vector<StandIn>& stand_ins, const NodeShapes& shapes, std::string& no_memory) const {
  std::string why;
  for (const StandIn& other : stand_ins) {
    auto executable = try_tactic(id, shapes, *other.tactic, other.offer, why, no_memory);
    if (executable && reads_same(*executable, setup_.choices.offers[id], other.offer)) return executable;
  }
  return nullptr;
}

Prepared Program::make(NodeId id, const NodeShapes& shapes) const {
  const Offer& chosen = setup_.choices.offers[id];
  const auto current = setup_.device->use();
  Prepared prepared;
  const Tactic* tactic = find_tactic(setup_.device->info().kind, chosen.tactic);
  if (!tactic) fail(ErrorCode::no_kernel, "{}: no tactic '{}' for device '{}'", setup_.graph.describe_node(id), chosen.tactic, setup_.device->info().kind);
  if (chosen.tactic == kBodiesTactic && bodies_.count(id)) {
    prepared.executable = make_bodies_executable(setup_.graph.node(id), bodies_.at(id));
    return prepared;
  }
  const auto attempt = [&](const Tactic& with, const Offer& offer, std::string& why, std::string& no_memory) {
    prepared.executable = try_tactic(id, shapes, with, offer, why, no_memory);
    if (offer.share == Share::view || offer.share == Share::parts) prepared.offsets = with.offsets({problem(id), offer, shapes, *weights_, *threads_});
    return prepared.executable != nullptr || offer.share == Share::view;
  };
  return with_context(setup_.graph.describe_node(id), [&]() -> Prepared {
    std::string no_memory, ignored;
    if (const StandIns* others = stand_ins(id); others && others->tuned.value_or(shapes) != shapes)
      if (auto stand_in = prepare_stand_in(id, others->list, shapes, no_memory)) return Prepared{std::move(stand_in), {}, ""};
    if (attempt(*tactic, chosen, prepared.fallback, no_memory)) return std::move(prepared);
    for (const Tactic* next : tactics_for(setup_.device->info().kind)) {
      for (const Offer& offer : next->offers(problem(id), ignored))
        if (same_formats(offer, chosen) && offer != chosen && attempt(*next, offer, ignored, no_memory)) return std::move(prepared);
    }
    if (!no_memory.empty()) fail(ErrorCode::out_of_memory, "{}", no_memory);
    // The reference reads and writes any format, and never writes before it has read everything.
    Offer last{"reference", {}, chosen.in, chosen.out};
    if (attempt(*find_tactic(setup_.device->info().kind, "reference"), last, ignored, no_memory)) {
      if (!setup_.device->is_host()) prepared.executable = staged(std::move(prepared.executable), problem(id), last, *setup_.device);
      return std::move(prepared);
    }
    fail(ErrorCode::no_kernel, "'{}' refused these shapes ({}) and no other tactic reads and writes the same formats", chosen.str(), prepared.fallback);
  });
}

}  // namespace tenon::core
