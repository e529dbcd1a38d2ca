#include "tactics/onednn/post_ops.h"

namespace tenon::core::onednn {

bool Epilogue::append(dnnl::primitive_attr& attr, const Desc& desc, std::string& why) const {
  dnnl::post_ops ops = attr.get_post_ops();
  if (residual >= 0 && sum) ops.append_sum();
  if (residual >= 0 && !sum) ops.append_binary(dnnl::algorithm::binary_add, desc);
  if (!append_activation(ops, activation, why)) return false;
  attr.set_post_ops(ops);
  return true;
}

void Epilogue::bind(Piece& piece, int place, const Desc& desc, int64_t offset) const {
  if (residual < 0) return;
  if (sum) {
    piece.prefill = {residual, 0, offset, static_cast<int64_t>(desc.get_size())};
  } else {
    piece.bindings.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(place) | DNNL_ARG_SRC_1, desc, Binding::From::input,
                              residual, offset, nullptr});
  }
}

}  // namespace tenon::core::onednn
