#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

const Tactic& stem_tactic();
const Tactic& joined_conv_tactic();
const Tactic& bottleneck_tactic();

}  // namespace tenon::core
