#include "tactics/cuda/libraries.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {

std::vector<const Tactic*> library_tactics() {
  return {&cudnn_conv_tactic(), &cublaslt_conv_tactic(), &cudnn_attention_tactic(), &cublaslt_matmul_tactic(), &cudnn_matmul_tactic()};
 }

}  // namespace tenon::core::cuda
