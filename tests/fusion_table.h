#pragma once
#include <span>
#include <string>
#include <string_view>

namespace tenon::core {

/// One fusion of TensorRT 8's guide: what becomes of it here, an example, and one that a condition refuses.
struct Fusion {
  std::string_view guide;      // as the guide names it
  std::string_view equation;   // the rewrite that does it
  std::string_view condition;  // when
  std::string_view before;     // an example in the text form
  int nodes;                   // of the optimized graph, inputs and constants left out
  std::string_view refused;    // a near miss in the text form; empty where there is none
  std::string_view reason;     // in the near miss's sentence; empty: the pattern is not there at all
};

std::span<const Fusion> fusion_table();
/// docs/fusions.md
std::string fusions_page();

}  // namespace tenon::core
