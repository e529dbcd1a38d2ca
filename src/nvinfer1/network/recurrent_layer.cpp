#include "nvinfer1/network/recurrent_layer.h"

#include <algorithm>

#include "nvinfer1/network/network.h"
#include "ops/recurrent.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Value;
using Code = nv::ErrorCode;
using Gate = nv::RNNGateType;
using Op = nv::RNNOperation;

RnnV2Layer::RnnV2Layer(Network& network, NetTensor& input, int32_t layers, int32_t hidden, int32_t most, Op op)
    : LayerOf(network, nv::LayerType::kRNN_V2, {&input}, op == Op::kLSTM ? 3 : 2), operation(op), layers_(layers), hidden_(hidden), most_(most) {}

int32_t RnnV2Layer::getDataLength() const noexcept {
  const nv::Dims dims = input(0)->getDimensions();
  return dims.nbDims > 0 ? dims.d[dims.nbDims - 1] : 0;
}

void RnnV2Layer::set_state(NetTensor*& slot, nv::ITensor& tensor, size_t index) {
  guarded(network().reporter(), "IRNNv2Layer", [&] {
    network().check_owned(NetTensor::of(tensor));
    slot = &NetTensor::of(tensor);
    set_input(index, slot);
  });
}

std::vector<Gate> RnnV2Layer::gates() const {
  if (operation == Op::kLSTM) return {Gate::kINPUT, Gate::kOUTPUT, Gate::kFORGET, Gate::kCELL};
  if (operation == Op::kGRU) return {Gate::kUPDATE, Gate::kRESET, Gate::kHIDDEN};
  return {Gate::kINPUT};
}

void RnnV2Layer::setWeightsForGate(int32_t layer, Gate gate, bool is_w, nv::Weights weights) noexcept {
  weights_[{layer, gate, is_w}] = weights;
  changed();
}

nv::Weights RnnV2Layer::getWeightsForGate(int32_t layer, Gate gate, bool is_w) const noexcept {
  const auto it = weights_.find({layer, gate, is_w});
  return it == weights_.end() ? nv::Weights{} : it->second;
}

void RnnV2Layer::setBiasForGate(int32_t layer, Gate gate, bool is_w, nv::Weights bias) noexcept {
  biases_[{layer, gate, is_w}] = bias;
  changed();
}

nv::Weights RnnV2Layer::getBiasForGate(int32_t layer, Gate gate, bool is_w) const noexcept {
  const auto it = biases_.find({layer, gate, is_w});
  return it == biases_.end() ? nv::Weights{} : it->second;
}

namespace {

Value joined(Lowering& l, std::vector<Value> parts, int64_t axis) {
  if (parts.size() == 1) return parts[0];
  core::Concat op;
  op.axis = axis;
  return l.add(op, std::move(parts));
}

Value identity(Lowering& l, int64_t size) {
  std::vector<float> values(static_cast<size_t>(size * size), 0.0f);
  for (int64_t i = 0; i < size; ++i) values[static_cast<size_t>(i * size + i)] = 1;
  return l.graph.add_constant(core::tensor_of<float>({1, size, size}, values));
}

}  // namespace

/// [directions, gates * hidden, columns] of one layer. A first layer that skips its product has identities.
Value RnnV2Layer::gate_weights(Lowering& l, int32_t layer, bool is_w, int64_t columns) const {
  const bool skips = is_w && layer == 0 && input_mode == nv::RNNInputMode::kSKIP;
  if (skips && columns != hidden_) refuse(Code::kINVALID_ARGUMENT, "kSKIP adds its data to the hidden state: {} values were expected, found {}", hidden_, columns);
  std::vector<Value> all;
  for (int d = 0; d < directions(); ++d) {
    const int32_t at = layer * directions() + d;
    std::vector<Value> parts;
    for (Gate gate : gates()) {
      if (skips) {
        parts.push_back(identity(l, hidden_));
        continue;
      }
      const nv::Weights w = getWeightsForGate(at, gate, is_w);
      if (!w.values) refuse(Code::kINVALID_STATE, "the weights of layer {}, gate {}, {} were not set", at, static_cast<int>(gate), is_w ? "W" : "R");
      parts.push_back(l.weights(w, {1, hidden_, columns}, "gate", nv::WeightsRole::kANY));
    }
    all.push_back(joined(l, std::move(parts), 1));
  }
  return joined(l, std::move(all), 0);
}

