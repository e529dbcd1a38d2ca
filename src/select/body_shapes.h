#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// What the symbols of a body of an If, Loop or Scan stand for in its first trip, when the node's values have these
/// dims. `body` counts the node's graphs. Symbols that nothing binds are left out.
Bindings body_bindings(const Node&, size_t body, const NodeShapes&);

}  // namespace tenon::core
