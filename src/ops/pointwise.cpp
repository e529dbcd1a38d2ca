#include "ops/pointwise.h"

#include "ops/all.h"
#include "ops/quantize.h"

namespace tenon::core {

void register_pointwise_ops(OpRegistry& registry) {
  registry.add<Unary>();
  registry.add<Binary>();
  registry.add<Where>();
  registry.add<Clip>();
  registry.add<Cast>();
  registry.add<BitCast>();
  registry.add<Identity>();
  registry.add<Dropout>();
  registry.add<QuantizeLinear>();
  registry.add<DequantizeLinear>();
  registry.add<DynamicQuantizeLinear>();
}

}  // namespace tenon::core
