#include <algorithm>

#include "NvInferConsistency.h"
#include "NvInferSafeRuntime.h"
#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

class Creator : public IPluginCreator {
 public:
  explicit Creator(std::string name) : name_(std::move(name)) {}
  char const* getPluginName() const override { return name_.c_str(); }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return &fields_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) override { return nullptr; }
  IPluginV2* deserializePlugin(char const*, void const*, size_t) override { return nullptr; }
  void setPluginNamespace(char const* text) override { namespace_ = text; }
  char const* getPluginNamespace() const override { return namespace_.c_str(); }

 private:
  std::string name_, namespace_;
  PluginFieldCollection fields_{0, nullptr};
};

Creator& registered_at_start() {
  static Creator creator("FromAGlobal");
  return creator;
}
const bool at_start = getPluginRegistry()->registerCreator(registered_at_start(), "");

TEST(Registry, FindsCreatorsByNameVersionAndNamespace) {
  IPluginRegistry& registry = *getPluginRegistry();
  EXPECT_TRUE(at_start);
  EXPECT_EQ(registry.getPluginCreator("FromAGlobal", "1"), &registered_at_start());
  Creator creator("Scaler");
  EXPECT_TRUE(registry.registerCreator(creator, "mine"));
  EXPECT_STREQ(creator.getPluginNamespace(), "mine");
  EXPECT_FALSE(registry.registerCreator(creator, "mine"));
  EXPECT_EQ(registry.getPluginCreator("Scaler", "1", "mine"), &creator);
  EXPECT_EQ(registry.getPluginCreator("Scaler", "1"), nullptr);
  EXPECT_EQ(registry.getPluginCreator("Scaler", "2", "mine"), nullptr);
  int32_t count = 0;
  IPluginCreator* const* all = registry.getPluginCreatorList(&count);
  EXPECT_NE(std::find(all, all + count, &creator), all + count);
  EXPECT_TRUE(registry.deregisterCreator(creator));
  EXPECT_FALSE(registry.deregisterCreator(creator));
  EXPECT_EQ(registry.getPluginCreator("Scaler", "1", "mine"), nullptr);
}

TEST(Registry, ReportsWhatItLacks) {
  IPluginRegistry& registry = *getPluginRegistry();
  Recorder recorder;
  registry.setErrorRecorder(&recorder);
  EXPECT_EQ(registry.getErrorRecorder(), &recorder);
  EXPECT_EQ(registry.getPluginCreator("Nothing", "1"), nullptr);
  ASSERT_EQ(recorder.errors.size(), 1U);
  EXPECT_NE(recorder.errors[0].second.find("could not find Plugin Nothing version 1"), std::string::npos);
  EXPECT_EQ(registry.getPluginCreator(nullptr, "1"), nullptr);
  EXPECT_EQ(recorder.last(), ErrorCode::kINVALID_ARGUMENT);
  EXPECT_EQ(registry.loadLibrary("/no/such/plugin.so"), nullptr);
  EXPECT_NE(recorder.errors.back().second.find("can't be loaded"), std::string::npos);
  EXPECT_EQ(registry.loadLibrary("libm.so.6"), nullptr);
  EXPECT_NE(recorder.errors.back().second.find("getPluginCreators"), std::string::npos);
  registry.deregisterLibrary(&recorder);
  EXPECT_NE(recorder.errors.back().second.find("none that loadLibrary gave"), std::string::npos);
  registry.setErrorRecorder(nullptr);
}

TEST_F(Fixture, ARuntimeHasARegistryBelowTheProcess) {
  IPluginRegistry& own = runtime->getPluginRegistry();
  EXPECT_NE(&own, getPluginRegistry());
  EXPECT_TRUE(own.isParentSearchEnabled());
  EXPECT_EQ(own.getPluginCreator("FromAGlobal", "1"), &registered_at_start());
  own.setParentSearchEnabled(false);
  EXPECT_FALSE(own.isParentSearchEnabled());
  EXPECT_EQ(own.getPluginCreator("FromAGlobal", "1"), nullptr);
  Creator creator("Local");
  EXPECT_TRUE(own.registerCreator(creator, ""));
  EXPECT_EQ(getPluginRegistry()->getPluginCreator("Local", "1"), nullptr);
}

TEST(Registry, LoadsLibrariesOfPlugins) {
  IPluginRegistry& registry = *getPluginRegistry();
  Logger logger;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));  // so that there is a logger to be found
  void* library = registry.loadLibrary(std::getenv("TENON_PLUGIN_LIBRARY") ? std::getenv("TENON_PLUGIN_LIBRARY") : TENON_PLUGIN_LIBRARY);
  ASSERT_NE(library, nullptr);
  IPluginCreator* creator = registry.getPluginCreator("FromALibrary", "1");
  ASSERT_NE(creator, nullptr);
  EXPECT_STREQ(creator->getPluginNamespace(), "found a logger finder");
  registry.deregisterLibrary(library);
  EXPECT_EQ(registry.getPluginCreator("FromALibrary", "1"), nullptr);
}

TEST(Safety, AnswersThatItIsNotThere) {
  Logger logger;
  EXPECT_EQ(safe::createInferRuntime(logger), nullptr);
  EXPECT_TRUE(logger.said("there is no safety runtime"));
  EXPECT_EQ(consistency::createConsistencyChecker(logger, "x", 1), nullptr);
  EXPECT_TRUE(logger.said("no safety plans"));
  Creator creator("Safe");
  safe::IPluginRegistry& registry = *safe::getSafePluginRegistry();
  EXPECT_TRUE(registry.registerCreator(creator, ""));
  EXPECT_EQ(registry.getPluginCreator("Safe", "1"), &creator);
  int32_t count = 0;
  EXPECT_NE(registry.getPluginCreatorList(&count), nullptr);
  Recorder recorder;
  registry.setErrorRecorder(&recorder);
  EXPECT_EQ(registry.getErrorRecorder(), &recorder);
  registry.setErrorRecorder(nullptr);
  EXPECT_EQ(registry.getErrorRecorder(), nullptr);
  EXPECT_TRUE(registry.deregisterCreator(creator));
}

}  // namespace
