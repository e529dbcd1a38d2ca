#include <array>

#include "tactics/all.h"
#include "tactics/own_convs.h"
#include "tactics/row_product.h"

namespace tenon::core {

namespace {
std::vector<const Tactic*>& cuda_tactics() {
  static std::vector<const Tactic*> list;
  return list;
}
}  // namespace

void set_cuda_tactics(std::vector<const Tactic*> tactics) { cuda_tactics() = std::move(tactics); }

std::span<const Tactic* const> tactics_for(std::string_view device_kind) {
  // clang-format off
  static const std::array cpu{
      &view_tactic(),
      &parts_tactic(),
      &copy_tactic(),
      &transposed_view_tactic(),
      &gather_tactic(),
      &gather_nd_tactic(),
      &scatter_tactic(),
      &onednn_conv_tactic(),
      &winograd_tactic(),
      &depthwise_tactic(),
      &stem_tactic(),
      &joined_conv_tactic(),
      &bottleneck_tactic(),
      &onednn_deconv_tactic(),
      &onednn_matmul_tactic(),
      &row_product_tactic(),
      &reduce_tactic(),
      &onednn_pool_tactic(),
      &attention_tactic(),
      &recurrent_tactic(),
      &softmax_tactic(),
      &layer_norm_tactic(),
      &group_norm_tactic(),
      &lrn_tactic(),
      &lp_norm_tactic(),
      &rotary_tactic(),
      &resize_tactic(),
      &order_tactic(),
      &scan_tactic(),
      &query_tactic(),
      &pointwise_tactic(),
      &bodies_tactic(),
      &reference_tactic(),
  };
  static const std::array null{
      &view_tactic(),
      &bodies_tactic(),
      &reference_tactic(),
  };
  // clang-format on
  if (device_kind == "cuda") return cuda_tactics();
  if (device_kind == "cpu") return cpu;
  if (device_kind == "null") return null;
  return {};
}

}  // namespace tenon::core
