#include "plan/share_memory.h"

#include <algorithm>

namespace tenon::core {
namespace {

class Sharing {
 public:
  Sharing(const Graph& g, const Choices& choices, Plan& plan) : g_(g), choices_(choices), plan_(plan) {}

  void run() {
    find_lives();
    for (int i = 0; i < steps(); ++i) share_view(i);
    for (int i = 0; i < steps(); ++i) share_parts(i);
    for (int i = 0; i < steps(); ++i) share_in_place(i);
    give_outputs_memory();
  }

 private:
  int steps() const { return static_cast<int>(plan_.steps.size()); }
  SlotId root_of(SlotId s) const { return plan_.slots[s].root; }
  bool runs_with(Share share, const Step& step) const { return step.kind == Step::Kind::run && choices_.offers[step.node].share == share; }

  void find_lives() {
    plan_.life.assign(plan_.slots.size(), {INT32_MAX, -1});
    const auto touch = [&](SlotId s, int step) {
      if (s < 0) return;
      auto& life = plan_.life[s];
      life = {std::min(life.first, step), std::max(life.second, step)};
    };
    for (int i = 0; i < steps(); ++i) {
      for (SlotId s : plan_.steps[i].in) touch(s, i);
      for (SlotId s : plan_.steps[i].out) touch(s, i);
    }
    for (SlotId s : plan_.outputs) touch(s, steps());
  }

  /// Everything in the memory of `child` lies in that of `root` from now on.
  void adopt(SlotId child, SlotId root) {
    for (Slot& s : plan_.slots)
      if (s.root == child) s.root = root;
    auto& life = plan_.life[root];
    life = {std::min(life.first, plan_.life[child].first), std::max(life.second, plan_.life[child].second)};
  }

  bool same_bytes(SlotId a, SlotId b) const {
    const Slot &x = plan_.slots[a], &y = plan_.slots[b];
    const auto size = [&](const Slot& s) { return size_of(stored_as(s.format, g_.type(s.value).dtype)); };
    return a == b || (x.format.place == y.format.place && size(x) == size(y) && product(g_.type(x.value).shape) == product(g_.type(y.value).shape));
  }

  void share_view(int i) {
    const Step& step = plan_.steps[i];
    if (step.kind != Step::Kind::view) return;
    for (SlotId out : step.out) adopt(out, root_of(step.in[choices_.offers[step.node].shared_input]));
  }

  void share_parts(int i) {
    Step& step = plan_.steps[i];
    if (!runs_with(Share::parts, step) || plan_.slots[step.out[0]].kind != Slot::Kind::arena) return;
    bool all = true;
    for (int k = 0; k < static_cast<int>(step.in.size()); ++k) {
      const bool joins = may_join(i, step.in[k], step.out[0]);
      all &= joins;
      if (!joins) continue;
      const SlotId root = root_of(step.in[k]);
      plan_.slots[root].part = {i, k};
      adopt(root, step.out[0]);
    }
    if (all) step.kind = Step::Kind::view;
  }

  // Its memory is all its own, and begins where the dims of the whole are known.
  bool may_join(int i, SlotId part, SlotId whole) const {
    const SlotId root = root_of(part);
    if (plan_.slots[part].kind != Slot::Kind::arena || plan_.slots[root].kind != Slot::Kind::arena) return false;
    if (root == whole || !same_bytes(part, root) || plan_.slots[part].format.place != plan_.slots[whole].format.place) return false;
    if (std::any_of(plan_.outputs.begin(), plan_.outputs.end(), [&](SlotId s) { return root_of(s) == root; })) return false;
    return plan_.life[root].first >= first_of_segment(i);
  }
  int first_of_segment(int i) const {
    const auto it = std::find_if(plan_.segments.begin(), plan_.segments.end(), [&](const Segment& s) { return i < s.last; });
    return it->first;
  }

  // In-place results share when nothing reads the input's memory afterwards, be it through a part or a whole.
  void share_in_place(int i) {
    const Step& step = plan_.steps[i];
    if (!runs_with(Share::in_place, step)) return;
    const SlotId in = step.in[choices_.offers[step.node].shared_input], out = step.out[0];
    if (in < 0 || plan_.slots[out].kind != Slot::Kind::arena || root_of(out) != out) return;
    const SlotId root = root_of(in);
    if (plan_.slots[root].kind != Slot::Kind::arena || plan_.slots[in].kind != Slot::Kind::arena) return;
    if (plan_.life[root].second != i || !same_bytes(in, out) || !same_bytes(in, root)) return;
    if (std::count_if(step.in.begin(), step.in.end(), [&](SlotId s) { return s >= 0 && root_of(s) == root; }) != 1) return;
    adopt(out, root);
  }

  // A graph output that owns its memory is written where the caller wants it; others are copied at the end.
  void give_outputs_memory() {
    for (int i = 0; i < static_cast<int>(plan_.outputs.size()); ++i) {
      Slot& root = plan_.slots[root_of(plan_.outputs[i])];
      if (root.kind == Slot::Kind::arena && root.output < 0 && same_bytes(plan_.outputs[i], root_of(plan_.outputs[i]))) root.output = i;
    }
  }

  const Graph& g_;
  const Choices& choices_;
  Plan& plan_;
};

}  // namespace

void share_memory(const Graph& graph, const Choices& choices, Plan& plan) { Sharing(graph, choices, plan).run(); }

}  // namespace tenon::core
