#include "ops/random.h"

#include "onnx/ops_linear.h"
#include "ops/shape.h"

namespace tenon::core {
namespace {

RandomSource source_of(ImportContext& cx) {
  RandomSource source;
  source.has_seed = cx.has_attribute("seed");
  source.seed = cx.real("seed", 0);
  source.stream = cx.graph().capacity();
  return source;
}

void add_random(ImportContext& cx, RandomKind kind, DType dtype, Value shape) {
  Random op;
  op.kind = kind;
  const bool normal = kind == RandomKind::normal;
  op.a = normal ? cx.real("mean", 0) : cx.real("low", 0);
  op.b = normal ? cx.real("scale", 1) : cx.real("high", 1);
  op.dtype = dtype;
  op.source = source_of(cx);
  cx.output(0, cx.add(op, {shape}));
}

template <RandomKind kind>
void import_random(ImportContext& cx) {
  add_random(cx, kind, cx.dtype("dtype", DType::f32), cx.constant_i64(cx.integers("shape")));
}

template <RandomKind kind>
void import_random_like(ImportContext& cx) {
  const Value like = cx.required(0, "input");
  const DType own = cx.fact(like).dtype();
  add_random(cx, kind, cx.dtype("dtype", is_float(own) ? own : DType::f32), cx.add(ShapeOf(), {like}));
}

void import_bernoulli(ImportContext& cx) {
  Bernoulli op;
  op.dtype = cx.dtype("dtype", DType::none);
  op.source = source_of(cx);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

void import_multinomial(ImportContext& cx) {
  Multinomial op;
  op.samples = cx.integer("sample_size", 1);
  op.dtype = cx.dtype("dtype", DType::i32);
  op.source = source_of(cx);
  cx.output(0, cx.add(op, {cx.required(0, "input")}));
}

}  // namespace

void register_random(ImportTable& table) {
  table.add("", "RandomUniform", import_random<RandomKind::uniform>);
  table.add("", "RandomNormal", import_random<RandomKind::normal>);
  table.add("", "RandomUniformLike", import_random_like<RandomKind::uniform>);
  table.add("", "RandomNormalLike", import_random_like<RandomKind::normal>);
  table.add("", "Bernoulli", import_bernoulli);
  table.add("", "Multinomial", import_multinomial);
}

}  // namespace tenon::core
