#include "runtime/bound_segment.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "runtime/check_shapes.h"
#include "runtime/memory.h"

namespace tenon::core {
namespace {

constexpr int64_t kLargeWeights = 16 << 10;  // bytes: packing less takes no longer than starting a thread

class Binder {
 public:
  Binder(const Program& program, int segment, const Bindings& bindings)
      : program_(program), plan_(program.plan()), range_(plan_.segments[segment]), bindings_(bindings), dims_(plan_.slots.size()) {}

  BoundSegment bind() {
    prepare_ahead();
    for (int i = range_.first; i < range_.last; ++i) bound_.steps.push_back(bind_step(plan_.steps[i]));
    place();
    for (SlotId s = 0; s < static_cast<SlotId>(plan_.slots.size()); ++s)
      if (inside(plan_.slots[s].part.step)) bound_.parts[s] = part_offset(s);
    for (int i = 0; i < static_cast<int>(plan_.outputs.size()); ++i) {
      const SlotId s = plan_.outputs[i];
      // An input or constant that no step touches is delivered with the last segment.
      const int begin = plan_.life[plan_.slots[s].root].first;
      const bool untouched = begin >= range_.last && range_.last == static_cast<int>(plan_.steps.size());
      if ((inside(begin) || untouched) && plan_.slots[s].kind != Slot::Kind::box) bound_.output_dims.emplace_back(i, dims(s));
    }
    return std::move(bound_);
  }

 private:
  bool inside(int step) const { return step >= range_.first && step < range_.last; }

  // A boxed tensor has dims once the symbols that its producer defined are bound.
  bool known(const Type& type) const {
    std::set<std::string> symbols;
    for (const Dim& d : type.shape) d.collect_symbols(symbols);
    return !type.boxed() && std::all_of(symbols.begin(), symbols.end(), [&](const auto& s) { return bindings_.count(s) > 0; });
  }

  const Dims& dims(SlotId s) {
    static const Dims none;
    if (s < 0) return none;
    auto& found = dims_[static_cast<size_t>(s)];
    if (!found) found = find_dims(s);
    return *found;
  }
  Dims find_dims(SlotId s) const {
    const Graph& g = program_.graph();
    const Value value = plan_.slots[s].value;
    const Type& type = g.type(value);
    if (plan_.slots[s].kind == Slot::Kind::box && !known(type)) return {};
    try {
      return evaluate(type.shape, bindings_);
    } catch (const Error& e) {
      fail_with(e.code(), g.describe_node(value.node) + ": " + e.what());
    }
  }
  NodeShapes shapes_of(const Step& step) { return {all_dims(step.in), all_dims(step.out)}; }

  // The whole may be a part of another whole, which is of the same segment.
  int64_t part_offset(SlotId s) const {
    const Slot::Part part = plan_.slots[s].part;
    if (part.step < 0) return 0;
    return bound_.steps[part.step - range_.first].prepared->offsets[part.input] + part_offset(plan_.steps[part.step].out[0]);
  }

  // On a GPU, kernels are compiled for a step; on the CPU, those with weights pack them: several at the same time.
  void prepare_ahead() {
    std::vector<std::pair<NodeId, NodeShapes>> steps;
    for (int i = range_.first; i < range_.last; ++i) {
      const Step& step = plan_.steps[i];
      if (step.kind == Step::Kind::reorder || !takes_long(step)) continue;
      try {
        NodeShapes shapes = shapes_of(step);
        if (program_.prepared(step.node, shapes)) continue;
        check_shapes(program_.graph(), step.node, shapes);
        steps.emplace_back(step.node, std::move(shapes));
      } catch (const Error&) {  // bind_step says it
      }
    }
    if (!steps.empty()) program_.prepare_together(steps);
  }
  bool takes_long(const Step& step) const {
    if (!program_.device().is_host()) return true;
    const Graph& g = program_.graph();
    return std::any_of(step.in.begin(), step.in.end(), [&](SlotId s) {
      const ConstRef constant = s >= 0 ? g.constant(plan_.slots[s].value) : nullptr;
      return constant && constant->byte_size() >= kLargeWeights;
    });
  }
  std::vector<Dims> all_dims(const std::vector<SlotId>& slots) {
    std::vector<Dims> all;
    all.reserve(slots.size());
    for (SlotId s : slots) all.push_back(dims(s));
    return all;
  }

