#include "NvUffParser.h"
#include "nvparsers/answer.h"

namespace nvuffparser {
namespace {

constexpr auto kAdvice =
    "UFF models are not read: convert the TensorFlow model to ONNX (python -m tf2onnx.convert), then parse the .onnx file with nvonnxparser::createParser";

class UffParser final : public IUffParser {
 public:
  bool registerInput(char const*, nvinfer1::Dims, UffInputOrder) noexcept override { return refuse("IUffParser::registerInput"); }
  bool registerOutput(char const*) noexcept override { return refuse("IUffParser::registerOutput"); }
  bool parse(char const*, nvinfer1::INetworkDefinition&, nvinfer1::DataType) noexcept override { return refuse("IUffParser::parse"); }
  bool parseBuffer(char const*, std::size_t, nvinfer1::INetworkDefinition&, nvinfer1::DataType) noexcept override { return refuse("IUffParser::parseBuffer"); }
  void destroy() noexcept override { delete this; }
  int32_t getUffRequiredVersionMajor() noexcept override { return UFF_REQUIRED_VERSION_MAJOR; }
  int32_t getUffRequiredVersionMinor() noexcept override { return UFF_REQUIRED_VERSION_MINOR; }
  int32_t getUffRequiredVersionPatch() noexcept override { return UFF_REQUIRED_VERSION_PATCH; }
  void setPluginNamespace(char const*) noexcept override { refuse("IUffParser::setPluginNamespace"); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { answer_.set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { return answer_.recorder(); }

 private:
  bool refuse(const char* call) noexcept {
    answer_.refuse_format(call, kAdvice);
    return false;
  }
  tenon::adapter::Answering answer_;
};

}  // namespace

IUffParser* createUffParser() noexcept { return new (std::nothrow) UffParser(); }
void shutdownProtobufLibrary() noexcept {}

}  // namespace nvuffparser

extern "C" void* createNvUffParser_INTERNAL() { return nvuffparser::createUffParser(); }
