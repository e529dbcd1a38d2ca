#pragma once
#include "ir/op.h"

namespace tenon::core {

/// What one run of an op computes at these dims, however it is computed: a multiplication and an addition count two,
/// any other function of a number (a comparison, exp) one. Moves, conversions of storage and searches count nothing.
/// Dims of absent inputs and of boxed values are empty. If counts its larger branch, Scan its body for each step, a
/// loop whose trips are not known its body once.
double count_flops(const Op&, std::span<const Dims> in, std::span<const Dims> out);

/// Elements of input `input` that one run reads: all of them, but of a lookup or a slice only what it gives.
double elements_read(const Op&, int input, std::span<const Dims> in, std::span<const Dims> out);
double element_count(const Dims&);

}  // namespace tenon::core
