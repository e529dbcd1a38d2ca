#include <vector>

#include "NvInferPlugin.h"
#include "nvinfer1/reporter.h"

namespace {

/// The creators that this library has; they live as long as the process.
const std::vector<nvinfer1::IPluginCreator*>& standard_creators() {
  static const auto* creators = new std::vector<nvinfer1::IPluginCreator*>();
  return *creators;
}

}  // namespace

extern "C" bool initLibNvInferPlugins(void* logger, char const* libNamespace) {
  using namespace tenon::adapter;
  const Reporter reporter(static_cast<nvinfer1::ILogger*>(logger));
  return guarded(reporter, "initLibNvInferPlugins", false, [&] {
    need(libNamespace, "libNamespace");
    for (nvinfer1::IPluginCreator* creator : standard_creators()) getPluginRegistry()->registerCreator(*creator, libNamespace);
    reporter.log(nvinfer1::ILogger::Severity::kVERBOSE, fmt::format("{} standard plugins are registered in namespace '{}'", standard_creators().size(), libNamespace));
    return true;
  });
}
