#include <algorithm>

#include "base/error.h"
#include "nvinfer1/network/control.h"
#include "nvinfer1/network/network.h"
#include "ops/body_types.h"
#include "ops/control.h"
#include "ops/index.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Binary;
using core::Type;
using core::Value;
using B = core::BinaryKind;
using Code = nv::ErrorCode;

template <class I, class V>
LoopLayer<I, V>::LoopLayer(Network& network, nv::LayerType type, LoopImpl& loop, Inputs inputs, int outputs)
    : LayerOf<I, V>(network, type, std::move(inputs), outputs), loop_(loop) {
  this->mBoundary = static_cast<nv::apiv::VLoopBoundaryLayer*>(this);
}

template <class I, class V>
nv::ILoop* LoopLayer<I, V>::getLoop() const noexcept {
  return &loop_;
}

namespace {

[[noreturn]] void refuse_outside(const LayerBase& layer, const std::string& owner, const char* how) {
  refuse(Code::kINVALID_STATE, "the output of {} is used outside of its {}; take it out with {}", layer.describe(), owner, how);
}

Value placeholder(Lowering& l, const Type& type) { return l.graph.add_input(l.graph.fresh_symbol("body"), type); }

/// A rank-0 value of a tensor with one element.
Value scalar_of(Lowering& l, Value v) { return l.rank(v) == 0 ? v : l.reshaped(v, {}); }

}  // namespace

std::vector<Value> RecurrenceLayer::lower(Lowering& l) const {
  if (!l.types_only) refuse_outside(*this, "loop '" + loop_.name() + "'", "addLoopOutput");
  return {placeholder(l, l.graph.type(l.value(required(0))))};
}

std::vector<Value> IteratorLayer::lower(Lowering& l) const {
  const auto it = l.iterations.find(&loop_);
  if (it == l.iterations.end() && !l.types_only) refuse_outside(*this, "loop '" + loop_.name() + "'", "addLoopOutput");
  const Value all = l.value(required(0));
  const int rank = l.rank(all);
  const int64_t at = axis + l.lead();
  if (axis < 0 || at >= rank) refuse(Code::kINVALID_ARGUMENT, "its axis {} is not one of the tensor's {}", axis, rank - l.lead());
  if (it == l.iterations.end()) {
    Type type = l.graph.type(all);
    type.shape.erase(type.shape.begin() + at);
    return {placeholder(l, type)};
  }
  Value index = it->second;
  if (reverse) {
    core::ShapeOf length;
    length.start = at;
    length.end = at + 1;
    const Value last = l.add(Binary(B::sub), {l.squeezed(l.add(length, {all}), {0}), l.number(DType::i64, 1)});
    index = l.add(Binary(B::sub), {last, index});
  }
  core::Gather op;
  op.axis = at;
  return {l.add(op, {all, index})};
}

std::vector<Value> LoopOutputLayer::lower(Lowering& l) const {
  if (!l.types_only) {
    loop_.lower(l);
    return {l.value(*outputs()[0])};
  }
  Type type = l.graph.type(l.value(required(0)));
  if (kind_ == nv::LoopOutput::kLAST_VALUE) return {placeholder(l, type)};
  const auto length = input(1) ? l.fact(l.value(*input(1))).elements() : std::nullopt;
  const core::Dim n = length && length->size() == 1 ? (*length)[0] : core::Dim::symbol(l.graph.fresh_symbol("trips"));
  const int64_t at = axis + l.lead();
  if (axis < 0 || at > type.rank()) refuse(Code::kINVALID_ARGUMENT, "its axis {} is not one of the output's {}", axis, type.rank() + 1 - l.lead());
  type.shape.insert(type.shape.begin() + at, n);
  return {placeholder(l, type)};
}

LoopImpl::LoopImpl(Network& network, std::string name) : network_(network), name_(std::move(name)) { mImpl = this; }

nv::IRecurrenceLayer* LoopImpl::addRecurrence(nv::ITensor& initial) noexcept {
  return network_.add_layer<RecurrenceLayer>("ILoop::addRecurrence", &recurrences_, {&initial}, *this, NetTensor::of(initial));
}

nv::ITripLimitLayer* LoopImpl::addTripLimit(nv::ITensor& tensor, nv::TripLimit kind) noexcept {
  const char* call = "ILoop::addTripLimit";
  if (limit(kind)) {
    network_.reporter().error(call, Code::kINVALID_STATE, "loop '" + name_ + "' has a trip limit of this kind already");
    return nullptr;
  }
  return network_.add_layer<TripLimitLayer>(call, &limits_, {&tensor}, *this, NetTensor::of(tensor), kind);
}

