#pragma once
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// Moves a value in device memory from one format to another: layout and storage type. One input, one output.
/// The device that will run it is current; places are not looked at.
std::shared_ptr<const Executable> device_reorder(DType, const Dims&, const Format& from, const Format& to);

}  // namespace tenon::core::cuda