  BoundStep bind_step(const Step& step) {
    BoundStep bound;
    bound.in = all_dims(step.in);
    bound.out = all_dims(step.out);
    if (step.kind == Step::Kind::reorder) {
      const Slot &from = plan_.slots[step.in[0]], &to = plan_.slots[step.out[0]];
      const Format source = from.kind == Slot::Kind::box ? in_a_box(from.format) : from.format;
      bound.prepared = program_.prepare_reorder(program_.graph().type(from.value).dtype, bound.in[0], source, to.format);
      place_workspace(bound);
      bound_.recordable &= source.place == Place::device && to.format.place == Place::device;
      return bound;
    }
    const NodeShapes shapes{bound.in, bound.out};
    // What is prepared was checked.
    bound.prepared = program_.prepared(step.node, shapes);
    if (!bound.prepared) {
      with_context(program_.graph().describe_node(step.node), [&] { check_shapes(program_.graph(), step.node, shapes); });
      bound.prepared = program_.prepare(step.node, shapes);
    }
    place_workspace(bound);
    return bound;
  }

  // A box is host memory, whatever its producer was.
  Format in_a_box(Format format) const {
    if (!program_.device().is_host()) format.place = Place::host;
    return format;
  }
  void place_workspace(BoundStep& step) {
    const bool on_host = step.prepared->executable && step.prepared->executable->on_host();
    if (program_.device().is_host() || !on_host) return;
    step.workspace_place = Place::host;
    bound_.recordable = false;
  }

  int64_t bytes(SlotId s) {
    const Type& t = program_.graph().type(plan_.slots[s].value);
    return checked_mul(checked_product(dims(s)), size_of(stored_as(plan_.slots[s].format, t.dtype)));
  }

  void place() {
    for (SlotId s = 0; s < static_cast<SlotId>(plan_.slots.size()); ++s)
      if (arena_root(s) && !inside(plan_.life[s].second)) bound_.kept[s] = bytes(s);
    for (const Place p : {Place::device, Place::host}) place(p);
  }
  bool arena_root(SlotId s) const {
    const Slot& slot = plan_.slots[s];
    return slot.kind == Slot::Kind::arena && slot.root == s && slot.output < 0 && inside(plan_.life[s].first);
  }

  void place(Place wanted) {
    std::vector<Buffer> buffers;
    std::vector<SlotId> roots;
    std::vector<BoundStep*> workspaces;
    for (SlotId s = 0; s < static_cast<SlotId>(plan_.slots.size()); ++s) {
      if (!arena_root(s) || !inside(plan_.life[s].second) || plan_.slots[s].format.place != wanted) continue;
      buffers.push_back({bytes(s), plan_.life[s].first, plan_.life[s].second});
      roots.push_back(s);
    }
    for (int i = range_.first; i < range_.last; ++i) {
      BoundStep& step = bound_.steps[i - range_.first];
      const Executable* executable = step.prepared ? step.prepared->executable.get() : nullptr;
      if (!executable || step.workspace_place != wanted) continue;
      buffers.push_back({executable->workspace_bytes(), i, i});
      workspaces.push_back(&step);
    }
    const MemoryLayout layout = place_buffers(buffers);
    for (size_t i = 0; i < roots.size(); ++i) bound_.offsets[roots[i]] = layout.offsets[i];
    for (size_t i = 0; i < workspaces.size(); ++i) workspaces[i]->workspace_offset = layout.offsets[roots.size() + i];
    bound_.arena_bytes[static_cast<size_t>(wanted)] = layout.bytes;
  }

  const Program& program_;
  const Plan& plan_;
  const Segment range_;
  const Bindings& bindings_;
  std::vector<std::optional<Dims>> dims_;  // by slot
  BoundSegment bound_;
};

}  // namespace

BoundSegment bind_segment(const Program& program, int segment, const Bindings& bindings) {
  return Binder(program, segment, bindings).bind();
}

}  // namespace tenon::core
