#pragma once
#include "NvInfer.h"

#define UFF_REQUIRED_VERSION_MAJOR 0
#define UFF_REQUIRED_VERSION_MINOR 6
#define UFF_REQUIRED_VERSION_PATCH 9

/// UFF models: every call that reads one answers with an error that names the ONNX route.
namespace nvuffparser {

enum class UffInputOrder : int32_t { kNCHW = 0, kNHWC = 1, kNC = 2 };

enum class FieldType : int32_t {
  kFLOAT = 0,
  kINT32 = 1,
  kCHAR = 2,
  kDIMS = 4,
  kDATATYPE = 5,
  kUNKNOWN = 6,
};

class TRT_DEPRECATED FieldMap {
 public:
  char const* name{};
  void const* data{};
  FieldType type{FieldType::kUNKNOWN};
  int32_t length{1};
  FieldMap(char const* name, void const* data, FieldType const type, int32_t length = 1)
      : name(name), data(data), type(type), length(length) {}
};

struct FieldCollection {
  int32_t nbFields;
  FieldMap const* fields;
};

class TRT_DEPRECATED IUffParser {
 public:
  virtual bool registerInput(char const* inputName, nvinfer1::Dims inputDims, UffInputOrder inputOrder) noexcept = 0;
  virtual bool registerOutput(char const* outputName) noexcept = 0;
  virtual bool parse(char const* file, nvinfer1::INetworkDefinition& network,
                     nvinfer1::DataType weightsType = nvinfer1::DataType::kFLOAT) noexcept = 0;
  virtual bool parseBuffer(char const* buffer, std::size_t size, nvinfer1::INetworkDefinition& network,
                           nvinfer1::DataType weightsType = nvinfer1::DataType::kFLOAT) noexcept = 0;
  TRT_DEPRECATED virtual void destroy() noexcept = 0;
  virtual int32_t getUffRequiredVersionMajor() noexcept = 0;
  virtual int32_t getUffRequiredVersionMinor() noexcept = 0;
  virtual int32_t getUffRequiredVersionPatch() noexcept = 0;
  virtual void setPluginNamespace(char const* libNamespace) noexcept = 0;
  virtual ~IUffParser() noexcept = default;
  virtual void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept = 0;
  virtual nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept = 0;
};

TENSORRTAPI IUffParser* createUffParser() noexcept;
TENSORRTAPI void shutdownProtobufLibrary() noexcept;

}  // namespace nvuffparser

extern "C" TENSORRTAPI void* createNvUffParser_INTERNAL();
