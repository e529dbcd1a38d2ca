#include <dlfcn.h>
#include <sys/stat.h>

#include <cstdlib>

#include "NvInferRuntime.h"
#include "nvinfer1/runtime/engine.h"
#include "nvinfer1/runtime/registry.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

constexpr int64_t kPiece = int64_t{1} << 20;

/// Everything until the reader's end.
std::vector<std::byte> read_all(const std::function<int64_t(void*, int64_t)>& read) {
  std::vector<std::byte> bytes;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kPiece);
    const int64_t got = read(bytes.data() + before, kPiece);
    if (got < 0 || got > kPiece) refuse(Code::kINVALID_ARGUMENT, "the stream reader failed after {} bytes", before);
    bytes.resize(before + static_cast<size_t>(got));
    if (got < kPiece) return bytes;
  }
}

class Runtime final : public IRuntime, public apiv::VRuntime {
 public:
  explicit Runtime(ILogger* logger) : report_(logger), registry_(&process_registry(), report_) { IRuntime::mImpl = this; }

  ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size, IPluginFactory* factory) noexcept override {
    return guarded(report_, "IRuntime::deserializeCudaEngine", static_cast<ICudaEngine*>(nullptr), [&] {
      if (factory) report_.warning("IRuntime::deserializeCudaEngine: plugin factories are not used; register creators instead");
      if (size == 0) refuse(Code::kINVALID_ARGUMENT, "the engine has 0 bytes: Engine buffer is empty");
      return load({static_cast<const std::byte*>(need(blob, "blob")), size});
    });
  }
  ICudaEngine* deserializeCudaEngine(IStreamReader& reader) noexcept override {
    return guarded(report_, "IRuntime::deserializeCudaEngine", static_cast<ICudaEngine*>(nullptr),
                   [&] { return load(read_all([&](void* to, int64_t bytes) { return reader.read(to, bytes); })); });
  }
  ICudaEngine* deserializeCudaEngineV2(IStreamReaderV2& reader) noexcept override {
    return guarded(report_, "IRuntime::deserializeCudaEngine", static_cast<ICudaEngine*>(nullptr),
                   [&] { return load(read_all([&](void* to, int64_t bytes) { return reader.read(to, bytes, nullptr); })); });
  }

  void setDLACore(int32_t core) noexcept override {
    guarded(report_, "IRuntime::setDLACore", [&] { refuse(Code::kINVALID_ARGUMENT, "DLA core {} does not exist: this machine has no DLA", core); });
  }
  int32_t getDLACore() const noexcept override { return 0; }
  int32_t getNbDLACores() const noexcept override { return 0; }
  void setGpuAllocator(IGpuAllocator* allocator) noexcept override { allocator_ = allocator; }
  void setErrorRecorder(IErrorRecorder* recorder) noexcept override { report_.set_recorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return report_.recorder(); }
  ILogger* getLogger() const noexcept override { return report_.logger(); }
  bool setMaxThreads(int32_t threads) noexcept override {
    return guarded(report_, "IRuntime::setMaxThreads", false, [&] {
      if (threads < 1) refuse(Code::kINVALID_ARGUMENT, "maxThreads is {}; it must be at least 1", threads);
      threads_ = threads;
      return true;
    });
  }
  int32_t getMaxThreads() const noexcept override { return threads_ > 0 ? threads_ : 1; }
  void setTemporaryDirectory(char const* path) noexcept override {
    guarded(report_, "IRuntime::setTemporaryDirectory", [&] {
      struct stat status {};
      if (path && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))) refuse(Code::kINVALID_ARGUMENT, "'{}' is no folder", path);
      temporary_ = path ? path : "";
      has_temporary_ = path != nullptr;
    });
  }
  char const* getTemporaryDirectory() const noexcept override { return has_temporary_ ? temporary_.c_str() : nullptr; }
  void setTempfileControlFlags(TempfileControlFlags flags) noexcept override {
    guarded(report_, "IRuntime::setTempfileControlFlags", [&] {
      if (flags >> EnumMax<TempfileControlFlag>()) refuse(Code::kINVALID_ARGUMENT, "flags {:#x} has bits that mean nothing", flags);
      tempfile_flags_ = flags;
    });
  }
  TempfileControlFlags getTempfileControlFlags() const noexcept override { return tempfile_flags_; }
  apiv::VRuntime* getPImpl() noexcept override { return this; }
  IPluginRegistry& getPluginRegistry() noexcept override { return registry_.get(); }
  void setPluginRegistryParent(IPluginRegistry* parent) noexcept override { registry_.set_parent(parent); }
  IRuntime* loadRuntime(char const* path) noexcept override {
    return guarded(report_, "IRuntime::loadRuntime", static_cast<IRuntime*>(nullptr), [&] {
      void* library = dlopen(need(path, "path"), RTLD_NOW | RTLD_LOCAL);
      if (!library) refuse(Code::kINVALID_ARGUMENT, "'{}' can't be loaded: {}", path, dlerror());
      auto create = reinterpret_cast<void* (*)(void*, int32_t)>(dlsym(library, "createInferRuntime_INTERNAL"));
      if (!create) refuse(Code::kINVALID_ARGUMENT, "'{}' does not export createInferRuntime_INTERNAL", path);
      return static_cast<IRuntime*>(create(report_.logger(), NV_TENSORRT_VERSION));
    });
  }
  void setEngineHostCodeAllowed(bool allowed) noexcept override { host_code_allowed_ = allowed; }
  bool getEngineHostCodeAllowed() const noexcept override { return host_code_allowed_; }

 private:
  ICudaEngine* load(std::span<const std::byte> bytes) {
    LoadOptions options;
    if (const char* device = std::getenv("TENON_DEVICE")) options.device = device;
    options.threads = threads_;
    options.log = report_.sink();
    return make_engine(deserialize(bytes, options), report_, allocator_);
  }

  Reporter report_;
  RegistryOwner registry_;
  IGpuAllocator* allocator_ = nullptr;
  int32_t threads_ = 0;  // 0: all that this process may use
  std::string temporary_;
  bool has_temporary_ = false;
  TempfileControlFlags tempfile_flags_ = (1U << static_cast<uint32_t>(TempfileControlFlag::kALLOW_IN_MEMORY_FILES)) |
                                         (1U << static_cast<uint32_t>(TempfileControlFlag::kALLOW_TEMPORARY_FILES));
  bool host_code_allowed_ = false;
};

}  // namespace
}  // namespace tenon::adapter

extern "C" void* createInferRuntime_INTERNAL(void* logger, int32_t version) noexcept {
  using namespace tenon::adapter;
  auto* log = static_cast<nvinfer1::ILogger*>(logger);
  return guarded(Reporter(log), "createInferRuntime", static_cast<void*>(nullptr), [&]() -> void* {
    need(log, "logger");
    if (version / 1000 != NV_TENSORRT_MAJOR)
      refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "the program was compiled for API version {}, this library has {}: compile it with this library's headers", version, NV_TENSORRT_VERSION);
    remember_logger(log);
    return static_cast<nvinfer1::IRuntime*>(new Runtime(log));
  });
}
