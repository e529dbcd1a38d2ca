#pragma once
#include "ir/graph.h"

namespace tenon::core {

/// Keeps the named float constants of a model exchangeable: no rewrite relies on their values.
void make_refittable(Graph&);
/// Some constant follows from weights that may be exchanged.
bool has_refittable_weights(const Graph&);

}  // namespace tenon::core
