#include "nvinfer1/network/control.h"
#include "nvinfer1/network/math_layers.h"
#include "nvinfer1/network/moving_layers.h"
#include "nvinfer1/network/network.h"
#include "nvinfer1/network/recurrent_layer.h"
#include "nvinfer1/network/spatial_layers.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace tenon::adapter {

using Code = nv::ErrorCode;

namespace {

NetTensor& net(nv::ITensor& tensor) { return NetTensor::of(tensor); }

/// Weights whose count and values contradict each other. True when they are fine.
bool check_weights(const Reporter& reporter, const char* call, const nv::Weights& weights, const char* what) {
  if ((weights.count != 0) == (weights.values != nullptr) && weights.count >= 0) return true;
  const char* found = weights.values ? "has zero count but non-null values" : "has non-zero count but null values";
  reporter.error(call, Code::kINVALID_ARGUMENT, fmt::format("{} weights {}", what, found));
  return false;
}

std::vector<nv::ITensor*> list_of(nv::ITensor* const* inputs, int32_t count) {
  if (!inputs || count <= 0) return {nullptr};
  return {inputs, inputs + count};
}

Inputs net_inputs(const std::vector<nv::ITensor*>& tensors) {
  Inputs inputs;
  for (nv::ITensor* tensor : tensors) inputs.push_back(tensor ? &net(*tensor) : nullptr);
  return inputs;
}

}  // namespace

/// The axis of channels when there are three dims or more, else the first.
uint32_t Network::channel_mask(const NetTensor& tensor) const {
  const nv::Dims dims = tensor.getDimensions();
  return 1u << std::max(0, dims.nbDims - 3);
}

nv::IConvolutionLayer* Network::addConvolutionNd(nv::ITensor& input, int32_t maps, nv::Dims kernel, nv::Weights w, nv::Weights b) noexcept {
  const char* call = "INetworkDefinition::addConvolutionNd";
  if (!check_weights(reporter_, call, w, "kernel") || !check_weights(reporter_, call, b, "bias")) return nullptr;
  return add_layer<ConvolutionLayer>(call, {&input}, nv::LayerType::kCONVOLUTION, net(input), maps, kernel, w, b);
}
nv::IConvolutionLayer* Network::addConvolution(nv::ITensor& input, int32_t maps, nv::DimsHW kernel, nv::Weights w, nv::Weights b) noexcept {
  return addConvolutionNd(input, maps, kernel, w, b);
}

nv::IDeconvolutionLayer* Network::addDeconvolutionNd(nv::ITensor& input, int32_t maps, nv::Dims kernel, nv::Weights w, nv::Weights b) noexcept {
  const char* call = "INetworkDefinition::addDeconvolutionNd";
  if (!check_weights(reporter_, call, w, "kernel") || !check_weights(reporter_, call, b, "bias")) return nullptr;
  return add_layer<DeconvolutionLayer>(call, {&input}, nv::LayerType::kDECONVOLUTION, net(input), maps, kernel, w, b);
}
nv::IDeconvolutionLayer* Network::addDeconvolution(nv::ITensor& input, int32_t maps, nv::DimsHW kernel, nv::Weights w, nv::Weights b) noexcept {
  return addDeconvolutionNd(input, maps, kernel, w, b);
}

nv::IFullyConnectedLayer* Network::addFullyConnected(nv::ITensor& input, int32_t maps, nv::Weights w, nv::Weights b) noexcept {
  const char* call = "INetworkDefinition::addFullyConnected";
  if (!check_weights(reporter_, call, w, "kernel") || !check_weights(reporter_, call, b, "bias")) return nullptr;
  return add_layer<FullyConnectedLayer>(call, {&input}, net(input), maps, w, b);
}

nv::IActivationLayer* Network::addActivation(nv::ITensor& input, nv::ActivationType type) noexcept {
  return add_layer<ActivationLayer>("INetworkDefinition::addActivation", {&input}, net(input), type);
}

nv::IPoolingLayer* Network::addPoolingNd(nv::ITensor& input, nv::PoolingType type, nv::Dims window) noexcept {
  return add_layer<PoolingLayer>("INetworkDefinition::addPoolingNd", {&input}, net(input), type, window);
}
nv::IPoolingLayer* Network::addPooling(nv::ITensor& input, nv::PoolingType type, nv::DimsHW window) noexcept { return addPoolingNd(input, type, window); }

