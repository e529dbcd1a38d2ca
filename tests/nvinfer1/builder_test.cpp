#include "network_support.h"
#include "tenon/nvinfer1.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

struct BuilderTest : NetworkTest {
  std::unique_ptr<IHostMemory> build() { return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config)); }
  /// y = relu(conv(x)) over [N,3,8,8].
  void small_network(int32_t batch = 1) {
    ITensor& x = input("x", {batch, 3, 8, 8});
    auto* conv = network->addConvolutionNd(x, 4, dims({3, 3}), weights(Floats(108, 0.5f)), weights({1, 2, 3, 4}));
    conv->setName("conv");
    auto* relu = network->addActivation(*conv->getOutput(0), ActivationType::kRELU);
    relu->setName("relu");
    auto* pool = network->addPoolingNd(*relu->getOutput(0), PoolingType::kAVERAGE, dims({2, 2}));
    pool->setName("pool");
    output(pool->getOutput(0), "y");
  }
  IOptimizationProfile& profile(std::initializer_list<int32_t> least, std::initializer_list<int32_t> best, std::initializer_list<int32_t> most) {
    auto* p = builder->createOptimizationProfile();
    EXPECT_TRUE(p->setDimensions("x", OptProfileSelector::kMIN, dims(least)));
    EXPECT_TRUE(p->setDimensions("x", OptProfileSelector::kOPT, dims(best)));
    EXPECT_TRUE(p->setDimensions("x", OptProfileSelector::kMAX, dims(most)));
    EXPECT_TRUE(p->isValid());
    return *p;
  }
};

TEST_F(BuilderTest, ConfigRemembersWhatItIsTold) {
  EXPECT_TRUE(config->getFlag(BuilderFlag::kTF32));
  EXPECT_FALSE(config->getFlag(BuilderFlag::kFP16));
  config->setFlag(BuilderFlag::kFP16);
  EXPECT_TRUE(config->getFlag(BuilderFlag::kFP16));
  config->clearFlag(BuilderFlag::kTF32);
  EXPECT_EQ(config->getFlags(), 1u << static_cast<int>(BuilderFlag::kFP16));
  config->setFlags(0);
  EXPECT_EQ(config->getFlags(), 0u);
  config->setMaxWorkspaceSize(1 << 20);
  EXPECT_EQ(config->getMemoryPoolLimit(MemoryPoolType::kWORKSPACE), 1u << 20);
  config->setMemoryPoolLimit(MemoryPoolType::kDLA_LOCAL_DRAM, 1 << 10);
  EXPECT_EQ(config->getMemoryPoolLimit(MemoryPoolType::kDLA_LOCAL_DRAM), 1u << 10);
  config->setAvgTimingIterations(5);
  EXPECT_EQ(config->getAvgTimingIterations(), 5);
  config->setMinTimingIterations(4);
  EXPECT_EQ(config->getMinTimingIterations(), 4);
  EXPECT_EQ(config->getBuilderOptimizationLevel(), 0);
  config->setBuilderOptimizationLevel(9);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected 0 to 5, found 9");
  EXPECT_TRUE(config->setTacticSources(1u << static_cast<int>(TacticSource::kCUDNN)));
  EXPECT_EQ(config->getTacticSources(), 1u << static_cast<int>(TacticSource::kCUDNN));
  EXPECT_FALSE(config->setTacticSources(~0u));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "name no tactic source");
  config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
  EXPECT_EQ(config->getProfilingVerbosity(), ProfilingVerbosity::kDETAILED);
  config->setPreviewFeature(PreviewFeature::kFASTER_DYNAMIC_SHAPES_0805, false);
  EXPECT_FALSE(config->getPreviewFeature(PreviewFeature::kFASTER_DYNAMIC_SHAPES_0805));
  config->setHardwareCompatibilityLevel(HardwareCompatibilityLevel::kAMPERE_PLUS);
  EXPECT_EQ(config->getHardwareCompatibilityLevel(), HardwareCompatibilityLevel::kAMPERE_PLUS);
  config->setMaxAuxStreams(2);
  EXPECT_EQ(config->getMaxAuxStreams(), 2);
  config->setEngineCapability(EngineCapability::kSAFETY);
  EXPECT_EQ(config->getEngineCapability(), EngineCapability::kSAFETY);
  config->setQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION);
  EXPECT_TRUE(config->getQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION));
  config->clearQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION);
  EXPECT_EQ(config->getQuantizationFlags(), 0u);
  const char* libraries[] = {"libone.so", "libtwo.so"};
  config->setPluginsToSerialize(libraries, 2);
  EXPECT_EQ(config->getNbPluginsToSerialize(), 2);
  EXPECT_STREQ(config->getPluginToSerialize(1), "libtwo.so");
  EXPECT_EQ(config->getPluginToSerialize(2), nullptr);
  config->setProfileStream(nullptr);
  EXPECT_EQ(config->getProfileStream(), nullptr);
  config->reset();
  EXPECT_EQ(config->getBuilderOptimizationLevel(), 3);
  EXPECT_EQ(config->getEngineCapability(), EngineCapability::kSTANDARD);
  EXPECT_EQ(config->getNbPluginsToSerialize(), 0);
  EXPECT_TRUE(config->getFlag(BuilderFlag::kTF32));
}

