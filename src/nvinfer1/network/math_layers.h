#pragma once
#include "nvinfer1/network/layer.h"

namespace tenon::adapter {

class ActivationLayer final : public LayerOf<nv::IActivationLayer, nv::apiv::VActivationLayer> {
 public:
  ActivationLayer(Network& network, NetTensor& input, nv::ActivationType kind) : LayerOf(network, nv::LayerType::kACTIVATION, {&input}), type(kind) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(nv::ActivationType, ActivationType, type, nv::ActivationType::kRELU)
  TENON_PARAMETER(float, Alpha, alpha, 0)
  TENON_PARAMETER(float, Beta, beta, 0)
};

class SoftMaxLayer final : public LayerOf<nv::ISoftMaxLayer, nv::apiv::VSoftMaxLayer> {
 public:
  SoftMaxLayer(Network& network, NetTensor& input, uint32_t mask) : LayerOf(network, nv::LayerType::kSOFTMAX, {&input}), axes(mask) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(uint32_t, Axes, axes, 1)
};

class ElementWiseLayer final : public LayerOf<nv::IElementWiseLayer, nv::apiv::VElementWiseLayer> {
 public:
  ElementWiseLayer(Network& network, NetTensor& a, NetTensor& b, nv::ElementWiseOperation op)
      : LayerOf(network, nv::LayerType::kELEMENTWISE, {&a, &b}), operation(op) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int output) const override;
  TENON_PARAMETER(nv::ElementWiseOperation, Operation, operation, nv::ElementWiseOperation::kSUM)
};

class UnaryLayer final : public LayerOf<nv::IUnaryLayer, nv::apiv::VUnaryLayer> {
 public:
  UnaryLayer(Network& network, NetTensor& input, nv::UnaryOperation op) : LayerOf(network, nv::LayerType::kUNARY, {&input}), operation(op) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int output) const override;
  TENON_PARAMETER(nv::UnaryOperation, Operation, operation, nv::UnaryOperation::kEXP)
};

class ReduceLayer final : public LayerOf<nv::IReduceLayer, nv::apiv::VReduceLayer> {
 public:
  ReduceLayer(Network& network, NetTensor& input, nv::ReduceOperation op, uint32_t mask, bool keep_dims)
      : LayerOf(network, nv::LayerType::kREDUCE, {&input}), operation(op), axes(mask), keep(keep_dims) {}
  std::vector<core::Value> lower(Lowering&) const override;
  TENON_PARAMETER(nv::ReduceOperation, Operation, operation, nv::ReduceOperation::kSUM)
  TENON_PARAMETER(uint32_t, ReduceAxes, axes, 0)
  TENON_PARAMETER(bool, KeepDimensions, keep, false)
};

class TopKLayer final : public LayerOf<nv::ITopKLayer, nv::apiv::VTopKLayer> {
 public:
  TopKLayer(Network& network, NetTensor& input, nv::TopKOperation op, int32_t count, uint32_t mask)
      : LayerOf(network, nv::LayerType::kTOPK, {&input}, 2), operation(op), k(count), axes(mask) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int output) const override { return output == 0 ? LayerBase::infer_type(0) : indices_; }
  bool is_shape_input(int i) const override { return i == 1; }
  int max_inputs() const override { return 2; }
  bool setIndicesType(nv::DataType type) noexcept override;
  nv::DataType getIndicesType() const noexcept override { return indices_; }
  TENON_PARAMETER(nv::TopKOperation, Operation, operation, nv::TopKOperation::kMAX)
  TENON_PARAMETER(int32_t, K, k, 1)
  TENON_PARAMETER(uint32_t, ReduceAxes, axes, 0)

 private:
  nv::DataType indices_ = nv::DataType::kINT32;
};

class MatrixMultiplyLayer final : public LayerOf<nv::IMatrixMultiplyLayer, nv::apiv::VMatrixMultiplyLayer> {
 public:
  MatrixMultiplyLayer(Network& network, NetTensor& a, nv::MatrixOperation op0, NetTensor& b, nv::MatrixOperation op1)
      : LayerOf(network, nv::LayerType::kMATRIX_MULTIPLY, {&a, &b}), operations_{op0, op1} {}
  std::vector<core::Value> lower(Lowering&) const override;
  void setOperation(int32_t index, nv::MatrixOperation op) noexcept override;
  nv::MatrixOperation getOperation(int32_t index) const noexcept override;

