#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

using PackedFloats = std::shared_ptr<const std::vector<float>>;

/// The constant input `weights`, [columns, ...], in panels for `cpu::multiply_packed`.
PackedFloats packed_panels(const PrepareContext&, int weights);
/// The constant input `weights` of a depthwise convolution, [channels, 1, places...], as [places...][channels].
PackedFloats packed_places(const PrepareContext&, int weights);

}  // namespace tenon::core
