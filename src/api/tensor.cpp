#include "tenon/tensor.h"

#include "api/convert.h"
#include "base/checked.h"

namespace tenon {

Tensor::Tensor(DType dtype, std::vector<int64_t> dims)
    : Tensor(core::to_public(core::Tensor(dtype, std::move(dims)))) {}

Tensor Tensor::wrap(DType dtype, std::vector<int64_t> dims, void* data) {
  return {dtype, std::move(dims), std::shared_ptr<void>(std::shared_ptr<void>(), data)};
}

int64_t Tensor::size() const { return core::checked_product(dims_); }

std::vector<double> to_doubles(const Tensor& tensor) { return core::to_doubles(core::to_core(tensor)); }

}  // namespace tenon
