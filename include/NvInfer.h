#pragma once
#include "NvInferNetworkImpl.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace nvinfer1 {

enum class LayerType : int32_t {
  kCONVOLUTION = 0,
  kFULLY_CONNECTED = 1,
  kACTIVATION = 2,
  kPOOLING = 3,
  kLRN = 4,
  kSCALE = 5,
  kSOFTMAX = 6,
  kDECONVOLUTION = 7,
  kCONCATENATION = 8,
  kELEMENTWISE = 9,
  kPLUGIN = 10,
  kUNARY = 11,
  kPADDING = 12,
  kSHUFFLE = 13,
  kREDUCE = 14,
  kTOPK = 15,
  kGATHER = 16,
  kMATRIX_MULTIPLY = 17,
  kRAGGED_SOFTMAX = 18,
  kCONSTANT = 19,
  kRNN_V2 = 20,
  kIDENTITY = 21,
  kPLUGIN_V2 = 22,
  kSLICE = 23,
  kSHAPE = 24,
  kPARAMETRIC_RELU = 25,
  kRESIZE = 26,
  kTRIP_LIMIT = 27,
  kRECURRENCE = 28,
  kITERATOR = 29,
  kLOOP_OUTPUT = 30,
  kSELECT = 31,
  kFILL = 32,
  kQUANTIZE = 33,
  kDEQUANTIZE = 34,
  kCONDITION = 35,
  kCONDITIONAL_INPUT = 36,
  kCONDITIONAL_OUTPUT = 37,
  kSCATTER = 38,
  kEINSUM = 39,
  kASSERTION = 40,
  kONE_HOT = 41,
  kNON_ZERO = 42,
  kGRID_SAMPLE = 43,
  kNMS = 44,
  kREVERSE_SEQUENCE = 45,
  kNORMALIZATION = 46,
  kCAST = 47,
  kSQUEEZE = 48,
  kUNSQUEEZE = 49,
  kCUMULATIVE = 50,
};

/// A value of the network: made by a layer, or an input. Owned by the network.
class ITensor : public INoCopy {
 public:
  void setName(char const* name) noexcept { mImpl->setName(name); }
  char const* getName() const noexcept { return mImpl->getName(); }
  void setDimensions(Dims dimensions) noexcept { mImpl->setDimensions(dimensions); }
  Dims getDimensions() const noexcept { return mImpl->getDimensions(); }
  void setType(DataType type) noexcept { mImpl->setType(type); }
  DataType getType() const noexcept { return mImpl->getType(); }
  bool setDynamicRange(float min, float max) noexcept { return mImpl->setDynamicRange(min, max); }
  bool isNetworkInput() const noexcept { return mImpl->isNetworkInput(); }
  bool isNetworkOutput() const noexcept { return mImpl->isNetworkOutput(); }
  void setBroadcastAcrossBatch(bool broadcastAcrossBatch) noexcept {
    mImpl->setBroadcastAcrossBatch(broadcastAcrossBatch);
  }
  bool getBroadcastAcrossBatch() const noexcept { return mImpl->getBroadcastAcrossBatch(); }
  TensorLocation getLocation() const noexcept { return mImpl->getLocation(); }
  void setLocation(TensorLocation location) noexcept { mImpl->setLocation(location); }
  bool dynamicRangeIsSet() const noexcept { return mImpl->dynamicRangeIsSet(); }
  void resetDynamicRange() noexcept { mImpl->resetDynamicRange(); }
  float getDynamicRangeMin() const noexcept { return mImpl->getDynamicRangeMin(); }
  float getDynamicRangeMax() const noexcept { return mImpl->getDynamicRangeMax(); }
  void setAllowedFormats(TensorFormats allowedFormats) noexcept { mImpl->setAllowedFormats(allowedFormats); }
  TensorFormats getAllowedFormats() const noexcept { return mImpl->getAllowedFormats(); }
  bool isShapeTensor() const noexcept { return mImpl->isShapeTensor(); }
  bool isExecutionTensor() const noexcept { return mImpl->isExecutionTensor(); }
  void setDimensionName(int32_t index, char const* name) noexcept { mImpl->setDimensionName(index, name); }
  char const* getDimensionName(int32_t index) const noexcept { return mImpl->getDimensionName(index); }

 protected:
  ~ITensor() noexcept override = default;
  apiv::VTensor* mImpl = nullptr;
};

/// What all layers have. Owned by the network.
class ILayer : public INoCopy {
 public:
  LayerType getType() const noexcept { return mLayer->getType(); }
  void setName(char const* name) noexcept { mLayer->setName(name); }
  char const* getName() const noexcept { return mLayer->getName(); }
  int32_t getNbInputs() const noexcept { return mLayer->getNbInputs(); }
  ITensor* getInput(int32_t index) const noexcept { return mLayer->getInput(index); }
  int32_t getNbOutputs() const noexcept { return mLayer->getNbOutputs(); }
  ITensor* getOutput(int32_t index) const noexcept { return mLayer->getOutput(index); }
  void setInput(int32_t index, ITensor& tensor) noexcept { mLayer->setInput(index, tensor); }
  void setPrecision(DataType dataType) noexcept { mLayer->setPrecision(dataType); }
  DataType getPrecision() const noexcept { return mLayer->getPrecision(); }
  bool precisionIsSet() const noexcept { return mLayer->precisionIsSet(); }
  void resetPrecision() noexcept { mLayer->resetPrecision(); }
  void setOutputType(int32_t index, DataType dataType) noexcept { mLayer->setOutputType(index, dataType); }
  DataType getOutputType(int32_t index) const noexcept { return mLayer->getOutputType(index); }
  bool outputTypeIsSet(int32_t index) const noexcept { return mLayer->outputTypeIsSet(index); }
  void resetOutputType(int32_t index) noexcept { mLayer->resetOutputType(index); }
  void setMetadata(char const* metadata) noexcept { mLayer->setMetadata(metadata); }
  char const* getMetadata() const noexcept { return mLayer->getMetadata(); }

 protected:
  ~ILayer() noexcept override = default;
  apiv::VLayer* mLayer = nullptr;
};

enum class PaddingMode : int32_t {
  kEXPLICIT_ROUND_DOWN = 0,
  kEXPLICIT_ROUND_UP = 1,
  kSAME_UPPER = 2,
  kSAME_LOWER = 3,
  kCAFFE_ROUND_DOWN = 4,
  kCAFFE_ROUND_UP = 5,
};

/// N-D (2-D/3-D) grouped/dilated convolution; kernel may also come as a second input.
class IConvolutionLayer : public ILayer {
 public:
  TRT_DEPRECATED void setKernelSize(DimsHW kernelSize) noexcept { mImpl->setKernelSize(kernelSize); }
  TRT_DEPRECATED DimsHW getKernelSize() const noexcept { return mImpl->getKernelSize(); }
  void setNbOutputMaps(int32_t nbOutputMaps) noexcept { mImpl->setNbOutputMaps(nbOutputMaps); }
  int32_t getNbOutputMaps() const noexcept { return mImpl->getNbOutputMaps(); }
  TRT_DEPRECATED void setStride(DimsHW stride) noexcept { mImpl->setStride(stride); }
  TRT_DEPRECATED DimsHW getStride() const noexcept { return mImpl->getStride(); }
  TRT_DEPRECATED void setPadding(DimsHW padding) noexcept { mImpl->setPadding(padding); }
  TRT_DEPRECATED DimsHW getPadding() const noexcept { return mImpl->getPadding(); }
  void setNbGroups(int32_t nbGroups) noexcept { mImpl->setNbGroups(nbGroups); }
  int32_t getNbGroups() const noexcept { return mImpl->getNbGroups(); }
  void setKernelWeights(Weights kernelWeights) noexcept { mImpl->setKernelWeights(kernelWeights); }
  Weights getKernelWeights() const noexcept { return mImpl->getKernelWeights(); }
  void setBiasWeights(Weights biasWeights) noexcept { mImpl->setBiasWeights(biasWeights); }
  Weights getBiasWeights() const noexcept { return mImpl->getBiasWeights(); }
  TRT_DEPRECATED void setDilation(DimsHW dilation) noexcept { mImpl->setDilation(dilation); }
  TRT_DEPRECATED DimsHW getDilation() const noexcept { return mImpl->getDilation(); }
  void setPrePadding(Dims prePadding) noexcept { mImpl->setPrePadding(prePadding); }
  Dims getPrePadding() const noexcept { return mImpl->getPrePadding(); }
  void setPostPadding(Dims postPadding) noexcept { mImpl->setPostPadding(postPadding); }
  Dims getPostPadding() const noexcept { return mImpl->getPostPadding(); }
  void setPaddingMode(PaddingMode paddingMode) noexcept { mImpl->setPaddingMode(paddingMode); }
  PaddingMode getPaddingMode() const noexcept { return mImpl->getPaddingMode(); }
  void setKernelSizeNd(Dims kernelSizeNd) noexcept { mImpl->setKernelSizeNd(kernelSizeNd); }
  Dims getKernelSizeNd() const noexcept { return mImpl->getKernelSizeNd(); }
  void setStrideNd(Dims strideNd) noexcept { mImpl->setStrideNd(strideNd); }
  Dims getStrideNd() const noexcept { return mImpl->getStrideNd(); }
  void setPaddingNd(Dims paddingNd) noexcept { mImpl->setPaddingNd(paddingNd); }
  Dims getPaddingNd() const noexcept { return mImpl->getPaddingNd(); }
  void setDilationNd(Dims dilationNd) noexcept { mImpl->setDilationNd(dilationNd); }
  Dims getDilationNd() const noexcept { return mImpl->getDilationNd(); }

 protected:
  ~IConvolutionLayer() noexcept override = default;
  apiv::VConvolutionLayer* mImpl = nullptr;
};

/// y = x * kernel^T + bias over the last three dims.
class TRT_DEPRECATED IFullyConnectedLayer : public ILayer {
 public:
  void setNbOutputChannels(int32_t nbOutputChannels) noexcept { mImpl->setNbOutputChannels(nbOutputChannels); }
  int32_t getNbOutputChannels() const noexcept { return mImpl->getNbOutputChannels(); }
  void setKernelWeights(Weights kernelWeights) noexcept { mImpl->setKernelWeights(kernelWeights); }
  Weights getKernelWeights() const noexcept { return mImpl->getKernelWeights(); }
  void setBiasWeights(Weights biasWeights) noexcept { mImpl->setBiasWeights(biasWeights); }
  Weights getBiasWeights() const noexcept { return mImpl->getBiasWeights(); }

 protected:
  ~IFullyConnectedLayer() noexcept override = default;
  apiv::VFullyConnectedLayer* mImpl = nullptr;
};

enum class ActivationType : int32_t {
  kRELU = 0,
  kSIGMOID = 1,
  kTANH = 2,
  kLEAKY_RELU = 3,
  kELU = 4,
  kSELU = 5,
  kSOFTSIGN = 6,
  kSOFTPLUS = 7,
  kCLIP = 8,
  kHARD_SIGMOID = 9,
  kSCALED_TANH = 10,
  kTHRESHOLDED_RELU = 11,
  kGELU_ERF = 12,
  kGELU_TANH = 13,
};

