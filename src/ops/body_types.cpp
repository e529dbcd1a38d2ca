#include "ops/body_types.h"

#include <algorithm>

namespace tenon::core {
namespace {

bool same_dims(const Type& a, const Type& b) {
  return a.ranked == b.ranked && a.rank() == b.rank() &&
         std::equal(a.shape.begin(), a.shape.end(), b.shape.begin(), known_equal);
}

bool same_but_dims(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.dtype != b.dtype) return false;
  return !a.ranked || !b.ranked || a.rank() == b.rank();
}

/// For types whose symbols stand for themselves alone.
bool covers(const Type& wide, const Type& narrow) {
  if (wide.kind == Type::Kind::optional && narrow.kind != Type::Kind::optional) return covers(*wide.element, narrow);
  if (wide.kind != narrow.kind || wide.dtype != narrow.dtype) return false;
  if (wide.element) return covers(*wide.element, *narrow.element);
  if (!wide.ranked) return true;
  if (!narrow.ranked || wide.rank() != narrow.rank()) return false;
  for (int i = 0; i < wide.rank(); ++i)
    if (wide.shape[i].is_const() && !known_equal(wide.shape[i], narrow.shape[i])) return false;
  return true;
}

}  // namespace

std::vector<Type> body_types(const Graph& body, std::span<const Type> inputs) {
  assume(inputs.size() == body.inputs().size(), "a body has an input for each value given to it");
  const auto outputs_of = [](const Graph& g) {
    std::vector<Type> types;
    for (Value v : g.outputs()) types.push_back(g.type(v));
    return types;
  };
  bool same = true;
  for (size_t i = 0; i < inputs.size(); ++i) same = same && body.type(body.inputs()[i]) == inputs[i];
  if (same) return outputs_of(body);
  Graph copy = body;
  for (size_t i = 0; i < inputs.size(); ++i) copy.set_input_type(static_cast<int>(i), inputs[i]);
  copy.reinfer();
  return outputs_of(copy);
}

bool is_contradiction(const Error& e) {
  return e.code() == ErrorCode::shape_mismatch || e.code() == ErrorCode::invalid_model;
}

std::optional<std::vector<Type>> try_body_types(const Graph& body, std::span<const Type> inputs) {
  try {
    return body_types(body, inputs);
  } catch (const Error& e) {
    if (!is_contradiction(e)) throw;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!same_but_dims(body.type(body.inputs()[i]), inputs[i])) throw;
    return std::nullopt;
  }
}

LiftTypes::LiftTypes(std::span<const Type> outer_inputs, FreshDim fresh) : fresh_(fresh) {
  for (const Type& type : outer_inputs)
    for (const Dim& d : type.shape) d.collect_symbols(outer_);
}

Type LiftTypes::operator()(const Type& inner) {
  if (!inner.is_tensor()) return inner;
  Type outer = inner;
  for (Dim& d : outer.shape) {
    std::set<std::string> symbols;
    d.collect_symbols(symbols);
    for (const auto& s : symbols)
      if (!outer_.count(s) && !lifted_.count(s)) lifted_.emplace(s, fresh_(s));
    d = d.substitute(lifted_);
  }
  return outer;
}

Type merge_types(const Type& a, const Type& b, FreshDim fresh, std::string_view what) {
  const bool one_is_optional = (a.kind == Type::Kind::optional) != (b.kind == Type::Kind::optional);
  if (one_is_optional && a.kind == Type::Kind::optional) return Type::optional(merge_types(*a.element, b, fresh, what));
  if (one_is_optional) return Type::optional(merge_types(a, *b.element, fresh, what));
  if (a.kind != b.kind || a.dtype != b.dtype)
    fail(ErrorCode::invalid_model, "{} is {} on one way and {} on the other; one type was expected", what, a.str(),
         b.str());
  if (a.kind == Type::Kind::sequence) return Type::sequence(merge_types(*a.element, *b.element, fresh, what));
  if (a.kind == Type::Kind::optional) return Type::optional(merge_types(*a.element, *b.element, fresh, what));
  if (!a.ranked || !b.ranked || a.rank() != b.rank()) return Type::unranked(a.dtype);
  Type merged = a;
  for (int i = 0; i < a.rank(); ++i)
    if (!known_equal(a.shape[i], b.shape[i])) merged.shape[i] = fresh("merged");
  return merged;
}

Type element_type(const Type& container, FreshDim fresh) {
  Type type = *container.element;
  for (Dim& d : type.shape)
    if (!d.is_const()) d = fresh("element");
  return type;
}

CarriedTypes::CarriedTypes(std::vector<Type> initial) : types_(std::move(initial)) {}

bool CarriedTypes::widen(std::span<const Type> after, FreshDim fresh) {
  assume(after.size() == types_.size(), "a loop body gives as many carried values as it takes");
  bool changed = false;
  for (size_t i = 0; i < types_.size(); ++i) changed = widen_one(i, after[i], fresh) || changed;
  return changed;
}

Type output_type_at(const Graph& body, size_t output, std::span<const HostValue> inputs) {
  std::map<std::string, Dim> dims;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Type& type = body.type(body.inputs()[i]);
    const Tensor* t = std::get_if<Tensor>(&inputs[i]);
    if (!t || !type.is_tensor() || type.rank() != t->rank()) continue;
    for (int axis = 0; axis < type.rank(); ++axis)
      if (const auto symbol = type.shape[axis].as_symbol()) dims.emplace(*symbol, Dim(t->dim(axis)));
  }
  Type type = body.type(body.outputs()[output]);
  for (Dim& d : type.shape) d = d.substitute(dims);
  return type;
}

bool CarriedTypes::widen_one(size_t i, const Type& after, FreshDim fresh) {
  Type& type = types_[i];
  const std::string what = fmt::format("the loop-carried value {}", i);
  if (!type.is_tensor() || !after.is_tensor()) {
    if (covers(type, after)) return false;
    type = merge_types(type, after, fresh, what);
    return true;
  }
  if (after.dtype != type.dtype)
    fail(ErrorCode::invalid_model, "{} begins as {} but is {} after an iteration", what, type.str(), after.str());
  if (!type.ranked || same_dims(type, after)) return false;
  if (!after.ranked || after.rank() != type.rank()) {
    type = Type::unranked(type.dtype);
    return true;
  }
  bool changed = false;
  for (int axis = 0; axis < type.rank(); ++axis) {
    if (known_equal(type.shape[axis], after.shape[axis]) || !open_.insert({i, axis}).second) continue;
    type.shape[axis] = fresh("carried");
    changed = true;
  }
  return changed;
}

}  // namespace tenon::core
