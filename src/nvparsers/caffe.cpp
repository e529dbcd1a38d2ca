#include "NvCaffeParser.h"
#include "nvparsers/answer.h"

namespace nvcaffeparser1 {
namespace {

constexpr auto kAdvice =
    "Caffe models are not read: convert the model to ONNX (caffe2onnx, or load it into PyTorch and call torch.onnx.export), then parse the .onnx file with nvonnxparser::createParser";

class CaffeParser final : public ICaffeParser {
 public:
  IBlobNameToTensor const* parse(char const*, char const*, nvinfer1::INetworkDefinition&, nvinfer1::DataType) noexcept override {
    answer_.refuse_format("ICaffeParser::parse", kAdvice);
    return nullptr;
  }
  IBlobNameToTensor const* parseBuffers(uint8_t const*, std::size_t, uint8_t const*, std::size_t, nvinfer1::INetworkDefinition&, nvinfer1::DataType) noexcept override {
    answer_.refuse_format("ICaffeParser::parseBuffers", kAdvice);
    return nullptr;
  }
  IBinaryProtoBlob* parseBinaryProto(char const*) noexcept override {
    answer_.refuse_format("ICaffeParser::parseBinaryProto", kAdvice);
    return nullptr;
  }
  void setProtobufBufferSize(size_t) noexcept override { answer_.refuse_format("ICaffeParser::setProtobufBufferSize", kAdvice); }
  void destroy() noexcept override { delete this; }
  void setPluginFactoryV2(IPluginFactoryV2*) noexcept override { answer_.refuse_format("ICaffeParser::setPluginFactoryV2", kAdvice); }
  void setPluginNamespace(char const*) noexcept override { answer_.refuse_format("ICaffeParser::setPluginNamespace", kAdvice); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { answer_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return answer_.recorder(); }

 private:
  tenon::adapter::Answering answer_;
};

}  // namespace

ICaffeParser* createCaffeParser() noexcept { return new (std::nothrow) CaffeParser(); }
void shutdownProtobufLibrary() noexcept {}

}  // namespace nvcaffeparser1

extern "C" void* createNvCaffeParser_INTERNAL() { return nvcaffeparser1::createCaffeParser(); }