/// Unary activation (12 types) with alpha/beta.
class IActivationLayer : public ILayer {
 public:
  void setActivationType(ActivationType activationType) noexcept { mImpl->setActivationType(activationType); }
  ActivationType getActivationType() const noexcept { return mImpl->getActivationType(); }
  void setAlpha(float alpha) noexcept { mImpl->setAlpha(alpha); }
  void setBeta(float beta) noexcept { mImpl->setBeta(beta); }
  float getAlpha() const noexcept { return mImpl->getAlpha(); }
  float getBeta() const noexcept { return mImpl->getBeta(); }

 protected:
  ~IActivationLayer() noexcept override = default;
  apiv::VActivationLayer* mImpl = nullptr;
};

enum class PoolingType : int32_t { kMAX = 0, kAVERAGE = 1, kMAX_AVERAGE_BLEND = 2 };

/// Max / average / blended pooling, 2-D or 3-D.
class IPoolingLayer : public ILayer {
 public:
  void setPoolingType(PoolingType poolingType) noexcept { mImpl->setPoolingType(poolingType); }
  PoolingType getPoolingType() const noexcept { return mImpl->getPoolingType(); }
  TRT_DEPRECATED void setWindowSize(DimsHW windowSize) noexcept { mImpl->setWindowSize(windowSize); }
  TRT_DEPRECATED DimsHW getWindowSize() const noexcept { return mImpl->getWindowSize(); }
  TRT_DEPRECATED void setStride(DimsHW stride) noexcept { mImpl->setStride(stride); }
  TRT_DEPRECATED DimsHW getStride() const noexcept { return mImpl->getStride(); }
  TRT_DEPRECATED void setPadding(DimsHW padding) noexcept { mImpl->setPadding(padding); }
  TRT_DEPRECATED DimsHW getPadding() const noexcept { return mImpl->getPadding(); }
  void setBlendFactor(float blendFactor) noexcept { mImpl->setBlendFactor(blendFactor); }
  float getBlendFactor() const noexcept { return mImpl->getBlendFactor(); }
  void setAverageCountExcludesPadding(bool averageCountExcludesPadding) noexcept {
    mImpl->setAverageCountExcludesPadding(averageCountExcludesPadding);
  }
  bool getAverageCountExcludesPadding() const noexcept { return mImpl->getAverageCountExcludesPadding(); }
  void setPrePadding(Dims prePadding) noexcept { mImpl->setPrePadding(prePadding); }
  Dims getPrePadding() const noexcept { return mImpl->getPrePadding(); }
  void setPostPadding(Dims postPadding) noexcept { mImpl->setPostPadding(postPadding); }
  Dims getPostPadding() const noexcept { return mImpl->getPostPadding(); }
  void setPaddingMode(PaddingMode paddingMode) noexcept { mImpl->setPaddingMode(paddingMode); }
  PaddingMode getPaddingMode() const noexcept { return mImpl->getPaddingMode(); }
  void setWindowSizeNd(Dims windowSizeNd) noexcept { mImpl->setWindowSizeNd(windowSizeNd); }
  Dims getWindowSizeNd() const noexcept { return mImpl->getWindowSizeNd(); }
  void setStrideNd(Dims strideNd) noexcept { mImpl->setStrideNd(strideNd); }
  Dims getStrideNd() const noexcept { return mImpl->getStrideNd(); }
  void setPaddingNd(Dims paddingNd) noexcept { mImpl->setPaddingNd(paddingNd); }
  Dims getPaddingNd() const noexcept { return mImpl->getPaddingNd(); }

 protected:
  ~IPoolingLayer() noexcept override = default;
  apiv::VPoolingLayer* mImpl = nullptr;
};

/// Local response normalization across channels.
class ILRNLayer : public ILayer {
 public:
  void setWindowSize(int32_t windowSize) noexcept { mImpl->setWindowSize(windowSize); }
  int32_t getWindowSize() const noexcept { return mImpl->getWindowSize(); }
  void setAlpha(float alpha) noexcept { mImpl->setAlpha(alpha); }
  float getAlpha() const noexcept { return mImpl->getAlpha(); }
  void setBeta(float beta) noexcept { mImpl->setBeta(beta); }
  float getBeta() const noexcept { return mImpl->getBeta(); }
  void setK(float k) noexcept { mImpl->setK(k); }
  float getK() const noexcept { return mImpl->getK(); }

 protected:
  ~ILRNLayer() noexcept override = default;
  apiv::VLRNLayer* mImpl = nullptr;
};

enum class ScaleMode : int32_t { kUNIFORM = 0, kCHANNEL = 1, kELEMENTWISE = 2 };

/// (x*scale+shift)^power, uniform / per channel / elementwise.
class IScaleLayer : public ILayer {
 public:
  void setMode(ScaleMode mode) noexcept { mImpl->setMode(mode); }
  ScaleMode getMode() const noexcept { return mImpl->getMode(); }
  void setShift(Weights shift) noexcept { mImpl->setShift(shift); }
  Weights getShift() const noexcept { return mImpl->getShift(); }
  void setScale(Weights scale) noexcept { mImpl->setScale(scale); }
  Weights getScale() const noexcept { return mImpl->getScale(); }
  void setPower(Weights power) noexcept { mImpl->setPower(power); }
  Weights getPower() const noexcept { return mImpl->getPower(); }
  int32_t getChannelAxis() const noexcept { return mImpl->getChannelAxis(); }
  void setChannelAxis(int32_t channelAxis) noexcept { mImpl->setChannelAxis(channelAxis); }

 protected:
  ~IScaleLayer() noexcept override = default;
  apiv::VScaleLayer* mImpl = nullptr;
};

/// Softmax over an axis bit mask.
class ISoftMaxLayer : public ILayer {
 public:
  void setAxes(uint32_t axes) noexcept { mImpl->setAxes(axes); }
  uint32_t getAxes() const noexcept { return mImpl->getAxes(); }

 protected:
  ~ISoftMaxLayer() noexcept override = default;
  apiv::VSoftMaxLayer* mImpl = nullptr;
};

/// Join along one axis.
class IConcatenationLayer : public ILayer {
 public:
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }

 protected:
  ~IConcatenationLayer() noexcept override = default;
  apiv::VConcatenationLayer* mImpl = nullptr;
};

/// Transposed convolution.
class IDeconvolutionLayer : public ILayer {
 public:
  TRT_DEPRECATED void setKernelSize(DimsHW kernelSize) noexcept { mImpl->setKernelSize(kernelSize); }
  TRT_DEPRECATED DimsHW getKernelSize() const noexcept { return mImpl->getKernelSize(); }
  void setNbOutputMaps(int32_t nbOutputMaps) noexcept { mImpl->setNbOutputMaps(nbOutputMaps); }
  int32_t getNbOutputMaps() const noexcept { return mImpl->getNbOutputMaps(); }
  TRT_DEPRECATED void setStride(DimsHW stride) noexcept { mImpl->setStride(stride); }
  TRT_DEPRECATED DimsHW getStride() const noexcept { return mImpl->getStride(); }
  TRT_DEPRECATED void setPadding(DimsHW padding) noexcept { mImpl->setPadding(padding); }
  TRT_DEPRECATED DimsHW getPadding() const noexcept { return mImpl->getPadding(); }
  void setNbGroups(int32_t nbGroups) noexcept { mImpl->setNbGroups(nbGroups); }
  int32_t getNbGroups() const noexcept { return mImpl->getNbGroups(); }
  void setKernelWeights(Weights kernelWeights) noexcept { mImpl->setKernelWeights(kernelWeights); }
  Weights getKernelWeights() const noexcept { return mImpl->getKernelWeights(); }
  void setBiasWeights(Weights biasWeights) noexcept { mImpl->setBiasWeights(biasWeights); }
  Weights getBiasWeights() const noexcept { return mImpl->getBiasWeights(); }
  void setPrePadding(Dims prePadding) noexcept { mImpl->setPrePadding(prePadding); }
  Dims getPrePadding() const noexcept { return mImpl->getPrePadding(); }
  void setPostPadding(Dims postPadding) noexcept { mImpl->setPostPadding(postPadding); }
  Dims getPostPadding() const noexcept { return mImpl->getPostPadding(); }
  void setPaddingMode(PaddingMode paddingMode) noexcept { mImpl->setPaddingMode(paddingMode); }
  PaddingMode getPaddingMode() const noexcept { return mImpl->getPaddingMode(); }
  void setKernelSizeNd(Dims kernelSizeNd) noexcept { mImpl->setKernelSizeNd(kernelSizeNd); }
  Dims getKernelSizeNd() const noexcept { return mImpl->getKernelSizeNd(); }
  void setStrideNd(Dims strideNd) noexcept { mImpl->setStrideNd(strideNd); }
  Dims getStrideNd() const noexcept { return mImpl->getStrideNd(); }
  void setPaddingNd(Dims paddingNd) noexcept { mImpl->setPaddingNd(paddingNd); }
  Dims getPaddingNd() const noexcept { return mImpl->getPaddingNd(); }
  void setDilationNd(Dims dilationNd) noexcept { mImpl->setDilationNd(dilationNd); }
  Dims getDilationNd() const noexcept { return mImpl->getDilationNd(); }

 protected:
  ~IDeconvolutionLayer() noexcept override = default;
  apiv::VDeconvolutionLayer* mImpl = nullptr;
};

enum class ElementWiseOperation : int32_t {
  kSUM = 0,
  kPROD = 1,
  kMAX = 2,
  kMIN = 3,
  kSUB = 4,
  kDIV = 5,
  kPOW = 6,
  kFLOOR_DIV = 7,
  kAND = 8,
  kOR = 9,
  kXOR = 10,
  kEQUAL = 11,
  kGREATER = 12,
  kLESS = 13,
};

/// Binary op with broadcasting (14 ops).
class IElementWiseLayer : public ILayer {
 public:
  void setOperation(ElementWiseOperation operation) noexcept { mImpl->setOperation(operation); }
  ElementWiseOperation getOperation() const noexcept { return mImpl->getOperation(); }

 protected:
  ~IElementWiseLayer() noexcept override = default;
  apiv::VElementWiseLayer* mImpl = nullptr;
};

enum class GatherMode : int32_t { kDEFAULT = 0, kELEMENT = 1, kND = 2 };

/// Gather: default axis mode, elementwise mode, or ND mode.
class IGatherLayer : public ILayer {
 public:
  void setGatherAxis(int32_t gatherAxis) noexcept { mImpl->setGatherAxis(gatherAxis); }
  int32_t getGatherAxis() const noexcept { return mImpl->getGatherAxis(); }
  void setNbElementWiseDims(int32_t nbElementWiseDims) noexcept { mImpl->setNbElementWiseDims(nbElementWiseDims); }
  int32_t getNbElementWiseDims() const noexcept { return mImpl->getNbElementWiseDims(); }
  void setMode(GatherMode mode) noexcept { mImpl->setMode(mode); }
  GatherMode getMode() const noexcept { return mImpl->getMode(); }

 protected:
  ~IGatherLayer() noexcept override = default;
  apiv::VGatherLayer* mImpl = nullptr;
};

enum class RNNOperation : int32_t { kRELU = 0, kTANH = 1, kLSTM = 2, kGRU = 3 };
enum class RNNDirection : int32_t { kUNIDIRECTION = 0, kBIDIRECTION = 1 };
enum class RNNInputMode : int32_t { kLINEAR = 0, kSKIP = 1 };
enum class RNNGateType : int32_t {
  kINPUT = 0,
  kOUTPUT = 1,
  kFORGET = 2,
  kUPDATE = 3,
  kRESET = 4,
  kCELL = 5,
  kHIDDEN = 6,
};

