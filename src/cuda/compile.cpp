#include "cuda/compile.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>

#include "base/hash.h"
#include "cuda/check.h"
#include "cuda/code_cache.h"
#include "cuda/library.h"

extern const char* const kernel_text_prelude;

namespace tenon::core::cuda {
namespace {

/// What is used of NVRTC's C interface.
using Program = struct OpaqueProgram*;
struct Compiler {
  Library library{"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "/usr/local/cuda/lib64/libnvrtc.so"};
  int (*version)(int*, int*) = library.get<int(int*, int*)>("nvrtcVersion");
  int (*count_archs)(int*) = library.get<int(int*)>("nvrtcGetNumSupportedArchs");
  int (*archs)(int*) = library.get<int(int*)>("nvrtcGetSupportedArchs");
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) =
      library.get<int(Program*, const char*, const char*, int, const char* const*, const char* const*)>("nvrtcCreateProgram");
  int (*destroy)(Program*) = library.get<int(Program*)>("nvrtcDestroyProgram");
  int (*compile)(Program, int, const char* const*) = library.get<int(Program, int, const char* const*)>("nvrtcCompileProgram");
  int (*log_size)(Program, size_t*) = library.get<int(Program, size_t*)>("nvrtcGetProgramLogSize");
  int (*log)(Program, char*) = library.get<int(Program, char*)>("nvrtcGetProgramLog");
  int (*cubin_size)(Program, size_t*) = library.get<int(Program, size_t*)>("nvrtcGetCUBINSize");
  int (*cubin)(Program, char*) = library.get<int(Program, char*)>("nvrtcGetCUBIN");
  int (*ptx_size)(Program, size_t*) = library.get<int(Program, size_t*)>("nvrtcGetPTXSize");
  int (*ptx)(Program, char*) = library.get<int(Program, char*)>("nvrtcGetPTX");

  bool complete() const {
    return version && count_archs && archs && create && destroy && compile && log_size && log && cubin_size && cubin && ptx_size &&
           ptx;
  }
};

const Compiler& compiler() {
  static const Compiler instance;
  return instance;
}

const Compiler& needed_compiler() {
  const std::string why = why_no_compiler();
  if (!why.empty()) fail(ErrorCode::no_device, "{}", why);
  return compiler();
}

/// An NVRTC program for the length of one compilation.
class Compilation {
 public:
  Compilation(const Compiler& nvrtc, const std::string& text) : nvrtc_(nvrtc) {
    if (nvrtc.create(&program_, text.c_str(), "kernel.cu", 0, nullptr, nullptr) != 0)
      fail(ErrorCode::device_failed, "NVRTC could not take the text of a kernel");
  }
  ~Compilation() { nvrtc_.destroy(&program_); }
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;

  void run(const std::vector<std::string>& options) {
    std::vector<const char*> pointers;
    for (const std::string& option : options) pointers.push_back(option.c_str());
    if (nvrtc_.compile(program_, static_cast<int>(pointers.size()), pointers.data()) == 0) return;
    fail(ErrorCode::device_failed, "a kernel does not compile for {}:\n{}", options.front(), log());
  }
  std::vector<char> code(bool ptx) const {
    size_t size = 0;
    (ptx ? nvrtc_.ptx_size : nvrtc_.cubin_size)(program_, &size);
    std::vector<char> bytes(size);
    if (size == 0 || (ptx ? nvrtc_.ptx : nvrtc_.cubin)(program_, bytes.data()) != 0)
      fail(ErrorCode::device_failed, "NVRTC compiled a kernel and gave no code");
    return bytes;
  }

