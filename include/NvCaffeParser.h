#pragma once
#include "NvInfer.h"

/// Caffe models: every call that reads one answers with an error that names the ONNX route.
namespace nvcaffeparser1 {

class IBlobNameToTensor {
 public:
  virtual nvinfer1::ITensor* find(char const* name) const noexcept = 0;

 protected:
  virtual ~IBlobNameToTensor() = default;
};

class IBinaryProtoBlob {
 public:
  virtual void const* getData() noexcept = 0;
  virtual nvinfer1::Dims4 getDimensions() noexcept = 0;
  virtual nvinfer1::DataType getDataType() noexcept = 0;
  TRT_DEPRECATED virtual void destroy() noexcept = 0;
  virtual ~IBinaryProtoBlob() noexcept = default;
};

class IPluginFactoryV2 {
 public:
  virtual bool isPluginV2(char const* layerName) = 0;
  virtual nvinfer1::IPluginV2* createPlugin(char const* layerName, nvinfer1::Weights const* weights,
                                            int32_t nbWeights, char const* libNamespace = "") = 0;
  virtual ~IPluginFactoryV2() = default;
};

class TRT_DEPRECATED ICaffeParser {
 public:
  virtual IBlobNameToTensor const* parse(char const* deploy, char const* model, nvinfer1::INetworkDefinition& network,
                                         nvinfer1::DataType weightType) noexcept = 0;
  virtual IBlobNameToTensor const* parseBuffers(uint8_t const* deployBuffer, std::size_t deployLength,
                                                uint8_t const* modelBuffer, std::size_t modelLength,
                                                nvinfer1::INetworkDefinition& network,
                                                nvinfer1::DataType weightType) noexcept = 0;
  virtual IBinaryProtoBlob* parseBinaryProto(char const* fileName) noexcept = 0;
  virtual void setProtobufBufferSize(size_t size) noexcept = 0;
  TRT_DEPRECATED virtual void destroy() noexcept = 0;
  virtual void setPluginFactoryV2(IPluginFactoryV2* factory) noexcept = 0;
  virtual void setPluginNamespace(char const* libNamespace) noexcept = 0;
  virtual ~ICaffeParser() noexcept = default;
  virtual void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept = 0;
  virtual nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept = 0;
};

TENSORRTAPI ICaffeParser* createCaffeParser() noexcept;
TENSORRTAPI void shutdownProtobufLibrary() noexcept;

}  // namespace nvcaffeparser1

extern "C" TENSORRTAPI void* createNvCaffeParser_INTERNAL();