/// Recurrent layers in a row, with weights for each gate.
class TRT_DEPRECATED IRNNv2Layer : public ILayer {
 public:
  int32_t getLayerCount() const noexcept { return mImpl->getLayerCount(); }
  int32_t getHiddenSize() const noexcept { return mImpl->getHiddenSize(); }
  int32_t getMaxSeqLength() const noexcept { return mImpl->getMaxSeqLength(); }
  int32_t getDataLength() const noexcept { return mImpl->getDataLength(); }
  void setSequenceLengths(ITensor& sequenceLengths) noexcept { mImpl->setSequenceLengths(sequenceLengths); }
  ITensor* getSequenceLengths() const noexcept { return mImpl->getSequenceLengths(); }
  void setOperation(RNNOperation operation) noexcept { mImpl->setOperation(operation); }
  RNNOperation getOperation() const noexcept { return mImpl->getOperation(); }
  void setInputMode(RNNInputMode inputMode) noexcept { mImpl->setInputMode(inputMode); }
  RNNInputMode getInputMode() const noexcept { return mImpl->getInputMode(); }
  void setDirection(RNNDirection direction) noexcept { mImpl->setDirection(direction); }
  RNNDirection getDirection() const noexcept { return mImpl->getDirection(); }
  void setWeightsForGate(int32_t layerIndex, RNNGateType gate, bool isW, Weights weights) noexcept {
    mImpl->setWeightsForGate(layerIndex, gate, isW, weights);
  }
  Weights getWeightsForGate(int32_t layerIndex, RNNGateType gate, bool isW) const noexcept {
    return mImpl->getWeightsForGate(layerIndex, gate, isW);
  }
  void setBiasForGate(int32_t layerIndex, RNNGateType gate, bool isW, Weights bias) noexcept {
    mImpl->setBiasForGate(layerIndex, gate, isW, bias);
  }
  Weights getBiasForGate(int32_t layerIndex, RNNGateType gate, bool isW) const noexcept {
    return mImpl->getBiasForGate(layerIndex, gate, isW);
  }
  void setHiddenState(ITensor& hiddenState) noexcept { mImpl->setHiddenState(hiddenState); }
  ITensor* getHiddenState() const noexcept { return mImpl->getHiddenState(); }
  void setCellState(ITensor& cellState) noexcept { mImpl->setCellState(cellState); }
  ITensor* getCellState() const noexcept { return mImpl->getCellState(); }

 protected:
  ~IRNNv2Layer() noexcept override = default;
  apiv::VRNNv2Layer* mImpl = nullptr;
};

/// A layer whose work a plugin does.
class IPluginV2Layer : public ILayer {
 public:
  IPluginV2& getPlugin() const noexcept { return mImpl->getPlugin(); }

 protected:
  ~IPluginV2Layer() noexcept override = default;
  apiv::VPluginV2Layer* mImpl = nullptr;
};

enum class UnaryOperation : int32_t {
  kEXP = 0,
  kLOG = 1,
  kSQRT = 2,
  kRECIP = 3,
  kABS = 4,
  kNEG = 5,
  kSIN = 6,
  kCOS = 7,
  kTAN = 8,
  kSINH = 9,
  kCOSH = 10,
  kASIN = 11,
  kACOS = 12,
  kATAN = 13,
  kASINH = 14,
  kACOSH = 15,
  kATANH = 16,
  kCEIL = 17,
  kFLOOR = 18,
  kERF = 19,
  kNOT = 20,
  kSIGN = 21,
  kROUND = 22,
  kISINF = 23,
  kISNAN = 24,
};

/// Unary math (24 ops).
class IUnaryLayer : public ILayer {
 public:
  void setOperation(UnaryOperation operation) noexcept { mImpl->setOperation(operation); }
  UnaryOperation getOperation() const noexcept { return mImpl->getOperation(); }

 protected:
  ~IUnaryLayer() noexcept override = default;
  apiv::VUnaryLayer* mImpl = nullptr;
};

enum class ReduceOperation : int32_t { kSUM = 0, kPROD = 1, kMAX = 2, kMIN = 3, kAVG = 4 };

/// Sum/prod/max/min/avg over an axis mask, with keep-dims.
class IReduceLayer : public ILayer {
 public:
  void setOperation(ReduceOperation operation) noexcept { mImpl->setOperation(operation); }
  ReduceOperation getOperation() const noexcept { return mImpl->getOperation(); }
  void setReduceAxes(uint32_t reduceAxes) noexcept { mImpl->setReduceAxes(reduceAxes); }
  uint32_t getReduceAxes() const noexcept { return mImpl->getReduceAxes(); }
  void setKeepDimensions(bool keepDimensions) noexcept { mImpl->setKeepDimensions(keepDimensions); }
  bool getKeepDimensions() const noexcept { return mImpl->getKeepDimensions(); }

 protected:
  ~IReduceLayer() noexcept override = default;
  apiv::VReduceLayer* mImpl = nullptr;
};

/// 2-D zero pad / crop (negative pad) of the last two dims.
class IPaddingLayer : public ILayer {
 public:
  TRT_DEPRECATED void setPrePadding(DimsHW prePadding) noexcept { mImpl->setPrePadding(prePadding); }
  TRT_DEPRECATED DimsHW getPrePadding() const noexcept { return mImpl->getPrePadding(); }
  TRT_DEPRECATED void setPostPadding(DimsHW postPadding) noexcept { mImpl->setPostPadding(postPadding); }
  TRT_DEPRECATED DimsHW getPostPadding() const noexcept { return mImpl->getPostPadding(); }
  void setPrePaddingNd(Dims prePaddingNd) noexcept { mImpl->setPrePaddingNd(prePaddingNd); }
  Dims getPrePaddingNd() const noexcept { return mImpl->getPrePaddingNd(); }
  void setPostPaddingNd(Dims postPaddingNd) noexcept { mImpl->setPostPaddingNd(postPaddingNd); }
  Dims getPostPaddingNd() const noexcept { return mImpl->getPostPaddingNd(); }

 protected:
  ~IPaddingLayer() noexcept override = default;
  apiv::VPaddingLayer* mImpl = nullptr;
};

/// An order of axes: output axis i is input axis order[i].
struct Permutation {
  int32_t order[Dims::MAX_DIMS];
};

/// Transpose, reshape, transpose in one node (0 = copy dim, -1 = infer; shape may be an input).
class IShuffleLayer : public ILayer {
 public:
  void setFirstTranspose(Permutation firstTranspose) noexcept { mImpl->setFirstTranspose(firstTranspose); }
  Permutation getFirstTranspose() const noexcept { return mImpl->getFirstTranspose(); }
  void setReshapeDimensions(Dims reshapeDimensions) noexcept { mImpl->setReshapeDimensions(reshapeDimensions); }
  Dims getReshapeDimensions() const noexcept { return mImpl->getReshapeDimensions(); }
  void setSecondTranspose(Permutation secondTranspose) noexcept { mImpl->setSecondTranspose(secondTranspose); }
  Permutation getSecondTranspose() const noexcept { return mImpl->getSecondTranspose(); }
  void setZeroIsPlaceholder(bool zeroIsPlaceholder) noexcept { mImpl->setZeroIsPlaceholder(zeroIsPlaceholder); }
  bool getZeroIsPlaceholder() const noexcept { return mImpl->getZeroIsPlaceholder(); }

 protected:
  ~IShuffleLayer() noexcept override = default;
  apiv::VShuffleLayer* mImpl = nullptr;
};

enum class SampleMode : int32_t {
  kSTRICT_BOUNDS = 0,
  kDEFAULT TRT_DEPRECATED_ENUM = kSTRICT_BOUNDS,
  kWRAP = 1,
  kCLAMP = 2,
  kFILL = 3,
  kREFLECT = 4,
};

/// Strided slice with start/size/stride (static or inputs) and out-of-bounds modes.
class ISliceLayer : public ILayer {
 public:
  void setStart(Dims start) noexcept { mImpl->setStart(start); }
  Dims getStart() const noexcept { return mImpl->getStart(); }
  void setSize(Dims size) noexcept { mImpl->setSize(size); }
  Dims getSize() const noexcept { return mImpl->getSize(); }
  void setStride(Dims stride) noexcept { mImpl->setStride(stride); }
  Dims getStride() const noexcept { return mImpl->getStride(); }
  void setMode(SliceMode mode) noexcept { mImpl->setMode(mode); }
  SliceMode getMode() const noexcept { return mImpl->getMode(); }
  void setAxes(Dims const& axes) noexcept { mImpl->setAxes(axes); }
  Dims getAxes() const noexcept { return mImpl->getAxes(); }

 protected:
  ~ISliceLayer() noexcept override = default;
  apiv::VSliceLayer* mImpl = nullptr;
};

/// Emits the shape of its input as a 1-D shape tensor.
class IShapeLayer : public ILayer {
 public:

 protected:
  ~IShapeLayer() noexcept override = default;
  apiv::VShapeLayer* mImpl = nullptr;
};

enum class TopKOperation : int32_t { kMAX = 0, kMIN = 1 };

/// K largest/smallest and their indices; K static or an input.
class ITopKLayer : public ILayer {
 public:
  void setOperation(TopKOperation operation) noexcept { mImpl->setOperation(operation); }
  TopKOperation getOperation() const noexcept { return mImpl->getOperation(); }
  void setK(int32_t k) noexcept { mImpl->setK(k); }
  int32_t getK() const noexcept { return mImpl->getK(); }
  void setReduceAxes(uint32_t reduceAxes) noexcept { mImpl->setReduceAxes(reduceAxes); }
  uint32_t getReduceAxes() const noexcept { return mImpl->getReduceAxes(); }
  bool setIndicesType(DataType type) noexcept { return mImpl->setIndicesType(type); }
  DataType getIndicesType() const noexcept { return mImpl->getIndicesType(); }

 protected:
  ~ITopKLayer() noexcept override = default;
  apiv::VTopKLayer* mImpl = nullptr;
};

enum class MatrixOperation : int32_t { kNONE = 0, kTRANSPOSE = 1, kVECTOR = 2 };

/// Batched GEMM / matrix-vector with transpose flags.
class IMatrixMultiplyLayer : public ILayer {
 public:
  void setOperation(int32_t index, MatrixOperation op) noexcept { mImpl->setOperation(index, op); }
  MatrixOperation getOperation(int32_t index) const noexcept { return mImpl->getOperation(index); }

 protected:
  ~IMatrixMultiplyLayer() noexcept override = default;
  apiv::VMatrixMultiplyLayer* mImpl = nullptr;
};

/// Indices of non-zero elements (data-dependent output).
class INonZeroLayer : public ILayer {
 public:
  bool setIndicesType(DataType type) noexcept { return mImpl->setIndicesType(type); }
  DataType getIndicesType() const noexcept { return mImpl->getIndicesType(); }

 protected:
  ~INonZeroLayer() noexcept override = default;
  apiv::VNonZeroLayer* mImpl = nullptr;
};

/// Softmax on rows of given lengths.
class IRaggedSoftMaxLayer : public ILayer {
 public:

