#include "nvonnxparser/parser.h"
#include "nvonnxparser/refitter.h"

namespace {

using namespace tenon::adapter;

/// The factories: checks what all of them get.
template <class F>
void* make(const char* call, void* logger, int version, F&& f) noexcept {
  auto* log = static_cast<nvinfer1::ILogger*>(logger);
  return guarded(Reporter(log), call, static_cast<void*>(nullptr), [&]() -> void* {
    need(log, "logger");
    if (version != NV_ONNX_PARSER_VERSION)
      refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "the program was compiled for parser version {}, this library has {}: compile it with these headers", version, NV_ONNX_PARSER_VERSION);
    return f(*log);
  });
}

}  // namespace

extern "C" {

void* createNvOnnxParser_INTERNAL(void* network, void* logger, int version) noexcept {
  return make("createParser", logger, version, [&](nvinfer1::ILogger& log) {
    return static_cast<nvonnxparser::IParser*>(new Parser(*static_cast<nvinfer1::INetworkDefinition*>(need(network, "network")), log));
  });
}

void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void* logger, int version) noexcept {
  return make("createParserRefitter", logger, version, [&](nvinfer1::ILogger& log) {
    return static_cast<nvonnxparser::IParserRefitter*>(new ParserRefitter(*static_cast<nvinfer1::IRefitter*>(need(refitter, "refitter")), log));
  });
}

int getNvOnnxParserVersion() noexcept { return NV_ONNX_PARSER_VERSION; }
}
