#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// A Fused body has at most this many nodes besides its inputs and constants; a longer chain is split there, in order.
inline constexpr int kMaxBodyNodes = 32;
inline constexpr int kMaxBodyInputs = 16;
inline constexpr int kMaxBodyOutputs = 4;

/// Groups of at least two connected pointwise nodes (Unary, Binary, Where, Clip, Cast) of one shape become Fused.
/// Every node is in one group only, so nothing is computed twice; values that others read are outputs of the group.
/// Constants of one element go into the body, other operands broadcast as its inputs. Shape arithmetic stays as it is.
void fuse_pointwise(Graph&, PassContext&);

}  // namespace tenon::core
