#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

const Tactic& row_product_tactic();

}  // namespace tenon::core
