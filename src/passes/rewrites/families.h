#pragma once
#include "passes/rewrite.h"

namespace tenon::core {

/// x + 0, x * 1, relu of relu, casts and bounds that change nothing, and one spelling for what has several.
Rewrites identity_rules();
/// Reshape family to one Reshape, transposes combined, moves that move nothing.
Rewrites movement_rules();
/// Batch normalization, scales and shifts into the weights and biases of convolutions and matrix products.
Rewrites scale_rules();
/// Sums and activations into the node before.
Rewrites epilogue_rules();

}  // namespace tenon::core