TEST_F(BuilderTest, TheDeviceOfTheConfigGoesBeforeTheEnvironment) {
  small_network();
  setenv("TENON_DEVICE", "nowhere", 1);
  EXPECT_STREQ(tenon::get_device(*config), "");
  EXPECT_EQ(build(), nullptr);
  EXPECT_TRUE(logger.said("device 'nowhere' is not known")) << logger.text;
  logger.take();
  tenon::set_device(*config, test_device());
  EXPECT_STREQ(tenon::get_device(*config), test_device());
  const auto plan = build();
  EXPECT_NE(plan, nullptr) << logger.text;
  std::unique_ptr<ICudaEngine> engine(builder->buildEngineWithConfig(*network, *config));
  EXPECT_NE(engine, nullptr) << logger.text;
  tenon::set_device(*config, "quantum");
  EXPECT_EQ(build(), nullptr);
  EXPECT_TRUE(logger.said("device 'quantum' is not known"));
  config->reset();
  EXPECT_STREQ(tenon::get_device(*config), "");
  setenv("TENON_DEVICE", test_device(), 1);
}

TEST_F(BuilderTest, DlaIsAnsweredClearly) {
  small_network();
  EXPECT_EQ(builder->getNbDLACores(), 0);
  EXPECT_EQ(builder->getMaxDLABatchSize(), 0);
  EXPECT_FALSE(config->canRunOnDLA(network->getLayer(0)));
  config->setDeviceType(network->getLayer(0), DeviceType::kDLA);
  EXPECT_TRUE(config->isDeviceTypeSet(network->getLayer(0)));
  EXPECT_EQ(config->getDeviceType(network->getLayer(0)), DeviceType::kDLA);
  EXPECT_EQ(config->getDeviceType(network->getLayer(1)), DeviceType::kGPU);
  EXPECT_EQ(build(), nullptr);
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "there are no DLA cores");
  config->setFlag(BuilderFlag::kGPU_FALLBACK);
  EXPECT_NE(build(), nullptr);
  EXPECT_TRUE(logger.said("kGPU_FALLBACK"));
  config->clearFlag(BuilderFlag::kGPU_FALLBACK);
  config->resetDeviceType(network->getLayer(0));
  EXPECT_NE(build(), nullptr);
  config->setDefaultDeviceType(DeviceType::kDLA);
  EXPECT_EQ(config->getDefaultDeviceType(), DeviceType::kDLA);
  EXPECT_EQ(build(), nullptr);
  config->setDLACore(1);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "there is no DLA core 1");
  EXPECT_EQ(config->getDLACore(), -1);
}

