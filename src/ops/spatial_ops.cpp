#include "ops/all.h"
#include "ops/conv.h"
#include "ops/conv_integer.h"
#include "ops/deform_conv.h"
#include "ops/fold.h"
#include "ops/loss.h"
#include "ops/normalize.h"
#include "ops/resize.h"
#include "ops/roi.h"
#include "ops/sample.h"

namespace tenon::core {

void register_spatial_ops(OpRegistry& registry) {
  registry.add<Conv>();
  registry.add<ConvTranspose>();
  registry.add<ConvInteger>();
  registry.add<DeformConv>();
  registry.add<Pool>();
  registry.add<MaxUnpool>();
  registry.add<Col2Im>();
  registry.add<Softmax>();
  registry.add<Hardmax>();
  registry.add<LayerNorm>();
  registry.add<GroupNorm>();
  registry.add<BatchNorm>();
  registry.add<LpNorm>();
  registry.add<LRN>();
  registry.add<Resize>();
  registry.add<GridSample>();
  registry.add<AffineGrid>();
  registry.add<RoiAlign>();
  registry.add<MaxRoiPool>();
  registry.add<NegativeLogLikelihood>();
}

}  // namespace tenon::core
