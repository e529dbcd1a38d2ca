#include "ops/sequence.h"

#include <algorithm>

#include "ops/body_types.h"
#include "ops/infer_util.h"
#include "ops/stack.h"
#include "ops/strided.h"

namespace tenon::core {
namespace {

using Sequence = std::vector<Tensor>;

void expect_sequence(const InferContext& cx) {
  if (cx.input(0).type.kind != Type::Kind::sequence)
    fail(ErrorCode::invalid_model, "the first input must be a sequence; found {}", cx.input(0).type.str());
}

/// The position input as a number in [0, size).
size_t position(const EvalContext& cx, int input, size_t size) {
  const auto values = to_int64s(cx.tensor(input));
  if (values.size() != 1) fail(ErrorCode::runtime_value, "the position must have one element; found {}", values.size());
  const auto count = static_cast<int64_t>(size);
  if (values[0] < -count || values[0] >= count)
    fail(ErrorCode::runtime_index, "position {} is outside a sequence of {} elements", values[0], size);
  return static_cast<size_t>(values[0] < 0 ? values[0] + count : values[0]);
}

/// Sizes of the parts of an axis of `length`.
std::vector<int64_t> part_sizes(const EvalContext& cx, int64_t length) {
  const auto given = cx.has(1) ? to_int64s(cx.tensor(1)) : std::vector<int64_t>{1};
  int64_t sum = 0;
  for (int64_t size : given) {
    if (size < 0) fail(ErrorCode::runtime_value, "a part of size {} is asked for", size);
    sum = checked_add(sum, size);
  }
  if (cx.has(1) && cx.tensor(1).rank() > 0) {
    if (sum != length) fail(ErrorCode::runtime_value, "the parts have {} elements together, the axis {}", sum, length);
    return given;
  }
  if (sum == 0) fail(ErrorCode::runtime_value, "parts of size 0 are asked for");
  std::vector<int64_t> sizes;
  for (int64_t begin = 0; begin < length; begin += std::min(sum, length - begin))
    sizes.push_back(std::min(sum, length - begin));
  return sizes;
}

/// The size that all parts have, where that is known.
std::optional<Dim> common_part_size(const InferContext& cx, const Dim& length) {
  if (!cx.has(1)) return Dim(1);
  const auto sizes = cx.input(1).numbers();
  if (!sizes || sizes->empty() || !cx.input(1).type.ranked) return std::nullopt;
  for (int64_t size : *sizes)
    if (size != (*sizes)[0]) return std::nullopt;
  const bool even = cx.input(1).rank() > 0 || (*sizes)[0] == 1 ||
                    (length.is_const() && (*sizes)[0] > 0 && length.value() % (*sizes)[0] == 0);
  return even ? std::optional<Dim>((*sizes)[0]) : std::nullopt;
}

}  // namespace

std::vector<Fact> SequenceConstruct::infer(InferContext& cx) const {
  if (cx.size() == 0) return {Type::sequence(Type::unranked(dtype))};
  Type element = cx.input(0).type;
  for (int i = 0; i < cx.size(); ++i) {
    expect_tensor(cx, i, "each element");
    const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
    element = merge_types(element, cx.input(i).type, fresh, "the type of the elements");
  }
  return {Type::sequence(element)};
}

std::vector<HostValue> SequenceConstruct::evaluate(const EvalContext& cx) const {
  Sequence sequence;
  for (int i = 0; i < cx.size(); ++i) sequence.push_back(cx.tensor(i));
  return {sequence};
}

std::vector<Fact> SequenceAt::infer(InferContext& cx) const {
  expect_sequence(cx);
  expect_dtype(cx, 1, "the position", {DType::i32, DType::i64});
  return {element_type(cx.input(0).type, [&](std::string_view hint) { return cx.unknown(hint); })};
}

std::vector<HostValue> SequenceAt::evaluate(const EvalContext& cx) const {
  const Sequence& sequence = cx.sequence(0);
  return {sequence[position(cx, 1, sequence.size())]};
}

std::vector<Fact> SequenceInsert::infer(InferContext& cx) const {
  expect_sequence(cx);
  expect_tensor(cx, 1, "the inserted value");
  if (cx.has(2)) expect_dtype(cx, 2, "the position", {DType::i32, DType::i64});
  const auto fresh = [&](std::string_view hint) { return cx.unknown(hint); };
  return {Type::sequence(merge_types(*cx.input(0).type.element, cx.input(1).type, fresh, "the type of the elements"))};
}

std::vector<HostValue> SequenceInsert::evaluate(const EvalContext& cx) const {
  Sequence sequence = cx.sequence(0);
  const size_t size = sequence.size();
  // One more place than elements; -1 is before the last element, though.
  size_t at = size;
  if (cx.has(2)) {
    const auto values = to_int64s(cx.tensor(2));
    const bool at_end = values.size() == 1 && values[0] == static_cast<int64_t>(size);
    if (!at_end) at = position(cx, 2, size);
  }
  sequence.insert(sequence.begin() + static_cast<std::ptrdiff_t>(at), cx.tensor(1));
  return {sequence};
}

std::vector<Fact> SequenceErase::infer(InferContext& cx) const {
  expect_sequence(cx);
  if (cx.has(1)) expect_dtype(cx, 1, "the position", {DType::i32, DType::i64});
  return {cx.input(0).type};
}

std::vector<HostValue> SequenceErase::evaluate(const EvalContext& cx) const {
  Sequence sequence = cx.sequence(0);
  if (sequence.empty()) fail(ErrorCode::runtime_index, "nothing can be erased from an empty sequence");
  const size_t at = cx.has(1) ? position(cx, 1, sequence.size()) : sequence.size() - 1;
  sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(at));
  return {sequence};
}