TEST_F(BuilderTest, WarnsAboutWhatItAnswersByOtherMeans) {
  small_network();
  config->setFlag(BuilderFlag::kINT8);
  config->setFlag(BuilderFlag::kSPARSE_WEIGHTS);
  EXPECT_NE(build(), nullptr);
  EXPECT_TRUE(logger.said("there are no INT8 kernels yet"));
  EXPECT_TRUE(logger.said("2:4 sparse"));
  config->setEngineCapability(EngineCapability::kSAFETY);
  EXPECT_EQ(build(), nullptr);
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "build with EngineCapability::kSTANDARD");
}

TEST_F(BuilderTest, SaysWhichSettingsChangeNothing) {
  small_network();
  EXPECT_TRUE(builder->isNetworkSupported(*network, *config));
  EXPECT_EQ(logger.take(), "") << "none was set";
  const auto says = [&](const std::string& words, bool warning = false) {
    EXPECT_TRUE(builder->isNetworkSupported(*network, *config));
    EXPECT_EQ(logger.take().find((warning ? "2 " : "3 ") + words), 0u) << words;
    config->reset();
  };
  for (const auto& [flag, words] : {std::pair(BuilderFlag::kSTRIP_PLAN, "kSTRIP_PLAN: the plan keeps"), {BuilderFlag::kSAFETY_SCOPE, "kSAFETY_SCOPE: there is no"},
                                    {BuilderFlag::kWEIGHT_STREAMING, "kWEIGHT_STREAMING: weights stay"}, {BuilderFlag::kSPARSE_WEIGHTS, "kSPARSE_WEIGHTS: there are no"},
                                    {BuilderFlag::kFP8, "kFP8, kINT4, kFP4: layers"}, {BuilderFlag::kINT8, "kINT8: there are no"}}) {
    config->setFlags(1u << static_cast<int>(flag));
    says(words, true);
  }
  for (const auto& [flag, words] : {std::pair(BuilderFlag::kENABLE_TACTIC_HEURISTIC, "setMaxNbTactics, kENABLE"), {BuilderFlag::kEXCLUDE_LEAN_RUNTIME, "kEXCLUDE_LEAN_RUNTIME"},
                                    {BuilderFlag::kDISABLE_COMPILATION_CACHE, "kDISABLE_COMPILATION_CACHE"}, {BuilderFlag::kMONITOR_MEMORY, "kMONITOR_MEMORY"}}) {
    config->setFlag(flag);
    says(words);
  }
  config->setAvgTimingIterations(8);
  says("setMinTimingIterations, setAvgTimingIterations: kernels are timed until");
  config->setMaxNbTactics(3);
  says("setMaxNbTactics");
  config->setTilingOptimizationLevel(TilingOptimizationLevel::kFAST);
  says("setTilingOptimizationLevel");
  config->setL2LimitForTiling(0);
  says("setTilingOptimizationLevel");
  config->setProfileStream(reinterpret_cast<cudaStream_t>(this));
  says("setProfileStream");
  config->setMaxAuxStreams(2);
  says("setMaxAuxStreams");
  config->setHardwareCompatibilityLevel(HardwareCompatibilityLevel::kAMPERE_PLUS);
  says("setHardwareCompatibilityLevel");
  config->setPreviewFeature(PreviewFeature::kPROFILE_SHARING_0806, true);
  says("setPreviewFeature");
  config->setQuantizationFlag(QuantizationFlag::kCALIBRATE_BEFORE_FUSION);
  says("setQuantizationFlags");
  config->setMemoryPoolLimit(MemoryPoolType::kTACTIC_DRAM, 1);
  says("setMemoryPoolLimit: only kWORKSPACE");
  config->setMemoryPoolLimit(MemoryPoolType::kDLA_MANAGED_SRAM, 1);
  says("setMemoryPoolLimit: there are no DLA cores");
  EXPECT_TRUE(builder->isNetworkSupported(*network, *config));
  EXPECT_EQ(logger.take(), "");
}