nv::ILRNLayer* Network::addLRN(nv::ITensor& input, int32_t window, float alpha, float beta, float k) noexcept {
  return add_layer<LrnLayer>("INetworkDefinition::addLRN", {&input}, net(input), window, alpha, beta, k);
}

nv::IScaleLayer* Network::addScaleNd(nv::ITensor& input, nv::ScaleMode mode, nv::Weights shift, nv::Weights scale, nv::Weights power, int32_t axis) noexcept {
  const char* call = "INetworkDefinition::addScaleNd";
  for (auto [w, what] : {std::pair(&shift, "shift"), std::pair(&scale, "scale"), std::pair(&power, "power")})
    if (!check_weights(reporter_, call, *w, what)) return nullptr;
  return add_layer<ScaleLayer>(call, {&input}, net(input), mode, shift, scale, power, axis);
}
nv::IScaleLayer* Network::addScale(nv::ITensor& input, nv::ScaleMode mode, nv::Weights shift, nv::Weights scale, nv::Weights power) noexcept {
  return addScaleNd(input, mode, shift, scale, power, implicit_batch_ ? std::max(0, input.getDimensions().nbDims - 3) : 1);
}

nv::ISoftMaxLayer* Network::addSoftMax(nv::ITensor& input) noexcept {
  return add_layer<SoftMaxLayer>("INetworkDefinition::addSoftMax", {&input}, net(input), channel_mask(net(input)));
}

nv::IConcatenationLayer* Network::addConcatenation(nv::ITensor* const* inputs, int32_t count) noexcept {
  const auto list = list_of(inputs, count);
  const int32_t axis = list[0] ? std::max(0, list[0]->getDimensions().nbDims - 3) : 0;
  return add_layer<ConcatenationLayer>("INetworkDefinition::addConcatenation", list, net_inputs(list), axis);
}

nv::IElementWiseLayer* Network::addElementWise(nv::ITensor& a, nv::ITensor& b, nv::ElementWiseOperation op) noexcept {
  return add_layer<ElementWiseLayer>("INetworkDefinition::addElementWise", {&a, &b}, net(a), net(b), op);
}
nv::IUnaryLayer* Network::addUnary(nv::ITensor& input, nv::UnaryOperation op) noexcept {
  return add_layer<UnaryLayer>("INetworkDefinition::addUnary", {&input}, net(input), op);
}
nv::IPaddingLayer* Network::addPaddingNd(nv::ITensor& input, nv::Dims before, nv::Dims after) noexcept {
  return add_layer<PaddingLayer>("INetworkDefinition::addPaddingNd", {&input}, net(input), before, after);
}
nv::IPaddingLayer* Network::addPadding(nv::ITensor& input, nv::DimsHW before, nv::DimsHW after) noexcept { return addPaddingNd(input, before, after); }
nv::IShuffleLayer* Network::addShuffle(nv::ITensor& input) noexcept { return add_layer<ShuffleLayer>("INetworkDefinition::addShuffle", {&input}, net(input)); }
nv::IReduceLayer* Network::addReduce(nv::ITensor& input, nv::ReduceOperation op, uint32_t axes, bool keep) noexcept {
  return add_layer<ReduceLayer>("INetworkDefinition::addReduce", {&input}, net(input), op, axes, keep);
}
nv::ITopKLayer* Network::addTopK(nv::ITensor& input, nv::TopKOperation op, int32_t k, uint32_t axes) noexcept {
  return add_layer<TopKLayer>("INetworkDefinition::addTopK", {&input}, net(input), op, k, axes);
}
nv::IGatherLayer* Network::addGather(nv::ITensor& data, nv::ITensor& indices, int32_t axis) noexcept {
  return add_layer<GatherLayer>("INetworkDefinition::addGather", {&data, &indices}, net(data), net(indices), axis, nv::GatherMode::kDEFAULT);
}
nv::IGatherLayer* Network::addGatherV2(nv::ITensor& data, nv::ITensor& indices, nv::GatherMode mode) noexcept {
  return add_layer<GatherLayer>("INetworkDefinition::addGatherV2", {&data, &indices}, net(data), net(indices), 0, mode);
}
nv::IRaggedSoftMaxLayer* Network::addRaggedSoftMax(nv::ITensor& input, nv::ITensor& bounds) noexcept {
  return add_layer<RaggedSoftMaxLayer>("INetworkDefinition::addRaggedSoftMax", {&input, &bounds}, net(input), net(bounds));
}
nv::IMatrixMultiplyLayer* Network::addMatrixMultiply(nv::ITensor& a, nv::MatrixOperation op0, nv::ITensor& b, nv::MatrixOperation op1) noexcept {
  return add_layer<MatrixMultiplyLayer>("INetworkDefinition::addMatrixMultiply", {&a, &b}, net(a), op0, net(b), op1);
}
nv::IConstantLayer* Network::addConstant(nv::Dims dims, nv::Weights weights) noexcept {
  const char* call = "INetworkDefinition::addConstant";
  if (!check_weights(reporter_, call, weights, "constant")) return nullptr;
  return add_layer<ConstantLayer>(call, {}, dims, weights);
}
nv::IRNNv2Layer* Network::addRNNv2(nv::ITensor& input, int32_t layers, int32_t hidden, int32_t most, nv::RNNOperation op) noexcept {
  return add_layer<RnnV2Layer>("INetworkDefinition::addRNNv2", {&input}, net(input), layers, hidden, most, op);
}
nv::IIdentityLayer* Network::addIdentity(nv::ITensor& input) noexcept { return add_layer<IdentityLayer>("INetworkDefinition::addIdentity", {&input}, net(input)); }
nv::ICastLayer* Network::addCast(nv::ITensor& input, nv::DataType type) noexcept { return add_layer<CastLayer>("INetworkDefinition::addCast", {&input}, net(input), type); }

