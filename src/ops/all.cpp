#include "ops/all.h"

#include "ir/graph.h"

namespace tenon::core {

const OpRegistry& op_registry() {
  static const OpRegistry registry = [] {
    OpRegistry r;
    r.add<ConstantOp>();
    register_pointwise_ops(r);
    register_spatial_ops(r);
    register_moving_ops(r);
    register_linear_ops(r);
    register_fused_ops(r);
    register_control_ops(r);
    return r;
  }();
  return registry;
}

}  // namespace tenon::core
