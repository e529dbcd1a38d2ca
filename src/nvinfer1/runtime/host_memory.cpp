#include "nvinfer1/runtime/host_memory.h"

namespace tenon::adapter {
namespace {

class HostMemory final : public nvinfer1::IHostMemory, public nvinfer1::apiv::VHostMemory {
 public:
  explicit HostMemory(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) { IHostMemory::mImpl = this; }
  void* data() const noexcept override { return const_cast<std::byte*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }
  nvinfer1::DataType type() const noexcept override { return nvinfer1::DataType::kINT8; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

nvinfer1::IHostMemory* make_host_memory(std::vector<std::byte> bytes) { return new HostMemory(std::move(bytes)); }

}  // namespace tenon::adapter
