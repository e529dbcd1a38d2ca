#pragma once
#include <utility>

#include "cuda/compile.h"
#include "cuda/memory.h"
#include "tactics/cuda/executable.h"

namespace tenon::core::cuda {

/// What one launch can number, and a Divider divides.
constexpr int64_t kMostItems = (int64_t{1} << 31) - 1;

/// A thread for each item.
inline Launch launch_over(int64_t items, unsigned threads = 128) {
  Launch how;
  how.grid.x = static_cast<unsigned>((items + threads - 1) / threads);
  how.block.x = threads;
  return how;
}

/// Runs one kernel on parameters that differ between calls in their addresses alone.
template <class Parameters>
class OneKernel : public DeviceExecutable {
 public:
  using Fill = void (*)(Parameters&, const Args&);
  /// `inputs`: one bit for each input that the kernel reads; `tables`: device memory that the parameters point to.
  OneKernel(std::string name, const Kernel& kernel, const Launch& launch, const Parameters& parameters, Fill fill,
            uint32_t inputs = ~0u, std::shared_ptr<const DeviceBuffer> tables = nullptr)
      : name_(std::move(name)),
        kernel_(kernel),
        launch_(launch),
        parameters_(parameters),
        fill_(fill),
        inputs_(inputs),
        tables_(std::move(tables)) {}
  std::string kernel_name() const override { return name_; }
  bool uses_input(int i) const override { return inputs_ >> i & 1; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (launch_.grid.x == 0) return;
    Parameters p = parameters_;
    fill_(p, args);
    Launch how = launch_;
    how.stream = stream;
    kernel_(how, p);
  }

 private:
  std::string name_;
  Kernel kernel_;
  Launch launch_;
  Parameters parameters_;
  Fill fill_;
  uint32_t inputs_;
  std::shared_ptr<const DeviceBuffer> tables_;
};

template <class T>
std::shared_ptr<const DeviceBuffer> on_device(const std::vector<T>& values) {
  return DeviceBuffer::of(std::as_bytes(std::span(values)));
}

}  // namespace tenon::core::cuda
