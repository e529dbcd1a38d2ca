#include "select/select.h"

#include "base/error.h"

namespace tenon::core {

Selection select(const EngineData& data, const Candidates& candidates, std::shared_ptr<Threads> threads, const SelectOptions& options, const Log&) {
  Selection selection;
  selection.choices = options.chaos_seed >= 0 ? random_offers(candidates, static_cast<uint64_t>(options.chaos_seed)) : first_offers(candidates);
  selection.program = std::make_shared<const Program>(Program::Setup{data.graph, selection.choices, data.device, data.options}, std::move(threads), std::make_shared<Weights>());
  return selection;
}

}  // namespace tenon::core
