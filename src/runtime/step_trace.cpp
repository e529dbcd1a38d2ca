#include "runtime/step_trace.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr int kStepsNamed = 6;
constexpr size_t kRunsNamed = 4;
std::atomic<int64_t> runs{0};

struct Registry {
  std::mutex mutex;
  std::vector<const StepTrace*> traces;
  static Registry& instance() {
    static Registry& registry = *new Registry;  // executions may outlive it otherwise
    return registry;
  }
};

}  // namespace

std::string step_label(const Program& program, int index, bool detailed) {
  const Step& step = program.plan().steps.at(static_cast<size_t>(index));
  const Graph& g = program.graph();
  std::string name = step.kind == Step::Kind::reorder ? "reorder " + g.display_name(program.plan().slots[step.in[0]].value.node) : g.display_name(step.node);
  if (!detailed) return name;
  name += fmt::format(" | step {}", index);
  if (step.kind != Step::Kind::reorder) name += fmt::format(" | {} | {}", g.node(step.node).op->name(), program.choices().offers[step.node].str());
  for (const auto* slots : {&step.in, &step.out}) {
    name += slots == &step.in ? " |" : " ->";
    for (SlotId s : *slots)
      if (s >= 0) name += fmt::format(" {} {}", g.type(program.plan().slots[s].value).str(), program.plan().slots[s].format.str());
  }
  return name;
}

StepTrace::StepTrace(std::shared_ptr<const Program> program) : program_(std::move(program)) {
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  registry.traces.push_back(this);
}

StepTrace::~StepTrace() {
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  std::erase(registry.traces, this);
}

void StepTrace::begin_run(const void* stream) {
  stream_ = stream;
  last_ = -1;
  recorded_ = false;
  number_ = ++runs;
}

std::string StepTrace::text() const {
  std::string steps;
  const int last = last_;
  for (int i = std::max(0, last - kStepsNamed + 1); i <= last; ++i) {
    const Step& step = program_->plan().steps[static_cast<size_t>(i)];
    if (step.kind == Step::Kind::view) continue;
    const bool reorder = step.kind == Step::Kind::reorder;
    steps += fmt::format("{}{}{}", steps.empty() ? "" : ", ", step_label(*program_, i, false), reorder ? "" : " [" + program_->choices().offers[step.node].tactic + "]");
  }
  return fmt::format("engine '{}' on stream {}: {}{}", program_->graph().name, stream_.load(), steps.empty() ? "no step yet" : steps,
                     recorded_ ? ", these and all before as one graph" : "");
}

std::string StepTrace::report(const Device& device) {
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  std::vector<const StepTrace*> list;
  for (const StepTrace* t : registry.traces)
    if (t->number_ > 0 && &t->program_->device() == &device) list.push_back(t);
  std::sort(list.begin(), list.end(), [](const StepTrace* a, const StepTrace* b) { return a->number_ > b->number_; });
  std::string text;
  for (size_t i = 0; i < std::min(list.size(), kRunsNamed); ++i) text += (i ? "; " : "Queued last: ") + list[i]->text();
  return text.empty() ? "Tenon had nothing queued on it." : text + ".";
}

}  // namespace tenon::core
