#include "nvinfer1/runtime/specialized.h"

#include "api/engine_impl.h"
#include "tenon/specialize.h"

namespace tenon::adapter {

std::shared_ptr<const core::Built> Specialized::find(EngineState& state, const Shapes& shapes, int64_t batch) {
  std::map<std::string, std::vector<int64_t>> dims;
  for (int i = 0; i < state.count(); ++i)
    if (state.info().tensors[i].is_input) dims[state.info().tensors[i].name] = shapes.graph_dims(i, batch);
  if (found_ && generation_ == state.generation() && profile_ == shapes.profile() && dims_ == dims) return found_;
  generation_ = state.generation();
  profile_ = shapes.profile();
  dims_ = std::move(dims);
  const auto plan = state.plan();
  const auto engine = std::make_shared<const tenon::Engine>(state.specializer(profile_, log_)->for_dims(dims_));
  std::shared_ptr<const core::Built> best(engine, &engine->impl().built);
  found_ = best->program == plan->engines[profile_].program ? nullptr : best;
  return best;
}

}  // namespace tenon::adapter
