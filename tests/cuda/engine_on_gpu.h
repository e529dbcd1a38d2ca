#pragma once
#include "build/build.h"
#include "runtime/execution.h"

namespace tenon::core::cuda {

/// y = softmax(x times a matrix), x: f32[32,256]; kernels are first guesses.
Built small_engine(int gpu);
/// The input that `small_result` is of.
Tensor small_input();
/// Runs a new context; the bytes of its output.
std::vector<std::byte> small_result(const Built&);

}  // namespace tenon::core::cuda
