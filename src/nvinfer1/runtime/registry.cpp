#include "nvinfer1/runtime/registry.h"

#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

/// What `setLoggerFinder` of a plugin library gets.
class LoggerFinder final : public ILoggerFinder {
 public:
  ILogger* findLogger() override { return getLogger(); }
  static LoggerFinder& instance() {
    static LoggerFinder* finder = new LoggerFinder();
    return *finder;
  }
};

}  // namespace

class PluginRegistry final : public IPluginRegistry {
 public:
  PluginRegistry(IPluginRegistry* parent, const Reporter& maker) : parent_(parent), report_(maker) {}
  ~PluginRegistry() noexcept override {
    for (void* library : libraries_) dlclose(library);
  }

  bool registerCreator(IPluginCreator& creator, AsciiChar const* const name_space) noexcept override {
    return guarded(report_, "IPluginRegistry::registerCreator", false, [&] { return add(creator, need(name_space, "pluginNamespace"), nullptr); });
  }

  IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override {
    return guarded(report_, "IPluginRegistry::getPluginCreatorList", static_cast<IPluginCreator* const*>(nullptr), [&]() -> IPluginCreator* const* {
      std::lock_guard lock(mutex_);
      *need(count, "numCreators") = static_cast<int32_t>(list_.size());
      return list_.empty() ? nullptr : list_.data();
    });
  }

  IPluginCreator* getPluginCreator(AsciiChar const* const name, AsciiChar const* const version, AsciiChar const* const name_space) noexcept override {
    return guarded(report_, "IPluginRegistry::getPluginCreator", static_cast<IPluginCreator*>(nullptr), [&]() -> IPluginCreator* {
      const Key key{need(name, "pluginName"), need(version, "pluginVersion"), need(name_space, "pluginNamespace")};
      if (IPluginCreator* creator = find(key)) return creator;
      report_.error("IPluginRegistry::getPluginCreator", Code::kINVALID_ARGUMENT,
                    fmt::format("getPluginCreator() could not find Plugin {} version {} namespace '{}': register its creator, or load the library that has it", name, version, name_space));
      return nullptr;
    });
  }

  void setErrorRecorder(IErrorRecorder* const recorder) noexcept override { report_.set_recorder(recorder); }
  IErrorRecorder* getErrorRecorder() const noexcept override { return report_.recorder(); }

  bool deregisterCreator(IPluginCreator const& creator) noexcept override {
    return guarded(report_, "IPluginRegistry::deregisterCreator", false, [&] {
      std::lock_guard lock(mutex_);
      return remove([&](const Entry& e) { return e.creator == &creator; });
    });
  }

  bool isParentSearchEnabled() const override { return parent_search_; }
  void setParentSearchEnabled(bool const enabled) override { parent_search_ = enabled; }
  void set_parent(IPluginRegistry* parent) {
    std::lock_guard lock(mutex_);
    parent_ = parent;
  }

  PluginLibraryHandle loadLibrary(AsciiChar const* path) noexcept override {
    return guarded(report_, "IPluginRegistry::loadLibrary", static_cast<PluginLibraryHandle>(nullptr), [&] { return load(need(path, "pluginPath")); });
  }

  void deregisterLibrary(PluginLibraryHandle handle) noexcept override {
    guarded(report_, "IPluginRegistry::deregisterLibrary", [&] {
      std::lock_guard lock(mutex_);
      const auto found = std::find(libraries_.begin(), libraries_.end(), need(handle, "handle"));
      if (found == libraries_.end()) refuse(Code::kINVALID_ARGUMENT, "the handle is none that loadLibrary gave");
      remove([&](const Entry& e) { return e.library == handle; });
      libraries_.erase(found);
      dlclose(handle);
    });
  }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  struct Entry {
    IPluginCreator* creator;
    void* library;
  };

  /// Here or in a parent; only the registry that was asked reports that there is none.
  IPluginCreator* find(const Key& key) const {
    IPluginRegistry* parent = nullptr;
    {
      std::lock_guard lock(mutex_);
      const auto found = creators_.find(key);
      if (found != creators_.end()) return found->second.creator;
      if (parent_search_) parent = parent_;
    }
    if (const auto* registry = dynamic_cast<const PluginRegistry*>(parent)) return registry->find(key);
    const auto& [name, version, name_space] = key;
    return parent ? parent->getPluginCreator(name.c_str(), version.c_str(), name_space.c_str()) : nullptr;
  }

  bool add(IPluginCreator& creator, const std::string& name_space, void* library) {
    const Key key{need(creator.getPluginName(), "getPluginName()"), need(creator.getPluginVersion(), "getPluginVersion()"), name_space};
    creator.setPluginNamespace(name_space.c_str());
    std::lock_guard lock(mutex_);
    if (!creators_.try_emplace(key, Entry{&creator, library}).second) {
      report_.log(ILogger::Severity::kVERBOSE, fmt::format("plugin creator {} version {} is already registered", std::get<0>(key), std::get<1>(key)));
      return false;
    }
    list_.push_back(&creator);
    return true;
  }

  template <class Which>
  bool remove(Which which) {
    bool any = false;
    for (auto e = creators_.begin(); e != creators_.end();) {
      if (!which(e->second)) {
        ++e;
        continue;
      }
      list_.erase(std::find(list_.begin(), list_.end(), e->second.creator));
      e = creators_.erase(e);
      any = true;
    }
    return any;
  }

  PluginLibraryHandle load(const char* path) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) refuse(Code::kINVALID_ARGUMENT, "'{}' can't be loaded: {}", path, dlerror());
    if (auto set_finder = reinterpret_cast<void (*)(ILoggerFinder*)>(dlsym(library, "setLoggerFinder"))) set_finder(&LoggerFinder::instance());
    auto creators = reinterpret_cast<IPluginCreator* const* (*)(int32_t&)>(dlsym(library, "getPluginCreators"));
    if (!creators) {
      dlclose(library);
      refuse(Code::kINVALID_ARGUMENT, "'{}' does not export getPluginCreators; load it with dlopen if it registers its creators itself", path);
    }
    int32_t count = 0;
    IPluginCreator* const* list = creators(count);
    for (int32_t i = 0; i < count; ++i) add(*need(list[i], "getPluginCreators()"), "", library);
    std::lock_guard lock(mutex_);
    libraries_.push_back(library);
    return library;
  }

  mutable std::mutex mutex_;
  IPluginRegistry* parent_;
  Reporter report_;
  bool parent_search_ = true;
  std::map<Key, Entry> creators_;
  std::vector<IPluginCreator*> list_;
  std::vector<void*> libraries_;
};

IPluginRegistry& process_registry() {
  static auto* registry = new PluginRegistry(nullptr, Reporter(nullptr));
  return *registry;
}

RegistryOwner::RegistryOwner(IPluginRegistry* parent, const Reporter& maker) : registry_(new PluginRegistry(parent, maker)) {}
RegistryOwner::~RegistryOwner() { delete registry_; }
IPluginRegistry& RegistryOwner::get() const { return *registry_; }
void RegistryOwner::set_parent(IPluginRegistry* parent) { registry_->set_parent(parent); }

}  // namespace tenon::adapter

extern "C" nvinfer1::IPluginRegistry* getPluginRegistry() noexcept { return &tenon::adapter::process_registry(); }
