#pragma once
#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

class ConcatenationLayer final : public LayerOf<nv::IConcatenationLayer, nv::apiv::VConcatenationLayer> {
 public:
  ConcatenationLayer(Network& network, Inputs inputs, int32_t at) : LayerOf(network, nv::LayerType::kCONCATENATION, std::move(inputs)), axis(at) {}
  std::vector<core::Value> lower(Lowering&) const override;
  int max_inputs() const override { return 10000; }
  TENON_PARAMETER(int32_t, Axis, axis, 0)
};

class ShuffleLayer final : public LayerOf<nv::IShuffleLayer, nv::apiv::VShuffleLayer> {
 public:
  ShuffleLayer(Network& network, NetTensor& input);
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i == 1; }
  int max_inputs() const override { return 2; }
  void setReshapeDimensions(nv::Dims value) noexcept override;
  nv::Dims getReshapeDimensions() const noexcept override;
  TENON_PARAMETER(nv::Permutation, FirstTranspose, first, {})
  TENON_PARAMETER(nv::Permutation, SecondTranspose, second, {})
  TENON_PARAMETER(bool, ZeroIsPlaceholder, zero_is_placeholder, true)

 private:
  core::Value transpose(Lowering&, core::Value, const nv::Permutation&) const;
  std::optional<std::vector<int64_t>> dims_;
};

class SliceLayer final : public LayerOf<nv::ISliceLayer, nv::apiv::VSliceLayer> {
 public:
  SliceLayer(Network& network, NetTensor& input, nv::Dims start, nv::Dims size, nv::Dims stride)
      : LayerOf(network, nv::LayerType::kSLICE, {&input}), start_(to_vector(start)), size_(to_vector(size)), stride_(to_vector(stride)) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i >= 1 && i <= 3; }
  int max_inputs() const override { return 6; }
  void setStart(nv::Dims value) noexcept override { start_ = to_vector(value), changed(); }
  nv::Dims getStart() const noexcept override { return to_dims(start_); }
  void setSize(nv::Dims value) noexcept override { size_ = to_vector(value), changed(); }
  nv::Dims getSize() const noexcept override { return to_dims(size_); }
  void setStride(nv::Dims value) noexcept override { stride_ = to_vector(value), changed(); }
  nv::Dims getStride() const noexcept override { return to_dims(stride_); }
  void setAxes(nv::Dims const& value) noexcept override { axes_ = to_vector(value), changed(); }
  nv::Dims getAxes() const noexcept override { return to_dims(axes_); }
  TENON_PARAMETER(nv::SliceMode, Mode, mode, nv::SliceMode::kSTRICT_BOUNDS)

 private:
  core::Value operand(Lowering&, int input, const std::vector<int64_t>& values) const;
  core::Value padded(Lowering&, core::Value x, std::vector<int64_t>& start, const std::vector<int64_t>& size, const std::vector<int64_t>& stride) const;
  std::vector<int64_t> start_, size_, stride_, axes_;
};

class ShapeLayer final : public LayerOf<nv::IShapeLayer, nv::apiv::VShapeLayer> {
 public:
  ShapeLayer(Network& network, NetTensor& input) : LayerOf(network, nv::LayerType::kSHAPE, {&input}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return nv::DataType::kINT32; }
};

class SqueezeLayer final : public LayerOf<nv::ISqueezeLayer, nv::apiv::VSqueezeLayer> {
 public:
  SqueezeLayer(Network& network, NetTensor& input, NetTensor& axes) : LayerOf(network, nv::LayerType::kSQUEEZE, {&input, &axes}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i == 1; }
};

class UnsqueezeLayer final : public LayerOf<nv::IUnsqueezeLayer, nv::apiv::VUnsqueezeLayer> {
 public:
  UnsqueezeLayer(Network& network, NetTensor& input, NetTensor& axes) : LayerOf(network, nv::LayerType::kUNSQUEEZE, {&input, &axes}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i == 1; }
};

class GatherLayer final : public LayerOf<nv::IGatherLayer, nv::apiv::VGatherLayer> {
 public:
  GatherLayer(Network& network, NetTensor& data, NetTensor& indices, int32_t at, nv::GatherMode m)
      : LayerOf(network, nv::LayerType::kGATHER, {&data, &indices}), axis(at), mode(m) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(int32_t, GatherAxis, axis, 0)
  TENON_PARAMETER(int32_t, NbElementWiseDims, batch_dims, 0)
  TENON_PARAMETER(nv::GatherMode, Mode, mode, nv::GatherMode::kDEFAULT)
};

