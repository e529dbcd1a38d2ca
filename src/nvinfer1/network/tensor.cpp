#include "nvinfer1/network/tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nvinfer1/network/layer.h"
#include "nvinfer1/network/network.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

std::vector<int64_t> to_vector(const nv::Dims& dims) {
  return {dims.d, dims.d + std::clamp(dims.nbDims, 0, nv::Dims::MAX_DIMS)};
}

nv::Dims to_dims(const std::vector<int64_t>& dims) {
  nv::Dims result{};
  if (dims.size() > nv::Dims::MAX_DIMS) refuse(Code::kUNSUPPORTED_STATE, "a shape has {} dims; at most {} can be told", dims.size(), nv::Dims::MAX_DIMS);
  result.nbDims = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) result.d[i] = static_cast<int32_t>(std::clamp<int64_t>(dims[i], INT32_MIN, INT32_MAX));
  return result;
}

std::string to_text(const nv::Dims& dims) { return core::dims_to_string(to_vector(dims)); }

const char* to_text(nv::DataType type) {
  static constexpr const char* kNames[] = {"kFLOAT", "kHALF", "kINT8", "kINT32", "kBOOL", "kUINT8", "kFP8", "kBF16", "kINT64", "kINT4", "kFP4", "kE8M0"};
  const auto i = static_cast<size_t>(type);
  return i < std::size(kNames) ? kNames[i] : "an unknown type";
}

NetTensor::NetTensor(Network& network, std::string name, nv::DataType type, nv::Dims dims)
    : network_(network), name_(std::move(name)), type_(type), has_type_(true), dims_(to_vector(dims)) {
  mImpl = this;
}

NetTensor::NetTensor(Network& network, LayerBase& producer, int index, std::string name)
    : network_(network), producer_(&producer), index_(index), name_(std::move(name)) {
  mImpl = this;
}

float NetTensor::range_limit() const { return std::max(std::abs(min_), std::abs(max_)); }

void NetTensor::setName(char const* name) noexcept {
  guarded(network_.reporter(), "ITensor::setName", [&] {
    name_ = need(name, "name");
    if (is_input()) network_.changed();  // names of dims may follow from it
  });
}

void NetTensor::setDimensions(nv::Dims dimensions) noexcept {
  guarded(network_.reporter(), "ITensor::setDimensions", [&] {
    if (!is_input()) refuse(Code::kINVALID_STATE, "tensor '{}' is no network input: its dims follow from its layer", name_);
    network_.check_input_dims(name_, dimensions);
    dims_ = to_vector(dimensions);
    network_.changed();
  });
}

nv::Dims NetTensor::getDimensions() const noexcept {
  if (is_input()) return to_dims(dims_);
  nv::Dims none{};
  none.nbDims = -1;
  return guarded(network_.reporter(), "ITensor::getDimensions", none, [&] { return network_.dims_of(*this); });
}

void NetTensor::setType(nv::DataType type) noexcept {
  if (type != type_) keeps_type = false;  // the binding's type alone: layers of a model go on in f32
  type_ = type;
  has_type_ = true;
  network_.changed();
}

nv::DataType NetTensor::getType() const noexcept {
  if (has_type_) return type_;
  return guarded(network_.reporter(), "ITensor::getType", nv::DataType::kFLOAT, [&] { return network_.type_of(*this); });
}

bool NetTensor::setDynamicRange(float min, float max) noexcept {
  return guarded(network_.reporter(), "ITensor::setDynamicRange", false, [&] {
    if (!(min <= max)) refuse(Code::kINVALID_ARGUMENT, "tensor '{}': expected min <= max, found {} and {}", name_, min, max);
    min_ = min, max_ = max, has_range_ = true;
    network_.changed();
    return true;
  });
}

void NetTensor::resetDynamicRange() noexcept {
  has_range_ = false;
  network_.changed();
}

float NetTensor::getDynamicRangeMin() const noexcept { return has_range_ ? min_ : std::numeric_limits<float>::quiet_NaN(); }
float NetTensor::getDynamicRangeMax() const noexcept { return has_range_ ? max_ : std::numeric_limits<float>::quiet_NaN(); }

void NetTensor::setBroadcastAcrossBatch(bool broadcast) noexcept {
  guarded(network_.reporter(), "ITensor::setBroadcastAcrossBatch", [&] {
    if (!is_input()) refuse(Code::kINVALID_STATE, "tensor '{}' is no network input: whether it is broadcast follows from its layer", name_);
    if (network_.implicit_batch()) broadcast_ = broadcast;
    network_.changed();
  });
}

bool NetTensor::getBroadcastAcrossBatch() const noexcept {
  if (is_input() || !network_.implicit_batch()) return broadcast_;
  return guarded(network_.reporter(), "ITensor::getBroadcastAcrossBatch", false, [&] { return network_.is_broadcast(*this); });
}

nv::TensorLocation NetTensor::getLocation() const noexcept {
  return on_host_ || isShapeTensor() ? nv::TensorLocation::kHOST : nv::TensorLocation::kDEVICE;
}

void NetTensor::setLocation(nv::TensorLocation location) noexcept { on_host_ = location == nv::TensorLocation::kHOST; }

bool NetTensor::isShapeTensor() const noexcept {
  return guarded(network_.reporter(), "ITensor::isShapeTensor", false, [&] { return network_.is_shape_tensor(*this); });
}

bool NetTensor::isExecutionTensor() const noexcept { return !isShapeTensor() || is_output; }

void NetTensor::setDimensionName(int32_t index, char const* name) noexcept {
  guarded(network_.reporter(), "ITensor::setDimensionName", [&] {
    if (!is_input()) refuse(Code::kINVALID_STATE, "tensor '{}' is no network input: only inputs have named dims", name_);
    if (index < 0 || index >= static_cast<int32_t>(dims_.size()))
      refuse(Code::kINVALID_ARGUMENT, "tensor '{}' has {} dims: there is no dim {}", name_, dims_.size(), index);
    dim_names_[static_cast<size_t>(index)] = name ? name : "";
    network_.changed();
  });
}

char const* NetTensor::getDimensionName(int32_t index) const noexcept {
  if (index < 0 || index >= nv::Dims::MAX_DIMS || dim_names_[static_cast<size_t>(index)].empty()) return nullptr;
  return dim_names_[static_cast<size_t>(index)].c_str();
}

}  // namespace tenon::adapter
