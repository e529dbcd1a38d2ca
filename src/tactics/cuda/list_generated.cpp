#include "tactics/cuda/generated.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {

std::vector<const Tactic*> generated_tactics() {
  return {
      &device_copy_tactic(),
      &device_softmax_tactic(),
      &device_layer_norm_tactic(),
      &device_reduce_tactic(),
      &device_gather_tactic(),
      &generated_pointwise_tactic(),
  };
}

}  // namespace tenon::core::cuda
