#include "runtime/bound_segment.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "runtime/check_shapes.h"
#include "runtime/memory.h"

namespace tenon::core {
namespace {

class Binder {
 public:
  Binder(const Program& program, int segment, const Bindings& bindings)
      : program_(program), plan_(program.plan()), range_(plan_.segments[segment]), bindings_(bindings) {}

  BoundSegment bind() {
    for (int i = range_.first; i < range_.last; ++i) bound_.steps.push_back(bind_step(plan_.steps[i]));
    place();
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

  Dims dims(SlotId s) const {
    if (s < 0) return {};
    const Graph& g = program_.graph();
    if (plan_.slots[s].kind == Slot::Kind::box && !known(g.type(plan_.slots[s].value))) return {};
    return with_context(g.describe_node(plan_.slots[s].value.node),
                        [&] { return evaluate(g.type(plan_.slots[s].value).shape, bindings_); });
  }

  BoundStep bind_step(const Step& step) {
    BoundStep bound;
    for (SlotId s : step.in) bound.in.push_back(dims(s));
    for (SlotId s : step.out) bound.out.push_back(dims(s));
    if (step.kind == Step::Kind::reorder) return bound;
    with_context(program_.graph().describe_node(step.node), [&] { check_shapes(program_.graph(), step.node, {bound.in, bound.out}); });
    bound.prepared = &program_.prepare(step.node, {bound.in, bound.out});
    if (step.kind == Step::Kind::view) bound_.views[step.out[0]] = bound.prepared->view_offset;
    return bound;
  }

  int64_t bytes(SlotId s) const {
    const Type& t = program_.graph().type(plan_.slots[s].value);
    return checked_mul(checked_product(dims(s)), size_of(t.dtype));
  }

  void place() {
    std::vector<Buffer> buffers;
    std::vector<SlotId> roots;
    for (SlotId s = 0; s < static_cast<SlotId>(plan_.slots.size()); ++s) {
      const Slot& slot = plan_.slots[s];
      const auto [first, last] = plan_.life[s];
      if (slot.kind != Slot::Kind::arena || slot.root != s || slot.output >= 0 || !inside(first)) continue;
      if (inside(last)) {
        buffers.push_back({bytes(s), first, last});
        roots.push_back(s);
      } else {
        bound_.kept[s] = bytes(s);
      }
    }
    for (int i = range_.first; i < range_.last; ++i) {
      const BoundStep& step = bound_.steps[i - range_.first];
      buffers.push_back({step.prepared && step.prepared->executable ? step.prepared->executable->workspace_bytes() : 0, i, i});
    }
    const MemoryLayout layout = place_buffers(buffers);
    for (size_t i = 0; i < roots.size(); ++i) bound_.offsets[roots[i]] = layout.offsets[i];
    for (size_t i = 0; i < bound_.steps.size(); ++i) bound_.steps[i].workspace_offset = layout.offsets[roots.size() + i];
    bound_.arena_bytes = layout.bytes;
  }

  const Program& program_;
  const Plan& plan_;
  const Segment range_;
  const Bindings& bindings_;
  BoundSegment bound_;
};

}  // namespace

BoundSegment bind_segment(const Program& program, int segment, const Bindings& bindings) {
  return Binder(program, segment, bindings).bind();
}

}  // namespace tenon::core
