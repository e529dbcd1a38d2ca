#pragma once
#include "passes/rewrite.h"

namespace tenon::core {

/// x + 0, x * 1, relu of relu, casts and bounds that change nothing, and one spelling for what has several.
Rewrites identity_rules();
/// Reshape family to one Reshape, transposes combined, moves that move nothing.
Rewrites movement_rules();
/// Expand below what reads it, so that the part that is not repeated folds; lookups of every element at its place.
Rewrites expand_rules();
/// Lookups: one-hot products, and pointwise functions of looked-up rows.
Rewrites gather_rules();
/// Products with weights that are all zero.
Rewrites zero_rules();
/// Chains of transposes and reshapes around matrix products and lookups, to one transpose each.
Rewrites chain_rules();
/// Reshapes and transposes below the pointwise nodes that read them, where they cancel.
Rewrites sinking_rules();
/// Batch normalization, scales and shifts into the weights and biases of convolutions and matrix products.
Rewrites scale_rules();
/// Padding into the pads of convolutions and pools.
Rewrites padding_rules();
/// Transposes and reshapes around matrix products.
Rewrites matmul_rules();
/// L1, L2, sum of squares, log-sum and log-sum-exp from their parts; reductions of transposed values.
Rewrites reduction_rules();
/// A mean over H and W as a pool: after the patterns that look for means.
Rewrites pool_rules();
Rewrites softmax_rules();
/// GELU, SiLU, Mish and their kin from the nodes that exporters write.
Rewrites activation_rules();
/// LayerNorm, RMSNorm, GroupNorm and LpNorm from the nodes that exporters write.
Rewrites norm_rules();
/// LayerNorm from the mean and the mean square, as exporters of TensorFlow and JAX write it.
Rewrites moment_rules();
/// Rotary embeddings from the slices, products and joins that exporters write.
Rewrites rotary_rules();
/// Attention from its matrix products and softmax.
Rewrites attention_rules();
/// Sums and activations into the node before.
Rewrites epilogue_rules();

}  // namespace tenon::core
