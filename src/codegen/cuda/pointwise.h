#pragma once
#include <string>

#include "codegen/loop_form.h"
#include "plan/choices.h"

namespace tenon::core::cuda {

/// The C++ name of an element type in kernels; empty when kernels have none.
std::string_view element_name(DType);

/// Kernels print this form: false, with a sentence, when an op or a type has no function there.
bool can_generate(const LoopForm&, std::string& why);

/// CUDA C++ that computes a form for any dims, to be compiled after the prelude. The entries `flat` (every operand has the
/// result's elements in its order, or one for all), `box` (any operands, `width` elements at a time) and `single` (any).
struct PointwiseText {
  std::string text;
  int64_t width = 1;
  std::vector<int> inputs;  // of the node, one for each operand in memory
};
PointwiseText pointwise_text(const LoopForm&, const Offer&);

}  // namespace tenon::core::cuda