nv::IPluginV2Layer* Network::addPluginV2(nv::ITensor* const* inputs, int32_t count, nv::IPluginV2& plugin) noexcept {
  const auto list = count == 0 ? std::vector<nv::ITensor*>{} : list_of(inputs, count);
  return add_layer<PluginV2Layer>("INetworkDefinition::addPluginV2", list, net_inputs(list), plugin, plugin.getNbOutputs());
}

nv::ISliceLayer* Network::addSlice(nv::ITensor& input, nv::Dims start, nv::Dims size, nv::Dims stride) noexcept {
  return add_layer<SliceLayer>("INetworkDefinition::addSlice", {&input}, net(input), start, size, stride);
}
nv::IShapeLayer* Network::addShape(nv::ITensor& input) noexcept { return add_layer<ShapeLayer>("INetworkDefinition::addShape", {&input}, net(input)); }
nv::IParametricReLULayer* Network::addParametricReLU(nv::ITensor& input, nv::ITensor& slope) noexcept {
  return add_layer<ParametricReLULayer>("INetworkDefinition::addParametricReLU", {&input, &slope}, net(input), net(slope));
}
nv::IResizeLayer* Network::addResize(nv::ITensor& input) noexcept { return add_layer<ResizeLayer>("INetworkDefinition::addResize", {&input}, net(input)); }

nv::ILoop* Network::addLoop() noexcept {
  return guarded(reporter_, "INetworkDefinition::addLoop", static_cast<nv::ILoop*>(nullptr), [&]() -> nv::ILoop* {
    loops_.push_back(std::make_unique<LoopImpl>(*this, fmt::format("(Unnamed Loop* {})", loops_.size())));
    return loops_.back().get();
  });
}
nv::IIfConditional* Network::addIfConditional() noexcept {
  return guarded(reporter_, "INetworkDefinition::addIfConditional", static_cast<nv::IIfConditional*>(nullptr), [&]() -> nv::IIfConditional* {
    conditionals_.push_back(std::make_unique<ConditionalImpl>(*this, fmt::format("(Unnamed Conditional* {})", conditionals_.size())));
    return conditionals_.back().get();
  });
}

nv::ISelectLayer* Network::addSelect(nv::ITensor& condition, nv::ITensor& a, nv::ITensor& b) noexcept {
  return add_layer<SelectLayer>("INetworkDefinition::addSelect", {&condition, &a, &b}, net(condition), net(a), net(b));
}
nv::IFillLayer* Network::addFillV2(nv::Dims dims, nv::FillOperation op, nv::DataType type) noexcept {
  return add_layer<FillLayer>("INetworkDefinition::addFill", {}, dims, op, type);
}
nv::IFillLayer* Network::addFill(nv::Dims dims, nv::FillOperation op) noexcept { return addFillV2(dims, op, nv::DataType::kFLOAT); }
nv::IDequantizeLayer* Network::addDequantizeV2(nv::ITensor& input, nv::ITensor& scale, nv::DataType type) noexcept {
  return add_layer<DequantizeLayer>("INetworkDefinition::addDequantize", {&input, &scale}, net(input), net(scale), type);
}
nv::IDequantizeLayer* Network::addDequantize(nv::ITensor& input, nv::ITensor& scale) noexcept { return addDequantizeV2(input, scale, nv::DataType::kFLOAT); }
nv::IQuantizeLayer* Network::addQuantizeV2(nv::ITensor& input, nv::ITensor& scale, nv::DataType type) noexcept {
  return add_layer<QuantizeLayer>("INetworkDefinition::addQuantize", {&input, &scale}, net(input), net(scale), type);
}
nv::IQuantizeLayer* Network::addQuantize(nv::ITensor& input, nv::ITensor& scale) noexcept { return addQuantizeV2(input, scale, nv::DataType::kINT8); }

