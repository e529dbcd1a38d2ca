#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace tenon::adapter {

namespace nv = nvinfer1;

class Network;
class LayerBase;

std::vector<int64_t> to_vector(const nv::Dims&);
nv::Dims to_dims(const std::vector<int64_t>&);
std::string to_text(const nv::Dims&);
const char* to_text(nv::DataType);

/// A value of a network: an input, or output `index` of a layer.
class NetTensor final : public nv::ITensor, public nv::apiv::VTensor {
 public:
  /// An input.
  NetTensor(Network& network, std::string name, nv::DataType type, nv::Dims dims);
  /// Of a layer.
  NetTensor(Network& network, LayerBase& producer, int index, std::string name);
  static NetTensor& of(nv::ITensor& tensor) { return static_cast<NetTensor&>(tensor); }

  Network& network() const { return network_; }
  LayerBase* producer() const { return producer_; }
  int index() const { return index_; }
  const std::string& name() const { return name_; }
  bool is_input() const { return !producer_; }
  const std::vector<int64_t>& declared_dims() const { return dims_; }
  const std::string& dim_name(size_t axis) const { return dim_names_[axis]; }
  bool has_type() const { return has_type_; }
  void set_type_of_layer(nv::DataType type) { type_ = type, has_type_ = true; }
  void reset_type_of_layer() { has_type_ = false; }
  /// What Network::type_of found, until the network changes.
  std::optional<nv::DataType> known_type(uint64_t version) const { return has_type_ ? type_ : version == type_version_ ? inferred_ : std::nullopt; }
  void remember_type(nv::DataType type, uint64_t version) const { inferred_ = type, type_version_ = version; }
  bool has_range() const { return has_range_; }
  float range_limit() const;  // the larger magnitude of the range's ends
  bool is_output = false, is_shape_output = false, is_debug = false;
  bool keeps_type = false;  // an input of a model: its type is that of the computation

  void setName(char const* name) noexcept override;
  char const* getName() const noexcept override { return name_.c_str(); }
  void setDimensions(nv::Dims dimensions) noexcept override;
  nv::Dims getDimensions() const noexcept override;
  void setType(nv::DataType type) noexcept override;
  nv::DataType getType() const noexcept override;
  bool setDynamicRange(float min, float max) noexcept override;
  bool isNetworkInput() const noexcept override { return is_input(); }
  bool isNetworkOutput() const noexcept override { return is_output || is_shape_output; }
  void setBroadcastAcrossBatch(bool broadcast) noexcept override;
  bool getBroadcastAcrossBatch() const noexcept override;
  nv::TensorLocation getLocation() const noexcept override;
  void setLocation(nv::TensorLocation location) noexcept override;
  bool dynamicRangeIsSet() const noexcept override { return has_range_; }
  void resetDynamicRange() noexcept override;
  float getDynamicRangeMin() const noexcept override;
  float getDynamicRangeMax() const noexcept override;
  void setAllowedFormats(nv::TensorFormats formats) noexcept override { formats_ = formats; }
  nv::TensorFormats getAllowedFormats() const noexcept override { return formats_; }
  bool isShapeTensor() const noexcept override;
  bool isExecutionTensor() const noexcept override;
  void setDimensionName(int32_t index, char const* name) noexcept override;
  char const* getDimensionName(int32_t index) const noexcept override;

 private:
  Network& network_;
  LayerBase* producer_ = nullptr;
  int index_ = 0;
  std::string name_;
  nv::DataType type_ = nv::DataType::kFLOAT;
  bool has_type_ = false;
  mutable std::optional<nv::DataType> inferred_;
  mutable uint64_t type_version_ = 0;  // the one that `inferred_` holds for
  std::vector<int64_t> dims_;
  std::array<std::string, nv::Dims::MAX_DIMS> dim_names_;
  bool broadcast_ = false, has_range_ = false, on_host_ = false;
  float min_ = 0, max_ = 0;
  nv::TensorFormats formats_ = (1u << nv::EnumMax<nv::TensorFormat>()) - 1;
};

}  // namespace tenon::adapter
