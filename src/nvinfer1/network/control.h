#pragma once
#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

class LoopImpl;
class ConditionalImpl;

/// A layer on the border of a loop.
template <class I, class V>
class LoopLayer : public LayerOf<I, V>, public nv::apiv::VLoopBoundaryLayer {
 public:
  LoopLayer(Network& network, nv::LayerType type, LoopImpl& loop, Inputs inputs, int outputs = 1);
  nv::ILoop* getLoop() const noexcept override;
  LoopImpl& loop_of() const { return loop_; }

 protected:
  LoopImpl& loop_;
};

class RecurrenceLayer final : public LoopLayer<nv::IRecurrenceLayer, nv::apiv::VRecurrenceLayer> {
 public:
  RecurrenceLayer(Network& network, LoopImpl& loop, NetTensor& initial) : LoopLayer(network, nv::LayerType::kRECURRENCE, loop, {&initial}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  int max_inputs() const override { return 2; }
};

class TripLimitLayer final : public LoopLayer<nv::ITripLimitLayer, nv::apiv::VTripLimitLayer> {
 public:
  TripLimitLayer(Network& network, LoopImpl& loop, NetTensor& tensor, nv::TripLimit kind)
      : LoopLayer(network, nv::LayerType::kTRIP_LIMIT, loop, {&tensor}, 0), kind_(kind) {}
  std::vector<core::Value> lower(Lowering&) const override { return {}; }
  nv::TripLimit getTripLimit() const noexcept override { return kind_; }

 private:
  nv::TripLimit kind_;
};

class IteratorLayer final : public LoopLayer<nv::IIteratorLayer, nv::apiv::VIteratorLayer> {
 public:
  IteratorLayer(Network& network, LoopImpl& loop, NetTensor& tensor, int32_t at, bool backwards)
      : LoopLayer(network, nv::LayerType::kITERATOR, loop, {&tensor}), axis(at), reverse(backwards) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(int32_t, Axis, axis, 0)
  TENON_PARAMETER(bool, Reverse, reverse, false)
};

class LoopOutputLayer final : public LoopLayer<nv::ILoopOutputLayer, nv::apiv::VLoopOutputLayer> {
 public:
  LoopOutputLayer(Network& network, LoopImpl& loop, NetTensor& tensor, nv::LoopOutput kind, int32_t at)
      : LoopLayer(network, nv::LayerType::kLOOP_OUTPUT, loop, {&tensor}), axis(at), kind_(kind) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i == 1; }
  int max_inputs() const override { return 2; }
  nv::LoopOutput getLoopOutput() const noexcept override { return kind_; }
  TENON_PARAMETER(int32_t, Axis, axis, 0)

 private:
  nv::LoopOutput kind_;
};

class LoopImpl final : public nv::ILoop, public nv::apiv::VLoop {
 public:
  LoopImpl(Network& network, std::string name);
  nv::IRecurrenceLayer* addRecurrence(nv::ITensor& initial) noexcept override;
  nv::ITripLimitLayer* addTripLimit(nv::ITensor& tensor, nv::TripLimit limit) noexcept override;
  nv::IIteratorLayer* addIterator(nv::ITensor& tensor, int32_t axis, bool reverse) noexcept override;
  nv::ILoopOutputLayer* addLoopOutput(nv::ITensor& tensor, nv::LoopOutput kind, int32_t axis) noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }

  const std::string& name() const { return name_; }
  /// Adds the loop to the graph and binds its outputs.
  void lower(Lowering& outer) const;
  /// What the loop computes with: initial values, next values, limits, iterated tensors, what its outputs are made of.
  std::vector<const NetTensor*> ingredients() const;

 private:
  struct Body;
  TripLimitLayer* limit(nv::TripLimit kind) const;
  Body make_body(Lowering& outer, const std::vector<core::Type>& states, const std::vector<core::Value>& captures) const;
  core::Value first_condition(Lowering& outer) const;
  core::Value finished(Lowering& outer, const LoopOutputLayer& output, core::Value v) const;
  int state_of(const NetTensor& tensor) const;  // -1: no recurrence's output
  Network& network_;
  std::string name_;
  std::vector<RecurrenceLayer*> recurrences_;
  std::vector<TripLimitLayer*> limits_;
  std::vector<IteratorLayer*> iterators_;
  std::vector<LoopOutputLayer*> outputs_;
};

/// A layer on the border of a conditional.
template <class I, class V>
class ConditionalLayer : public LayerOf<I, V>, public nv::apiv::VConditionalBoundaryLayer {
 public:
  ConditionalLayer(Network& network, nv::LayerType type, ConditionalImpl& conditional, Inputs inputs, int outputs = 1);
  nv::IIfConditional* getConditional() const noexcept override;
  ConditionalImpl& conditional_of() const { return conditional_; }

 protected:
  ConditionalImpl& conditional_;
};

class ConditionLayer final : public ConditionalLayer<nv::IConditionLayer, nv::apiv::VConditionLayer> {
 public:
  ConditionLayer(Network& network, ConditionalImpl& c, NetTensor& condition) : ConditionalLayer(network, nv::LayerType::kCONDITION, c, {&condition}, 0) {}
  std::vector<core::Value> lower(Lowering&) const override { return {}; }
};

class ConditionalInputLayer final : public ConditionalLayer<nv::IIfConditionalInputLayer, nv::apiv::VConditionalInputLayer> {
 public:
  ConditionalInputLayer(Network& network, ConditionalImpl& c, NetTensor& input) : ConditionalLayer(network, nv::LayerType::kCONDITIONAL_INPUT, c, {&input}) {}
  std::vector<core::Value> lower(Lowering&) const override;
};

class ConditionalOutputLayer final : public ConditionalLayer<nv::IIfConditionalOutputLayer, nv::apiv::VConditionalOutputLayer> {
 public:
  ConditionalOutputLayer(Network& network, ConditionalImpl& c, NetTensor& yes, NetTensor& no)
      : ConditionalLayer(network, nv::LayerType::kCONDITIONAL_OUTPUT, c, {&yes, &no}) {}
  std::vector<core::Value> lower(Lowering&) const override;
};

class ConditionalImpl final : public nv::IIfConditional, public nv::apiv::VIfConditional {
 public:
  ConditionalImpl(Network& network, std::string name);
  nv::IConditionLayer* setCondition(nv::ITensor& condition) noexcept override;
  nv::IIfConditionalInputLayer* addInput(nv::ITensor& input) noexcept override;
  nv::IIfConditionalOutputLayer* addOutput(nv::ITensor& yes, nv::ITensor& no) noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }

  const std::string& name() const { return name_; }
  void lower(Lowering& outer) const;
  std::vector<const NetTensor*> ingredients() const;

 private:
  core::GraphRef branch(Lowering& outer, int input, std::vector<core::Value>& captured) const;
  Network& network_;
  std::string name_;
  ConditionLayer* condition_ = nullptr;
  std::vector<ConditionalInputLayer*> inputs_;
  std::vector<ConditionalOutputLayer*> outputs_;
};

/// Layers whose inputs are not simply computed before them.
bool is_boundary(const LayerBase&);
/// Whether a tensor changes within the loops and conditionals whose body is being lowered.
bool depends_on_body(const Lowering&, const NetTensor&);

}  // namespace tenon::adapter
