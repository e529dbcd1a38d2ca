#include "tactics/cuda/list.h"
#include "tactics/cuda/own.h"

namespace tenon::core::cuda {

std::vector<const Tactic*> own_tactics() {
  return {
      &own_stem_tactic(), &own_depthwise_tactic(), &own_depthwise_tile_tactic(), &own_expand_tactic(), &own_conv_tactic(), &own_matmul_tactic(), &own_attention_tactic(), &own_pool_tactic(), &own_squeeze_tactic(),
  };
}

}  // namespace tenon::core::cuda