class ScatterLayer final : public LayerOf<nv::IScatterLayer, nv::apiv::VScatterLayer> {
 public:
  ScatterLayer(Network& network, NetTensor& data, NetTensor& indices, NetTensor& updates, nv::ScatterMode m)
      : LayerOf(network, nv::LayerType::kSCATTER, {&data, &indices, &updates}), mode(m) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(nv::ScatterMode, Mode, mode, nv::ScatterMode::kELEMENT)
  TENON_PARAMETER(int32_t, Axis, axis, 0)
};

class OneHotLayer final : public LayerOf<nv::IOneHotLayer, nv::apiv::VOneHotLayer> {
 public:
  OneHotLayer(Network& network, NetTensor& indices, NetTensor& values, NetTensor& depth, int32_t at)
      : LayerOf(network, nv::LayerType::kONE_HOT, {&indices, &values, &depth}), axis(at) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return input(1)->getType(); }
  bool is_shape_input(int i) const override { return i == 2; }
  TENON_PARAMETER(int32_t, Axis, axis, -1)
};

class NonZeroLayer final : public LayerOf<nv::INonZeroLayer, nv::apiv::VNonZeroLayer> {
 public:
  NonZeroLayer(Network& network, NetTensor& input) : LayerOf(network, nv::LayerType::kNON_ZERO, {&input}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return indices_; }
  bool setIndicesType(nv::DataType type) noexcept override;
  nv::DataType getIndicesType() const noexcept override { return indices_; }

 private:
  nv::DataType indices_ = nv::DataType::kINT32;
};

/// Indices of the boxes kept, [count,3], and their count.
class NmsLayer final : public LayerOf<nv::INMSLayer, nv::apiv::VNMSLayer> {
 public:
  NmsLayer(Network& network, NetTensor& boxes, NetTensor& scores, NetTensor& most) : LayerOf(network, nv::LayerType::kNMS, {&boxes, &scores, &most}, 2) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int output) const override { return output == 0 ? indices_ : nv::DataType::kINT32; }
  bool is_shape_input(int i) const override { return i == 2; }
  int max_inputs() const override { return 5; }
  bool setIndicesType(nv::DataType type) noexcept override;
  nv::DataType getIndicesType() const noexcept override { return indices_; }
  TENON_PARAMETER(nv::BoundingBoxFormat, BoundingBoxFormat, format, nv::BoundingBoxFormat::kCORNER_PAIRS)
  TENON_PARAMETER(int32_t, TopKBoxLimit, limit, 2000)

 private:
  nv::DataType indices_ = nv::DataType::kINT32;
};

class ReverseSequenceLayer final : public LayerOf<nv::IReverseSequenceLayer, nv::apiv::VReverseSequenceLayer> {
 public:
  ReverseSequenceLayer(Network& network, NetTensor& input, NetTensor& lengths) : LayerOf(network, nv::LayerType::kREVERSE_SEQUENCE, {&input, &lengths}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(int32_t, BatchAxis, batch_axis, 1)
  TENON_PARAMETER(int32_t, SequenceAxis, sequence_axis, 0)
};

/// Records the plugin; networks with one are refused at the build.
class PluginV2Layer final : public LayerOf<nv::IPluginV2Layer, nv::apiv::VPluginV2Layer> {
 public:
  PluginV2Layer(Network& network, Inputs inputs, nv::IPluginV2& plugin, int outputs)
      : LayerOf(network, nv::LayerType::kPLUGIN_V2, std::move(inputs), outputs), plugin_(plugin) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::IPluginV2& getPlugin() const noexcept override { return plugin_; }

 private:
  nv::IPluginV2& plugin_;
};

/// An operator of a model that no layer class stands for.
class ModelLayer final : public nv::ILayer, public LayerBase {
 public:
  ModelLayer(Network& network, nv::LayerType type, Inputs inputs, core::OpRef op, std::vector<nv::DataType> types);
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int output) const override { return types_[static_cast<size_t>(output)]; }
  nv::ILayer& api() override { return *this; }

 private:
  core::OpRef op_;
  std::vector<nv::DataType> types_;
};

}  // namespace tenon::adapter
