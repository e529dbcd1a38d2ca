#pragma once
#include <map>
#include <memory>
#include <string>

#include "base/file.h"
#include "onnx/model.h"

namespace tenon::core {

/// Turns TensorProtos into tensors: views of the model's bytes or of external files wherever the file stores elements
/// as memory does. 4-bit and 2-bit types are unpacked, sparse tensors filled in. Errors have the tensor's name in
/// front.
class TensorSource {
 public:
  /// `owner` keeps the model's bytes alive. External data is looked up beneath `folder`; "" allows none.
  TensorSource(std::shared_ptr<const void> owner, std::string folder)
      : owner_(std::move(owner)), folder_(std::move(folder)) {}

  Tensor read(const OnnxTensor& tensor);
  Tensor read(const OnnxSparseTensor& tensor);

 private:
  Tensor read_raw(const OnnxTensor& tensor, DType dtype, int64_t count);
  Tensor read_dense(const OnnxTensor& tensor);
  Tensor read_sparse(const OnnxSparseTensor& tensor);
  std::pair<std::span<const std::byte>, std::shared_ptr<const void>> external_bytes(const OnnxTensor& tensor,
                                                                                    int64_t size);

  std::shared_ptr<const void> owner_;
  std::string folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>, std::less<>> files_;
};

/// The number of elements of a shape from a file: no negative dims, fewer than kMaxElements.
int64_t element_count(std::span<const int64_t> dims);

}  // namespace tenon::core