 private:
  std::string log() const {
    size_t size = 0;
    nvrtc_.log_size(program_, &size);
    std::string text(size, '\0');
    if (size > 0) nvrtc_.log(program_, text.data());
    return text;
  }
  const Compiler& nvrtc_;
  Program program_ = nullptr;
};

/// The newest architecture that the compiler knows and the device runs.
int best_arch(int compute) {
  int best = 0;
  for (int arch : compiler_archs())
    if (arch <= compute) best = std::max(best, arch);
  if (best == 0) fail(ErrorCode::no_device, "{} compiles nothing for compute capability {}", compiler_version(), compute);
  return best;
}

constexpr std::string_view kWait = "wait_for_previous()";

/// What is asked about a file each time that one of its kernels is prepared.
struct FileFacts {
  std::string hash;
  bool waits = false;
};
const FileFacts& facts_of(const char* file) {
  static std::mutex mutex;
  static auto& known = *new std::map<const char*, FileFacts>;
  const std::lock_guard lock(mutex);
  FileFacts& facts = known[file];
  if (facts.hash.empty()) {
    Hasher hasher;
    hasher.add(std::string_view(file));
    facts = {hasher.finish().hex(), std::string_view(file).find(kWait) != std::string_view::npos};
  }
  return facts;
}

bool waits(const KernelText& kernel) {
  const auto in_file = [](const char* file) { return facts_of(file).waits; };
  return kernel.text.find(kWait) != std::string::npos || std::any_of(kernel.files.begin(), kernel.files.end(), in_file);
}

std::string key_of(const KernelText& kernel, int compute) {
  static const std::string version = compiler_version();
  Hasher hasher;
  hasher.add(version);
  hasher.add(facts_of(kernel_text_prelude).hash);
  for (const char* file : kernel.files) hasher.add(facts_of(file).hash);
  hasher.add(kernel.text);
  for (const std::string& option : kernel.options) hasher.add(option);
  hasher.add(int64_t{compute} * 2 + kernel.arch_specific);
  return hasher.finish().hex();
}

}  // namespace

std::string why_no_compiler() {
  const Compiler& nvrtc = compiler();
  if (!nvrtc.library) return fmt::format("NVRTC (libnvrtc.so.13 or .12), which compiles kernels, was not found: {}", nvrtc.library.why());
  if (!nvrtc.complete()) return "the NVRTC found lacks functions that Tenon calls; use CUDA 12 or newer";
  return {};
}

std::string compiler_version() {
  int major = 0, minor = 0;
  if (!why_no_compiler().empty() || compiler().version(&major, &minor) != 0) return {};
  return fmt::format("nvrtc {}.{}", major, minor);
}

std::vector<int> compiler_archs() {
  int count = 0;
  if (!why_no_compiler().empty() || compiler().count_archs(&count) != 0) return {};
  std::vector<int> archs(static_cast<size_t>(count));
  compiler().archs(archs.data());
  std::sort(archs.begin(), archs.end());
  return archs;
}

std::vector<char> compile_only(const KernelText& kernel, int compute) {
  const Compiler& nvrtc = needed_compiler();
  const int arch = best_arch(compute);
  const bool ptx = arch != compute;
  std::vector<std::string> options{fmt::format("-arch={}_{}{}", ptx ? "compute" : "sm", arch, kernel.arch_specific && !ptx ? "a" : ""),
                                   "--std=c++17", "-default-device"};
  options.insert(options.end(), kernel.options.begin(), kernel.options.end());
  std::string text = fmt::format("{}\n#line 1 \"kernel.cu\"\n", kernel_text_prelude);
  for (const char* file : kernel.files) text += file;
  Compilation compilation(nvrtc, text + kernel.text);
  compilation.run(options);
  return compilation.code(ptx);
}

Module::Module(const std::vector<char>& code, const std::string& what, bool overlaps) : overlaps_(overlaps) {
  check(cudaLibraryLoadData(&library_, code.data(), nullptr, nullptr, 0, nullptr, nullptr, 0), "loading the kernel {}", what);
}

Kernel Module::kernel(const std::string& name) const {
  Kernel result;
  check(cudaLibraryGetKernel(&result.kernel_, library_, name.c_str()), "finding the kernel {}", name);
  // Loads it on the current device now: a first launch inside a capture must not have to.
  cudaFuncAttributes attributes;
  check(cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(result.kernel_)), "loading the kernel {}", name);
  result.name_ = name;
  result.overlaps_ = overlaps_;
  return result;
}

