#pragma once
#include "tactics/onednn/common.h"

namespace tenon::core::onednn {

/// y = activation(x + residual) behind a primitive, where the residual is another tensor of y's shape, or lies in y.
struct Epilogue {
  Activation activation;
  int residual = -1;  // its input; -1: none
  bool sum = false;   // the residual lies in the output (a `sum` post-op), copied there first if it does not

  /// Adds the operations to the attributes; `desc` describes the residual's part that belongs to the piece.
  bool append(dnnl::primitive_attr&, const Desc& desc, std::string& why) const;
  /// Binds the residual for the operation that `append` added at place `place` of the post-ops.
  void bind(Piece&, int place, const Desc& desc, int64_t offset) const;
};

}  // namespace tenon::core::onednn
