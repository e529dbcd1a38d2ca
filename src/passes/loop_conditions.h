#pragma once
#include "ops/control.h"
#include "passes/match.h"

namespace tenon::core {

inline bool is_true(const Graph& g, Value v) {
  const auto number = uniform(g, v);
  return number && *number != 0;
}

/// The condition that a Loop's body gives is true, or the one it got.
inline bool stays_true(const Graph& body) {
  Value v = body.outputs()[0];
  while (is<Identity>(body, v)) v = input(body, v);
  return v == body.inputs()[1] || is_true(body, v);
}

}  // namespace tenon::core
