#include "ops/pointwise.h"

#include "ops/all.h"

namespace tenon::core {

void register_pointwise_ops(OpRegistry& registry) { registry.add<Identity>(); }

}  // namespace tenon::core
