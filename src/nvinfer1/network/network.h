#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

class LoopImpl;
class ConditionalImpl;

class Network final : public nv::INetworkDefinition, public nv::apiv::VNetworkDefinition {
 public:
  Network(nv::IBuilder& builder, const Reporter& reporter, nv::NetworkDefinitionCreationFlags flags);
  ~Network() noexcept override;
  static Network& of(nv::INetworkDefinition& network) { return static_cast<Network&>(network); }
  static const Network& of(const nv::INetworkDefinition& network) { return static_cast<const Network&>(network); }

  const Reporter& reporter() const { return reporter_; }
  bool implicit_batch() const { return implicit_batch_; }
  bool strongly_typed() const;
  int next_layer() const { return static_cast<int>(layers_.size()); }
  const std::vector<std::unique_ptr<LayerBase>>& layers() const { return layers_; }
  const std::vector<NetTensor*>& inputs() const { return inputs_; }
  const std::vector<NetTensor*>& outputs() const { return outputs_; }
  const std::string& name() const { return name_; }
  const std::set<std::string>& refittable() const { return refittable_; }

  /// Everything known so far may be wrong now; or only what follows from a layer.
  void changed();
  void changed(const LayerBase&);
  /// Fails when the tensor is another network's.
  void check_owned(const NetTensor&) const;
  void check_input_dims(const std::string& name, const nv::Dims&) const;

  nv::Dims dims_of(const NetTensor&) const;
  /// Of a layer's output. Its ancestors are asked first, one after the other: networks are deep, stacks are not.
  nv::DataType type_of(const NetTensor&) const;
  bool is_broadcast(const NetTensor&) const;
  bool is_shape_tensor(const NetTensor&) const;
  core::Shape input_shape(const NetTensor&) const;
  std::string weights_name(const LayerBase&, nv::WeightsRole, const nv::Weights&) const;
  /// A value shared by the batch, once for each of it.
  core::Value over_batch(Lowering&, core::Value) const;
  /// Fails when the condition is known and does not hold.
  void check_assertion(Lowering&, core::Value condition, const std::string& message) const;

  /// What a build starts from. `refit` gets the constants that layers' weights became.
  struct GraphRequest {
    std::map<std::string, core::Shape> input_shapes;
    bool obeys_precision = false;
    Lowering::Refit refits = Lowering::Refit::none;
    std::vector<Lowering::RefitWeights>* refit = nullptr;
  };
  core::Graph make_graph(const GraphRequest&) const;
  /// Fails saying what is wrong with inputs and outputs.
  void check() const;

  /// Makes a layer and remembers it: in `list` too, unless that is null. Null with a message when an input is not ours.
  template <class L, class T, class... Args>
  L* add_layer(const char* call, std::vector<T*>* list, const std::vector<nv::ITensor*>& inputs, Args&&... args) noexcept {
    return guarded(reporter_, call, static_cast<L*>(nullptr), [&] {
      for (nv::ITensor* tensor : inputs) check_owned(NetTensor::of(*need(tensor, "input")));
      auto layer = std::make_unique<L>(*this, std::forward<Args>(args)...);
      L* result = layer.get();
      layers_.push_back(std::move(layer));
      if (list) list->push_back(result);
      return result;
    });
  }
  template <class L, class... Args>
  L* add_layer(const char* call, const std::vector<nv::ITensor*>& inputs, Args&&... args) noexcept {
    return add_layer<L>(call, static_cast<std::vector<L*>*>(nullptr), inputs, std::forward<Args>(args)...);
  }

