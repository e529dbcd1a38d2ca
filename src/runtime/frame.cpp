#include "runtime/frame.h"

namespace tenon::core {
namespace {

StepArgs arguments_of(const Plan& plan, const Step& step, const BoundStep& bound, std::vector<HostValue>& boxes) {
  const auto box = [&](SlotId s) { return s >= 0 && plan.slots[s].kind == Slot::Kind::box ? &boxes[s] : nullptr; };
  StepArgs args;
  for (size_t k = 0; k < step.in.size(); ++k) {
    args.in.push_back({nullptr, &bound.in[k]});
    args.in_box.push_back(box(step.in[k]));
  }
  for (size_t k = 0; k < step.out.size(); ++k) {
    args.out.push_back({nullptr, &bound.out[k]});
    args.out_box.push_back(box(step.out[k]));
  }
  if (bound.prepared && bound.prepared->executable) args.state = bound.prepared->executable->make_state();
  return args;
}

}  // namespace

Frame::Frame(const Program& program, int segment, BoundSegment from, std::vector<HostValue>& boxes) : bound(std::move(from)) {
  const Plan& plan = program.plan();
  for (size_t i = 0; i < bound.steps.size(); ++i)
    args.push_back(arguments_of(plan, plan.steps[plan.segments[segment].first + i], bound.steps[i], boxes));
}

}  // namespace tenon::core
