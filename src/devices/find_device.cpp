#include <dlfcn.h>

#include <charconv>
#include <filesystem>
#include <mutex>

#include "base/error.h"
#include "base/own_folder.h"
#include "devices/host_device.h"

namespace tenon::core {
namespace {

constexpr const char* kCudaLibrary = "libtenon_cuda.so";

/// libtenon_cuda.so, opened once, by its full path: the one beside this library.
class CudaLibrary {
 public:
  CudaLibrary() {
    for (const auto& path : {own_folder() / kCudaLibrary, own_folder().parent_path() / "lib" / kCudaLibrary}) {
      if (!std::filesystem::exists(path)) continue;
      void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      const auto entry = handle ? reinterpret_cast<BackendEntry>(::dlsym(handle, "tenon_cuda_backend")) : nullptr;
      if (!entry) {
        const char* error = ::dlerror();
        why_ = fmt::format("{} can't be loaded: {}", path.string(), error ? error : "it is not Tenon's");
        return;
      }
      backend_ = entry();
      set_cuda_tactics(backend_->tactics());
      devices_ = backend_->devices(why_);
      return;
    }
    why_ = fmt::format("this build has no CUDA part ({} is not beside libtenon.so)", kCudaLibrary);
  }
  const std::vector<DeviceInfo>& devices() const { return devices_; }
  const std::string& why() const { return why_; }
  std::shared_ptr<Device> open(int index, int threads) const { return backend_->open(index, threads); }

 private:
  Backend* backend_ = nullptr;
  std::vector<DeviceInfo> devices_;
  std::string why_;
};

const CudaLibrary& cuda() {
  static const CudaLibrary library;
  return library;
}

std::shared_ptr<Device> find_cuda(const std::string& name, int threads) {
  int index = 0;
  if (name != "cuda") {
    const char* first = name.data() + 5;
    const char* last = name.data() + name.size();
    const auto [end, error] = std::from_chars(first, last, index);
    if (name[4] != ':' || error != std::errc{} || end != last || index < 0) fail(ErrorCode::unknown_name, "device '{}' is not known; a GPU is cuda or cuda:N", name);
  }
  const auto& devices = cuda().devices();
  if (devices.empty()) fail(ErrorCode::no_device, "device '{}' was asked for, but no GPU can be used: {}; use --device cpu", name, cuda().why());
  for (const DeviceInfo& d : devices)
    if (d.index == index) return cuda().open(index, threads);
  fail(ErrorCode::no_device, "device '{}' was asked for, but this machine's usable GPUs are cuda:0 to cuda:{}", name, devices.back().index);
}

}  // namespace

std::string why_no_cuda() { return cuda().devices().empty() ? cuda().why() : ""; }
std::vector<DeviceInfo> cuda_devices() { return cuda().devices(); }

std::shared_ptr<Device> find_device(const std::string& name, int threads) {
  if (threads < 0 || threads > 1024) fail(ErrorCode::usage, "--threads {}: expected 0 (all cores) to 1024", threads);
  if (name == "cpu" || name == "null") return host_device(name, threads);
  if (name == "auto") return cuda().devices().empty() ? host_device("cpu", threads) : find_cuda("cuda", threads);
  if (name.starts_with("cuda")) return find_cuda(name, threads);
  fail(ErrorCode::unknown_name, "device '{}' is not known; the devices are cpu, null, cuda, cuda:N and auto", name);
}

}  // namespace tenon::core