 private:
  nv::MatrixOperation operations_[2];
};

class RaggedSoftMaxLayer final : public LayerOf<nv::IRaggedSoftMaxLayer, nv::apiv::VRaggedSoftMaxLayer> {
 public:
  RaggedSoftMaxLayer(Network& network, NetTensor& input, NetTensor& bounds) : LayerOf(network, nv::LayerType::kRAGGED_SOFTMAX, {&input, &bounds}) {}
  std::vector<core::Value> lower(Lowering&) const override;
};

class IdentityLayer final : public LayerOf<nv::IIdentityLayer, nv::apiv::VIdentityLayer> {
 public:
  IdentityLayer(Network& network, NetTensor& input) : LayerOf(network, nv::LayerType::kIDENTITY, {&input}) {}
  std::vector<core::Value> lower(Lowering&) const override;
};

class CastLayer final : public LayerOf<nv::ICastLayer, nv::apiv::VCastLayer> {
 public:
  CastLayer(Network& network, NetTensor& input, nv::DataType to) : LayerOf(network, nv::LayerType::kCAST, {&input}), type(to) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return type; }
  TENON_PARAMETER(nv::DataType, ToType, type, nv::DataType::kFLOAT)
};

class ConstantLayer final : public LayerOf<nv::IConstantLayer, nv::apiv::VConstantLayer> {
 public:
  ConstantLayer(Network& network, nv::Dims shape, nv::Weights w) : LayerOf(network, nv::LayerType::kCONSTANT, {}), weights_(w), dims_(to_vector(shape)) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return weights_.type; }
  std::vector<std::pair<nv::WeightsRole, nv::Weights>> refit_weights() const override { return {{nv::WeightsRole::kCONSTANT, weights_}}; }
  void setWeights(nv::Weights value) noexcept override { weights_ = value, changed(); }
  nv::Weights getWeights() const noexcept override { return weights_; }
  void setDimensions(nv::Dims value) noexcept override { dims_ = to_vector(value), changed(); }
  nv::Dims getDimensions() const noexcept override { return to_dims(dims_); }
  /// A constant of a model, which keeps its values.
  void keep(core::ConstRef constant);

 private:
  nv::Weights weights_;
  std::vector<int64_t> dims_;
  core::ConstRef constant_;
  core::Tensor value_;
};

class ParametricReLULayer final : public LayerOf<nv::IParametricReLULayer, nv::apiv::VParametricReLULayer> {
 public:
  ParametricReLULayer(Network& network, NetTensor& input, NetTensor& slope) : LayerOf(network, nv::LayerType::kPARAMETRIC_RELU, {&input, &slope}) {}
  std::vector<core::Value> lower(Lowering&) const override;
};

class SelectLayer final : public LayerOf<nv::ISelectLayer, nv::apiv::VSelectLayer> {
 public:
  SelectLayer(Network& network, NetTensor& condition, NetTensor& a, NetTensor& b) : LayerOf(network, nv::LayerType::kSELECT, {&condition, &a, &b}) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return input(1)->getType(); }
};

class QuantizeLayer final : public LayerOf<nv::IQuantizeLayer, nv::apiv::VQuantizeLayer> {
 public:
  QuantizeLayer(Network& network, NetTensor& input, NetTensor& scale, nv::DataType to) : LayerOf(network, nv::LayerType::kQUANTIZE, {&input, &scale}), type(to) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return type; }
  int max_inputs() const override { return 3; }
  TENON_PARAMETER(int32_t, Axis, axis, -1)
  TENON_PARAMETER(nv::DataType, ToType, type, nv::DataType::kINT8)
};

class DequantizeLayer final : public LayerOf<nv::IDequantizeLayer, nv::apiv::VDequantizeLayer> {
 public:
  DequantizeLayer(Network& network, NetTensor& input, NetTensor& scale, nv::DataType to) : LayerOf(network, nv::LayerType::kDEQUANTIZE, {&input, &scale}), type(to) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return type; }
  int max_inputs() const override { return 3; }
  TENON_PARAMETER(int32_t, Axis, axis, -1)
  TENON_PARAMETER(nv::DataType, ToType, type, nv::DataType::kFLOAT)
};