/// [directions, 2 * gates * hidden]: of W, then of R. Zero where the client set none.
Value RnnV2Layer::gate_biases(Lowering& l, int32_t layer) const {
  std::vector<Value> all;
  for (int d = 0; d < directions(); ++d) {
    std::vector<Value> parts;
    for (bool is_w : {true, false})
      for (Gate gate : gates()) {
        const nv::Weights b = getBiasForGate(layer * directions() + d, gate, is_w);
        if (b.values) parts.push_back(l.weights(b, {1, hidden_}, "gate bias", nv::WeightsRole::kANY));
        else parts.push_back(l.graph.add_constant(core::Tensor(DType::f32, {1, hidden_})));
      }
    all.push_back(joined(l, std::move(parts), 1));
  }
  return joined(l, std::move(all), 0);
}

RnnV2Layer::States RnnV2Layer::run(Lowering& l, int32_t layer, Value x, Value lengths, Value h, Value c) const {
  const core::Dim& data = l.shape(x)[2];
  if (!data.is_const()) refuse(Code::kINVALID_ARGUMENT, "the length of its data must be known; found {}", l.fact(x).type.str());
  core::Recurrent common;
  if (directions() == 2) common.direction = core::Direction::bidirectional;
  const std::vector<std::string> one = operation == Op::kLSTM ? std::vector<std::string>{"sigmoid", "tanh", "tanh"}
                                       : operation == Op::kGRU ? std::vector<std::string>{"sigmoid", "tanh"}
                                       : operation == Op::kTANH ? std::vector<std::string>{"tanh"}
                                                                : std::vector<std::string>{"relu"};
  for (int d = 0; d < directions(); ++d) common.activations.insert(common.activations.end(), one.begin(), one.end());
  common.alpha.assign(common.activations.size(), 0);
  common.beta.assign(common.activations.size(), 0);
  const Value w = gate_weights(l, layer, true, data.value()), r = gate_weights(l, layer, false, hidden_), b = gate_biases(l, layer);
  Value y;
  if (operation == Op::kLSTM) {
    core::LSTM op;
    op.common = common;
    y = l.add(op, {x, w, r, b, lengths, h, c});
  } else if (operation == Op::kGRU) {
    core::GRU op;
    op.common = common;
    op.linear_before_reset = true;
    y = l.add(op, {x, w, r, b, lengths, h});
  } else {
    core::RNN op;
    op.common = common;
    y = l.add(op, {x, w, r, b, lengths, h});
  }
  return {y, core::Graph::output(y, 1), operation == Op::kLSTM ? core::Graph::output(y, 2) : Value{}};
}

std::vector<Value> RnnV2Layer::lower(Lowering& l) const {
  Value x = l.value(required(0));
  if (l.rank(x) < 2 || l.rank(x) > 3) refuse(Code::kUNSUPPORTED_STATE, "its input must be [time,data] or [batch,time,data]; found {}", l.fact(x).type.str());
  const bool batched = l.rank(x) == 3;
  x = batched ? l.transposed(x, {1, 0, 2}) : l.unsqueezed(x, {1});
  Value lengths;
  if (lengths_) lengths = l.cast(l.reshaped(l.value(*lengths_), {-1}), DType::i32);
  const auto initial = [&](NetTensor* tensor, int32_t layer) {
    if (!tensor) return Value{};
    Value v = l.value(*tensor);  // [batch?, layers * directions, hidden]
    v = batched ? l.transposed(v, {1, 0, 2}) : l.unsqueezed(v, {1});
    return l.add(core::Slice{}, {v, l.i64({layer * directions()}), l.i64({(layer + 1) * directions()}), l.i64({0})});
  };
  std::vector<Value> hidden, cell;
  for (int32_t layer = 0; layer < layers_; ++layer) {
    const States s = run(l, layer, x, lengths, initial(initial_h_, layer), initial(initial_c_, layer));
    hidden.push_back(s.h);
    cell.push_back(s.c);
    // [time, directions, batch, hidden] > [time, batch, directions * hidden].
    x = l.reshaped(l.transposed(s.y, {0, 2, 1, 3}), {0, 0, int64_t{directions()} * hidden_});
  }
  const auto given = [&](Value v) { return batched ? l.transposed(v, {1, 0, 2}) : l.squeezed(v, {1}); };
  std::vector<Value> results{given(x), given(joined(l, hidden, 0))};
  if (operation == Op::kLSTM) results.push_back(given(joined(l, cell, 0)));
  return results;
}

}  // namespace tenon::adapter
