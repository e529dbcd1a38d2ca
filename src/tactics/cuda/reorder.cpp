#include "tactics/cuda/reorder.h"

#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/executable.h"

namespace tenon::core::cuda {
namespace {

class ReorderExecutable : public DeviceExecutable {
 public:
  explicit ReorderExecutable(BoxKernel kernel) : kernel_(std::move(kernel)) {}
  std::string kernel_name() const override { return "reorder:" + kernel_.name(); }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    kernel_.launch(args.in[0].data, args.out[0].data, stream);
  }

 private:
  BoxKernel kernel_;
};

}  // namespace

std::shared_ptr<const Executable> device_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) {
  return std::make_shared<ReorderExecutable>(BoxKernel(stored_as(from, dtype), stored_as(to, dtype), dims, strides_of(from.layout, dims),
                                                       strides_of(to.layout, dims), current_compute()));
}

}  // namespace tenon::core::cuda