class EinsumLayer final : public LayerOf<nv::IEinsumLayer, nv::apiv::VEinsumLayer> {
 public:
  EinsumLayer(Network& network, Inputs inputs, const char* text) : LayerOf(network, nv::LayerType::kEINSUM, std::move(inputs)), equation_(text) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool setEquation(char const* equation) noexcept override;
  char const* getEquation() const noexcept override { return equation_.c_str(); }

 private:
  std::string equation_;
};

class NormalizationLayer final : public LayerOf<nv::INormalizationLayer, nv::apiv::VNormalizationLayer> {
 public:
  NormalizationLayer(Network& network, NetTensor& input, NetTensor& scale, NetTensor& bias, uint32_t mask, bool v2)
      : LayerOf(network, nv::LayerType::kNORMALIZATION, {&input, &scale, &bias}), axes(mask), v2_(v2) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool isV2() const noexcept override { return v2_; }
  TENON_PARAMETER(float, Epsilon, epsilon, 1e-5f)
  TENON_PARAMETER(uint32_t, Axes, axes, 0)
  TENON_PARAMETER(int32_t, NbGroups, groups, 1)
  TENON_PARAMETER(nv::DataType, ComputePrecision, precision, nv::DataType::kFLOAT)

 private:
  bool v2_;
};

class FillLayer final : public LayerOf<nv::IFillLayer, nv::apiv::VFillLayer> {
 public:
  FillLayer(Network& network, nv::Dims shape, nv::FillOperation op, nv::DataType to)
      : LayerOf(network, nv::LayerType::kFILL, {}), operation(op), type(to), dims_(to_vector(shape)) {}
  std::vector<core::Value> lower(Lowering&) const override;
  nv::DataType infer_type(int) const override { return input(1) ? input(1)->getType() : type; }
  bool is_shape_input(int i) const override { return i == 0; }
  int max_inputs() const override { return 3; }
  void setDimensions(nv::Dims value) noexcept override { dims_ = to_vector(value), changed(); }
  nv::Dims getDimensions() const noexcept override { return to_dims(dims_); }
  void setAlphaInt64(int64_t value) noexcept override { setAlpha(static_cast<double>(value)), whole_ = true; }
  int64_t getAlphaInt64() const noexcept override { return static_cast<int64_t>(alpha); }
  void setBetaInt64(int64_t value) noexcept override { setBeta(static_cast<double>(value)), whole_ = true; }
  int64_t getBetaInt64() const noexcept override { return static_cast<int64_t>(beta); }
  bool isAlphaBetaInt64() const noexcept override { return whole_; }
  TENON_PARAMETER(nv::FillOperation, Operation, operation, nv::FillOperation::kLINSPACE)
  TENON_PARAMETER(double, Alpha, alpha, 0)
  TENON_PARAMETER(double, Beta, beta, 1)
  TENON_PARAMETER(nv::DataType, ToType, type, nv::DataType::kFLOAT)

 private:
  core::Value linspace(Lowering&, core::Value shape) const;
  core::Value random(Lowering&, core::Value shape) const;
  std::vector<int64_t> dims_;
  bool whole_ = false;
};

class AssertionLayer final : public LayerOf<nv::IAssertionLayer, nv::apiv::VAssertionLayer> {
 public:
  AssertionLayer(Network& network, NetTensor& condition, const char* text) : LayerOf(network, nv::LayerType::kASSERTION, {&condition}, 0), message_(text) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool is_shape_input(int) const override { return true; }
  void setMessage(char const* message) noexcept override;
  char const* getMessage() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

class CumulativeLayer final : public LayerOf<nv::ICumulativeLayer, nv::apiv::VCumulativeLayer> {
 public:
  CumulativeLayer(Network& network, NetTensor& input, NetTensor& axis, bool ex, bool rev)
      : LayerOf(network, nv::LayerType::kCUMULATIVE, {&input, &axis}), exclusive(ex), reverse(rev) {}
  std::vector<core::Value> lower(Lowering&) const override;
  bool setOperation(nv::CumulativeOperation) noexcept override { return true; }
  nv::CumulativeOperation getOperation() const noexcept override { return nv::CumulativeOperation::kSUM; }
  TENON_PARAMETER(bool, Exclusive, exclusive, false)
  TENON_PARAMETER(bool, Reverse, reverse, false)
};

}  // namespace tenon::adapter
