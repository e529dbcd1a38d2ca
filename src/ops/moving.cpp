#include "ops/all.h"
#include "ops/index.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

template <class... Ops>
void add_all(OpRegistry& registry) {
  (registry.add<Ops>(), ...);
}

}  // namespace

void register_moving_ops(OpRegistry& registry) {
  add_all<Reshape, Transpose, Squeeze, Unsqueeze, Flatten, Concat, Split, Slice, Expand, Tile, Pad, ShapeOf, SizeOf,
          ConstantOfShape, Range, EyeLike, Trilu, DepthToSpace, SpaceToDepth, CenterCropPad, ReverseSequence>(registry);
  add_all<Gather, GatherElements, GatherND, ScatterElements, ScatterND, TensorScatter, OneHot, NonZero, Unique,
          Compress, NonMaxSuppression>(registry);
  add_all<Reduce, ArgReduce, TopK, Cumulative>(registry);
}

}  // namespace tenon::core
