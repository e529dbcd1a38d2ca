#include "tactics/cuda/contract.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/list.h"
#include "tactics/cuda/packed_matmul.h"

namespace tenon::core::cuda {

std::vector<const Tactic*> generated_tactics() {
  return {
      &device_copy_tactic(),
      &device_softmax_tactic(),
      &device_layer_norm_tactic(),
      &device_reduce_tactic(),
      &device_gather_tactic(),
      &device_pick_tactic(),
      &device_resample_tactic(),
      &device_arg_reduce_tactic(),
      &device_scan_tactic(),
      &device_top_k_tactic(),
      &device_group_norm_tactic(),
      &device_lrn_tactic(),
      &device_quantize_tactic(),
      &device_position_tactic(),
      &device_rotary_tactic(),
      &device_recurrent_tactic(),
      &device_sample_tactic(),
      &device_scatter_tactic(),
      &device_packed_matmul_tactic(),
      &device_contract_tactic(),
      &generated_pointwise_tactic(),
  };
}

}  // namespace tenon::core::cuda
