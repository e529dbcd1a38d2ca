#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

using PackedFloats = std::shared_ptr<const float>;

/// A form of the constant input `input` with `count` floats, zeros before `pack` writes them. The key names the form completely.
PackedFloats packed_floats(const PrepareContext&, int input, const std::string& key, int64_t count, FunctionRef<void(const Tensor&, float*)> pack);
/// The constant input `weights`, [columns, ...], in panels for `cpu::multiply_packed`.
PackedFloats packed_panels(const PrepareContext&, int weights);
/// The constant input `weights` of a depthwise convolution, [channels, 1, places...], as [places...][channels].
PackedFloats packed_places(const PrepareContext&, int weights);

}  // namespace tenon::core
