#include "tactics/cuda/generated.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {

std::vector<const Tactic*> generated_tactics() {
  return {
      &device_copy_tactic(),
      &generated_pointwise_tactic(),
  };
}

}  // namespace tenon::core::cuda
