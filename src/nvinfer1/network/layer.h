#pragma once
#include <optional>

#include "nvinfer1/network/lowering.h"
#include "nvinfer1/network/tensor.h"

namespace tenon::adapter {

using Inputs = std::vector<NetTensor*>;

/// What all layers share. A layer records what the client asked for; `lower` says it in ops of the core.
class LayerBase : public nv::apiv::VLayer {
 public:
  LayerBase(Network& network, nv::LayerType type, Inputs inputs, int outputs = 1);

  /// One value per output.
  virtual std::vector<core::Value> lower(Lowering&) const = 0;
  /// The type an output has when the client set none.
  virtual nv::DataType infer_type(int output) const;
  /// Whether the values of this input decide shapes.
  virtual bool is_shape_input(int) const { return false; }
  virtual nv::ILayer& api() = 0;
  /// Weights that a refitter may replace: role and values.
  virtual std::vector<std::pair<nv::WeightsRole, nv::Weights>> refit_weights() const { return {}; }

  Network& network() const { return network_; }
  const std::string& name() const { return name_; }
  nv::LayerType layer_type() const { return type_; }
  std::string describe() const;  // "layer 'x' (Convolution)"
  const Inputs& inputs() const { return inputs_; }
  NetTensor* input(int i) const { return i < static_cast<int>(inputs_.size()) ? inputs_[static_cast<size_t>(i)] : nullptr; }
  NetTensor& required(int i) const;
  const std::vector<std::unique_ptr<NetTensor>>& outputs() const { return outputs_; }
  nv::DataType type_of(int output) const;
  /// The type set by setOutputType, or by setPrecision for float outputs.
  std::optional<nv::DataType> asked_type(int output) const;
  /// The layer stands for an op of a model, over these inputs, until a parameter is changed.
  void adopt(Inputs inputs, core::OpRef op) {
    inputs_ = std::move(inputs);
    imported_ = std::move(op);
  }
  /// The op of the model that this layer stands for; null once a parameter was changed.
  const core::OpRef& imported() const { return imported_; }
  const std::string& metadata() const { return metadata_; }

  nv::LayerType getType() const noexcept override { return type_; }
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_.size()); }
  nv::ITensor* getInput(int32_t index) const noexcept override;
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_.size()); }
  nv::ITensor* getOutput(int32_t index) const noexcept override;
  void setInput(int32_t index, nv::ITensor& tensor) noexcept override;
  void setPrecision(nv::DataType type) noexcept override;
  nv::DataType getPrecision() const noexcept override;
  bool precisionIsSet() const noexcept override { return precision_.has_value(); }
  void resetPrecision() noexcept override;
  void setOutputType(int32_t index, nv::DataType type) noexcept override;
  nv::DataType getOutputType(int32_t index) const noexcept override;
  bool outputTypeIsSet(int32_t index) const noexcept override;
  void resetOutputType(int32_t index) noexcept override;
  void setMetadata(char const* metadata) noexcept override;
  char const* getMetadata() const noexcept override { return metadata_.c_str(); }

 protected:
  /// How many inputs the client may set.
  virtual int max_inputs() const { return static_cast<int>(inputs_.size()); }
  void changed();
  void set_input(size_t index, NetTensor* tensor);

 private:
  Network& network_;
  nv::LayerType type_;
  std::string name_, metadata_;
  Inputs inputs_;
  std::vector<std::unique_ptr<NetTensor>> outputs_;
  std::optional<nv::DataType> precision_;
  std::vector<std::optional<nv::DataType>> output_types_;
  core::OpRef imported_;
};

/// A layer class of the API over its slots.
template <class I, class V>
class LayerOf : public I, public V, public LayerBase {
 public:
  LayerOf(Network& network, nv::LayerType type, Inputs inputs, int outputs = 1) : LayerBase(network, type, std::move(inputs), outputs) {
    this->mLayer = this;
    this->mImpl = static_cast<V*>(this);
  }
  nv::ILayer& api() override { return *this; }
};

/// A parameter: its setter, its getter and where it is kept.
#define TENON_PARAMETER(Type, Name, field, ...)      \
 public:                                             \
  void set##Name(Type value) noexcept override {     \
    field = value;                                   \
    changed();                                       \
  }                                                  \
  Type get##Name() const noexcept override { return field; } \
  Type field = __VA_ARGS__;

const char* to_text(nv::LayerType);

}  // namespace tenon::adapter
