// A plugin library with the two entry points that IPluginRegistry::loadLibrary asks for.
#include "NvInferRuntime.h"

using namespace nvinfer1;

namespace {

bool has_finder = false;

class Creator : public IPluginCreator {
 public:
  char const* getPluginName() const override { return "FromALibrary"; }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return nullptr; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) override { return nullptr; }
  IPluginV2* deserializePlugin(char const*, void const*, size_t) override { return nullptr; }
  void setPluginNamespace(char const*) override {}
  char const* getPluginNamespace() const override { return has_finder ? "found a logger finder" : ""; }
};

Creator creator;
IPluginCreator* const creators[] = {&creator};

}  // namespace

extern "C" TENSORRTAPI void setLoggerFinder(ILoggerFinder* finder) {
  has_finder = finder && finder->findLogger();
}

extern "C" TENSORRTAPI IPluginCreator* const* getPluginCreators(int32_t& count) {
  count = 1;
  return creators;
}