std::vector<Fact> SequenceLength::infer(InferContext& cx) const {
  expect_sequence(cx);
  return {Fact::tensor(DType::i64, {})};
}

std::vector<HostValue> SequenceLength::evaluate(const EvalContext& cx) const {
  return {tensor_of<int64_t>({}, {static_cast<int64_t>(cx.sequence(0).size())})};
}

std::vector<Fact> ConcatFromSequence::infer(InferContext& cx) const {
  expect_sequence(cx);
  Type type = element_type(cx.input(0).type, [&](std::string_view hint) { return cx.unknown(hint); });
  if (!type.ranked) return {type};
  const int64_t at = resolve_axis(axis, type.rank() + (new_axis ? 1 : 0));
  if (new_axis)
    type.shape.insert(type.shape.begin() + at, cx.unknown("count"));
  else
    type.shape[at] = cx.unknown("count");
  return {type};
}

std::vector<HostValue> ConcatFromSequence::evaluate(const EvalContext& cx) const {
  const Sequence& sequence = cx.sequence(0);
  if (sequence.empty()) fail(ErrorCode::runtime_value, "an empty sequence can't be concatenated");
  if (!new_axis) return {concatenate(sequence, axis, cx.threads())};
  return {stack(sequence, axis, Type::unranked(sequence[0].dtype()), cx.threads())};
}

std::vector<Fact> SplitToSequence::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the input", 1);
  if (cx.has(1)) expect_dtype(cx, 1, "the split", {DType::i32, DType::i64});
  Type type = cx.input(0).type;
  if (!type.ranked) return {Type::sequence(type)};
  const int64_t at = resolve_axis(axis, type.rank());
  if (!cx.has(1) && !keepdims) {
    type.shape.erase(type.shape.begin() + at);
  } else {
    const auto size = common_part_size(cx, type.shape[at]);
    type.shape[at] = size ? *size : cx.unknown("part");
  }
  return {Type::sequence(type)};
}

std::vector<HostValue> SplitToSequence::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const int64_t at = resolve_axis(axis, x.rank());
  const Dims strides = strides_of(x.dims());
  Sequence sequence;
  int64_t begin = 0;
  for (int64_t size : part_sizes(cx, x.dim(at))) {
    Dims dims = x.dims();
    dims[at] = size;
    Tensor part = gather_strided(x, dims, strides, begin * strides[at], cx.threads());
    begin += size;
    if (!cx.has(1) && !keepdims) {
      dims.erase(dims.begin() + at);
      part = part.reshaped(dims);
    }
    sequence.push_back(std::move(part));
  }
  return {sequence};
}

std::vector<Fact> OptionalOf::infer(InferContext& cx) const {
  if (cx.has(0)) return {Type::optional(cx.input(0).type)};
  const Type tensor = Type::unranked(dtype);
  return {Type::optional(sequence ? Type::sequence(tensor) : tensor)};
}

std::vector<HostValue> OptionalOf::evaluate(const EvalContext& cx) const {
  return {cx.size() > 0 ? cx.value(0) : HostValue()};
}

std::vector<Fact> OptionalGetElement::infer(InferContext& cx) const {
  const Type& type = cx.input(0).type;
  if (!type.present()) fail(ErrorCode::invalid_model, "the input is missing");
  if (type.kind != Type::Kind::optional) return {type};
  return {element_type(type, [&](std::string_view hint) { return cx.unknown(hint); })};
}

std::vector<HostValue> OptionalGetElement::evaluate(const EvalContext& cx) const {
  if (!cx.has(0)) fail(ErrorCode::runtime_value, "the optional is empty");
  return {cx.value(0)};
}

std::vector<Fact> OptionalHasElement::infer(InferContext&) const { return {Fact::tensor(DType::boolean, {})}; }

std::vector<HostValue> OptionalHasElement::evaluate(const EvalContext& cx) const {
  return {tensor_of<bool>({}, {cx.has(0)})};
}

void register_sequence_ops(OpRegistry& registry) {
  registry.add<SequenceConstruct>();
  registry.add<SequenceAt>();
  registry.add<SequenceInsert>();
  registry.add<SequenceErase>();
  registry.add<SequenceLength>();
  registry.add<ConcatFromSequence>();
  registry.add<SplitToSequence>();
  registry.add<OptionalOf>();
  registry.add<OptionalGetElement>();
  registry.add<OptionalHasElement>();
}

}  // namespace tenon::core