  nv::ITensor* addInput(char const* name, nv::DataType type, nv::Dims dimensions) noexcept override;
  void markOutput(nv::ITensor& tensor) noexcept override;
  void unmarkOutput(nv::ITensor& tensor) noexcept override;
  bool markOutputForShapes(nv::ITensor& tensor) noexcept override;
  bool unmarkOutputForShapes(nv::ITensor& tensor) noexcept override;
  void removeTensor(nv::ITensor& tensor) noexcept override;
  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(layers_.size()); }
  nv::ILayer* getLayer(int32_t index) const noexcept override;
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_.size()); }
  nv::ITensor* getInput(int32_t index) const noexcept override;
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(outputs_.size()); }
  nv::ITensor* getOutput(int32_t index) const noexcept override;
  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }
  bool hasImplicitBatchDimension() const noexcept override { return implicit_batch_; }
  bool hasExplicitPrecision() const noexcept override;
  bool setWeightsName(nv::Weights weights, char const* name) noexcept override;
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { reporter_.set_recorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return reporter_.recorder(); }
  nv::IBuilder& getBuilder() const noexcept override { return builder_; }
  nv::NetworkDefinitionCreationFlags getFlags() const noexcept override { return flags_; }
  bool getFlag(nv::NetworkDefinitionCreationFlag flag) const noexcept override { return flags_ >> static_cast<int>(flag) & 1; }
  bool markDebug(nv::ITensor& tensor) noexcept override;
  bool unmarkDebug(nv::ITensor& tensor) noexcept override;
  bool isDebugTensor(nv::ITensor const& tensor) const noexcept override;
  bool markUnfusedTensorsAsDebugTensors() noexcept override;
  bool unmarkUnfusedTensorsAsDebugTensors() noexcept override;
  bool markWeightsRefittable(char const* name) noexcept override;
  bool unmarkWeightsRefittable(char const* name) noexcept override;
  bool areWeightsMarkedRefittable(char const* name) const noexcept override;

  nv::IConvolutionLayer* addConvolution(nv::ITensor&, int32_t, nv::DimsHW, nv::Weights, nv::Weights) noexcept override;
  nv::IFullyConnectedLayer* addFullyConnected(nv::ITensor&, int32_t, nv::Weights, nv::Weights) noexcept override;
  nv::IActivationLayer* addActivation(nv::ITensor&, nv::ActivationType) noexcept override;
  nv::IPoolingLayer* addPooling(nv::ITensor&, nv::PoolingType, nv::DimsHW) noexcept override;
  nv::ILRNLayer* addLRN(nv::ITensor&, int32_t, float, float, float) noexcept override;
  nv::IScaleLayer* addScale(nv::ITensor&, nv::ScaleMode, nv::Weights, nv::Weights, nv::Weights) noexcept override;
  nv::ISoftMaxLayer* addSoftMax(nv::ITensor&) noexcept override;
  nv::IConcatenationLayer* addConcatenation(nv::ITensor* const*, int32_t) noexcept override;
  nv::IDeconvolutionLayer* addDeconvolution(nv::ITensor&, int32_t, nv::DimsHW, nv::Weights, nv::Weights) noexcept override;
  nv::IElementWiseLayer* addElementWise(nv::ITensor&, nv::ITensor&, nv::ElementWiseOperation) noexcept override;
  nv::IUnaryLayer* addUnary(nv::ITensor&, nv::UnaryOperation) noexcept override;
  nv::IPaddingLayer* addPadding(nv::ITensor&, nv::DimsHW, nv::DimsHW) noexcept override;
  nv::IShuffleLayer* addShuffle(nv::ITensor&) noexcept override;
  nv::IReduceLayer* addReduce(nv::ITensor&, nv::ReduceOperation, uint32_t, bool) noexcept override;
  nv::ITopKLayer* addTopK(nv::ITensor&, nv::TopKOperation, int32_t, uint32_t) noexcept override;
  nv::IGatherLayer* addGather(nv::ITensor&, nv::ITensor&, int32_t) noexcept override;
  nv::IRaggedSoftMaxLayer* addRaggedSoftMax(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IMatrixMultiplyLayer* addMatrixMultiply(nv::ITensor&, nv::MatrixOperation, nv::ITensor&, nv::MatrixOperation) noexcept override;
  nv::IConstantLayer* addConstant(nv::Dims, nv::Weights) noexcept override;
  nv::IRNNv2Layer* addRNNv2(nv::ITensor&, int32_t, int32_t, int32_t, nv::RNNOperation) noexcept override;
  nv::IIdentityLayer* addIdentity(nv::ITensor&) noexcept override;
  nv::IPluginV2Layer* addPluginV2(nv::ITensor* const*, int32_t, nv::IPluginV2&) noexcept override;
  nv::ISliceLayer* addSlice(nv::ITensor&, nv::Dims, nv::Dims, nv::Dims) noexcept override;
  nv::IShapeLayer* addShape(nv::ITensor&) noexcept override;
  nv::IParametricReLULayer* addParametricReLU(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IConvolutionLayer* addConvolutionNd(nv::ITensor&, int32_t, nv::Dims, nv::Weights, nv::Weights) noexcept override;
  nv::IPoolingLayer* addPoolingNd(nv::ITensor&, nv::PoolingType, nv::Dims) noexcept override;
  nv::IDeconvolutionLayer* addDeconvolutionNd(nv::ITensor&, int32_t, nv::Dims, nv::Weights, nv::Weights) noexcept override;
  nv::IScaleLayer* addScaleNd(nv::ITensor&, nv::ScaleMode, nv::Weights, nv::Weights, nv::Weights, int32_t) noexcept override;
  nv::IResizeLayer* addResize(nv::ITensor&) noexcept override;
  nv::ILoop* addLoop() noexcept override;
  nv::ISelectLayer* addSelect(nv::ITensor&, nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IFillLayer* addFill(nv::Dims, nv::FillOperation) noexcept override;
  nv::IPaddingLayer* addPaddingNd(nv::ITensor&, nv::Dims, nv::Dims) noexcept override;
  nv::IDequantizeLayer* addDequantize(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IQuantizeLayer* addQuantize(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IGatherLayer* addGatherV2(nv::ITensor&, nv::ITensor&, nv::GatherMode) noexcept override;
  nv::IIfConditional* addIfConditional() noexcept override;
  nv::IScatterLayer* addScatter(nv::ITensor&, nv::ITensor&, nv::ITensor&, nv::ScatterMode) noexcept override;
  nv::IEinsumLayer* addEinsum(nv::ITensor* const*, int32_t, char const*) noexcept override;
  nv::IAssertionLayer* addAssertion(nv::ITensor&, char const*) noexcept override;
  nv::IOneHotLayer* addOneHot(nv::ITensor&, nv::ITensor&, nv::ITensor&, int32_t) noexcept override;
  nv::INonZeroLayer* addNonZero(nv::ITensor&) noexcept override;
  nv::IGridSampleLayer* addGridSample(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::INMSLayer* addNMS(nv::ITensor&, nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IReverseSequenceLayer* addReverseSequence(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::INormalizationLayer* addNormalization(nv::ITensor&, nv::ITensor&, nv::ITensor&, uint32_t) noexcept override;
  nv::ICastLayer* addCast(nv::ITensor&, nv::DataType) noexcept override;
  nv::IFillLayer* addFillV2(nv::Dims, nv::FillOperation, nv::DataType) noexcept override;
  nv::IDequantizeLayer* addDequantizeV2(nv::ITensor&, nv::ITensor&, nv::DataType) noexcept override;
  nv::IQuantizeLayer* addQuantizeV2(nv::ITensor&, nv::ITensor&, nv::DataType) noexcept override;
  nv::ISqueezeLayer* addSqueeze(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::IUnsqueezeLayer* addUnsqueeze(nv::ITensor&, nv::ITensor&) noexcept override;
  nv::ICumulativeLayer* addCumulative(nv::ITensor&, nv::ITensor&, nv::CumulativeOperation, bool, bool) noexcept override;
  nv::INormalizationLayer* addNormalizationV2(nv::ITensor&, nv::ITensor&, nv::ITensor&, uint32_t) noexcept override;

 private:
  Lowering& shadow() const;
  core::Value output_value(Lowering&, const NetTensor&) const;
  std::vector<const LayerBase*> live_layers() const;
  void mark(nv::ITensor& tensor, bool for_shapes);
  void unmark(nv::ITensor& tensor, bool for_shapes);
  uint32_t channel_mask(const NetTensor&) const;

  nv::IBuilder& builder_;
  Reporter reporter_;
  nv::NetworkDefinitionCreationFlags flags_;
  bool implicit_batch_;
  std::string name_ = "Unnamed Network 0";
  std::vector<std::unique_ptr<NetTensor>> input_tensors_;
  std::vector<NetTensor*> inputs_, outputs_;
  std::vector<std::unique_ptr<LayerBase>> layers_;
  std::vector<std::unique_ptr<LoopImpl>> loops_;
  std::vector<std::unique_ptr<ConditionalImpl>> conditionals_;
  std::map<const void*, std::string> weights_names_;
  std::set<std::string> refittable_;
  // Types of all that was asked about since the last change.
  mutable std::unique_ptr<core::Graph> shadow_graph_;
  mutable std::unique_ptr<Lowering> shadow_;
  uint64_t types_version_ = 1;  // of the types that tensors remember
  mutable bool walks_types_ = false;
};

}  // namespace tenon::adapter
