#include "base/error.h"
#include "devices/cuda/cuda_device.h"
#include "tactics/all.h"
#include "tactics/cuda/list.h"

namespace tenon::core::cuda {
namespace {

class CudaBackend : public Backend {
 public:
  std::vector<DeviceInfo> devices(std::string& why) override { return devices_ = list_devices(why); }
  std::shared_ptr<Device> open(int index, int threads) override {
    for (const DeviceInfo& info : devices_)
      if (info.index == index) return open_device(info, threads);
    fail(ErrorCode::no_device, "GPU {} can't be used", index);
  }
  std::vector<const Tactic*> tactics() const override {
    std::vector<const Tactic*> list{&view_tactic(), &transposed_view_tactic()};
    for (const auto& more : {library_tactics(), own_tactics(), generated_tactics()}) list.insert(list.end(), more.begin(), more.end());
    list.push_back(&reference_tactic());
    return list;
  }

 private:
  std::vector<DeviceInfo> devices_;
};

}  // namespace
}  // namespace tenon::core::cuda

extern "C" __attribute__((visibility("default"))) tenon::core::Backend* tenon_cuda_backend() {
  static tenon::core::cuda::CudaBackend backend;
  return &backend;
}
