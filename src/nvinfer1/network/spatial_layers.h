#pragma once
#include "nvinfer1/network/layer.h"
#include "ops/conv.h"

namespace tenon::adapter {

/// Strides, paddings and dilations over the spatial axes, as convolutions and poolings have them.
struct SpatialWindow {
  std::vector<int64_t> size, stride, pre, post, dilation;
  nv::PaddingMode mode = nv::PaddingMode::kEXPLICIT_ROUND_DOWN;
  explicit SpatialWindow(const nv::Dims& window);
  explicit SpatialWindow(const core::Window& filled);
  /// In the core's terms; `ceil` tells whether sizes round up.
  core::Window window(size_t axes, bool& ceil) const;
};

/// The accessors of windows: the old ones of two axes and the new ones of any number.
#define TENON_WINDOW_PARAMETER(Old, New, field)                                        \
 public:                                                                               \
  void set##Old(nv::DimsHW value) noexcept override { set##New(value); }               \
  nv::DimsHW get##Old() const noexcept override { return to_hw(window_.field); }       \
  void set##New(nv::Dims value) noexcept override {                                    \
    window_.field = to_vector(value);                                                  \
    changed();                                                                         \
  }                                                                                    \
  nv::Dims get##New() const noexcept override { return to_dims(window_.field); }

#define TENON_PADDING_PARAMETERS                                                       \
 public:                                                                               \
  void setPadding(nv::DimsHW value) noexcept override { setPaddingNd(value); }         \
  nv::DimsHW getPadding() const noexcept override { return to_hw(window_.pre); }       \
  void setPaddingNd(nv::Dims value) noexcept override {                                \
    window_.pre = window_.post = to_vector(value);                                     \
    changed();                                                                         \
  }                                                                                    \
  nv::Dims getPaddingNd() const noexcept override { return to_dims(window_.pre); }     \
  void setPrePadding(nv::Dims value) noexcept override {                               \
    window_.pre = to_vector(value);                                                    \
    changed();                                                                         \
  }                                                                                    \
  nv::Dims getPrePadding() const noexcept override { return to_dims(window_.pre); }    \
  void setPostPadding(nv::Dims value) noexcept override {                              \
    window_.post = to_vector(value);                                                   \
    changed();                                                                         \
  }                                                                                    \
  nv::Dims getPostPadding() const noexcept override { return to_dims(window_.post); }  \
  void setPaddingMode(nv::PaddingMode value) noexcept override {                       \
    window_.mode = value;                                                              \
    changed();                                                                         \
  }                                                                                    \
  nv::PaddingMode getPaddingMode() const noexcept override { return window_.mode; }

nv::DimsHW to_hw(const std::vector<int64_t>&);

using RoleWeights = std::vector<std::pair<nv::WeightsRole, nv::Weights>>;

/// Convolution and transposed convolution; kernel and bias may come as inputs 1 and 2.
template <class I, class V>
class ConvolutionBase : public LayerOf<I, V> {
 public:
  ConvolutionBase(Network& network, nv::LayerType type, NetTensor& input, int32_t maps, nv::Dims kernel, nv::Weights w, nv::Weights b)
      : LayerOf<I, V>(network, type, {&input}), maps_(maps), kernel_(w), bias_(b), window_(kernel) {}
  RoleWeights refit_weights() const override { return {{nv::WeightsRole::kKERNEL, kernel_}, {nv::WeightsRole::kBIAS, bias_}}; }

 protected:
  int max_inputs() const override { return 3; }
  /// Kernel (dims: first, second, spatial), and bias or nothing.
  core::Value kernel(Lowering& l, int64_t first, int64_t second) const {
    if (NetTensor* tensor = this->input(1)) return l.value(*tensor);
    std::vector<int64_t> dims{first, second};
    dims.insert(dims.end(), window_.size.begin(), window_.size.end());
    return l.weights(kernel_, dims, "kernel", nv::WeightsRole::kKERNEL);
  }
  core::Value bias(Lowering& l) const {
    if (NetTensor* tensor = this->input(2)) return l.value(*tensor);
    return bias_.count == 0 ? core::Value{} : l.weights(bias_, {maps_}, "bias", nv::WeightsRole::kBIAS);
  }
  int64_t channels(Lowering& l, core::Value x) const;

  int32_t maps_, groups_ = 1;
  nv::Weights kernel_, bias_;
  SpatialWindow window_;
  using LayerBase::changed;

