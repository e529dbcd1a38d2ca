#include "base/error.h"
#include "nvinfer1/network/control.h"
#include "nvinfer1/network/network.h"
#include "ops/body_types.h"
#include "ops/control.h"
#include "ops/pointwise.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Value;
using Code = nv::ErrorCode;

template <class I, class V>
ConditionalLayer<I, V>::ConditionalLayer(Network& network, nv::LayerType type, ConditionalImpl& conditional, Inputs inputs, int outputs)
    : LayerOf<I, V>(network, type, std::move(inputs), outputs), conditional_(conditional) {
  this->mBoundary = static_cast<nv::apiv::VConditionalBoundaryLayer*>(this);
}

template <class I, class V>
nv::IIfConditional* ConditionalLayer<I, V>::getConditional() const noexcept {
  return &conditional_;
}

std::vector<Value> ConditionalInputLayer::lower(Lowering& l) const {
  if (!l.types_only && l.conditional != &conditional_)
    refuse(Code::kINVALID_STATE, "the output of {} is used outside of conditional '{}'; take it out with addOutput", describe(), conditional_.name());
  return {l.types_only ? l.value(required(0)) : l.outer_value(required(0))};
}

std::vector<Value> ConditionalOutputLayer::lower(Lowering& l) const {
  if (!l.types_only) {
    conditional_.lower(l);
    return {l.value(*outputs()[0])};
  }
  const auto fresh = [&](std::string_view hint) { return core::Dim::symbol(l.graph.fresh_symbol(hint)); };
  const core::Type yes = l.graph.type(l.value(required(0)));
  core::Type no = l.graph.type(l.value(required(1)));
  no.dtype = yes.dtype;
  return {l.graph.add_input(l.graph.fresh_symbol("branch"), core::merge_types(yes, no, fresh, "an output of the conditional"))};
}

ConditionalImpl::ConditionalImpl(Network& network, std::string name) : network_(network), name_(std::move(name)) { mImpl = this; }

nv::IConditionLayer* ConditionalImpl::setCondition(nv::ITensor& condition) noexcept {
  std::vector<ConditionLayer*> made;
  nv::IConditionLayer* layer = network_.add_layer<ConditionLayer>("IIfConditional::setCondition", &made, {&condition}, *this, NetTensor::of(condition));
  if (!made.empty()) condition_ = made[0];
  return layer;
}

nv::IIfConditionalInputLayer* ConditionalImpl::addInput(nv::ITensor& input) noexcept {
  return network_.add_layer<ConditionalInputLayer>("IIfConditional::addInput", &inputs_, {&input}, *this, NetTensor::of(input));
}

nv::IIfConditionalOutputLayer* ConditionalImpl::addOutput(nv::ITensor& yes, nv::ITensor& no) noexcept {
  return network_.add_layer<ConditionalOutputLayer>("IIfConditional::addOutput", &outputs_, {&yes, &no}, *this, NetTensor::of(yes), NetTensor::of(no));
}

void ConditionalImpl::setName(char const* name) noexcept {
  guarded(network_.reporter(), "IIfConditional::setName", [&] { name_ = need(name, "name"); });
}

std::vector<const NetTensor*> ConditionalImpl::ingredients() const {
  std::vector<const NetTensor*> all;
  if (condition_) all.push_back(condition_->input(0));
  for (const auto* layer : inputs_) all.push_back(layer->input(0));
  for (const auto* layer : outputs_) all.insert(all.end(), layer->inputs().begin(), layer->inputs().end());
  return all;
}

core::GraphRef ConditionalImpl::branch(Lowering& outer, int input, std::vector<Value>& captured) const {
  for (bool again = true; again;) {
    core::Graph g;
    g.name = name_ + (input == 0 ? "_then" : "_else");
    g.ranges = outer.graph.ranges;
    Lowering body(outer, g);
    body.conditional = this;
    for (Value v : captured) body.capture(v);
    const size_t known = captured.size();
    int i = 0;
    for (const ConditionalOutputLayer* output : outputs_)
      g.add_output("output_" + std::to_string(i++), body.add(core::Identity{}, {body.cast(body.value(output->required(input)), core_type(output->type_of(0)) == DType::i32 ? DType::i32 : body.dtype(body.value(output->required(input))))}));
    captured = body.captured;
    again = captured.size() > known;
    if (!again) return std::make_shared<const core::Graph>(std::move(g));
  }
  return nullptr;
}

void ConditionalImpl::lower(Lowering& outer) const {
  if (!condition_) refuse(Code::kINVALID_STATE, "conditional '{}' has no condition: set it with setCondition", name_);
  Value condition = outer.value(condition_->required(0));
  if (outer.rank(condition) != 0) condition = outer.reshaped(condition, {});
  core::If op;
  std::vector<Value> yes, no;
  op.then_branch = branch(outer, 0, yes);
  op.else_branch = branch(outer, 1, no);
  std::vector<Value> inputs{condition};
  inputs.insert(inputs.end(), yes.begin(), yes.end());
  inputs.insert(inputs.end(), no.begin(), no.end());
  const Value first = outer.add(std::move(op), inputs);
  for (size_t i = 0; i < outputs_.size(); ++i) outer.bind(*outputs_[i]->outputs()[0], core::Graph::output(first, static_cast<int>(i)));
}

}  // namespace tenon::adapter
