// Stands for libtenon_cuda.so: the real one with kernels of matrix products added that go wrong, each in its own way. Which ones,
// TENON_FAULTY names: "hangs,faults,throws,crashes,greedy".
#include <dlfcn.h>

#include <csignal>
#include <cstdlib>

#include "base/error.h"
#include "cuda/compile.h"
#include "devices/device.h"
#include "ops/matmul.h"
#include "tactics/cuda/executable.h"

namespace tenon::core::cuda {
namespace {

constexpr const char* kText = R"(
extern "C" __global__ void hangs(volatile float* y) { while (y[0] != 12345.678f) y[1] = y[0]; }
extern "C" __global__ void faults(volatile float*) { *reinterpret_cast<volatile float*>(16) = 1; }
)";

class FaultyKernel : public DeviceExecutable {
 public:
  FaultyKernel(std::string name, int64_t workspace, int compute) : name_(std::move(name)), workspace_(workspace) {
    if (name_ != "greedy") kernel_ = compiled({kText, {}}, compute).kernel(name_);
  }
  std::string kernel_name() const override { return name_; }
  int64_t workspace_bytes() const override { return workspace_; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Launch how;
    how.stream = stream;
    if (kernel_) kernel_(how, args.out[0].data);
  }

 private:
  std::string name_;
  int64_t workspace_;
  Kernel kernel_;
};

class FaultyTactic : public Tactic {
 public:
  explicit FaultyTactic(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (p.node().as<MatMul>()) return {row_major_offer(p, name_)};
    why = "not a matrix product";
    return {};
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    if (name_ == "throws") fail(ErrorCode::device_failed, "this kernel always fails");
    if (name_ == "crashes") std::raise(SIGSEGV);
    return std::make_shared<FaultyKernel>(name_, name_ == "greedy" ? int64_t{1} << 44 : 0, cx.problem.device.compute);
  }

 private:
  std::string name_;
};

class FaultyBackend : public Backend {
 public:
  FaultyBackend() {
    void* library = ::dlopen("libtenon_cuda.so", RTLD_NOW | RTLD_NOLOAD);
    const auto entry = library ? reinterpret_cast<BackendEntry>(::dlsym(library, "tenon_cuda_backend")) : nullptr;
    if (!entry) fail(ErrorCode::internal, "the real libtenon_cuda.so is not loaded");
    real_ = entry();
    const char* names = std::getenv("TENON_FAULTY");
    for (const char* name : {"hangs", "faults", "throws", "crashes", "greedy"})
      if (names && std::string_view(names).find(name) != std::string_view::npos) faulty_.push_back(std::make_unique<FaultyTactic>(name));
  }
  std::vector<DeviceInfo> devices(std::string& why) override { return real_->devices(why); }
  std::shared_ptr<Device> open(int index, int threads) override { return real_->open(index, threads); }
  std::vector<const Tactic*> tactics() const override {
    std::vector<const Tactic*> list;
    for (const auto& tactic : faulty_) list.push_back(tactic.get());
    const auto real = real_->tactics();
    list.insert(list.end(), real.begin(), real.end());
    return list;
  }

 private:
  Backend* real_;
  std::vector<std::unique_ptr<Tactic>> faulty_;
};

}  // namespace
}  // namespace tenon::core::cuda

extern "C" __attribute__((visibility("default"))) tenon::core::Backend* tenon_cuda_backend() {
  static tenon::core::cuda::FaultyBackend backend;
  return &backend;
}