nv::IIteratorLayer* LoopImpl::addIterator(nv::ITensor& tensor, int32_t axis, bool reverse) noexcept {
  return network_.add_layer<IteratorLayer>("ILoop::addIterator", &iterators_, {&tensor}, *this, NetTensor::of(tensor), axis, reverse);
}

nv::ILoopOutputLayer* LoopImpl::addLoopOutput(nv::ITensor& tensor, nv::LoopOutput kind, int32_t axis) noexcept {
  return network_.add_layer<LoopOutputLayer>("ILoop::addLoopOutput", &outputs_, {&tensor}, *this, NetTensor::of(tensor), kind, axis);
}

void LoopImpl::setName(char const* name) noexcept {
  guarded(network_.reporter(), "ILoop::setName", [&] { name_ = need(name, "name"); });
}

TripLimitLayer* LoopImpl::limit(nv::TripLimit kind) const {
  for (TripLimitLayer* l : limits_)
    if (l->getTripLimit() == kind) return l;
  return nullptr;
}

int LoopImpl::state_of(const NetTensor& tensor) const {
  for (size_t i = 0; i < recurrences_.size(); ++i)
    if (tensor.producer() == recurrences_[i]) return static_cast<int>(i);
  return -1;
}

std::vector<const NetTensor*> LoopImpl::ingredients() const {
  std::vector<const NetTensor*> all;
  const auto take = [&](const auto& layers) {
    for (const LayerBase* layer : layers)
      for (const NetTensor* input : layer->inputs())
        if (input) all.push_back(input);
  };
  take(recurrences_);
  take(limits_);
  take(iterators_);
  take(outputs_);
  return all;
}

struct LoopImpl::Body {
  core::GraphRef graph;
  std::vector<Type> next;       // of the states
  std::vector<Value> captured;  // outside
};

/// condition, states, then what the outputs collect.
LoopImpl::Body LoopImpl::make_body(Lowering& outer, const std::vector<Type>& states, const std::vector<Value>& captures) const {
  core::Graph g;
  g.name = name_;
  g.ranges = outer.graph.ranges;
  Lowering body(outer, g);
  const Value iteration = g.add_input("iteration", Type::tensor(DType::i64, {}));
  g.add_input("condition", Type::tensor(DType::boolean, {}));
  body.iterations[this] = iteration;
  for (size_t i = 0; i < states.size(); ++i) body.bind(*recurrences_[i]->outputs()[0], g.add_input("state_" + std::to_string(i), states[i]));
  for (Value v : captures) body.capture(v);
  Body result;
  std::vector<Value> next;
  for (size_t i = 0; i < states.size(); ++i) {
    const NetTensor* after = recurrences_[i]->input(1);
    if (!after) refuse(Code::kINVALID_STATE, "{} has no next value: set its input 1", recurrences_[i]->describe());
    next.push_back(body.add(core::Identity{}, {body.cast(body.value(*after), states[i].dtype)}));
    result.next.push_back(g.type(next.back()));
  }
  std::vector<Value> collected;
  for (const LoopOutputLayer* output : outputs_)
    if (output->getLoopOutput() != nv::LoopOutput::kLAST_VALUE || state_of(output->required(0)) < 0)
      collected.push_back(body.add(core::Identity{}, {body.value(output->required(0))}));
  Value go_on = g.add_constant(core::scalar(DType::boolean, 1));
  if (const TripLimitLayer* condition = limit(nv::TripLimit::kWHILE)) {
    std::map<const NetTensor*, Value> later;
    for (size_t i = 0; i < next.size(); ++i) later[recurrences_[i]->outputs()[0].get()] = next[i];
    body.iterations[this] = body.add(Binary(B::add), {iteration, body.number(DType::i64, 1)});
    go_on = scalar_of(body, body.value_with(later, condition->required(0)));
  }
  g.add_output("condition_out", go_on);
  for (size_t i = 0; i < next.size(); ++i) g.add_output("next_" + std::to_string(i), next[i]);
  for (size_t i = 0; i < collected.size(); ++i) g.add_output("collected_" + std::to_string(i), collected[i]);
  result.captured = body.captured;
  result.graph = std::make_shared<const core::Graph>(std::move(g));
  return result;
}

Value LoopImpl::first_condition(Lowering& outer) const {
  const TripLimitLayer* condition = limit(nv::TripLimit::kWHILE);
  if (!condition) return {};
  std::map<const NetTensor*, Value> first;
  for (const RecurrenceLayer* r : recurrences_) first[r->outputs()[0].get()] = outer.value(r->required(0));
  outer.iterations[this] = outer.number(DType::i64, 0);
  const Value v = scalar_of(outer, outer.value_with(first, condition->required(0)));
  outer.iterations.erase(this);
  return v;
}

