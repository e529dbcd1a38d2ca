#include "cuda/cudnn_plans.h"

#include <algorithm>
#include <utility>

#include "cuda/check.h"

namespace tenon::core::cuda::cudnn {

Plan::Plan(const Library& lib, int device, const GraphSpec& spec, const Engine& engine, Descriptor plan)
    : lib_(lib), device_(device), plan_(std::move(plan)), workspace_(workspace_of(plan_)), choice_(engine.choice), name_(engine.name) {
  for (size_t i = 0; i < spec.tensors().size(); ++i) {
    const GraphTensor& tensor = spec.tensors()[i];
    scalars_.push_back(tensor.value.value_or(0));
    is_scalar_.push_back(tensor.value.has_value());
    if (tensor.is_virtual) continue;
    numbers_.push_back(i);
    ids_.push_back(static_cast<int64_t>(i) + 1);
  }
}

void Plan::run(std::span<void* const> pointers, void* workspace, cudaStream_t stream) const {
  const StreamHandle handle(lib_, device_, stream);
  run(handle.raw(), pointers, workspace, stream);
}

void Plan::run(cudnnHandle_t handle, std::span<void* const> pointers, void* workspace, cudaStream_t stream) const {
  std::vector<void*> addresses;
  addresses.reserve(numbers_.size());
  for (size_t number : numbers_)
    addresses.push_back(is_scalar_[number] ? const_cast<float*>(&scalars_[number]) : pointers[number]);
  try {
    Descriptor pack(lib_, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, "the arguments of a plan");
    pack.set_ints(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids_);
    pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, static_cast<int64_t>(addresses.size()),
             addresses.data());
    pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace);
    pack.finalize();
    cudnnStatus_t status = lib_.set_stream(handle, stream);
    if (status == CUDNN_STATUS_SUCCESS) {
      const std::lock_guard lock(in_use_);
      status = lib_.execute(handle, plan_.raw(), pack.raw());
    }
    if (status != CUDNN_STATUS_SUCCESS)
      throw Refused{fmt::format("{}, running {}: {}", lib_.version_text(), name_, lib_.describe(status))};
  } catch (const Refused& refused) {
    fail(ErrorCode::device_failed, "{}; without the tactic source CUDNN (bit 4) it is not used", refused.why);
  }
}

namespace {

/// The graph reads of its handle what device it is for; the handle itself goes back to the pool.
Graph make_graph(const Library& lib, int device, const GraphSpec& spec) {
  const CurrentDevice current(device);
  const Handle handle(lib, device);
  return Graph(lib, spec, {handle.raw(), nullptr});
}

}  // namespace

Plans::Plans(const Library& lib, int device, GraphSpec spec, const EngineRules& rules)
    : lib_(lib), device_(device), spec_(std::move(spec)), rules_(rules), graph_(make_graph(lib, device, spec_)) {}

void Plans::list_engines() {
  if (std::exchange(listed_, true)) return;
  try {
    const CurrentDevice current(device_);
    for (Engine& engine : graph_.engines(rules_)) {
      const EngineChoice choice = engine.choice;
      std::unique_ptr<Slot>& slot = made_[choice];
      if (!slot) slot = std::make_unique<Slot>(std::move(engine));
      slots_.push_back(slot.get());
    }
  } catch (const Refused& refused) {
    why_ = refused.why;
  }
}

std::shared_ptr<const Plan> Plans::get(int64_t index, std::string& why) {
  Slot* slot = nullptr;
  {
    const std::lock_guard lock(mutex_);
    list_engines();
    if (index >= 0 && index < static_cast<int64_t>(slots_.size())) slot = slots_[static_cast<size_t>(index)];
    else why = slots_.empty() ? why_ : fmt::format("{} has {} engines for this problem", lib_.version_text(), slots_.size());
  }
  return slot ? get(*slot, why) : nullptr;
}

std::shared_ptr<const Plan> Plans::get(const EngineChoice& choice, std::string& why) {
  Slot* slot = nullptr;
  try {
    const std::lock_guard lock(mutex_);
    const auto found = made_.find(choice);
    if (found != made_.end()) {
      slot = found->second.get();
    } else {
      const CurrentDevice current(device_);
      Engine engine = graph_.engine(choice, rules_);
      slot = (made_[choice] = std::make_unique<Slot>(std::move(engine))).get();
    }
  } catch (const Refused& refused) {
    why = refused.why;
    return nullptr;
  }
  return get(*slot, why);
}

std::shared_ptr<const Plan> Plans::get(Slot& slot, std::string& why) const {
  const std::lock_guard lock(slot.mutex);
  compile_slot(slot);
  if (!slot.plan) why = slot.why;
  return slot.plan;
}

void Plans::compile_slot(Slot& slot) const {
  if (std::exchange(slot.tried, true)) return;
  try {
    const CurrentDevice current(device_);
    const Handle handle(lib_, device_);
    slot.plan = std::make_shared<const Plan>(lib_, device_, spec_, slot.engine, compile(lib_, slot.engine, {handle.raw(), nullptr}));
  } catch (const Refused& refused) {
    slot.why = refused.why;
  }
}

namespace {

constexpr size_t kMaxProblems = 1024;  // then the process forgets what nobody holds

struct Cache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Plans>> plans;
  static Cache& instance() {
    static Cache& cache = *new Cache;  // a driver that is shutting down must not be called
    return cache;
  }
};

}  // namespace

std::shared_ptr<Plans> plans_for(const Library& lib, int device, const GraphSpec& spec, const EngineRules& rules,
                                 std::string& why) {
  const std::string key = fmt::format("{} {} {}", device, rules.tf32, spec.text());
  Cache& cache = Cache::instance();
  {
    const std::lock_guard lock(cache.mutex);
    const auto found = cache.plans.find(key);
    if (found != cache.plans.end()) return found->second;
  }
  try {
    auto made = std::make_shared<Plans>(lib, device, spec, rules);
    const std::lock_guard lock(cache.mutex);
    if (cache.plans.size() >= kMaxProblems) std::erase_if(cache.plans, [](const auto& e) { return e.second.use_count() == 1; });
    return cache.plans.emplace(key, std::move(made)).first->second;
  } catch (const Refused& refused) {
    why = refused.why;
    return nullptr;
  }
}

}  // namespace tenon::core::cuda::cudnn
