#include "api/convert.h"

namespace tenon::core {

Tensor to_core(const tenon::Tensor& tensor) {
  if (!tensor.defined()) return {};
  auto bytes = std::span(static_cast<const std::byte*>(tensor.data()), static_cast<size_t>(tensor.byte_size()));
  return Tensor::view(tensor.dtype(), tensor.dims(), bytes, tensor.storage());
}

tenon::Tensor to_public(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  auto owner = std::make_shared<Tensor>(tensor);
  void* data = const_cast<std::byte*>(tensor.bytes().data());
  return {tensor.dtype(), tensor.dims(), std::shared_ptr<void>(std::move(owner), data)};
}

HostValue to_core(const tenon::Value& value) {
  if (value.kind == tenon::Value::Kind::tensor) return to_core(value.tensor);
  if (value.kind == tenon::Value::Kind::none) return std::monostate{};
  std::vector<Tensor> sequence;
  for (const tenon::Tensor& tensor : value.sequence) sequence.push_back(to_core(tensor));
  return sequence;
}

tenon::Value to_public(const HostValue& value) {
  if (const Tensor* tensor = std::get_if<Tensor>(&value)) return to_public(*tensor);
  const auto* elements = std::get_if<std::vector<Tensor>>(&value);
  if (!elements) return {};
  std::vector<tenon::Tensor> sequence;
  for (const Tensor& tensor : *elements) sequence.push_back(to_public(tensor));
  return sequence;
}

}  // namespace tenon::core
