#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <string>
#include <vector>

namespace tenon::core::cuda {

/// Why no kernel can be compiled on this machine; empty when NVRTC was found.
std::string why_no_compiler();
/// "nvrtc 13.0", or nothing.
std::string compiler_version();
/// The compute capabilities (75, 90, ...) that the compiler knows, ascending.
std::vector<int> compiler_archs();

/// The text of a kernel: src/kernels/cuda/prelude.cu comes before it. Either all of its kernels call wait_for_previous or none.
struct KernelText {
  std::string text;
  std::vector<std::string> options;  // "-DWIDTH=8", "-use_fast_math"
  bool arch_specific = false;        // instructions of one architecture only (sm_90a), not of its successors
  std::vector<const char*> files;    // before `text`; they are there as long as the process
};

/// Compiles for a compute capability such as 90; fails with the compiler's log. The result is a cubin, or PTX where the
/// device is newer than the compiler.
std::vector<char> compile_only(const KernelText&, int compute);

/// How a kernel is started.
struct Launch {
  dim3 grid{1, 1, 1}, block{1, 1, 1};
  unsigned shared_bytes = 0;
  cudaStream_t stream = nullptr;
  dim3 cluster{1, 1, 1};
};

/// One entry of a compiled text. Cheap to copy; usable on every device of its compute capability.
class Kernel {
 public:
  Kernel() = default;
  explicit operator bool() const { return kernel_ != nullptr; }
  /// `args`: the address of each parameter. Allows as much dynamic shared memory as `launch` asks for.
  void launch(const Launch& launch, void** args) const;
  template <class... Parameters>
  void operator()(const Launch& how, Parameters... parameters) const {
    void* args[] = {static_cast<void*>(&parameters)..., nullptr};
    launch(how, args);
  }
  /// Blocks of this size that one multiprocessor of the current device holds.
  int blocks_per_multiprocessor(int threads, unsigned shared_bytes) const;

 private:
  friend class Module;
  void allow_shared(unsigned bytes) const;
  cudaKernel_t kernel_ = nullptr;
  bool overlaps_ = false;  // programmatic dependent launch
  std::string name_;
};

/// A compiled text, loaded. Kept for the life of the process.
class Module {
 public:
  /// `overlaps`: its kernels call wait_for_previous and run on compute capability 9.0 or newer.
  Module(const std::vector<char>& code, const std::string& what, bool overlaps);
  /// An extern "C" __global__ function.
  Kernel kernel(const std::string& name) const;

 private:
  cudaLibrary_t library_ = nullptr;
  bool overlaps_;
};

/// Compiles and loads; equal texts are compiled once in a process, and kept in the user's cache (code_cache.h). Thread-safe: different texts compile side by side.
const Module& compiled(const KernelText&, int compute);
/// The compute capability of the device that is current.
int current_compute();

}  // namespace tenon::core::cuda