 protected:
  ~IRaggedSoftMaxLayer() noexcept override = default;
  apiv::VRaggedSoftMaxLayer* mImpl = nullptr;
};

/// A copy; with an output type set, a conversion.
class IIdentityLayer : public ILayer {
 public:

 protected:
  ~IIdentityLayer() noexcept override = default;
  apiv::VIdentityLayer* mImpl = nullptr;
};

/// Conversion to another type.
class ICastLayer : public ILayer {
 public:
  void setToType(DataType toType) noexcept { mImpl->setToType(toType); }
  DataType getToType() const noexcept { return mImpl->getToType(); }

 protected:
  ~ICastLayer() noexcept override = default;
  apiv::VCastLayer* mImpl = nullptr;
};

/// Constant tensor from Weights.
class IConstantLayer : public ILayer {
 public:
  void setWeights(Weights weights) noexcept { mImpl->setWeights(weights); }
  Weights getWeights() const noexcept { return mImpl->getWeights(); }
  void setDimensions(Dims dimensions) noexcept { mImpl->setDimensions(dimensions); }
  Dims getDimensions() const noexcept { return mImpl->getDimensions(); }

 protected:
  ~IConstantLayer() noexcept override = default;
  apiv::VConstantLayer* mImpl = nullptr;
};

/// PReLU with a slope tensor.
class IParametricReLULayer : public ILayer {
 public:

 protected:
  ~IParametricReLULayer() noexcept override = default;
  apiv::VParametricReLULayer* mImpl = nullptr;
};

enum class InterpolationMode : int32_t { kNEAREST = 0, kLINEAR = 1, kCUBIC = 2 };
enum class ResizeCoordinateTransformation : int32_t { kALIGN_CORNERS = 0, kASYMMETRIC = 1, kHALF_PIXEL = 2 };
enum class ResizeSelector : int32_t { kFORMULA = 0, kUPPER = 1 };
enum class ResizeRoundMode : int32_t { kHALF_UP = 0, kHALF_DOWN = 1, kFLOOR = 2, kCEIL = 3 };

/// Nearest / linear / cubic resize with ONNX-style coordinate, rounding and selector options.
class IResizeLayer : public ILayer {
 public:
  void setOutputDimensions(Dims outputDimensions) noexcept { mImpl->setOutputDimensions(outputDimensions); }
  Dims getOutputDimensions() const noexcept { return mImpl->getOutputDimensions(); }
  void setScales(float const* scales, int32_t nbScales) noexcept { mImpl->setScales(scales, nbScales); }
  int32_t getScales(int32_t size, float* scales) const noexcept { return mImpl->getScales(size, scales); }
  void setResizeMode(ResizeMode resizeMode) noexcept { mImpl->setResizeMode(resizeMode); }
  ResizeMode getResizeMode() const noexcept { return mImpl->getResizeMode(); }
  TRT_DEPRECATED void setAlignCorners(bool alignCorners) noexcept { mImpl->setAlignCorners(alignCorners); }
  TRT_DEPRECATED bool getAlignCorners() const noexcept { return mImpl->getAlignCorners(); }
  void setCoordinateTransformation(ResizeCoordinateTransformation coordinateTransformation) noexcept {
    mImpl->setCoordinateTransformation(coordinateTransformation);
  }
  ResizeCoordinateTransformation getCoordinateTransformation() const noexcept {
    return mImpl->getCoordinateTransformation();
  }
  void setSelectorForSinglePixel(ResizeSelector selectorForSinglePixel) noexcept {
    mImpl->setSelectorForSinglePixel(selectorForSinglePixel);
  }
  ResizeSelector getSelectorForSinglePixel() const noexcept { return mImpl->getSelectorForSinglePixel(); }
  void setNearestRounding(ResizeRoundMode nearestRounding) noexcept { mImpl->setNearestRounding(nearestRounding); }
  ResizeRoundMode getNearestRounding() const noexcept { return mImpl->getNearestRounding(); }
  void setCubicCoeff(float cubicCoeff) noexcept { mImpl->setCubicCoeff(cubicCoeff); }
  float getCubicCoeff() const noexcept { return mImpl->getCubicCoeff(); }
  void setExcludeOutside(bool excludeOutside) noexcept { mImpl->setExcludeOutside(excludeOutside); }
  bool getExcludeOutside() const noexcept { return mImpl->getExcludeOutside(); }

 protected:
  ~IResizeLayer() noexcept override = default;
  apiv::VResizeLayer* mImpl = nullptr;
};

enum class LoopOutput : int32_t { kLAST_VALUE = 0, kCONCATENATE = 1, kREVERSE = 2 };
enum class TripLimit : int32_t { kCOUNT = 0, kWHILE = 1 };

/// Base of the four loop layers; gives the owning loop.
class ILoopBoundaryLayer : public ILayer {
 public:
  ILoop* getLoop() const noexcept { return mBoundary->getLoop(); }

 protected:
  ~ILoopBoundaryLayer() noexcept override = default;
  apiv::VLoopBoundaryLayer* mBoundary = nullptr;
};

/// Base of the three conditional layers; gives the owning conditional.
class IIfConditionalBoundaryLayer : public ILayer {
 public:
  IIfConditional* getConditional() const noexcept { return mBoundary->getConditional(); }

 protected:
  ~IIfConditionalBoundaryLayer() noexcept override = default;
  apiv::VConditionalBoundaryLayer* mBoundary = nullptr;
};

/// Carries the boolean of an if-conditional.
class IConditionLayer : public IIfConditionalBoundaryLayer {
 public:

 protected:
  ~IConditionLayer() noexcept override = default;
  apiv::VConditionLayer* mImpl = nullptr;
};

/// Selects true/false branch result.
class IIfConditionalOutputLayer : public IIfConditionalBoundaryLayer {
 public:

 protected:
  ~IIfConditionalOutputLayer() noexcept override = default;
  apiv::VConditionalOutputLayer* mImpl = nullptr;
};

/// Marks an outside tensor as input of a conditional.
class IIfConditionalInputLayer : public IIfConditionalBoundaryLayer {
 public:

 protected:
  ~IIfConditionalInputLayer() noexcept override = default;
  apiv::VConditionalInputLayer* mImpl = nullptr;
};

/// If/else construct: set condition, add inputs and outputs.
class IIfConditional : public INoCopy {
 public:
  IConditionLayer* setCondition(ITensor& condition) noexcept { return mImpl->setCondition(condition); }
  IIfConditionalOutputLayer* addOutput(ITensor& trueSubgraphOutput, ITensor& falseSubgraphOutput) noexcept {
    return mImpl->addOutput(trueSubgraphOutput, falseSubgraphOutput);
  }
  IIfConditionalInputLayer* addInput(ITensor& input) noexcept { return mImpl->addInput(input); }
  void setName(char const* name) noexcept { mImpl->setName(name); }
  char const* getName() const noexcept { return mImpl->getName(); }

 protected:
  ~IIfConditional() noexcept override = default;
  apiv::VIfConditional* mImpl = nullptr;
};

/// Loop-carried value.
class IRecurrenceLayer : public ILoopBoundaryLayer {
 public:

 protected:
  ~IRecurrenceLayer() noexcept override = default;
  apiv::VRecurrenceLayer* mImpl = nullptr;
};

/// Value leaving a loop: last value, or stacked (forward/reverse).
class ILoopOutputLayer : public ILoopBoundaryLayer {
 public:
  LoopOutput getLoopOutput() const noexcept { return mImpl->getLoopOutput(); }
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }

 protected:
  ~ILoopOutputLayer() noexcept override = default;
  apiv::VLoopOutputLayer* mImpl = nullptr;
};

/// Loop stop rule: count or while.
class ITripLimitLayer : public ILoopBoundaryLayer {
 public:
  TripLimit getTripLimit() const noexcept { return mImpl->getTripLimit(); }

 protected:
  ~ITripLimitLayer() noexcept override = default;
  apiv::VTripLimitLayer* mImpl = nullptr;
};

/// Slices a tensor per iteration along an axis, optionally reversed.
class IIteratorLayer : public ILoopBoundaryLayer {
 public:
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }
  void setReverse(bool reverse) noexcept { mImpl->setReverse(reverse); }
  bool getReverse() const noexcept { return mImpl->getReverse(); }

 protected:
  ~IIteratorLayer() noexcept override = default;
  apiv::VIteratorLayer* mImpl = nullptr;
};

/// Loop construct: adds recurrence, trip limit, iterator, outputs.
class ILoop : public INoCopy {
 public:
  IRecurrenceLayer* addRecurrence(ITensor& initialValue) noexcept { return mImpl->addRecurrence(initialValue); }
  ITripLimitLayer* addTripLimit(ITensor& tensor, TripLimit limit) noexcept {
    return mImpl->addTripLimit(tensor, limit);
  }
  IIteratorLayer* addIterator(ITensor& tensor, int32_t axis = 0, bool reverse = false) noexcept {
    return mImpl->addIterator(tensor, axis, reverse);
  }
  ILoopOutputLayer* addLoopOutput(ITensor& tensor, LoopOutput outputKind, int32_t axis = 0) noexcept {
    return mImpl->addLoopOutput(tensor, outputKind, axis);
  }
  void setName(char const* name) noexcept { mImpl->setName(name); }
  char const* getName() const noexcept { return mImpl->getName(); }

 protected:
  ~ILoop() noexcept override = default;
  apiv::VLoop* mImpl = nullptr;
};

/// Ternary where(cond, a, b).
class ISelectLayer : public ILayer {
 public:

 protected:
  ~ISelectLayer() noexcept override = default;
  apiv::VSelectLayer* mImpl = nullptr;
};

/// Build-time/run-time check on a boolean shape tensor with a message.
class IAssertionLayer : public ILayer {
 public:
  void setMessage(char const* message) noexcept { mImpl->setMessage(message); }
  char const* getMessage() const noexcept { return mImpl->getMessage(); }

 protected:
  ~IAssertionLayer() noexcept override = default;
  apiv::VAssertionLayer* mImpl = nullptr;
};

enum class FillOperation : int32_t { kLINSPACE = 0, kRANDOM_UNIFORM = 1, kRANDOM_NORMAL = 2 };

/// Generates linspace, uniform or normal data (static or input parameters).
class IFillLayer : public ILayer {
 public:
  void setDimensions(Dims dimensions) noexcept { mImpl->setDimensions(dimensions); }
  Dims getDimensions() const noexcept { return mImpl->getDimensions(); }
  void setOperation(FillOperation operation) noexcept { mImpl->setOperation(operation); }
  FillOperation getOperation() const noexcept { return mImpl->getOperation(); }
  void setAlpha(double alpha) noexcept { mImpl->setAlpha(alpha); }
  double getAlpha() const noexcept { return mImpl->getAlpha(); }
  void setBeta(double beta) noexcept { mImpl->setBeta(beta); }
  double getBeta() const noexcept { return mImpl->getBeta(); }
  void setAlphaInt64(int64_t alpha) noexcept { mImpl->setAlphaInt64(alpha); }
  int64_t getAlphaInt64() const noexcept { return mImpl->getAlphaInt64(); }
  void setBetaInt64(int64_t beta) noexcept { mImpl->setBetaInt64(beta); }
  int64_t getBetaInt64() const noexcept { return mImpl->getBetaInt64(); }
  bool isAlphaBetaInt64() const noexcept { return mImpl->isAlphaBetaInt64(); }
  void setToType(DataType toType) noexcept { mImpl->setToType(toType); }
  DataType getToType() const noexcept { return mImpl->getToType(); }

