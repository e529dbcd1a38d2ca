#include "devices/cuda/place_reorder.h"

#include "cuda/check.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/reorder.h"
#include "tactics/reorder.h"

namespace tenon::core::cuda {
namespace {

/// One copy between places, and the kernel that goes before or after it on the device.
class Transfer : public DeviceExecutable {
 public:
  Transfer(DType dtype, const Dims& dims, const Format& from, const Format& to)
      : up_(from.place == Place::host), bytes_(checked_mul(checked_product(dims), size_of(stored_as(up_ ? from : to, dtype)))) {
    Format on_host = up_ ? from : to;
    on_host.place = Place::device;
    const bool same = from.layout == to.layout && stored_as(from, dtype) == stored_as(to, dtype);
    if (!same) kernel_ = up_ ? device_reorder(dtype, dims, on_host, to) : device_reorder(dtype, dims, from, on_host);
    if (kernel_) kernel_workspace_ = (kernel_->workspace_bytes() + 255) / 256 * 256;
  }
  int64_t workspace_bytes() const override { return kernel_ ? checked_add(kernel_workspace_, bytes_) : 0; }
  std::string kernel_name() const override { return up_ ? "upload" : "download"; }

  void enqueue(State* state, const Args& args, cudaStream_t stream) const override {
    std::byte* staged = kernel_ ? args.workspace + kernel_workspace_ : nullptr;
    if (up_) {
      copy(staged ? staged : args.out[0].data, args.in[0].data, cudaMemcpyHostToDevice, stream);
      if (kernel_) run_kernel(state, args, staged, args.out[0].data);
    } else {
      if (kernel_) run_kernel(state, args, args.in[0].data, staged);
      copy(args.out[0].data, staged ? staged : args.in[0].data, cudaMemcpyDeviceToHost, stream);
    }
  }

 private:
  void copy(void* to, const void* from, cudaMemcpyKind kind, cudaStream_t stream) const {
    if (bytes_ > 0) check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes_), kind, stream), "copying {} bytes between host and GPU", bytes_);
  }
  void run_kernel(State* state, const Args& args, std::byte* from, std::byte* to) const {
    const TensorArg in{from, args.in[0].dims}, out{to, args.out[0].dims};
    Args call = args;
    call.in = {&in, 1};
    call.out = {&out, 1};
    static_cast<const DeviceExecutable&>(*kernel_).enqueue(state, call, static_cast<cudaStream_t>(args.stream));
  }
  bool up_;
  int64_t bytes_, kernel_workspace_ = 0;
  std::shared_ptr<const Executable> kernel_;
};

}  // namespace

std::shared_ptr<const Executable> place_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) {
  if (from.place == Place::device && to.place == Place::device) return device_reorder(dtype, dims, from, to);
  if (from.place == Place::host && to.place == Place::host) return host_reorder(dtype, dims, from, to);
  return std::make_shared<Transfer>(dtype, dims, from, to);
}

}  // namespace tenon::core::cuda
