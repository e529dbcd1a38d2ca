#include <cstring>

#include "support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

using RuntimeTest = Fixture;

/// Gives `bytes` in pieces of at most `piece`.
class Reader : public IStreamReader {
 public:
  explicit Reader(std::vector<std::byte> data) : bytes(std::move(data)) {}
  int64_t read(void* to, int64_t count) override {
    if (broken) return -1;
    const int64_t n = std::min<int64_t>(count, static_cast<int64_t>(bytes.size()) - at);
    std::memcpy(to, bytes.data() + at, static_cast<size_t>(n));
    at += n;
    return n;
  }
  std::vector<std::byte> bytes;
  int64_t at = 0;
  bool broken = false;
};

class ReaderV2 : public IStreamReaderV2 {
 public:
  explicit ReaderV2(std::vector<std::byte> data) : inner(std::move(data)) {}
  int64_t read(void* to, int64_t count, cudaStream_t) override { return inner.read(to, count); }
  bool seek(int64_t offset, SeekPosition) override { return inner.at = offset, true; }
  Reader inner;
};

TEST_F(RuntimeTest, DeserializesFromMemoryAndStreams) {
  const auto bytes = small_plan();
  EXPECT_NE(load(bytes), nullptr);
  Reader reader(bytes);
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(reader));
  ASSERT_NE(engine, nullptr);
  EXPECT_STREQ(engine->getName(), "small");
  ReaderV2 reader2(bytes);
  EXPECT_NE(std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(reader2)), nullptr);
  EXPECT_TRUE(recorder.errors.empty());
}

TEST_F(RuntimeTest, RefusesWhatIsNoEngine) {
  auto bytes = small_plan();
  EXPECT_EQ(runtime->deserializeCudaEngine(nullptr, 10), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "'blob' is null");
  EXPECT_EQ(runtime->deserializeCudaEngine(bytes.data(), 0), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "Engine buffer is empty");
  EXPECT_EQ(runtime->deserializeCudaEngine("not a plan", 10), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "not a Tenon engine file");
  EXPECT_EQ(load({bytes.begin(), bytes.begin() + 200}), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "E7001");
  bytes[8] = std::byte{99};
  EXPECT_EQ(load(bytes), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "format version");
  Reader reader(bytes);
  reader.broken = true;
  EXPECT_EQ(runtime->deserializeCudaEngine(reader), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "stream reader failed");
}

/// As `trtexec --profile=1 --saveEngine` writes: engines without what the API says about a plan.
TEST_F(RuntimeTest, TakesAFileOfSeveralEnginesAsOneOfSeveralProfiles) {
  const auto plan = tenon::adapter::deserialize(small_plan(), {});
  tenon::core::EngineBundle bundle;
  for (const auto& built : plan->engines) bundle.engines.push_back(built.data);
  const auto engine = load(tenon::core::engine_bytes(bundle));
  ASSERT_NE(engine, nullptr) << logger.text;
  ASSERT_EQ(engine->getNbOptimizationProfiles(), 2);
  EXPECT_EQ(list(engine->getTensorShape("x")), (std::vector<int32_t>{-1, 4}));
  EXPECT_EQ(list(engine->getProfileShape("x", 0, OptProfileSelector::kMAX)), (std::vector<int32_t>{4, 4}));
  EXPECT_EQ(list(engine->getProfileShape("x", 1, OptProfileSelector::kMAX)), (std::vector<int32_t>{8, 4}));
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
  ASSERT_TRUE(context->setInputShape("x", dims({8, 4}))) << logger.text;
  std::vector<float> x(32, 1), y(32);
  context->setTensorAddress("x", x.data());
  context->setTensorAddress("y", y.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(y[31], 5);
}

TEST_F(RuntimeTest, KeepsItsSettings) {
  EXPECT_EQ(runtime->getLogger(), &logger);
  EXPECT_EQ(::getLogger(), &logger);
  EXPECT_EQ(runtime->getErrorRecorder(), &recorder);
  EXPECT_EQ(recorder.count, 1);
  runtime->setErrorRecorder(nullptr);
  EXPECT_EQ(recorder.count, 0);
  runtime->setErrorRecorder(&recorder);
  EXPECT_EQ(runtime->getMaxThreads(), 1);
  EXPECT_TRUE(runtime->setMaxThreads(3));
  EXPECT_EQ(runtime->getMaxThreads(), 3);
  EXPECT_FALSE(runtime->setMaxThreads(0));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "must be at least 1");
  EXPECT_EQ(runtime->getTemporaryDirectory(), nullptr);
  runtime->setTemporaryDirectory("/tmp");
  EXPECT_STREQ(runtime->getTemporaryDirectory(), "/tmp");
  runtime->setTemporaryDirectory("/no/such/folder");
  expect_error(ErrorCode::kINVALID_ARGUMENT, "is no folder");
  EXPECT_EQ(runtime->getTempfileControlFlags(), 3U);
  runtime->setTempfileControlFlags(1U);
  EXPECT_EQ(runtime->getTempfileControlFlags(), 1U);
  runtime->setTempfileControlFlags(8U);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "bits that mean nothing");
  EXPECT_FALSE(runtime->getEngineHostCodeAllowed());
  runtime->setEngineHostCodeAllowed(true);
  EXPECT_TRUE(runtime->getEngineHostCodeAllowed());
}

TEST_F(RuntimeTest, HasNoDla) {
  EXPECT_EQ(runtime->getNbDLACores(), 0);
  EXPECT_EQ(runtime->getDLACore(), 0);
  runtime->setDLACore(1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "no DLA");
}

TEST_F(RuntimeTest, LoadsAnotherRuntimeFromALibrary) {
  std::unique_ptr<IRuntime> other(runtime->loadRuntime("libnvinfer.so.8"));
  EXPECT_NE(other, nullptr);
  EXPECT_EQ(runtime->loadRuntime("/no/such/library.so"), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "can't be loaded");
}

TEST_F(RuntimeTest, RefusesANullLoggerAndAnotherLevel) {
  EXPECT_EQ(createInferRuntime_INTERNAL(nullptr, NV_TENSORRT_VERSION), nullptr);
  EXPECT_EQ(createInferRuntime_INTERNAL(&logger, 10000), nullptr);
  EXPECT_TRUE(logger.said("compiled for API version 10000"));
}

TEST(Version, IsWhatTheHeadersSay) {
  EXPECT_EQ(getInferLibVersion(), 8601);
  EXPECT_EQ(getInferLibMajorVersion(), 8);
  EXPECT_EQ(getInferLibMinorVersion(), 6);
  EXPECT_EQ(getInferLibPatchVersion(), 1);
  EXPECT_EQ(getInferLibBuildVersion(), NV_TENSORRT_BUILD);
}

}  // namespace