 public:
  void setNbOutputMaps(int32_t n) noexcept override { maps_ = n, changed(); }
  int32_t getNbOutputMaps() const noexcept override { return maps_; }
  void setNbGroups(int32_t n) noexcept override { groups_ = n, changed(); }
  int32_t getNbGroups() const noexcept override { return groups_; }
  void setKernelWeights(nv::Weights w) noexcept override { kernel_ = w, changed(); }
  nv::Weights getKernelWeights() const noexcept override { return kernel_; }
  void setBiasWeights(nv::Weights w) noexcept override { bias_ = w, changed(); }
  nv::Weights getBiasWeights() const noexcept override { return bias_; }
  TENON_WINDOW_PARAMETER(KernelSize, KernelSizeNd, size)
  TENON_WINDOW_PARAMETER(Stride, StrideNd, stride)
  TENON_PADDING_PARAMETERS
};

class ConvolutionLayer final : public ConvolutionBase<nv::IConvolutionLayer, nv::apiv::VConvolutionLayer> {
 public:
  using ConvolutionBase::ConvolutionBase;
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_WINDOW_PARAMETER(Dilation, DilationNd, dilation)
  void fill(const core::Conv&);
};

class DeconvolutionLayer final : public ConvolutionBase<nv::IDeconvolutionLayer, nv::apiv::VDeconvolutionLayer> {
 public:
  using ConvolutionBase::ConvolutionBase;
  std::vector<core::Value> lower(Lowering&) const override;
  void setDilationNd(nv::Dims value) noexcept override { window_.dilation = to_vector(value), changed(); }
  nv::Dims getDilationNd() const noexcept override { return to_dims(window_.dilation); }
};

class FullyConnectedLayer final : public LayerOf<nv::IFullyConnectedLayer, nv::apiv::VFullyConnectedLayer> {
 public:
  FullyConnectedLayer(Network& network, NetTensor& input, int32_t maps, nv::Weights w, nv::Weights b)
      : LayerOf(network, nv::LayerType::kFULLY_CONNECTED, {&input}), channels(maps), kernel(w), bias(b) {}
  std::vector<core::Value> lower(Lowering&) const override;
  RoleWeights refit_weights() const override { return {{nv::WeightsRole::kKERNEL, kernel}, {nv::WeightsRole::kBIAS, bias}}; }
  int max_inputs() const override { return 3; }
  TENON_PARAMETER(int32_t, NbOutputChannels, channels, 0)
  TENON_PARAMETER(nv::Weights, KernelWeights, kernel, {})
  TENON_PARAMETER(nv::Weights, BiasWeights, bias, {})
};

class PoolingLayer final : public LayerOf<nv::IPoolingLayer, nv::apiv::VPoolingLayer> {
 public:
  PoolingLayer(Network& network, NetTensor& input, nv::PoolingType kind, nv::Dims window)
      : LayerOf(network, nv::LayerType::kPOOLING, {&input}), type(kind), window_(window) {}
  std::vector<core::Value> lower(Lowering&) const override;
  void fill(const core::Pool&);
  TENON_PARAMETER(nv::PoolingType, PoolingType, type, nv::PoolingType::kMAX)
  TENON_PARAMETER(float, BlendFactor, blend, 0)
  TENON_PARAMETER(bool, AverageCountExcludesPadding, excludes_padding, true)
  TENON_WINDOW_PARAMETER(WindowSize, WindowSizeNd, size)
  TENON_WINDOW_PARAMETER(Stride, StrideNd, stride)
  TENON_PADDING_PARAMETERS

  SpatialWindow window_;
};

class LrnLayer final : public LayerOf<nv::ILRNLayer, nv::apiv::VLRNLayer> {
 public:
  LrnLayer(Network& network, NetTensor& input, int32_t w, float a, float b, float k0)
      : LayerOf(network, nv::LayerType::kLRN, {&input}), window(w), alpha(a), beta(b), k(k0) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(int32_t, WindowSize, window, 1)
  TENON_PARAMETER(float, Alpha, alpha, 0)
  TENON_PARAMETER(float, Beta, beta, 0)
  TENON_PARAMETER(float, K, k, 0)
};

