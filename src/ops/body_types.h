#pragma once
#include <map>
#include <set>
#include <span>

#include "base/error.h"
#include "base/threads.h"
#include "ir/graph.h"

namespace tenon::core {

/// Types across the border between a graph and the bodies that its nodes hold. The symbols of a body's outputs that are
/// not symbols of its inputs mean nothing outside. The symbols in a sequence's or optional's element type stand for
/// each element alone, so they mean nothing outside that type either.
using FreshDim = FunctionRef<Dim(std::string_view hint)>;

/// The types of a body's outputs when its inputs have these types.
std::vector<Type> body_types(const Graph& body, std::span<const Type> inputs);
/// The same; nothing when the dims of `inputs` contradict the body, which is right under others: it can't run on these,
/// and may be one that never does. Element types and ranks that the body does not take are errors all the same.
std::optional<std::vector<Type>> try_body_types(const Graph& body, std::span<const Type> inputs);
/// The type of output `output` when the inputs are these values, as far as the symbols of the inputs' dims tell it: what a
/// loop without a trip stacks.
Type output_type_at(const Graph& body, size_t output, std::span<const HostValue> inputs);
/// True for an error that says that shapes do not go together.
bool is_contradiction(const Error&);

/// Types outside for types inside a body: symbols that the outer inputs do not have become fresh ones, equal ones
/// equal.
class LiftTypes {
 public:
  LiftTypes(std::span<const Type> outer_inputs, FreshDim fresh);
  Type operator()(const Type& inner);

 private:
  std::set<std::string> outer_;
  std::map<std::string, Dim> lifted_;
  FreshDim fresh_;
};

/// A type that both refine: fresh dims where dims differ, no rank where ranks differ. Fails when kinds or element types
/// differ; `what` names the value.
Type merge_types(const Type& a, const Type& b, FreshDim fresh, std::string_view what);

/// The type of one element of a sequence or optional: its open dims are fresh symbols.
Type element_type(const Type& container, FreshDim fresh);

/// The types of loop-carried values: widened after each look at the body until its outputs refine them.
class CarriedTypes {
 public:
  explicit CarriedTypes(std::vector<Type> initial);
  const std::vector<Type>& types() const { return types_; }
  /// `after`: what the body makes of `types()`. True when they were widened and the body must be looked at again.
  bool widen(std::span<const Type> after, FreshDim fresh);

 private:
  bool widen_one(size_t i, const Type& after, FreshDim fresh);
  std::vector<Type> types_;
  std::set<std::pair<size_t, int>> open_;  // value, axis: fresh symbols already
};

}  // namespace tenon::core