/// What launches on the current device may take is raised and never lowered: a thread may be about to launch with more.
void Kernel::allow_shared(unsigned bytes) const {
  static std::mutex mutex;
  static auto& allowed = *new std::map<std::pair<int, cudaKernel_t>, unsigned>;
  const int device = current_device();
  const std::lock_guard lock(mutex);
  unsigned& most = allowed[{device, kernel_}];
  if (bytes <= most) return;
  check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel_), cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "{} bytes of shared memory for the kernel {}", bytes, name_);
  most = bytes;
}

void Kernel::launch(const Launch& how, void** args) const {
  if (how.shared_bytes > 48 * 1024) allow_shared(how.shared_bytes);
  cudaLaunchConfig_t config{};
  config.gridDim = how.grid;
  config.blockDim = how.block;
  config.dynamicSmemBytes = how.shared_bytes;
  config.stream = how.stream;
  cudaLaunchAttribute attributes[2];
  config.attrs = attributes;
  if (how.cluster.x * how.cluster.y * how.cluster.z > 1) {
    attributes[config.numAttrs].id = cudaLaunchAttributeClusterDimension;
    attributes[config.numAttrs].val.clusterDim = {how.cluster.x, how.cluster.y, how.cluster.z};
    ++config.numAttrs;
  }
  if (overlaps_) {
    attributes[config.numAttrs].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[config.numAttrs].val.programmaticStreamSerializationAllowed = 1;
    ++config.numAttrs;
  }
  check(cudaLaunchKernelExC(&config, reinterpret_cast<const void*>(kernel_), args), "starting the kernel {}", name_);
}

int Kernel::blocks_per_multiprocessor(int threads, unsigned shared_bytes) const {
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, reinterpret_cast<const void*>(kernel_), threads, shared_bytes),
        "asking for the occupancy of the kernel {}", name_);
  return blocks;
}

namespace {

/// Kernels that overlap can be captured in graphs since CUDA 12.3.
bool driver_overlaps() {
  int version = 0;
  return cudaDriverGetVersion(&version) == cudaSuccess && version >= 12030;
}

/// From the user's cache, else compiled and kept there.
std::vector<char> code_of(const KernelText& kernel, int compute, const std::string& key) {
  const CodeCache& cache = CodeCache::of_user();
  if (auto code = cache.load(key)) return std::move(*code);
  std::vector<char> code = compile_only(kernel, compute);
  cache.store(key, code);
  return code;
}
}  // namespace

const Module& compiled(const KernelText& kernel, int compute) {
  // Modules live as long as the process: the CUDA runtime may be gone when statics are destroyed.
  static std::mutex mutex;
  static auto& modules = *new std::map<std::string, std::shared_future<std::shared_ptr<const Module>>>;
  const std::string key = key_of(kernel, compute);
  std::promise<std::shared_ptr<const Module>> promise;
  std::shared_future<std::shared_ptr<const Module>> module;
  bool ours = false;
  {
    const std::lock_guard lock(mutex);
    auto& entry = modules[key];
    ours = !entry.valid();
    if (ours) entry = promise.get_future().share();
    module = entry;
  }
  if (!ours) return *module.get();
  try {
    const bool overlaps = compute >= 90 && driver_overlaps() && waits(kernel);
    promise.set_value(std::make_shared<Module>(code_of(kernel, compute, key), key, overlaps));
  } catch (...) {
    promise.set_exception(std::current_exception());
    const std::lock_guard lock(mutex);
    modules.erase(key);
  }
  return *module.get();
}

int current_compute() {
  const int device = current_device();
  int major = 0, minor = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking for the compute capability");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "asking for the compute capability");
  return 10 * major + minor;
}

}  // namespace tenon::core::cuda