 protected:
  ~IFillLayer() noexcept override = default;
  apiv::VFillLayer* mImpl = nullptr;
};

/// Float to INT8 (FP8) with scale, optional zero point, per tensor or axis.
class IQuantizeLayer : public ILayer {
 public:
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  void setToType(DataType toType) noexcept { mImpl->setToType(toType); }
  DataType getToType() const noexcept { return mImpl->getToType(); }

 protected:
  ~IQuantizeLayer() noexcept override = default;
  apiv::VQuantizeLayer* mImpl = nullptr;
};

/// Inverse of quantize.
class IDequantizeLayer : public ILayer {
 public:
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  void setToType(DataType toType) noexcept { mImpl->setToType(toType); }
  DataType getToType() const noexcept { return mImpl->getToType(); }

 protected:
  ~IDequantizeLayer() noexcept override = default;
  apiv::VDequantizeLayer* mImpl = nullptr;
};

/// Einsum by equation string.
class IEinsumLayer : public ILayer {
 public:
  bool setEquation(char const* equation) noexcept { return mImpl->setEquation(equation); }
  char const* getEquation() const noexcept { return mImpl->getEquation(); }

 protected:
  ~IEinsumLayer() noexcept override = default;
  apiv::VEinsumLayer* mImpl = nullptr;
};

enum class ScatterMode : int32_t { kELEMENT = 0, kND = 1 };

/// Scatter by elements along an axis, or ND.
class IScatterLayer : public ILayer {
 public:
  void setMode(ScatterMode mode) noexcept { mImpl->setMode(mode); }
  ScatterMode getMode() const noexcept { return mImpl->getMode(); }
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }

 protected:
  ~IScatterLayer() noexcept override = default;
  apiv::VScatterLayer* mImpl = nullptr;
};

/// One-hot encoding from indices, values, depth.
class IOneHotLayer : public ILayer {
 public:
  void setAxis(int32_t axis) noexcept { mImpl->setAxis(axis); }
  int32_t getAxis() const noexcept { return mImpl->getAxis(); }

 protected:
  ~IOneHotLayer() noexcept override = default;
  apiv::VOneHotLayer* mImpl = nullptr;
};

/// Grid sampling with interpolation, align-corners and border modes.
class IGridSampleLayer : public ILayer {
 public:
  void setInterpolationMode(InterpolationMode interpolationMode) noexcept {
    mImpl->setInterpolationMode(interpolationMode);
  }
  InterpolationMode getInterpolationMode() const noexcept { return mImpl->getInterpolationMode(); }
  void setAlignCorners(bool alignCorners) noexcept { mImpl->setAlignCorners(alignCorners); }
  bool getAlignCorners() const noexcept { return mImpl->getAlignCorners(); }
  bool setSampleMode(SampleMode sampleMode) noexcept { return mImpl->setSampleMode(sampleMode); }
  SampleMode getSampleMode() const noexcept { return mImpl->getSampleMode(); }

 protected:
  ~IGridSampleLayer() noexcept override = default;
  apiv::VGridSampleLayer* mImpl = nullptr;
};

enum class BoundingBoxFormat : int32_t { kCORNER_PAIRS = 0, kCENTER_SIZES = 1 };

/// Non-maximum suppression; up to a top-K boxes per class; data-dependent output.
class INMSLayer : public ILayer {
 public:
  void setBoundingBoxFormat(BoundingBoxFormat boundingBoxFormat) noexcept {
    mImpl->setBoundingBoxFormat(boundingBoxFormat);
  }
  BoundingBoxFormat getBoundingBoxFormat() const noexcept { return mImpl->getBoundingBoxFormat(); }
  void setTopKBoxLimit(int32_t topKBoxLimit) noexcept { mImpl->setTopKBoxLimit(topKBoxLimit); }
  int32_t getTopKBoxLimit() const noexcept { return mImpl->getTopKBoxLimit(); }
  bool setIndicesType(DataType type) noexcept { return mImpl->setIndicesType(type); }
  DataType getIndicesType() const noexcept { return mImpl->getIndicesType(); }

 protected:
  ~INMSLayer() noexcept override = default;
  apiv::VNMSLayer* mImpl = nullptr;
};

/// Reverses variable-length sequences per batch.
class IReverseSequenceLayer : public ILayer {
 public:
  void setBatchAxis(int32_t batchAxis) noexcept { mImpl->setBatchAxis(batchAxis); }
  int32_t getBatchAxis() const noexcept { return mImpl->getBatchAxis(); }
  void setSequenceAxis(int32_t sequenceAxis) noexcept { mImpl->setSequenceAxis(sequenceAxis); }
  int32_t getSequenceAxis() const noexcept { return mImpl->getSequenceAxis(); }

 protected:
  ~IReverseSequenceLayer() noexcept override = default;
  apiv::VReverseSequenceLayer* mImpl = nullptr;
};

/// (x - mean) / sqrt(variance + epsilon) * scale + bias over a mask of axes, in groups of channels if asked for.
class INormalizationLayer : public ILayer {
 public:
  void setEpsilon(float epsilon) noexcept { mImpl->setEpsilon(epsilon); }
  float getEpsilon() const noexcept { return mImpl->getEpsilon(); }
  void setAxes(uint32_t axes) noexcept { mImpl->setAxes(axes); }
  uint32_t getAxes() const noexcept { return mImpl->getAxes(); }
  void setNbGroups(int32_t nbGroups) noexcept { mImpl->setNbGroups(nbGroups); }
  int32_t getNbGroups() const noexcept { return mImpl->getNbGroups(); }
  void setComputePrecision(DataType computePrecision) noexcept { mImpl->setComputePrecision(computePrecision); }
  DataType getComputePrecision() const noexcept { return mImpl->getComputePrecision(); }
  bool isV2() const noexcept { return mImpl->isV2(); }

 protected:
  ~INormalizationLayer() noexcept override = default;
  apiv::VNormalizationLayer* mImpl = nullptr;
};

/// Drops dims of 1 that `axes` names. Of level 10.
class ISqueezeLayer : public ILayer {
 public:

 protected:
  ~ISqueezeLayer() noexcept override = default;
  apiv::VSqueezeLayer* mImpl = nullptr;
};

/// Adds dims of 1 where `axes` says. Of level 10.
class IUnsqueezeLayer : public ILayer {
 public:

 protected:
  ~IUnsqueezeLayer() noexcept override = default;
  apiv::VUnsqueezeLayer* mImpl = nullptr;
};

enum class CumulativeOperation : int32_t { kSUM = 0 };

/// Running sum along an axis. Of level 10.
class ICumulativeLayer : public ILayer {
 public:
  bool setOperation(CumulativeOperation operation) noexcept { return mImpl->setOperation(operation); }
  CumulativeOperation getOperation() const noexcept { return mImpl->getOperation(); }
  void setExclusive(bool exclusive) noexcept { mImpl->setExclusive(exclusive); }
  bool getExclusive() const noexcept { return mImpl->getExclusive(); }
  void setReverse(bool reverse) noexcept { mImpl->setReverse(reverse); }
  bool getReverse() const noexcept { return mImpl->getReverse(); }

 protected:
  ~ICumulativeLayer() noexcept override = default;
  apiv::VCumulativeLayer* mImpl = nullptr;
};

enum class NetworkDefinitionCreationFlag : int32_t {
  kEXPLICIT_BATCH = 0,
  kEXPLICIT_PRECISION TRT_DEPRECATED_ENUM = 1,
  kSTRONGLY_TYPED = 2,
};

