#pragma once
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// The GPU's tactics, best first: of NVIDIA's libraries, our own kernels, and generated ones. Each list has a file: list_*.cpp.
std::vector<const Tactic*> library_tactics();
std::vector<const Tactic*> own_tactics();
std::vector<const Tactic*> generated_tactics();

}  // namespace tenon::core::cuda