class ScaleLayer final : public LayerOf<nv::IScaleLayer, nv::apiv::VScaleLayer> {
 public:
  ScaleLayer(Network& network, NetTensor& input, nv::ScaleMode m, nv::Weights sh, nv::Weights sc, nv::Weights p, int32_t channel_axis)
      : LayerOf(network, nv::LayerType::kSCALE, {&input}), mode(m), shift(sh), scale(sc), power(p), axis(channel_axis) {}
  std::vector<core::Value> lower(Lowering&) const override;
  RoleWeights refit_weights() const override { return {{nv::WeightsRole::kSHIFT, shift}, {nv::WeightsRole::kSCALE, scale}}; }
  TENON_PARAMETER(nv::ScaleMode, Mode, mode, nv::ScaleMode::kUNIFORM)
  TENON_PARAMETER(nv::Weights, Shift, shift, {})
  TENON_PARAMETER(nv::Weights, Scale, scale, {})
  TENON_PARAMETER(nv::Weights, Power, power, {})
  TENON_PARAMETER(int32_t, ChannelAxis, axis, 0)

 private:
  core::Value operand(Lowering&, core::Value x, const nv::Weights&, const char* what, nv::WeightsRole) const;
};

class PaddingLayer final : public LayerOf<nv::IPaddingLayer, nv::apiv::VPaddingLayer> {
 public:
  PaddingLayer(Network& network, NetTensor& input, nv::Dims before, nv::Dims after)
      : LayerOf(network, nv::LayerType::kPADDING, {&input}), pre_(to_vector(before)), post_(to_vector(after)) {}
  std::vector<core::Value> lower(Lowering&) const override;
  void setPrePadding(nv::DimsHW value) noexcept override { setPrePaddingNd(value); }
  nv::DimsHW getPrePadding() const noexcept override { return to_hw(pre_); }
  void setPostPadding(nv::DimsHW value) noexcept override { setPostPaddingNd(value); }
  nv::DimsHW getPostPadding() const noexcept override { return to_hw(post_); }
  void setPrePaddingNd(nv::Dims value) noexcept override { pre_ = to_vector(value), changed(); }
  nv::Dims getPrePaddingNd() const noexcept override { return to_dims(pre_); }
  void setPostPaddingNd(nv::Dims value) noexcept override { post_ = to_vector(value), changed(); }
  nv::Dims getPostPaddingNd() const noexcept override { return to_dims(post_); }

 private:
  std::vector<int64_t> pre_, post_;
};

class ResizeLayer final : public LayerOf<nv::IResizeLayer, nv::apiv::VResizeLayer> {
 public:
  ResizeLayer(Network& network, NetTensor& input) : LayerOf(network, nv::LayerType::kRESIZE, {&input}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int i) const override { return i == 1; }
  int max_inputs() const override { return 2; }
  void setOutputDimensions(nv::Dims value) noexcept override { sizes_ = to_vector(value), changed(); }
  nv::Dims getOutputDimensions() const noexcept override { return to_dims(sizes_); }
  void setScales(float const* scales, int32_t count) noexcept override;
  int32_t getScales(int32_t size, float* scales) const noexcept override;
  void setAlignCorners(bool value) noexcept override;
  bool getAlignCorners() const noexcept override { return coordinates == nv::ResizeCoordinateTransformation::kALIGN_CORNERS; }
  TENON_PARAMETER(nv::ResizeMode, ResizeMode, mode, nv::ResizeMode::kNEAREST)
  TENON_PARAMETER(nv::ResizeCoordinateTransformation, CoordinateTransformation, coordinates, nv::ResizeCoordinateTransformation::kASYMMETRIC)
  TENON_PARAMETER(nv::ResizeSelector, SelectorForSinglePixel, selector, nv::ResizeSelector::kFORMULA)
  TENON_PARAMETER(nv::ResizeRoundMode, NearestRounding, rounding, nv::ResizeRoundMode::kFLOOR)
  TENON_PARAMETER(float, CubicCoeff, cubic, -0.75f)
  TENON_PARAMETER(bool, ExcludeOutside, exclude_outside, false)

 private:
  std::vector<int64_t> sizes_;
  std::vector<double> scales_;
};

class GridSampleLayer final : public LayerOf<nv::IGridSampleLayer, nv::apiv::VGridSampleLayer> {
 public:
  GridSampleLayer(Network& network, NetTensor& input, NetTensor& grid) : LayerOf(network, nv::LayerType::kGRID_SAMPLE, {&input, &grid}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool setSampleMode(nv::SampleMode value) noexcept override;
  nv::SampleMode getSampleMode() const noexcept override { return padding_; }
  TENON_PARAMETER(nv::InterpolationMode, InterpolationMode, mode, nv::InterpolationMode::kLINEAR)
  TENON_PARAMETER(bool, AlignCorners, align, false)

 private:
  nv::SampleMode padding_ = nv::SampleMode::kFILL;
};

}  // namespace tenon::adapter