TEST_F(BuilderTest, StrictTypesAreTheirThreeFlags) {
  ITensor& x = input("x", {1, 3, 2, 2});
  output(network->addUnary(x, UnaryOperation::kNEG)->getOutput(0), "y");
  x.setAllowedFormats(1u << static_cast<int>(TensorFormat::kCHW4));
  EXPECT_NE(build(), nullptr);
  EXPECT_FALSE(logger.said("direct I/O"));
  config->setFlag(BuilderFlag::kSTRICT_TYPES);
  EXPECT_FALSE(config->getFlag(BuilderFlag::kDIRECT_IO));
  EXPECT_NE(build(), nullptr);
  EXPECT_TRUE(logger.said("direct I/O: no kernel takes tensor 'x'"));
}

TEST_F(BuilderTest, EveryWayToAnEngine) {
  struct Writer : IStreamWriter {
    int64_t write(void const* data, int64_t size) override {
      bytes.assign(static_cast<const char*>(data), static_cast<const char*>(data) + size);
      return limit < 0 ? size : limit;
    }
    std::vector<char> bytes;
    int64_t limit = -1;
  } writer;
  small_network();
  EXPECT_TRUE(builder->isNetworkSupported(*network, *config));
  const auto plan = build();
  ASSERT_NE(plan, nullptr);
  ASSERT_TRUE(builder->buildSerializedNetworkToStream(*network, *config, writer));
  EXPECT_EQ(writer.bytes.size(), plan->size());
  writer.limit = 1;
  EXPECT_FALSE(builder->buildSerializedNetworkToStream(*network, *config, writer));
  expect_error(ErrorCode::kFAILED_EXECUTION, "the stream writer took 1 of");
  engine.reset(builder->buildEngineWithConfig(*network, *config));
  ASSERT_NE(engine, nullptr) << logger.text;
  // The engine keeps what it needs of the client's weights.
  for (Floats& w : kept) std::fill(w.begin(), w.end(), -1e9f);
  give("x", Floats(192, 1));
  run_engine();
  expect("y", {14.5f});
}

TEST_F(BuilderTest, AnEngineBuiltAtOnceHasTheBuildersAllocator) {
  struct Counting : IGpuAllocator {
    void* allocate(uint64_t size, uint64_t alignment, AllocatorFlags) override { return ++calls, take_memory(size, alignment); }
    void free(void* memory) override { free_memory(memory); }
    int calls = 0;
  } allocator;
  small_network();
  builder->setGpuAllocator(&allocator);
  engine.reset(builder->buildEngineWithConfig(*network, *config));
  ASSERT_NE(engine, nullptr) << logger.text;
  give("x", Floats(192, 1));
  run_engine();
  expect("y", {14.5f});
  EXPECT_GT(allocator.calls, 0);
  context.reset();
  engine.reset();
  builder->setGpuAllocator(nullptr);
}

TEST_F(BuilderTest, PlatformAndLimits) {
  EXPECT_EQ(builder->platformHasFastInt8(), std::string(test_device()) != "cpu");
  EXPECT_EQ(builder->platformHasTf32(), std::string(test_device()) != "cpu");
  EXPECT_TRUE(builder->setMaxThreads(2));
  EXPECT_EQ(builder->getMaxThreads(), 2);
  EXPECT_FALSE(builder->setMaxThreads(0));
  expect_error(ErrorCode::kINVALID_ARGUMENT, "expected 1 or more, found 0");
  builder->setMaxBatchSize(7);
  EXPECT_EQ(builder->getMaxBatchSize(), 7);
  builder->setMaxBatchSize(0);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "setMaxBatchSize");
  builder->reset();
  EXPECT_EQ(builder->getMaxBatchSize(), 1);
  EXPECT_EQ(builder->getErrorRecorder(), &recorder);
  EXPECT_EQ(builder->getLogger(), &logger);
  EXPECT_EQ(&network->getBuilder(), builder.get());
  EXPECT_EQ(builder->createNetworkV2(1u << 20), nullptr);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "of the flags name nothing");
}

