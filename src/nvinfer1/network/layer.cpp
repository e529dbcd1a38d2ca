#include "nvinfer1/network/layer.h"

#include "nvinfer1/network/network.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

const char* to_text(nv::LayerType type) {
  static constexpr const char* kNames[] = {
      "Convolution", "Fully Connected", "Activation", "Pooling", "LRN", "Scale", "SoftMax", "Deconvolution", "Concatenation", "ElementWise", "Plugin",
      "Unary", "Padding", "Shuffle", "Reduce", "TopK", "Gather", "Matrix Multiply", "Ragged SoftMax", "Constant", "RNN", "Identity", "PluginV2", "Slice",
      "Shape", "Parametric ReLU", "Resize", "Trip Limit", "Recurrence", "Iterator", "Loop Output", "Select", "Fill", "Quantize", "Dequantize", "Condition",
      "Conditional Input", "Conditional Output", "Scatter", "Einsum", "Assertion", "One Hot", "Non Zero", "Grid Sample", "NMS", "Reverse Sequence",
      "Normalization", "Cast", "Squeeze", "Unsqueeze", "Cumulative"};
  const auto i = static_cast<size_t>(type);
  return i < std::size(kNames) ? kNames[i] : "Layer";
}

LayerBase::LayerBase(Network& network, nv::LayerType type, Inputs inputs, int outputs)
    : network_(network), type_(type), name_(fmt::format("(Unnamed Layer* {}) [{}]", network.next_layer(), to_text(type))), inputs_(std::move(inputs)) {
  for (int i = 0; i < outputs; ++i)
    outputs_.push_back(std::make_unique<NetTensor>(network, *this, i, outputs == 1 ? name_ + "_output" : fmt::format("{}_output_{}", name_, i)));
  output_types_.resize(static_cast<size_t>(outputs));
}

std::string LayerBase::describe() const { return fmt::format("layer '{}' ({})", name_, to_text(type_)); }

nv::DataType LayerBase::infer_type(int) const {
  const nv::DataType type = inputs_.empty() || !inputs_[0] ? nv::DataType::kFLOAT : inputs_[0]->getType();
  const bool ranged = type == nv::DataType::kINT8 && inputs_[0]->has_range();  // enters as the floats it stands for
  const bool narrow = type == nv::DataType::kHALF || type == nv::DataType::kBF16 || ranged;
  return narrow && !network_.strongly_typed() && !inputs_[0]->keeps_type ? nv::DataType::kFLOAT : type;
}

NetTensor& LayerBase::required(int i) const {
  NetTensor* tensor = input(i);
  if (!tensor) refuse(Code::kINVALID_STATE, "{}: its input {} was not set", describe(), i);
  return *tensor;
}

nv::DataType LayerBase::type_of(int output) const {
  const auto& asked = output_types_[static_cast<size_t>(output)];
  return asked ? *asked : infer_type(output);
}

std::optional<nv::DataType> LayerBase::asked_type(int output) const {
  const auto& asked = output_types_[static_cast<size_t>(output)];
  return asked ? asked : precision_;
}

void LayerBase::changed() {
  imported_ = nullptr;
  network_.changed(*this);
}

void LayerBase::set_input(size_t index, NetTensor* tensor) {
  if (inputs_.size() <= index) inputs_.resize(index + 1);
  inputs_[index] = tensor;
  network_.changed(*this);
}

void LayerBase::setName(char const* name) noexcept {
  guarded(network_.reporter(), "ILayer::setName", [&] {
    const std::string before = name_;
    name_ = need(name, "name");
    for (auto& output : outputs_)
      if (output->name().compare(0, before.size(), before) == 0 && before.find("(Unnamed") == 0)
        output->setName((name_ + output->name().substr(before.size())).c_str());
  });
}

nv::ITensor* LayerBase::getInput(int32_t index) const noexcept { return index < 0 ? nullptr : input(index); }

nv::ITensor* LayerBase::getOutput(int32_t index) const noexcept {
  return index < 0 || index >= getNbOutputs() ? nullptr : outputs_[static_cast<size_t>(index)].get();
}

void LayerBase::setInput(int32_t index, nv::ITensor& tensor) noexcept {
  guarded(network_.reporter(), "ILayer::setInput", [&] {
    if (index < 0 || index >= max_inputs()) refuse(Code::kINVALID_ARGUMENT, "{} has {} inputs: there is no input {}", describe(), max_inputs(), index);
    network_.check_owned(NetTensor::of(tensor));
    set_input(static_cast<size_t>(index), &NetTensor::of(tensor));
  });
}

void LayerBase::setPrecision(nv::DataType type) noexcept {
  precision_ = type;
  network_.changed(*this);
}
nv::DataType LayerBase::getPrecision() const noexcept { return precision_.value_or(nv::DataType::kFLOAT); }
void LayerBase::resetPrecision() noexcept {
  precision_.reset();
  network_.changed(*this);
}

void LayerBase::setOutputType(int32_t index, nv::DataType type) noexcept {
  guarded(network_.reporter(), "ILayer::setOutputType", [&] {
    if (index < 0 || index >= getNbOutputs()) refuse(Code::kINVALID_ARGUMENT, "{} has {} outputs: there is no output {}", describe(), getNbOutputs(), index);
    output_types_[static_cast<size_t>(index)] = type;
    outputs_[static_cast<size_t>(index)]->reset_type_of_layer();
    network_.changed(*this);
  });
}

nv::DataType LayerBase::getOutputType(int32_t index) const noexcept {
  return guarded(network_.reporter(), "ILayer::getOutputType", nv::DataType::kFLOAT, [&] {
    if (index < 0 || index >= getNbOutputs()) refuse(Code::kINVALID_ARGUMENT, "{} has {} outputs: there is no output {}", describe(), getNbOutputs(), index);
    return type_of(index);
  });
}

bool LayerBase::outputTypeIsSet(int32_t index) const noexcept {
  return index >= 0 && index < getNbOutputs() && output_types_[static_cast<size_t>(index)].has_value();
}

void LayerBase::resetOutputType(int32_t index) noexcept {
  if (index >= 0 && index < getNbOutputs()) output_types_[static_cast<size_t>(index)].reset();
  network_.changed(*this);
}

void LayerBase::setMetadata(char const* metadata) noexcept {
  guarded(network_.reporter(), "ILayer::setMetadata", [&] { metadata_ = need(metadata, "metadata"); });
}

}  // namespace tenon::adapter
