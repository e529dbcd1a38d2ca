#include "nvinfer1/builder/builder.h"

#include <cstdlib>

#include "base/error.h"
#include "devices/device.h"
#include "nvinfer1/runtime/engine.h"
#include "nvinfer1/runtime/host_memory.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

Builder::Builder(nv::ILogger& logger) : reporter_(&logger), registry_(&process_registry(), reporter_) { mImpl = this; }

void Builder::setMaxBatchSize(int32_t size) noexcept {
  if (size < 1) return reporter_.error("IBuilder::setMaxBatchSize", Code::kINVALID_ARGUMENT, fmt::format("expected 1 or more, found {}", size));
  max_batch_ = size;
}

std::string build_device() {
  const char* device = std::getenv("TENON_DEVICE");
  return device ? device : "auto";
}

std::string build_device(const BuilderConfig& config) { return config.device.empty() ? build_device() : config.device; }

namespace {

core::DeviceInfo device_info(const Reporter& reporter) {
  return guarded(reporter, "IBuilder", core::DeviceInfo{}, [] { return core::find_device(build_device(), 0)->info(); });
}

}  // namespace

bool Builder::platformHasFastFp16() const noexcept {
  const auto info = device_info(reporter_);
  return info.kind == "cuda" || info.features.find("avx512_fp16") != std::string::npos;
}
bool Builder::platformHasFastInt8() const noexcept { return device_info(reporter_).kind == "cuda"; }
bool Builder::platformHasTf32() const noexcept { return device_info(reporter_).kind == "cuda"; }

nv::IBuilderConfig* Builder::createBuilderConfig() noexcept {
  return guarded(reporter_, "IBuilder::createBuilderConfig", static_cast<nv::IBuilderConfig*>(nullptr), [&]() -> nv::IBuilderConfig* { return new BuilderConfig(reporter_); });
}

nv::INetworkDefinition* Builder::createNetworkV2(nv::NetworkDefinitionCreationFlags flags) noexcept {
  return guarded(reporter_, "IBuilder::createNetworkV2", static_cast<nv::INetworkDefinition*>(nullptr), [&]() -> nv::INetworkDefinition* {
    const auto known = (1u << nv::EnumMax<nv::NetworkDefinitionCreationFlag>()) - 1;
    if (flags & ~known) refuse(Code::kINVALID_ARGUMENT, "bits {:#x} of the flags name nothing", flags & ~known);
    return new Network(*this, reporter_, flags);
  });
}

nv::IOptimizationProfile* Builder::createOptimizationProfile() noexcept {
  return guarded(reporter_, "IBuilder::createOptimizationProfile", static_cast<nv::IOptimizationProfile*>(nullptr), [&]() -> nv::IOptimizationProfile* {
    profiles_.push_back(std::make_unique<OptimizationProfile>(reporter_));
    return profiles_.back().get();
  });
}

void Builder::reset() noexcept {
  max_batch_ = 1;
  max_threads_ = 1;
  threads_set_ = false;
  allocator_ = nullptr;
}

bool Builder::setMaxThreads(int32_t threads) noexcept {
  if (threads < 1) {
    reporter_.error("IBuilder::setMaxThreads", Code::kINVALID_ARGUMENT, fmt::format("expected 1 or more, found {}", threads));
    return false;
  }
  max_threads_ = threads;
  threads_set_ = true;
  return true;
}

std::vector<std::byte> Builder::build_plan(nv::INetworkDefinition& network, nv::IBuilderConfig& config) const {
  return serialize(adapter::build_plan({Network::of(network), BuilderConfig::of(config), reporter_, max_batch_, threads_set_ ? max_threads_ : 0}));
}

nv::IHostMemory* Builder::buildSerializedNetwork(nv::INetworkDefinition& network, nv::IBuilderConfig& config) noexcept {
  return guarded(reporter_, "IBuilder::buildSerializedNetwork", static_cast<nv::IHostMemory*>(nullptr), [&] { return make_host_memory(build_plan(network, config)); });
}

nv::ICudaEngine* Builder::buildEngineWithConfig(nv::INetworkDefinition& network, nv::IBuilderConfig& config) noexcept {
  return guarded(reporter_, "IBuilder::buildEngineWithConfig", static_cast<nv::ICudaEngine*>(nullptr), [&] {
    // From the bytes: the client's weights may go away once the engine is there.
    LoadOptions options;
    options.device = build_device(BuilderConfig::of(config));
    options.threads = threads_set_ ? max_threads_ : 0;
    options.log = reporter_.sink();
    return make_engine(deserialize(build_plan(network, config), options), reporter_, allocator_);
  });
}

bool Builder::buildSerializedNetworkToStream(nv::INetworkDefinition& network, nv::IBuilderConfig& config, nv::IStreamWriter& writer) noexcept {
  return guarded(reporter_, "IBuilder::buildSerializedNetworkToStream", false, [&] {
    const auto bytes = build_plan(network, config);
    const int64_t written = writer.write(bytes.data(), static_cast<int64_t>(bytes.size()));
    if (written != static_cast<int64_t>(bytes.size())) refuse(Code::kFAILED_EXECUTION, "the stream writer took {} of {} bytes", written, bytes.size());
    return true;
  });
}

bool Builder::isNetworkSupported(nv::INetworkDefinition const& network, nv::IBuilderConfig const& config) const noexcept {
  return guarded(reporter_, "IBuilder::isNetworkSupported", false, [&] {
    const BuildRequest request{Network::of(network), const_cast<BuilderConfig&>(BuilderConfig::of(config)), reporter_, max_batch_};
    check_request(request);
    request.network.make_graph({});
    return true;
  });
}

}  // namespace tenon::adapter

extern "C" void* createInferBuilder_INTERNAL(void* logger, int32_t version) noexcept {
  using namespace tenon::adapter;
  auto* l = static_cast<nvinfer1::ILogger*>(logger);
  if (!l) return nullptr;
  const Reporter reporter(l);
  return guarded(reporter, "createInferBuilder", static_cast<void*>(nullptr), [&]() -> void* {
    if (version / 1000 != NV_TENSORRT_MAJOR)
      refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "the program was compiled for API version {}, this library has {}: compile it with these headers", version, NV_TENSORRT_VERSION);
    remember_logger(l);
    return static_cast<nvinfer1::IBuilder*>(new Builder(*l));
  });
}

namespace nvinfer1 {

extern "C" IPluginRegistry* getBuilderPluginRegistry(EngineCapability capability) noexcept {
  return capability == EngineCapability::kSTANDARD ? &tenon::adapter::process_registry() : nullptr;
}

extern "C" safe::IPluginRegistry* getBuilderSafePluginRegistry(EngineCapability) noexcept { return nullptr; }

}  // namespace nvinfer1