TEST_F(BuilderTest, TwoProfilesServeTheirOwnRanges) {
  ITensor& x = input("x", {-1, 2});
  x.setDimensionName(0, "batch");
  EXPECT_STREQ(x.getDimensionName(0), "batch");
  output(network->addElementWise(x, constant({1, 2}, {10, 100}), ElementWiseOperation::kPROD)->getOutput(0), "y");
  EXPECT_EQ(config->addOptimizationProfile(&profile({1, 2}, {1, 2}, {2, 2})), 0);
  EXPECT_EQ(config->addOptimizationProfile(&profile({3, 2}, {4, 2}, {8, 2})), 1);
  EXPECT_EQ(config->getNbOptimizationProfiles(), 2);
  give("x", Floats{1, 2, 3, 4}, {2, 2});
  run();
  expect("y", {10, 200, 30, 400});
  EXPECT_EQ(engine->getNbOptimizationProfiles(), 2);
  EXPECT_EQ(list(engine->getProfileShape("x", 1, OptProfileSelector::kMAX)), (std::vector<int32_t>{8, 2}));
  context.reset(engine->createExecutionContext());
  EXPECT_FALSE(context->setInputShape("x", dims({3, 2})));
  ASSERT_TRUE(context->setOptimizationProfileAsync(1, nullptr));
  ASSERT_TRUE(context->setInputShape("x", dims({3, 2})));
  Floats given{1, 2, 3, 4, 5, 6}, taken(6);
  context->setTensorAddress("x", given.data());
  context->setTensorAddress("y", taken.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(taken, (Floats{10, 200, 30, 400, 50, 600}));
}

TEST_F(BuilderTest, ShapeTensorAsAnInput) {
  ITensor &x = input("x", {6}), &shape = input("shape", {2}, DataType::kINT32);
  auto* shuffle = network->addShuffle(x);
  shuffle->setInput(1, shape);
  EXPECT_TRUE(shape.isShapeTensor());
  output(shuffle->getOutput(0), "y");
  ITensor& doubled = *network->addElementWise(shape, constant_i32({2}, {2, 2}), ElementWiseOperation::kPROD)->getOutput(0);
  doubled.setName("doubled");
  EXPECT_TRUE(network->markOutputForShapes(doubled));
  auto* p = builder->createOptimizationProfile();
  const int32_t least[] = {1, 1}, best[] = {2, 3}, most[] = {6, 6};
  EXPECT_TRUE(p->setShapeValues("shape", OptProfileSelector::kMIN, least, 2));
  EXPECT_TRUE(p->setShapeValues("shape", OptProfileSelector::kOPT, best, 2));
  EXPECT_TRUE(p->setShapeValues("shape", OptProfileSelector::kMAX, most, 2));
  EXPECT_EQ(p->getNbShapeValues("shape"), 2);
  EXPECT_EQ(p->getShapeValues("shape", OptProfileSelector::kOPT)[1], 3);
  config->addOptimizationProfile(p);
  give("x", Floats{1, 2, 3, 4, 5, 6});
  give("shape", std::vector<int32_t>{3, 2});
  run();
  expect("y", {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(list(context->getTensorShape("y")), (std::vector<int32_t>{3, 2}));
  EXPECT_EQ(result<int32_t>("doubled", 2), (std::vector<int32_t>{6, 4}));
  EXPECT_TRUE(engine->isShapeInferenceIO("shape"));
}

TEST_F(BuilderTest, TimingCacheSavesMeasurements) {
  small_network();
  config->setBuilderOptimizationLevel(3);
  std::unique_ptr<ITimingCache> cache(config->createTimingCache(nullptr, 0));
  ASSERT_NE(cache, nullptr);
  ASSERT_TRUE(config->setTimingCache(*cache, false));
  EXPECT_EQ(config->getTimingCache(), cache.get());
  ASSERT_NE(build(), nullptr) << logger.text;
  std::unique_ptr<IHostMemory> bytes(cache->serialize());
  ASSERT_NE(bytes, nullptr);
  const int64_t count = cache->queryKeys(nullptr, 0);
  ASSERT_GT(count, 0);
  std::vector<TimingCacheKey> keys(static_cast<size_t>(count));
  EXPECT_EQ(cache->queryKeys(keys.data(), count), count);
  TimingCacheValue value = cache->query(keys[0]);
  EXPECT_GT(value.timingMSec, 0);
  value.timingMSec = 123;
  EXPECT_TRUE(cache->update(keys[0], value));
  EXPECT_NEAR(cache->query(keys[0]).timingMSec, 123, 1e-3);
  value.tacticHash += 1;
  EXPECT_FALSE(cache->update(keys[0], value));

  // What was kept suffices for the same build; nothing does for an empty cache.
  config->setFlag(BuilderFlag::kERROR_ON_TIMING_CACHE_MISS);
  std::unique_ptr<ITimingCache> loaded(config->createTimingCache(bytes->data(), bytes->size()));
  ASSERT_TRUE(config->setTimingCache(*loaded, false));
  EXPECT_NE(build(), nullptr) << logger.text;
  std::unique_ptr<ITimingCache> empty(config->createTimingCache(nullptr, 0));
  ASSERT_TRUE(config->setTimingCache(*empty, false));
  EXPECT_EQ(build(), nullptr);
  expect_error(ErrorCode::kINVALID_CONFIG, "were not in the timing cache");
  EXPECT_TRUE(empty->reset());
  EXPECT_TRUE(empty->combine(*loaded, false));
  EXPECT_EQ(empty->queryKeys(nullptr, 0), count);
  EXPECT_NE(build(), nullptr) << logger.text;
}

/// Keeps what is reported; gives back only what `wanted` names, the last of several otherwise.
struct Selector : IAlgorithmSelector {
  struct Pick {
    int64_t implementation, tactic;
  };
  int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t count, int32_t* selection) override {
    offered[context.getName()] = count;
    for (int32_t i = 0; i < count; ++i) most_workspace = std::max(most_workspace, choices[i]->getWorkspaceSize());
    if (none) return 0;
    const auto it = wanted.find(context.getName());
    for (int32_t i = 0; i < count; ++i) {
      const auto& variant = choices[i]->getAlgorithmVariant();
      if (it != wanted.end() && variant.getImplementation() == it->second.implementation && variant.getTactic() == it->second.tactic) return selection[0] = i, 1;
    }
    selection[0] = count - 1;
    return 1;
  }
  void reportAlgorithms(IAlgorithmContext const* const* contexts, IAlgorithm const* const* choices, int32_t count) override {
    for (int32_t i = 0; i < count; ++i) {
      const auto& variant = choices[i]->getAlgorithmVariant();
      reported[contexts[i]->getName()] = {variant.getImplementation(), variant.getTactic()};
      EXPECT_GT(contexts[i]->getNbOutputs(), 0);
      EXPECT_GT(contexts[i]->getDimensions(0, OptProfileSelector::kOPT).nbDims, -1);
      EXPECT_EQ(contexts[i]->getDimensions(99, OptProfileSelector::kOPT).nbDims, -1);
      const IAlgorithmIOInfo* info = choices[i]->getAlgorithmIOInfoByIndex(0);
      ASSERT_NE(info, nullptr);
      EXPECT_EQ(&choices[i]->getAlgorithmIOInfo(0), info);
      EXPECT_EQ(info->getDataType(), DataType::kFLOAT);
      // The channels of [N,C,H,W] lie side by side in the one format, the last axis in the other.
      const Dims strides = info->getStrides();
      const bool channels_last = strides.nbDims == 4 && strides.d[1] == 1 && strides.d[3] != 1;
      EXPECT_EQ(info->getTensorFormat(), channels_last ? TensorFormat::kHWC : TensorFormat::kLINEAR);
      EXPECT_EQ(info->getVectorizedDim(), -1);
      EXPECT_EQ(info->getComponentsPerElement(), 1);
      EXPECT_EQ(info->getStrides().nbDims, contexts[i]->getDimensions(0, OptProfileSelector::kOPT).nbDims);
      EXPECT_GE(choices[i]->getTimingMSec(), 0);
      EXPECT_EQ(choices[i]->getAlgorithmIOInfoByIndex(99), nullptr);
    }
  }
  std::map<std::string, int32_t> offered;
  std::map<std::string, Pick> wanted, reported;
  std::size_t most_workspace = 0;
  bool none = false;
};

TEST_F(BuilderTest, AlgorithmSelectorChoosesAndReplays) {
  small_network();
  config->setBuilderOptimizationLevel(3);
  Selector last, replay;
  config->setAlgorithmSelector(&last);
  EXPECT_EQ(config->getAlgorithmSelector(), &last);
  ASSERT_NE(build(), nullptr) << logger.text;
  ASSERT_FALSE(last.reported.empty());
  EXPECT_EQ(last.reported.size(), last.offered.size());
  EXPECT_LT(last.most_workspace, size_t{1} << 30);
  // The first of the offers of every layer that had several, then the same build with the choices of the first.
  replay.wanted = last.reported;
  config->setAlgorithmSelector(&replay);
  ASSERT_NE(build(), nullptr) << logger.text;
  ASSERT_EQ(replay.reported.size(), last.reported.size());
  for (const auto& [name, pick] : last.reported) EXPECT_EQ(replay.reported.at(name).tactic, pick.tactic) << name;
  int32_t most = 0;
  for (const auto& entry : last.offered) most = std::max(most, entry.second);
  EXPECT_GT(most, 1);
}

TEST_F(BuilderTest, AnAlgorithmSelectorMayLeaveTheChoiceToTheBuilder) {
  small_network();
  Selector selector;
  selector.none = true;
  config->setAlgorithmSelector(&selector);
  EXPECT_NE(build(), nullptr);
  config->setFlag(BuilderFlag::kREJECT_EMPTY_ALGORITHMS);
  EXPECT_EQ(build(), nullptr);
  expect_error(ErrorCode::kINVALID_CONFIG, "selected no algorithm");
}

TEST_F(BuilderTest, TheWorkspaceLimitHoldsForWhatIsChosen) {
  small_network();
  config->setBuilderOptimizationLevel(3);
  struct Greedy : Selector {
    int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t count, int32_t* selection) override {
      // Everything that wants workspace, where there is such a thing.
      int32_t kept = 0;
      for (int32_t i = 0; i < count; ++i)
        if (choices[i]->getWorkspaceSize() > 0) selection[kept++] = i;
      if (kept > 0 && greedy.empty()) greedy = context.getName();
      return kept;
    }
    std::string greedy;
  } selector;
  config->setAlgorithmSelector(&selector);
  ASSERT_NE(build(), nullptr) << logger.text;
  ASSERT_NE(selector.greedy, "") << "no layer of the network has an algorithm with a workspace";
  config->setMaxWorkspaceSize(1);
  EXPECT_EQ(build(), nullptr);
  expect_error(ErrorCode::kUNSUPPORTED_STATE, "could not find any implementation for node '" + selector.greedy);
  config->setAlgorithmSelector(nullptr);
  EXPECT_NE(build(), nullptr) << logger.text;
}

TEST_F(BuilderTest, ProgressMonitorHearsPhasesAndMayEndTheBuild) {
  struct Monitor : IProgressMonitor {
    void phaseStart(char const* name, char const*, int32_t) override { started.push_back(name); }
    bool stepComplete(char const*, int32_t) override { return !stop; }
    void phaseFinish(char const* name) override { finished.push_back(name); }
    std::vector<std::string> started, finished;
    bool stop = false;
  } monitor;
  small_network();
  config->setProgressMonitor(&monitor);
  EXPECT_EQ(config->getProgressMonitor(), &monitor);
  EXPECT_NE(build(), nullptr);
  EXPECT_FALSE(monitor.started.empty());
  EXPECT_EQ(monitor.started, monitor.finished);
  monitor.stop = true;
  EXPECT_EQ(build(), nullptr);
  EXPECT_FALSE(recorder.errors.empty());
}

TEST_F(BuilderTest, CalibratorGetsItsCacheReadOrItsBatchesRun) {
  struct Calibrator : IInt8EntropyCalibrator2 {
    int32_t getBatchSize() const override { return 1; }
    bool getBatch(void* bindings[], char const* names[], int32_t count) override {
      EXPECT_EQ(count, 1);
      EXPECT_STREQ(names[0], "x");
      bindings[0] = batch.data();
      return batches-- > 0;
    }
    void const* readCalibrationCache(std::size_t& length) override { return length = cache.size(), cache.data(); }
    void writeCalibrationCache(void const* data, std::size_t length) override { cache.assign(static_cast<const char*>(data), length); }
    Floats batch = Floats(192, 1);
    int batches = 2;
    std::string cache;
  } calibrator;
  small_network();
  config->setFlag(BuilderFlag::kINT8);
  config->setInt8Calibrator(&calibrator);
  EXPECT_EQ(config->getInt8Calibrator(), &calibrator);
  EXPECT_NE(build(), nullptr) << logger.text;
  EXPECT_EQ(calibrator.batches, -1);
  EXPECT_EQ(calibrator.cache.substr(0, 4), "TRT-");
  EXPECT_NE(calibrator.cache.find("EntropyCalibration2"), std::string::npos) << calibrator.cache;
  EXPECT_NE(calibrator.cache.find("x: 3c010204"), std::string::npos) << calibrator.cache;  // 1 / 127
  calibrator.batches = 1;
  EXPECT_NE(build(), nullptr);
  EXPECT_EQ(calibrator.batches, 1);
}

TEST_F(BuilderTest, DebugTensorsAreShownWhenAsked) {
  struct Listener : IDebugListener {
    bool processDebugTensor(void const* data, TensorLocation, DataType, Dims const& shape, char const* name, cudaStream_t) override {
      values[name] = Floats(static_cast<const float*>(data), static_cast<const float*>(data) + shape.d[0]);
      return true;
    }
    std::map<std::string, Floats> values;
  } listener;
  ITensor& x = input("x", {2});
  ITensor& inner = *network->addElementWise(x, constant({2}, {1, 1}), ElementWiseOperation::kSUM)->getOutput(0);
  inner.setName("inner");
  EXPECT_TRUE(network->markDebug(inner));
  EXPECT_TRUE(network->isDebugTensor(inner));
  output(network->addElementWise(inner, constant({2}, {2, 2}), ElementWiseOperation::kPROD)->getOutput(0), "y");
  give("x", Floats{1, 2});
  run();
  expect("y", {4, 6});
  EXPECT_EQ(engine->getNbIOTensors(), 2);
  ASSERT_TRUE(context->setDebugListener(&listener));
  ASSERT_TRUE(context->setTensorDebugState("inner", true));
  context->setTensorAddress("x", data["x"].bytes.data());
  context->setTensorAddress("y", data["y"].bytes.data());
  ASSERT_TRUE(context->enqueueV3(nullptr)) << logger.text;
  EXPECT_EQ(listener.values["inner"], (Floats{2, 3}));
  EXPECT_TRUE(network->unmarkDebug(inner));
  EXPECT_FALSE(network->isDebugTensor(inner));
}

TEST_F(BuilderTest, HalfPrecisionStaysNearTheNumbers) {
  small_network();
  config->setFlag(BuilderFlag::kFP16);
  give("x", Floats(192, 1));
  run();
  expect("y", {14.5f}, 1e-2f);
}

TEST_F(BuilderTest, StronglyTypedNetworksKeepTheirTypes) {
  start(1u << static_cast<int>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED));
  EXPECT_TRUE(network->getFlag(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED));
  ITensor& x = input("x", {2}, DataType::kHALF);
  ITensor& sum = *network->addElementWise(x, x, ElementWiseOperation::kSUM)->getOutput(0);
  EXPECT_EQ(sum.getType(), DataType::kHALF);
  output(&sum, "y");
  give("x", std::vector<uint16_t>{0x3C00, 0xC000});
  run();
  EXPECT_EQ(result<uint16_t>("y", 2), (std::vector<uint16_t>{0x4000, 0xC400}));
}

}  // namespace
