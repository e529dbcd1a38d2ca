#pragma once
#include <map>
#include <tuple>

#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

/// Layers of recurrent cells over [..., time, data]; outputs: the sequence, the last hidden and the last cell state.
class RnnV2Layer final : public LayerOf<nv::IRNNv2Layer, nv::apiv::VRNNv2Layer> {
 public:
  RnnV2Layer(Network& network, NetTensor& input, int32_t layers, int32_t hidden, int32_t most, nv::RNNOperation op);
  std::vector<core::Value> lower(Lowering&) const override;
  int32_t getLayerCount() const noexcept override { return layers_; }
  int32_t getHiddenSize() const noexcept override { return hidden_; }
  int32_t getMaxSeqLength() const noexcept override { return most_; }
  int32_t getDataLength() const noexcept override;
  void setSequenceLengths(nv::ITensor& tensor) noexcept override { set_state(lengths_, tensor, 1); }
  nv::ITensor* getSequenceLengths() const noexcept override { return lengths_; }
  void setHiddenState(nv::ITensor& tensor) noexcept override { set_state(initial_h_, tensor, 2); }
  nv::ITensor* getHiddenState() const noexcept override { return initial_h_; }
  void setCellState(nv::ITensor& tensor) noexcept override { set_state(initial_c_, tensor, 3); }
  nv::ITensor* getCellState() const noexcept override { return initial_c_; }
  void setWeightsForGate(int32_t layer, nv::RNNGateType gate, bool is_w, nv::Weights weights) noexcept override;
  nv::Weights getWeightsForGate(int32_t layer, nv::RNNGateType gate, bool is_w) const noexcept override;
  void setBiasForGate(int32_t layer, nv::RNNGateType gate, bool is_w, nv::Weights bias) noexcept override;
  nv::Weights getBiasForGate(int32_t layer, nv::RNNGateType gate, bool is_w) const noexcept override;
  TENON_PARAMETER(nv::RNNOperation, Operation, operation, nv::RNNOperation::kRELU)
  TENON_PARAMETER(nv::RNNInputMode, InputMode, input_mode, nv::RNNInputMode::kLINEAR)
  TENON_PARAMETER(nv::RNNDirection, Direction, direction, nv::RNNDirection::kUNIDIRECTION)

 private:
  using Key = std::tuple<int32_t, nv::RNNGateType, bool>;
  struct States {
    core::Value y, h, c;
  };
  void set_state(NetTensor*& slot, nv::ITensor& tensor, size_t input);
  int directions() const { return direction == nv::RNNDirection::kBIDIRECTION ? 2 : 1; }
  std::vector<nv::RNNGateType> gates() const;
  core::Value gate_weights(Lowering&, int32_t layer, bool is_w, int64_t columns) const;
  core::Value gate_biases(Lowering&, int32_t layer) const;
  States run(Lowering&, int32_t layer, core::Value x, core::Value lengths, core::Value h, core::Value c) const;
  int32_t layers_, hidden_, most_;
  NetTensor *lengths_ = nullptr, *initial_h_ = nullptr, *initial_c_ = nullptr;
  std::map<Key, nv::Weights> weights_, biases_;
};

}  // namespace tenon::adapter
