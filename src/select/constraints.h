#pragma once
#include "base/log.h"
#include "select/candidates.h"
#include "tenon/options.h"

namespace tenon::core {

/// Leaves those offers of named nodes that have the types the user wants. A node that would have none left keeps all, with a
/// warning; under `obey` that is an error. "*" stands for all nodes that no entry names; later entries win. Fails for a name
/// that no node of the model has.
void constrain(Candidates&, const Graph&, const std::vector<LayerTypes>&, bool obey, const Log&);

}  // namespace tenon::core