/// From how a loop of the core gives it, collected along axis 0, to what the layer asks for.
Value LoopImpl::finished(Lowering& outer, const LoopOutputLayer& output, Value v) const {
  if (output.getLoopOutput() == nv::LoopOutput::kLAST_VALUE) {
    if (state_of(output.required(0)) >= 0) return v;
    return outer.add(core::Gather{}, {v, outer.number(DType::i64, -1)});
  }
  if (output.getLoopOutput() == nv::LoopOutput::kREVERSE)
    v = outer.add(core::Slice{}, {v, outer.i64({-1}), outer.i64({INT64_MIN}), outer.i64({0}), outer.i64({-1})});
  const int64_t at = output.axis + outer.lead();
  if (output.axis < 0 || at >= outer.rank(v)) refuse(Code::kINVALID_ARGUMENT, "{}: its axis {} is not one of the output's", output.describe(), output.axis);
  std::vector<int64_t> order;
  for (int64_t i = 1; i < outer.rank(v); ++i) order.push_back(i);
  order.insert(order.begin() + at, 0);
  return outer.transposed(v, order);
}

void LoopImpl::lower(Lowering& outer) const {
  if (limits_.empty()) refuse(Code::kINVALID_STATE, "loop '{}' has no trip limit: add one with addTripLimit", name_);
  std::vector<Value> inputs(2);
  std::vector<Type> types;
  if (const TripLimitLayer* count = limit(nv::TripLimit::kCOUNT)) inputs[0] = scalar_of(outer, outer.cast(outer.value(count->required(0)), DType::i64));
  for (const RecurrenceLayer* r : recurrences_) {
    inputs.push_back(outer.value(r->required(0)));
    types.push_back(outer.graph.type(inputs.back()));
  }
  inputs[1] = first_condition(outer);
  const auto fresh = [&](std::string_view hint) { return core::Dim::symbol(outer.graph.fresh_symbol(hint)); };
  core::CarriedTypes states(types);
  Body body = make_body(outer, states.types(), {});
  while (true) {
    // Once more with what is captured known from the start: symbols made inside then differ from the captured ones.
    const size_t captured = body.captured.size();
    body = make_body(outer, states.types(), body.captured);
    if (!states.widen(body.next, fresh) && body.captured.size() == captured) break;
  }
  inputs.insert(inputs.end(), body.captured.begin(), body.captured.end());
  core::Loop op;
  op.body = body.graph;
  op.carried = static_cast<int64_t>(recurrences_.size());
  const Value first = outer.add(std::move(op), inputs);
  int collected = static_cast<int>(recurrences_.size());
  for (const LoopOutputLayer* output : outputs_) {
    const int state = output->getLoopOutput() == nv::LoopOutput::kLAST_VALUE ? state_of(output->required(0)) : -1;
    const Value v = core::Graph::output(first, state >= 0 ? state : collected++);
    outer.bind(*output->outputs()[0], finished(outer, *output, v));
  }
}

bool is_boundary(const LayerBase& layer) {
  using L = nv::LayerType;
  const L type = layer.layer_type();
  return type == L::kRECURRENCE || type == L::kTRIP_LIMIT || type == L::kITERATOR || type == L::kLOOP_OUTPUT || type == L::kCONDITION ||
         type == L::kCONDITIONAL_INPUT || type == L::kCONDITIONAL_OUTPUT;
}

bool depends_on_body(const Lowering& l, const NetTensor& tensor) {
  std::set<const NetTensor*> seen;
  std::vector<const NetTensor*> open{&tensor};
  const auto visit = [&](const std::vector<const NetTensor*>& more) {
    for (const NetTensor* t : more)
      if (seen.insert(t).second) open.push_back(t);
  };
  while (!open.empty()) {
    const LayerBase* layer = open.back()->producer();
    open.pop_back();
    if (!layer) continue;
    // What enters another loop or conditional is seen through the outputs of that one.
    if (const auto* r = dynamic_cast<const RecurrenceLayer*>(layer)) {
      if (l.iterations.count(&r->loop_of())) return true;
      continue;
    }
    if (const auto* i = dynamic_cast<const IteratorLayer*>(layer)) {
      if (l.iterations.count(&i->loop_of())) return true;
      continue;
    }
    if (const auto* c = dynamic_cast<const ConditionalInputLayer*>(layer)) {
      if (l.conditional == &c->conditional_of()) return true;
      continue;
    }
    if (const auto* out = dynamic_cast<const LoopOutputLayer*>(layer)) visit(out->loop_of().ingredients());
    if (const auto* out = dynamic_cast<const ConditionalOutputLayer*>(layer)) visit(out->conditional_of().ingredients());
    for (const NetTensor* input : layer->inputs())
      if (input && seen.insert(input).second) open.push_back(input);
  }
  return false;
}

}  // namespace tenon::adapter