nv::IScatterLayer* Network::addScatter(nv::ITensor& data, nv::ITensor& indices, nv::ITensor& updates, nv::ScatterMode mode) noexcept {
  return add_layer<ScatterLayer>("INetworkDefinition::addScatter", {&data, &indices, &updates}, net(data), net(indices), net(updates), mode);
}
nv::IEinsumLayer* Network::addEinsum(nv::ITensor* const* inputs, int32_t count, char const* equation) noexcept {
  const auto list = list_of(inputs, count);
  if (!equation) return reporter_.error("INetworkDefinition::addEinsum", Code::kINVALID_ARGUMENT, "'equation' is null"), nullptr;
  return add_layer<EinsumLayer>("INetworkDefinition::addEinsum", list, net_inputs(list), equation);
}
nv::IAssertionLayer* Network::addAssertion(nv::ITensor& condition, char const* message) noexcept {
  return add_layer<AssertionLayer>("INetworkDefinition::addAssertion", {&condition}, net(condition), message ? message : "");
}
nv::IOneHotLayer* Network::addOneHot(nv::ITensor& indices, nv::ITensor& values, nv::ITensor& depth, int32_t axis) noexcept {
  return add_layer<OneHotLayer>("INetworkDefinition::addOneHot", {&indices, &values, &depth}, net(indices), net(values), net(depth), axis);
}
nv::INonZeroLayer* Network::addNonZero(nv::ITensor& input) noexcept { return add_layer<NonZeroLayer>("INetworkDefinition::addNonZero", {&input}, net(input)); }
nv::IGridSampleLayer* Network::addGridSample(nv::ITensor& input, nv::ITensor& grid) noexcept {
  return add_layer<GridSampleLayer>("INetworkDefinition::addGridSample", {&input, &grid}, net(input), net(grid));
}
nv::INMSLayer* Network::addNMS(nv::ITensor& boxes, nv::ITensor& scores, nv::ITensor& most) noexcept {
  return add_layer<NmsLayer>("INetworkDefinition::addNMS", {&boxes, &scores, &most}, net(boxes), net(scores), net(most));
}
nv::IReverseSequenceLayer* Network::addReverseSequence(nv::ITensor& input, nv::ITensor& lengths) noexcept {
  return add_layer<ReverseSequenceLayer>("INetworkDefinition::addReverseSequence", {&input, &lengths}, net(input), net(lengths));
}
nv::INormalizationLayer* Network::addNormalization(nv::ITensor& input, nv::ITensor& scale, nv::ITensor& bias, uint32_t axes) noexcept {
  return add_layer<NormalizationLayer>("INetworkDefinition::addNormalization", {&input, &scale, &bias}, net(input), net(scale), net(bias), axes, false);
}
nv::INormalizationLayer* Network::addNormalizationV2(nv::ITensor& input, nv::ITensor& scale, nv::ITensor& bias, uint32_t axes) noexcept {
  return add_layer<NormalizationLayer>("INetworkDefinition::addNormalizationV2", {&input, &scale, &bias}, net(input), net(scale), net(bias), axes, true);
}
nv::ISqueezeLayer* Network::addSqueeze(nv::ITensor& input, nv::ITensor& axes) noexcept {
  return add_layer<SqueezeLayer>("INetworkDefinition::addSqueeze", {&input, &axes}, net(input), net(axes));
}
nv::IUnsqueezeLayer* Network::addUnsqueeze(nv::ITensor& input, nv::ITensor& axes) noexcept {
  return add_layer<UnsqueezeLayer>("INetworkDefinition::addUnsqueeze", {&input, &axes}, net(input), net(axes));
}
nv::ICumulativeLayer* Network::addCumulative(nv::ITensor& input, nv::ITensor& axis, nv::CumulativeOperation, bool exclusive, bool reverse) noexcept {
  return add_layer<CumulativeLayer>("INetworkDefinition::addCumulative", {&input, &axis}, net(input), net(axis), exclusive, reverse);
}

}  // namespace tenon::adapter