/// The network being defined. Tensors and layers belong to it.
class INetworkDefinition : public INoCopy {
 public:
  ~INetworkDefinition() noexcept override = default;
  ITensor* addInput(char const* name, DataType type, Dims dimensions) noexcept {
    return mImpl->addInput(name, type, dimensions);
  }
  void markOutput(ITensor& tensor) noexcept { mImpl->markOutput(tensor); }
  TRT_DEPRECATED IConvolutionLayer* addConvolution(ITensor& input, int32_t nbOutputMaps, DimsHW kernelSize,
                                                   Weights kernelWeights, Weights biasWeights) noexcept {
    return mImpl->addConvolution(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  TRT_DEPRECATED IFullyConnectedLayer* addFullyConnected(ITensor& input, int32_t nbOutputs, Weights kernelWeights,
                                                         Weights biasWeights) noexcept {
    return mImpl->addFullyConnected(input, nbOutputs, kernelWeights, biasWeights);
  }
  IActivationLayer* addActivation(ITensor& input, ActivationType type) noexcept {
    return mImpl->addActivation(input, type);
  }
  TRT_DEPRECATED IPoolingLayer* addPooling(ITensor& input, PoolingType type, DimsHW windowSize) noexcept {
    return mImpl->addPooling(input, type, windowSize);
  }
  ILRNLayer* addLRN(ITensor& input, int32_t window, float alpha, float beta, float k) noexcept {
    return mImpl->addLRN(input, window, alpha, beta, k);
  }
  IScaleLayer* addScale(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power) noexcept {
    return mImpl->addScale(input, mode, shift, scale, power);
  }
  ISoftMaxLayer* addSoftMax(ITensor& input) noexcept { return mImpl->addSoftMax(input); }
  IConcatenationLayer* addConcatenation(ITensor* const* inputs, int32_t nbInputs) noexcept {
    return mImpl->addConcatenation(inputs, nbInputs);
  }
  TRT_DEPRECATED IDeconvolutionLayer* addDeconvolution(ITensor& input, int32_t nbOutputMaps, DimsHW kernelSize,
                                                       Weights kernelWeights, Weights biasWeights) noexcept {
    return mImpl->addDeconvolution(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  IElementWiseLayer* addElementWise(ITensor& input1, ITensor& input2, ElementWiseOperation op) noexcept {
    return mImpl->addElementWise(input1, input2, op);
  }
  IUnaryLayer* addUnary(ITensor& input, UnaryOperation operation) noexcept { return mImpl->addUnary(input, operation); }
  TRT_DEPRECATED IPaddingLayer* addPadding(ITensor& input, DimsHW prePadding, DimsHW postPadding) noexcept {
    return mImpl->addPadding(input, prePadding, postPadding);
  }
  IShuffleLayer* addShuffle(ITensor& input) noexcept { return mImpl->addShuffle(input); }
  IOneHotLayer* addOneHot(ITensor& indices, ITensor& values, ITensor& depth, int32_t axis) noexcept {
    return mImpl->addOneHot(indices, values, depth, axis);
  }
  int32_t getNbLayers() const noexcept { return mImpl->getNbLayers(); }
  ILayer* getLayer(int32_t index) const noexcept { return mImpl->getLayer(index); }
  int32_t getNbInputs() const noexcept { return mImpl->getNbInputs(); }
  ITensor* getInput(int32_t index) const noexcept { return mImpl->getInput(index); }
  int32_t getNbOutputs() const noexcept { return mImpl->getNbOutputs(); }
  ITensor* getOutput(int32_t index) const noexcept { return mImpl->getOutput(index); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }
  IReduceLayer* addReduce(ITensor& input, ReduceOperation operation, uint32_t reduceAxes, bool keepDimensions) noexcept {
    return mImpl->addReduce(input, operation, reduceAxes, keepDimensions);
  }
  ITopKLayer* addTopK(ITensor& input, TopKOperation op, int32_t k, uint32_t reduceAxes) noexcept {
    return mImpl->addTopK(input, op, k, reduceAxes);
  }
  IGatherLayer* addGather(ITensor& data, ITensor& indices, int32_t axis) noexcept {
    return mImpl->addGather(data, indices, axis);
  }
  IGatherLayer* addGatherV2(ITensor& data, ITensor& indices, GatherMode mode) noexcept {
    return mImpl->addGatherV2(data, indices, mode);
  }
  IRaggedSoftMaxLayer* addRaggedSoftMax(ITensor& input, ITensor& bounds) noexcept {
    return mImpl->addRaggedSoftMax(input, bounds);
  }
  IMatrixMultiplyLayer* addMatrixMultiply(ITensor& input0, MatrixOperation op0, ITensor& input1, MatrixOperation op1) noexcept {
    return mImpl->addMatrixMultiply(input0, op0, input1, op1);
  }
  INonZeroLayer* addNonZero(ITensor& input) noexcept { return mImpl->addNonZero(input); }
  IConstantLayer* addConstant(Dims dimensions, Weights weights) noexcept {
    return mImpl->addConstant(dimensions, weights);
  }
  TRT_DEPRECATED IRNNv2Layer* addRNNv2(ITensor& input, int32_t layerCount, int32_t hiddenSize, int32_t maxSeqLen,
                                       RNNOperation op) noexcept {
    return mImpl->addRNNv2(input, layerCount, hiddenSize, maxSeqLen, op);
  }
  IIdentityLayer* addIdentity(ITensor& input) noexcept { return mImpl->addIdentity(input); }
  ICastLayer* addCast(ITensor& input, DataType toType) noexcept { return mImpl->addCast(input, toType); }
  void removeTensor(ITensor& tensor) noexcept { mImpl->removeTensor(tensor); }
  void unmarkOutput(ITensor& tensor) noexcept { mImpl->unmarkOutput(tensor); }
  IPluginV2Layer* addPluginV2(ITensor* const* inputs, int32_t nbInputs, IPluginV2& plugin) noexcept {
    return mImpl->addPluginV2(inputs, nbInputs, plugin);
  }
  ISliceLayer* addSlice(ITensor& input, Dims start, Dims size, Dims stride) noexcept {
    return mImpl->addSlice(input, start, size, stride);
  }
  void setName(char const* name) noexcept { mImpl->setName(name); }
  char const* getName() const noexcept { return mImpl->getName(); }
  IShapeLayer* addShape(ITensor& input) noexcept { return mImpl->addShape(input); }
  bool hasImplicitBatchDimension() const noexcept { return mImpl->hasImplicitBatchDimension(); }
  bool markOutputForShapes(ITensor& tensor) noexcept { return mImpl->markOutputForShapes(tensor); }
  bool unmarkOutputForShapes(ITensor& tensor) noexcept { return mImpl->unmarkOutputForShapes(tensor); }
  IParametricReLULayer* addParametricReLU(ITensor& input, ITensor& slope) noexcept {
    return mImpl->addParametricReLU(input, slope);
  }
  IConvolutionLayer* addConvolutionNd(ITensor& input, int32_t nbOutputMaps, Dims kernelSize, Weights kernelWeights,
                                      Weights biasWeights) noexcept {
    return mImpl->addConvolutionNd(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  IPoolingLayer* addPoolingNd(ITensor& input, PoolingType type, Dims windowSize) noexcept {
    return mImpl->addPoolingNd(input, type, windowSize);
  }
  IDeconvolutionLayer* addDeconvolutionNd(ITensor& input, int32_t nbOutputMaps, Dims kernelSize, Weights kernelWeights,
                                          Weights biasWeights) noexcept {
    return mImpl->addDeconvolutionNd(input, nbOutputMaps, kernelSize, kernelWeights, biasWeights);
  }
  IScaleLayer* addScaleNd(ITensor& input, ScaleMode mode, Weights shift, Weights scale, Weights power,
                          int32_t channelAxis) noexcept {
    return mImpl->addScaleNd(input, mode, shift, scale, power, channelAxis);
  }
  IResizeLayer* addResize(ITensor& input) noexcept { return mImpl->addResize(input); }
  TRT_DEPRECATED bool hasExplicitPrecision() const noexcept { return mImpl->hasExplicitPrecision(); }
  ILoop* addLoop() noexcept { return mImpl->addLoop(); }
  ISelectLayer* addSelect(ITensor& condition, ITensor& thenInput, ITensor& elseInput) noexcept {
    return mImpl->addSelect(condition, thenInput, elseInput);
  }
  IAssertionLayer* addAssertion(ITensor& condition, char const* message) noexcept {
    return mImpl->addAssertion(condition, message);
  }
  IFillLayer* addFill(Dims dimensions, FillOperation op) noexcept { return mImpl->addFill(dimensions, op); }
  TRT_DEPRECATED IPaddingLayer* addPaddingNd(ITensor& input, Dims prePadding, Dims postPadding) noexcept {
    return mImpl->addPaddingNd(input, prePadding, postPadding);
  }
  bool setWeightsName(Weights weights, char const* name) noexcept { return mImpl->setWeightsName(weights, name); }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  IDequantizeLayer* addDequantize(ITensor& input, ITensor& scale) noexcept {
    return mImpl->addDequantize(input, scale);
  }
  IScatterLayer* addScatter(ITensor& data, ITensor& indices, ITensor& updates, ScatterMode mode) noexcept {
    return mImpl->addScatter(data, indices, updates, mode);
  }
  IQuantizeLayer* addQuantize(ITensor& input, ITensor& scale) noexcept { return mImpl->addQuantize(input, scale); }
  IIfConditional* addIfConditional() noexcept { return mImpl->addIfConditional(); }
  IEinsumLayer* addEinsum(ITensor* const* inputs, int32_t nbInputs, char const* equation) noexcept {
    return mImpl->addEinsum(inputs, nbInputs, equation);
  }
  IGridSampleLayer* addGridSample(ITensor& input, ITensor& grid) noexcept { return mImpl->addGridSample(input, grid); }
  INMSLayer* addNMS(ITensor& boxes, ITensor& scores, ITensor& maxOutputBoxesPerClass) noexcept {
    return mImpl->addNMS(boxes, scores, maxOutputBoxesPerClass);
  }
  IReverseSequenceLayer* addReverseSequence(ITensor& input, ITensor& sequenceLens) noexcept {
    return mImpl->addReverseSequence(input, sequenceLens);
  }
  INormalizationLayer* addNormalization(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axesMask) noexcept {
    return mImpl->addNormalization(input, scale, bias, axesMask);
  }
  virtual IBuilder& getBuilder() const noexcept { return mImpl->getBuilder(); }
  NetworkDefinitionCreationFlags getFlags() const noexcept { return mImpl->getFlags(); }
  bool getFlag(NetworkDefinitionCreationFlag flag) const noexcept { return mImpl->getFlag(flag); }
  IFillLayer* addFill(Dims dimensions, FillOperation op, DataType outputType) noexcept {
    return mImpl->addFillV2(dimensions, op, outputType);
  }
  IDequantizeLayer* addDequantize(ITensor& input, ITensor& scale, DataType outputType) noexcept {
    return mImpl->addDequantizeV2(input, scale, outputType);
  }
  IQuantizeLayer* addQuantize(ITensor& input, ITensor& scale, DataType outputType) noexcept {
    return mImpl->addQuantizeV2(input, scale, outputType);
  }
  ISqueezeLayer* addSqueeze(ITensor& input, ITensor& axes) noexcept { return mImpl->addSqueeze(input, axes); }
  IUnsqueezeLayer* addUnsqueeze(ITensor& input, ITensor& axes) noexcept { return mImpl->addUnsqueeze(input, axes); }
  ICumulativeLayer* addCumulative(ITensor& input, ITensor& axis, CumulativeOperation operation, bool exclusive,
                                  bool reverse) noexcept {
    return mImpl->addCumulative(input, axis, operation, exclusive, reverse);
  }
  INormalizationLayer* addNormalizationV2(ITensor& input, ITensor& scale, ITensor& bias, uint32_t axesMask) noexcept {
    return mImpl->addNormalizationV2(input, scale, bias, axesMask);
  }
  bool markDebug(ITensor& tensor) noexcept { return mImpl->markDebug(tensor); }
  bool unmarkDebug(ITensor& tensor) noexcept { return mImpl->unmarkDebug(tensor); }
  bool isDebugTensor(ITensor const& tensor) const noexcept { return mImpl->isDebugTensor(tensor); }
  bool markUnfusedTensorsAsDebugTensors() noexcept { return mImpl->markUnfusedTensorsAsDebugTensors(); }
  bool unmarkUnfusedTensorsAsDebugTensors() noexcept { return mImpl->unmarkUnfusedTensorsAsDebugTensors(); }
  bool markWeightsRefittable(char const* name) noexcept { return mImpl->markWeightsRefittable(name); }
  bool unmarkWeightsRefittable(char const* name) noexcept { return mImpl->unmarkWeightsRefittable(name); }
  bool areWeightsMarkedRefittable(char const* name) const noexcept { return mImpl->areWeightsMarkedRefittable(name); }

 protected:
  apiv::VNetworkDefinition* mImpl = nullptr;
};

enum class CalibrationAlgoType : int32_t {
  kLEGACY_CALIBRATION = 0,
  kENTROPY_CALIBRATION = 1,
  kENTROPY_CALIBRATION_2 = 2,
  kMINMAX_CALIBRATION = 3,
};

/// Batches for calibration to INT8, by the client; and a cache of what was found.
class IInt8Calibrator {
 public:
  virtual int32_t getBatchSize() const = 0;
  /// Puts addresses of `nbBindings` inputs into `bindings`; false when there are no more batches.
  virtual bool getBatch(void* bindings[], char const* names[], int32_t nbBindings) = 0;
  virtual void const* readCalibrationCache(std::size_t& length) = 0;
  virtual void writeCalibrationCache(void const* ptr, std::size_t length) = 0;
  virtual CalibrationAlgoType getAlgorithm() = 0;
  virtual ~IInt8Calibrator() = default;
};

class IInt8EntropyCalibrator : public IInt8Calibrator {
 public:
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kENTROPY_CALIBRATION; }
  ~IInt8EntropyCalibrator() override = default;
};

class IInt8EntropyCalibrator2 : public IInt8Calibrator {
 public:
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kENTROPY_CALIBRATION_2; }
  ~IInt8EntropyCalibrator2() override = default;
};

class IInt8MinMaxCalibrator : public IInt8Calibrator {
 public:
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kMINMAX_CALIBRATION; }
  ~IInt8MinMaxCalibrator() override = default;
};

class IInt8LegacyCalibrator : public IInt8Calibrator {
 public:
  CalibrationAlgoType getAlgorithm() override { return CalibrationAlgoType::kLEGACY_CALIBRATION; }
  virtual double getQuantile() const = 0;
  virtual double getRegressionCutoff() const = 0;
  virtual void const* readHistogramCache(std::size_t& length) = 0;
  virtual void writeHistogramCache(void const* ptr, std::size_t length) = 0;
  ~IInt8LegacyCalibrator() override = default;
};

/// Type, strides and vectorization of one I/O of a candidate implementation.
class IAlgorithmIOInfo : public INoCopy {
 public:
  TRT_DEPRECATED TensorFormat getTensorFormat() const noexcept { return mImpl->getTensorFormat(); }
  DataType getDataType() const noexcept { return mImpl->getDataType(); }
  Dims getStrides() const noexcept { return mImpl->getStrides(); }
  int64_t getVectorizedDim() const noexcept { return mImpl->getVectorizedDim(); }
  int64_t getComponentsPerElement() const noexcept { return mImpl->getComponentsPerElement(); }

 protected:
  ~IAlgorithmIOInfo() noexcept override = default;
  apiv::VAlgorithmIOInfo* mImpl = nullptr;
};

/// Implementation id + tactic id pair.
class IAlgorithmVariant : public INoCopy {
 public:
  int64_t getImplementation() const noexcept { return mImpl->getImplementation(); }
  int64_t getTactic() const noexcept { return mImpl->getTactic(); }

 protected:
  ~IAlgorithmVariant() noexcept override = default;
  apiv::VAlgorithmVariant* mImpl = nullptr;
};

/// Layer name, shapes and I/O counts for which algorithms are offered.
class IAlgorithmContext : public INoCopy {
 public:
  char const* getName() const noexcept { return mImpl->getName(); }
  Dims getDimensions(int32_t index, OptProfileSelector select) const noexcept {
    return mImpl->getDimensions(index, select);
  }
  int32_t getNbInputs() const noexcept { return mImpl->getNbInputs(); }
  int32_t getNbOutputs() const noexcept { return mImpl->getNbOutputs(); }

 protected:
  ~IAlgorithmContext() noexcept override = default;
  apiv::VAlgorithmContext* mImpl = nullptr;
};

/// One candidate: variant, time, workspace, I/O infos.
class IAlgorithm : public INoCopy {
 public:
  TRT_DEPRECATED IAlgorithmIOInfo const& getAlgorithmIOInfo(int32_t index) const noexcept {
    return mImpl->getAlgorithmIOInfo(index);
  }
  IAlgorithmVariant const& getAlgorithmVariant() const noexcept { return mImpl->getAlgorithmVariant(); }
  float getTimingMSec() const noexcept { return mImpl->getTimingMSec(); }
  size_t getWorkspaceSize() const noexcept { return mImpl->getWorkspaceSize(); }
  IAlgorithmIOInfo const* getAlgorithmIOInfoByIndex(int32_t index) const noexcept {
    return mImpl->getAlgorithmIOInfoByIndex(index);
  }

 protected:
  ~IAlgorithm() noexcept override = default;
  apiv::VAlgorithm* mImpl = nullptr;
};

/// Picks among the algorithms offered for each layer, by the client; and hears what was taken.
class IAlgorithmSelector {
 public:
  /// Puts the indices of acceptable choices into `selection` and returns how many.
  virtual int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices,
                                   int32_t nbChoices, int32_t* selection) = 0;
  virtual void reportAlgorithms(IAlgorithmContext const* const* algoContexts, IAlgorithm const* const* algoChoices,
                                int32_t nbAlgorithms) = 0;
  virtual ~IAlgorithmSelector() = default;
};

/// Hears how a build goes on, from any thread, and may end it. Of level 10.
class IProgressMonitor {
 public:
  virtual void phaseStart(char const* phaseName, char const* parentPhase, int32_t nbSteps) = 0;
  /// False ends the build.
  virtual bool stepComplete(char const* phaseName, int32_t step) = 0;
  virtual void phaseFinish(char const* phaseName) = 0;
  virtual ~IProgressMonitor() = default;
};

/// One measurement's key and value in an editable timing cache. Of level 10.
struct TimingCacheKey {
  uint8_t data[16];
};
struct TimingCacheValue {
  uint64_t tacticHash;
  float timingMSec;
};

enum class QuantizationFlag : int32_t { kCALIBRATE_BEFORE_FUSION = 0 };

/// From 18 on: flags of later levels under their own names, with numbers of this one.
enum class BuilderFlag : int32_t {
  kFP16 = 0,
  kINT8 = 1,
  kDEBUG = 2,
  kGPU_FALLBACK = 3,
  kSTRICT_TYPES TRT_DEPRECATED_ENUM = 4,
  kREFIT = 5,
  kDISABLE_TIMING_CACHE = 6,
  kTF32 = 7,
  kSPARSE_WEIGHTS = 8,
  kSAFETY_SCOPE = 9,
  kOBEY_PRECISION_CONSTRAINTS = 10,
  kPREFER_PRECISION_CONSTRAINTS = 11,
  kDIRECT_IO = 12,
  kREJECT_EMPTY_ALGORITHMS = 13,
  kENABLE_TACTIC_HEURISTIC = 14,
  kVERSION_COMPATIBLE = 15,
  kEXCLUDE_LEAN_RUNTIME = 16,
  kFP8 = 17,
  kERROR_ON_TIMING_CACHE_MISS = 18,
  kBF16 = 19,
  kDISABLE_COMPILATION_CACHE = 20,
  kSTRIP_PLAN = 21,
  kREFIT_IDENTICAL = 22,
  kWEIGHT_STREAMING = 23,
  kINT4 = 24,
  kREFIT_INDIVIDUAL = 25,
  kSTRICT_NANS = 26,
  kMONITOR_MEMORY = 27,
  kFP4 = 28,
  kEDITABLE_TIMING_CACHE = 29,
  kDISTRIBUTIVE_INDEPENDENCE = 30,
};

/// Serializable store of tactic timings; combine / reset.
class ITimingCache : public INoCopy {
 public:
  ~ITimingCache() noexcept override = default;
  IHostMemory* serialize() const noexcept { return mImpl->serialize(); }
  bool combine(ITimingCache const& inputCache, bool ignoreMismatch) noexcept {
    return mImpl->combine(inputCache, ignoreMismatch);
  }
  bool reset() noexcept { return mImpl->reset(); }
  int64_t queryKeys(TimingCacheKey* keyBuffer, int64_t capacity) const noexcept {
    return mImpl->queryKeys(keyBuffer, capacity);
  }
  TimingCacheValue query(TimingCacheKey const& key) const noexcept { return mImpl->query(key); }
  bool update(TimingCacheKey const& key, TimingCacheValue const& value) noexcept { return mImpl->update(key, value); }

 protected:
  apiv::VTimingCache* mImpl = nullptr;
};

enum class MemoryPoolType : int32_t {
  kWORKSPACE = 0,
  kDLA_MANAGED_SRAM = 1,
  kDLA_LOCAL_DRAM = 2,
  kDLA_GLOBAL_DRAM = 3,
  kTACTIC_DRAM = 4,
  kTACTIC_SHARED_MEMORY = 5,
};
enum class PreviewFeature : int32_t {
  kFASTER_DYNAMIC_SHAPES_0805 TRT_DEPRECATED_ENUM = 0,
  kDISABLE_EXTERNAL_TACTIC_SOURCES_FOR_CORE_0805 = 1,
  kPROFILE_SHARING_0806 = 2,
  kALIASED_PLUGIN_IO_10_03 = 3,
  kRUNTIME_ACTIVATION_RESIZE_10_10 = 4,
};

enum class RuntimePlatform : int32_t { kSAME_AS_BUILD = 0, kWINDOWS_AMD64 = 1 };
enum class TilingOptimizationLevel : int32_t { kNONE = 0, kFAST = 1, kMODERATE = 2, kFULL = 3 };

/// All build settings: flags, memory pools, device types, profiles, calibrator, timing cache, tactic sources, verbosity, optimization level, compatibility level, plugins to serialize, aux streams.
class IBuilderConfig : public INoCopy {
 public:
  ~IBuilderConfig() noexcept override = default;
  TRT_DEPRECATED virtual void setMinTimingIterations(int32_t minTimingIterations) noexcept {
    mImpl->setMinTimingIterations(minTimingIterations);
  }
  TRT_DEPRECATED virtual int32_t getMinTimingIterations() const noexcept { return mImpl->getMinTimingIterations(); }
  virtual void setAvgTimingIterations(int32_t avgTimingIterations) noexcept {
    mImpl->setAvgTimingIterations(avgTimingIterations);
  }
  int32_t getAvgTimingIterations() const noexcept { return mImpl->getAvgTimingIterations(); }
  void setEngineCapability(EngineCapability engineCapability) noexcept { mImpl->setEngineCapability(engineCapability); }
  EngineCapability getEngineCapability() const noexcept { return mImpl->getEngineCapability(); }
  void setInt8Calibrator(IInt8Calibrator* int8Calibrator) noexcept { mImpl->setInt8Calibrator(int8Calibrator); }
  IInt8Calibrator* getInt8Calibrator() const noexcept { return mImpl->getInt8Calibrator(); }
  TRT_DEPRECATED void setMaxWorkspaceSize(size_t maxWorkspaceSize) noexcept {
    mImpl->setMaxWorkspaceSize(maxWorkspaceSize);
  }
  TRT_DEPRECATED size_t getMaxWorkspaceSize() const noexcept { return mImpl->getMaxWorkspaceSize(); }
  void setFlags(BuilderFlags flags) noexcept { mImpl->setFlags(flags); }
  BuilderFlags getFlags() const noexcept { return mImpl->getFlags(); }
  void clearFlag(BuilderFlag flag) noexcept { mImpl->clearFlag(flag); }
  void setFlag(BuilderFlag flag) noexcept { mImpl->setFlag(flag); }
  bool getFlag(BuilderFlag flag) const noexcept { return mImpl->getFlag(flag); }
  void setDeviceType(ILayer const* layer, DeviceType deviceType) noexcept { mImpl->setDeviceType(layer, deviceType); }
  DeviceType getDeviceType(ILayer const* layer) const noexcept { return mImpl->getDeviceType(layer); }
  bool isDeviceTypeSet(ILayer const* layer) const noexcept { return mImpl->isDeviceTypeSet(layer); }
  void resetDeviceType(ILayer const* layer) noexcept { mImpl->resetDeviceType(layer); }
  bool canRunOnDLA(ILayer const* layer) const noexcept { return mImpl->canRunOnDLA(layer); }
  void setDLACore(int32_t dLACore) noexcept { mImpl->setDLACore(dLACore); }
  int32_t getDLACore() const noexcept { return mImpl->getDLACore(); }
  void setDefaultDeviceType(DeviceType defaultDeviceType) noexcept { mImpl->setDefaultDeviceType(defaultDeviceType); }
  DeviceType getDefaultDeviceType() const noexcept { return mImpl->getDefaultDeviceType(); }
  void reset() noexcept { mImpl->reset(); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }
  void setProfileStream(cudaStream_t profileStream) noexcept { mImpl->setProfileStream(profileStream); }
  cudaStream_t getProfileStream() const noexcept { return mImpl->getProfileStream(); }
  int32_t addOptimizationProfile(IOptimizationProfile const* profile) noexcept {
    return mImpl->addOptimizationProfile(profile);
  }
  int32_t getNbOptimizationProfiles() const noexcept { return mImpl->getNbOptimizationProfiles(); }
  void setProfilingVerbosity(ProfilingVerbosity profilingVerbosity) noexcept {
    mImpl->setProfilingVerbosity(profilingVerbosity);
  }
  ProfilingVerbosity getProfilingVerbosity() const noexcept { return mImpl->getProfilingVerbosity(); }
  void setAlgorithmSelector(IAlgorithmSelector* algorithmSelector) noexcept {
    mImpl->setAlgorithmSelector(algorithmSelector);
  }
  IAlgorithmSelector* getAlgorithmSelector() const noexcept { return mImpl->getAlgorithmSelector(); }
  bool setCalibrationProfile(IOptimizationProfile const* calibrationProfile) noexcept {
    return mImpl->setCalibrationProfile(calibrationProfile);
  }
  IOptimizationProfile const* getCalibrationProfile() const noexcept { return mImpl->getCalibrationProfile(); }
  void setQuantizationFlags(QuantizationFlags quantizationFlags) noexcept {
    mImpl->setQuantizationFlags(quantizationFlags);
  }
  QuantizationFlags getQuantizationFlags() const noexcept { return mImpl->getQuantizationFlags(); }
  void clearQuantizationFlag(QuantizationFlag flag) noexcept { mImpl->clearQuantizationFlag(flag); }
  void setQuantizationFlag(QuantizationFlag quantizationFlag) noexcept { mImpl->setQuantizationFlag(quantizationFlag); }
  bool getQuantizationFlag(QuantizationFlag flag) const noexcept { return mImpl->getQuantizationFlag(flag); }
  bool setTacticSources(TacticSources tacticSources) noexcept { return mImpl->setTacticSources(tacticSources); }
  TacticSources getTacticSources() const noexcept { return mImpl->getTacticSources(); }
  ITimingCache* createTimingCache(void const* blob, size_t size) const noexcept {
    return mImpl->createTimingCache(blob, size);
  }
  bool setTimingCache(ITimingCache const& cache, bool ignoreMismatch) noexcept {
    return mImpl->setTimingCache(cache, ignoreMismatch);
  }
  ITimingCache const* getTimingCache() const noexcept { return mImpl->getTimingCache(); }
  void setMemoryPoolLimit(MemoryPoolType pool, size_t poolSize) noexcept { mImpl->setMemoryPoolLimit(pool, poolSize); }
  size_t getMemoryPoolLimit(MemoryPoolType pool) const noexcept { return mImpl->getMemoryPoolLimit(pool); }
  void setPreviewFeature(PreviewFeature feature, bool enable) noexcept { mImpl->setPreviewFeature(feature, enable); }
  bool getPreviewFeature(PreviewFeature feature) const noexcept { return mImpl->getPreviewFeature(feature); }
  void setBuilderOptimizationLevel(int32_t builderOptimizationLevel) noexcept {
    mImpl->setBuilderOptimizationLevel(builderOptimizationLevel);
  }
  int32_t getBuilderOptimizationLevel() const noexcept { return mImpl->getBuilderOptimizationLevel(); }
  void setHardwareCompatibilityLevel(HardwareCompatibilityLevel hardwareCompatibilityLevel) noexcept {
    mImpl->setHardwareCompatibilityLevel(hardwareCompatibilityLevel);
  }
  HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept {
    return mImpl->getHardwareCompatibilityLevel();
  }
  void setPluginsToSerialize(char const* const* paths, int32_t nbPaths) noexcept {
    mImpl->setPluginsToSerialize(paths, nbPaths);
  }
  char const* getPluginToSerialize(int32_t index) const noexcept { return mImpl->getPluginToSerialize(index); }
  int32_t getNbPluginsToSerialize() const noexcept { return mImpl->getNbPluginsToSerialize(); }
  void setMaxAuxStreams(int32_t maxAuxStreams) noexcept { mImpl->setMaxAuxStreams(maxAuxStreams); }
  int32_t getMaxAuxStreams() const noexcept { return mImpl->getMaxAuxStreams(); }
  void setProgressMonitor(IProgressMonitor* monitor) noexcept { mImpl->setProgressMonitor(monitor); }
  IProgressMonitor* getProgressMonitor() const noexcept { return mImpl->getProgressMonitor(); }
  void setRuntimePlatform(RuntimePlatform runtimePlatform) noexcept { mImpl->setRuntimePlatform(runtimePlatform); }
  RuntimePlatform getRuntimePlatform() const noexcept { return mImpl->getRuntimePlatform(); }
  void setMaxNbTactics(int32_t maxNbTactics) noexcept { mImpl->setMaxNbTactics(maxNbTactics); }
  int32_t getMaxNbTactics() const noexcept { return mImpl->getMaxNbTactics(); }
  bool setTilingOptimizationLevel(TilingOptimizationLevel level) noexcept {
    return mImpl->setTilingOptimizationLevel(level);
  }
  TilingOptimizationLevel getTilingOptimizationLevel() const noexcept { return mImpl->getTilingOptimizationLevel(); }
  bool setL2LimitForTiling(int64_t size) noexcept { return mImpl->setL2LimitForTiling(size); }
  int64_t getL2LimitForTiling() const noexcept { return mImpl->getL2LimitForTiling(); }

 protected:
  apiv::VBuilderConfig* mImpl = nullptr;
};

/// Entry object: networks, configs, profiles, build to plan/engine, platform queries, plugin registry.
class IBuilder : public INoCopy {
 public:
  ~IBuilder() noexcept override = default;
  TRT_DEPRECATED void setMaxBatchSize(int32_t batchSize) noexcept { mImpl->setMaxBatchSize(batchSize); }
  TRT_DEPRECATED int32_t getMaxBatchSize() const noexcept { return mImpl->getMaxBatchSize(); }
  bool platformHasFastFp16() const noexcept { return mImpl->platformHasFastFp16(); }
  bool platformHasFastInt8() const noexcept { return mImpl->platformHasFastInt8(); }
  TRT_DEPRECATED void destroy() noexcept { delete this; }
  int32_t getMaxDLABatchSize() const noexcept { return mImpl->getMaxDLABatchSize(); }
  int32_t getNbDLACores() const noexcept { return mImpl->getNbDLACores(); }
  void setGpuAllocator(IGpuAllocator* allocator) noexcept { mImpl->setGpuAllocator(allocator); }
  IBuilderConfig* createBuilderConfig() noexcept { return mImpl->createBuilderConfig(); }
  TRT_DEPRECATED ICudaEngine* buildEngineWithConfig(INetworkDefinition& network, IBuilderConfig& config) noexcept {
    return mImpl->buildEngineWithConfig(network, config);
  }
  INetworkDefinition* createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept {
    return mImpl->createNetworkV2(flags);
  }
  IOptimizationProfile* createOptimizationProfile() noexcept { return mImpl->createOptimizationProfile(); }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept { mImpl->setErrorRecorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept { return mImpl->getErrorRecorder(); }
  void reset() noexcept { mImpl->reset(); }
  bool platformHasTf32() const noexcept { return mImpl->platformHasTf32(); }
  IHostMemory* buildSerializedNetwork(INetworkDefinition& network, IBuilderConfig& config) noexcept {
    return mImpl->buildSerializedNetwork(network, config);
  }
  bool isNetworkSupported(INetworkDefinition const& network, IBuilderConfig const& config) const noexcept {
    return mImpl->isNetworkSupported(network, config);
  }
  ILogger* getLogger() const noexcept { return mImpl->getLogger(); }
  bool setMaxThreads(int32_t maxThreads) noexcept { return mImpl->setMaxThreads(maxThreads); }
  int32_t getMaxThreads() const noexcept { return mImpl->getMaxThreads(); }
  IPluginRegistry& getPluginRegistry() const noexcept { return mImpl->getPluginRegistry(); }
  bool buildSerializedNetworkToStream(INetworkDefinition& network, IBuilderConfig& config, IStreamWriter& writer) noexcept {
    return mImpl->buildSerializedNetworkToStream(network, config, writer);
  }

 protected:
  apiv::VBuilder* mImpl = nullptr;
};

namespace impl {
template <>
struct EnumMaxImpl<LayerType> {
  static constexpr int32_t kVALUE = 51;
};
template <>
struct EnumMaxImpl<ActivationType> {
  static constexpr int32_t kVALUE = 14;
};
template <>
struct EnumMaxImpl<PaddingMode> {
  static constexpr int32_t kVALUE = 6;
};
template <>
struct EnumMaxImpl<PoolingType> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ScaleMode> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ElementWiseOperation> {
  static constexpr int32_t kVALUE = 14;
};
template <>
struct EnumMaxImpl<GatherMode> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<RNNOperation> {
  static constexpr int32_t kVALUE = 4;
};
template <>
struct EnumMaxImpl<RNNDirection> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<RNNInputMode> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<RNNGateType> {
  static constexpr int32_t kVALUE = 7;
};
template <>
struct EnumMaxImpl<UnaryOperation> {
  static constexpr int32_t kVALUE = 25;
};
template <>
struct EnumMaxImpl<ReduceOperation> {
  static constexpr int32_t kVALUE = 5;
};
template <>
struct EnumMaxImpl<SampleMode> {
  static constexpr int32_t kVALUE = 5;
};
template <>
struct EnumMaxImpl<TopKOperation> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<MatrixOperation> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<InterpolationMode> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ResizeCoordinateTransformation> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ResizeSelector> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<ResizeRoundMode> {
  static constexpr int32_t kVALUE = 4;
};
template <>
struct EnumMaxImpl<LoopOutput> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<TripLimit> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<FillOperation> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<ScatterMode> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<BoundingBoxFormat> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<CalibrationAlgoType> {
  static constexpr int32_t kVALUE = 4;
};
template <>
struct EnumMaxImpl<QuantizationFlag> {
  static constexpr int32_t kVALUE = 1;
};
template <>
struct EnumMaxImpl<BuilderFlag> {
  static constexpr int32_t kVALUE = 31;
};
template <>
struct EnumMaxImpl<MemoryPoolType> {
  static constexpr int32_t kVALUE = 6;
};
template <>
struct EnumMaxImpl<PreviewFeature> {
  static constexpr int32_t kVALUE = 5;
};
template <>
struct EnumMaxImpl<NetworkDefinitionCreationFlag> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<CumulativeOperation> {
  static constexpr int32_t kVALUE = 1;
};
template <>
struct EnumMaxImpl<RuntimePlatform> {
  static constexpr int32_t kVALUE = 2;
};
template <>
struct EnumMaxImpl<TilingOptimizationLevel> {
  static constexpr int32_t kVALUE = 4;
};
}  // namespace impl

}  // namespace nvinfer1

extern "C" TENSORRTAPI void* createInferBuilder_INTERNAL(void* logger, int32_t version) noexcept;

namespace nvinfer1 {

/// The registry whose plugins a builder of this capability may use; null for the safety ones, which do not exist here.
extern "C" TENSORRTAPI IPluginRegistry* getBuilderPluginRegistry(EngineCapability capability) noexcept;

namespace safe {
class IPluginRegistry;
}  // namespace safe
extern "C" TENSORRTAPI safe::IPluginRegistry* getBuilderSafePluginRegistry(EngineCapability capability) noexcept;

namespace {
/// Null, with a line in the log, when the library is of another major level.
inline IBuilder* createInferBuilder(ILogger& logger) noexcept {
  return static_cast<IBuilder*>(createInferBuilder_INTERNAL(&logger, NV_TENSORRT_VERSION));
}
}  // namespace

}  // namespace nvinfer1

#pragma GCC diagnostic pop
