#include "onnx/ops_control.h"
#include "ops/sequence.h"

namespace tenon::core {
namespace {

/// An op without fields whose inputs are those of the node.
template <class T>
void import_plain(ImportContext& cx) {
  cx.required(0, "the input");
  cx.outputs_of(cx.add(T{}, cx.inputs()));
}

void import_construct(ImportContext& cx) {
  for (int i = 0; i < cx.input_count(); ++i) cx.required(i, "an element");
  if (cx.input_count() == 0) fail(ErrorCode::invalid_model, "it has no inputs; at least one was expected");
  cx.outputs_of(cx.add(SequenceConstruct{}, cx.inputs()));
}

void import_empty(ImportContext& cx) {
  SequenceConstruct op;
  op.dtype = cx.dtype("dtype", DType::f32);
  cx.outputs_of(cx.add(std::move(op), {}));
}

void import_concat(ImportContext& cx) {
  ConcatFromSequence op;
  op.axis = cx.integer("axis");
  op.new_axis = cx.integer("new_axis", 0) != 0;
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "sequence")}));
}

void import_split(ImportContext& cx) {
  SplitToSequence op;
  op.axis = cx.integer("axis", 0);
  op.keepdims = cx.integer("keepdims", 1) != 0;
  cx.outputs_of(cx.add(std::move(op), {cx.required(0, "the input"), cx.input(1)}));
}

void import_optional(ImportContext& cx) {
  OptionalOf op;
  if (!cx.has(0)) {
    const Type type = cx.type("type");
    const bool is_sequence = type.kind == Type::Kind::sequence && type.element->is_tensor();
    if (!type.is_tensor() && !is_sequence)
      fail(ErrorCode::invalid_model,
           "without an input, its attribute 'type' must be a tensor or a sequence of tensors; found {}", type.str());
    op.sequence = is_sequence;
    op.dtype = is_sequence ? type.element->dtype : type.dtype;
  }
  cx.outputs_of(cx.add(std::move(op), cx.has(0) ? std::vector<Value>{cx.input(0)} : std::vector<Value>{}));
}

void import_has_element(ImportContext& cx) { cx.outputs_of(cx.add(OptionalHasElement{}, cx.inputs())); }

}  // namespace

void register_sequences(ImportTable& table) {
  table.add("", "SequenceConstruct", import_construct);
  table.add("", "SequenceEmpty", import_empty);
  table.add("", "SequenceAt", import_plain<SequenceAt>);
  table.add("", "SequenceInsert", import_plain<SequenceInsert>);
  table.add("", "SequenceErase", import_plain<SequenceErase>);
  table.add("", "SequenceLength", import_plain<SequenceLength>);
  table.add("", "ConcatFromSequence", import_concat);
  table.add("", "SplitToSequence", import_split);
  table.add("", "Optional", import_optional);
  table.add("", "OptionalGetElement", import_plain<OptionalGetElement>);
  table.add("", "OptionalHasElement", import_has_element);
}

}  // namespace tenon::core
