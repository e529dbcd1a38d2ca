#include "nvinfer1/network/add_model.h"

#include <algorithm>

#include "base/error.h"
#include "nvinfer1/network/math_layers.h"
#include "nvinfer1/network/moving_layers.h"
#include "nvinfer1/network/spatial_layers.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "nvinfer1/plan.h"

namespace tenon::adapter {

using core::Node;
using core::Value;
using Code = nv::ErrorCode;

namespace {

nv::DataType narrowed(DType dtype) {
  if (dtype == DType::i64 || dtype == DType::u64) return nv::DataType::kINT32;
  if (dtype == DType::f64) return nv::DataType::kFLOAT;
  return static_cast<nv::DataType>(api_type(dtype));
}

template <class E, class K>
std::optional<E> position(K kind, std::initializer_list<K> kinds) {
  const auto it = std::find(kinds.begin(), kinds.end(), kind);
  if (it == kinds.end()) return std::nullopt;
  return static_cast<E>(it - kinds.begin());
}

class ModelAdder {
 public:
  ModelAdder(Network& network, const core::Graph& graph) : network_(network), g_(graph) {}

  void run() {
    for (size_t i = 0; i < g_.inputs().size(); ++i) add_input(static_cast<int>(i));
    for (core::NodeId id : g_.order()) {
      const Node& node = g_.node(id);
      if (!node.as<core::InputOp>() && !node.as<core::ConstantOp>()) add_node(id);
    }
    for (size_t i = 0; i < g_.outputs().size(); ++i) add_output(static_cast<int>(i));
  }

 private:
  void add_input(int i) {
    const Value v = g_.inputs()[static_cast<size_t>(i)];
    const core::Type& type = g_.type(v);
    const std::string& name = g_.input_name(i);
    if (!type.is_tensor() || !type.ranked || type.dtype == DType::string)
      refuse(Code::kUNSUPPORTED_STATE, "input '{}' is {}: the nvinfer1 API has tensors of numbers with a known rank only; use tenon::Engine", name, type.str());
    std::vector<int64_t> dims;
    for (const core::Dim& d : type.shape) dims.push_back(d.is_const() ? d.value() : -1);
    const nv::DataType declared = narrowed(type.dtype);
    nv::ITensor* input = network_.addInput(name.c_str(), declared, to_dims(dims));
    if (!input) refuse(Code::kINVALID_ARGUMENT, "input '{}' could not be added", name);
    NetTensor& tensor = NetTensor::of(*input);
    tensor.keeps_type = true;
    for (size_t axis = 0; axis < dims.size(); ++axis)
      if (const auto symbol = type.shape[axis].as_symbol(); symbol && *symbol != fmt::format("{}_dim{}", name, axis))
        input->setDimensionName(static_cast<int32_t>(axis), symbol->c_str());
    NetTensor* value = &tensor;
    if (core_type(declared) != type.dtype) value = converted(tensor, type.dtype, name + "_narrowed");
    tensors_[v] = value;
  }

  /// The tensor in a type that the API has no name for at this level.
  NetTensor* converted(NetTensor& tensor, DType to, const std::string& name) {
    return add_model_layer({&tensor}, std::make_shared<const core::Cast>(to), {narrowed(to)}, name);
  }

  NetTensor* add_model_layer(Inputs inputs, core::OpRef op, std::vector<nv::DataType> types, const std::string& name) {
    ModelLayer* layer = network_.add_layer<ModelLayer>("IParser::parse", {}, nv::LayerType::kPLUGIN, std::move(inputs), std::move(op), std::move(types));
    if (!layer) refuse(Code::kINTERNAL_ERROR, "layer '{}' could not be added", name);
    static_cast<LayerBase*>(layer)->setName(name.c_str());
    return layer->outputs()[0].get();
  }

  NetTensor* tensor_of(Value v) {
    if (!v) return nullptr;
    if (const auto it = tensors_.find(v); it != tensors_.end()) return it->second;
    const core::ConstRef constant = g_.node(v.node).as<core::ConstantOp>()->value;
    if (constant->dtype() == DType::string || constant->dims().size() > nv::Dims::MAX_DIMS)
      refuse(Code::kUNSUPPORTED_STATE, "constant '{}' is {}: the nvinfer1 API can't hold it; use tenon::Engine", constant->name(), constant->type().str());
    const nv::Weights weights{static_cast<nv::DataType>(api_type(constant->dtype())), nullptr, core::checked_product(constant->dims())};
    auto* layer = network_.add_layer<ConstantLayer>("IParser::parse", {}, to_dims(constant->dims()), weights);
    if (!layer) refuse(Code::kINTERNAL_ERROR, "a constant could not be added");
    layer->keep(constant);
    if (!constant->name().empty()) name_outputs(*layer, {constant->name()}, constant->name());
    return tensors_[v] = layer->outputs()[0].get();
  }

  void name_outputs(LayerBase& layer, const std::vector<std::string>& names, const std::string& layer_name) {
    layer.setName(layer_name.c_str());
    for (size_t i = 0; i < layer.outputs().size() && i < names.size(); ++i)
      if (!names[i].empty()) layer.outputs()[i]->setName(names[i].c_str());
  }

  void add_node(core::NodeId id) {
    const Node& node = g_.node(id);
    Inputs inputs;
    for (Value v : node.inputs) inputs.push_back(tensor_of(v));
    LayerBase* layer = node.outputs.size() == 1 ? typed_layer(node, inputs) : nullptr;
    if (!layer) {
      std::vector<nv::DataType> types;
      for (const core::Fact& f : node.outputs) types.push_back(narrowed(f.type.dtype));
      layer = network_.add_layer<ModelLayer>("IParser::parse", {}, nv::LayerType::kPLUGIN, inputs, node.op, types);
    }
    if (!layer) refuse(Code::kINTERNAL_ERROR, "{} could not be added", g_.describe_node(id));
    layer->adopt(inputs, node.op);
    for (size_t i = 0; i < layer->outputs().size(); ++i) {
      layer->outputs()[i]->keeps_type = true;
      layer->outputs()[i]->set_type_of_layer(narrowed(node.outputs[i].type.dtype));
    }
    name_outputs(*layer, node.output_names, g_.display_name(id));
    for (size_t i = 0; i < layer->outputs().size(); ++i) tensors_[{id, static_cast<int>(i)}] = layer->outputs()[i].get();
  }

  template <class L, class... Args>
  L* add(Args&&... args) {
    return network_.add_layer<L>("IParser::parse", {}, std::forward<Args>(args)...);
  }

  /// A layer of the API's class for this op, its parameters filled in; null when there is none.
  LayerBase* typed_layer(const Node& node, const Inputs& in) {
    if (const auto* op = node.as<core::Conv>()) return conv_layer(node, *op, in);
    if (const auto* op = node.as<core::Pool>()) return pool_layer(*op, in);
    if (const auto* op = node.as<core::Unary>()) return unary_layer(*op, in);
    if (const auto* op = node.as<core::Binary>()) return binary_layer(*op, in);
    if (const auto* op = node.as<core::Softmax>()) return op->log ? nullptr : add<SoftMaxLayer>(*in[0], 1u << axis_of(op->axis, node.inputs[0]));
    if (const auto* op = node.as<core::Concat>()) return add<ConcatenationLayer>(in, static_cast<int32_t>(op->axis));
    if (const auto* op = node.as<core::Cast>()) return add<CastLayer>(*in[0], narrowed(op->to));
    if (const auto* op = node.as<core::Gather>()) return add<GatherLayer>(*in[0], *in[1], static_cast<int32_t>(op->axis), nv::GatherMode::kDEFAULT);
    if (const auto* op = node.as<core::Reduce>()) return reduce_layer(node, *op, in);
    if (const auto* op = node.as<core::MatMul>()) return matmul_layer(*op, in);
    if (node.as<core::Where>()) return add<SelectLayer>(*in[0], *in[1], *in[2]);
    if (node.as<core::Identity>()) return add<IdentityLayer>(*in[0]);
    return nullptr;
  }

  int axis_of(int64_t axis, Value v) const { return static_cast<int>(axis < 0 ? axis + g_.fact(v).rank() : axis); }

  LayerBase* conv_layer(const Node& node, const core::Conv& op, const Inputs& in) {
    const auto kernel = core::const_dims(g_.fact(node.inputs[1]).shape());
    if (!kernel || kernel->size() < 4 || op.activation.present() || node.inputs.size() > 3) return nullptr;
    const auto weights = [&](size_t i) {
      const bool constant = i < in.size() && in[i] && in[i]->producer() && in[i]->producer()->layer_type() == nv::LayerType::kCONSTANT;
      return constant ? in[i]->producer()->refit_weights()[0].second : nv::Weights{nv::DataType::kFLOAT, nullptr, 0};
    };
    const std::vector<int64_t> size(kernel->begin() + 2, kernel->end());
    auto* layer = add<ConvolutionLayer>(nv::LayerType::kCONVOLUTION, *in[0], static_cast<int32_t>((*kernel)[0]), to_dims(size), weights(1), weights(2));
    if (layer) layer->fill(op);
    return layer;
  }

  LayerBase* pool_layer(const core::Pool& op, const Inputs& in) {
    if (op.global || op.kind == core::PoolKind::lp || op.window.kernel.size() < 2) return nullptr;
    auto* layer = add<PoolingLayer>(*in[0], op.kind == core::PoolKind::max ? nv::PoolingType::kMAX : nv::PoolingType::kAVERAGE, to_dims(op.window.kernel));
    if (layer) layer->fill(op);
    return layer;
  }

  LayerBase* unary_layer(const core::Unary& op, const Inputs& in) {
    using U = core::UnaryKind;
    using A = nv::ActivationType;
    static const std::map<U, A> kActivations = {{U::relu, A::kRELU}, {U::sigmoid, A::kSIGMOID}, {U::tanh, A::kTANH}, {U::leaky_relu, A::kLEAKY_RELU}, {U::elu, A::kELU}, {U::selu, A::kSELU},
                                                {U::softsign, A::kSOFTSIGN}, {U::hard_sigmoid, A::kHARD_SIGMOID}, {U::thresholded_relu, A::kTHRESHOLDED_RELU},
                                                {U::gelu_erf, A::kGELU_ERF}, {U::gelu_tanh, A::kGELU_TANH}};
    if (const auto it = kActivations.find(op.kind); it != kActivations.end()) {
      auto* layer = add<ActivationLayer>(*in[0], it->second);
      if (layer) layer->alpha = static_cast<float>(op.alpha), layer->beta = static_cast<float>(op.beta);
      return layer;
    }
    const auto operation = position<nv::UnaryOperation>(op.kind, {U::exp, U::log, U::sqrt, U::reciprocal, U::abs, U::neg, U::sin, U::cos, U::tan, U::sinh, U::cosh, U::asin, U::acos, U::atan,
                                                                  U::asinh, U::acosh, U::atanh, U::ceil, U::floor, U::erf, U::logical_not, U::sign, U::round});
    return operation ? add<UnaryLayer>(*in[0], *operation) : nullptr;
  }

  LayerBase* binary_layer(const core::Binary& op, const Inputs& in) {
    using B = core::BinaryKind;
    using E = nv::ElementWiseOperation;
    static const std::map<B, E> kOperations = {{B::add, E::kSUM}, {B::mul, E::kPROD}, {B::max, E::kMAX}, {B::min, E::kMIN}, {B::sub, E::kSUB}, {B::div, E::kDIV}, {B::pow, E::kPOW},
                                               {B::logical_and, E::kAND}, {B::logical_or, E::kOR}, {B::logical_xor, E::kXOR}, {B::equal, E::kEQUAL}, {B::greater, E::kGREATER}, {B::less, E::kLESS}};
    if (op.kind == B::prelu) return add<ParametricReLULayer>(*in[0], *in[1]);
    const auto it = kOperations.find(op.kind);
    return it == kOperations.end() ? nullptr : add<ElementWiseLayer>(*in[0], *in[1], it->second);
  }

  LayerBase* reduce_layer(const Node& node, const core::Reduce& op, const Inputs& in) {
    using K = core::ReduceKind;
    const auto operation = position<nv::ReduceOperation>(op.kind, {K::sum, K::prod, K::max, K::min, K::mean});
    const core::Fact& x = g_.fact(node.inputs[0]);
    const auto axes = op.axes(x.rank(), node.inputs.size() > 1 ? g_.fact(node.inputs[1]) : core::Fact());
    if (!operation || !axes || !x.type.ranked) return nullptr;
    uint32_t mask = 0;
    for (int64_t axis : *axes) mask |= 1u << axis;
    return add<ReduceLayer>(*in[0], *operation, mask, op.keepdims);
  }

  LayerBase* matmul_layer(const core::MatMul& op, const Inputs& in) {
    using M = nv::MatrixOperation;
    if (in.size() > 2 || op.alpha != 1 || op.activation.present()) return nullptr;
    return add<MatrixMultiplyLayer>(*in[0], op.transpose_a ? M::kTRANSPOSE : M::kNONE, *in[1], op.transpose_b ? M::kTRANSPOSE : M::kNONE);
  }

  void add_output(int i) {
    const Value v = g_.outputs()[static_cast<size_t>(i)];
    const std::string& name = g_.output_name(i);
    const core::Type& type = g_.type(v);
    if (!type.is_tensor() || type.dtype == DType::string)
      refuse(Code::kUNSUPPORTED_STATE, "output '{}' is {}: the nvinfer1 API has tensors of numbers only; use tenon::Engine", name, type.str());
    NetTensor* tensor = tensor_of(v);
    if (tensor->isNetworkOutput() || tensor->is_input()) tensor = add_model_layer({tensor}, std::make_shared<const core::Identity>(), {tensor->getType()}, name);
    tensor->setName(name.c_str());
    network_.markOutput(*tensor);
  }

  Network& network_;
  const core::Graph& g_;
  std::map<Value, NetTensor*> tensors_;
};

}  // namespace

void add_model(Network& network, const core::Graph& graph) {
  if (network.implicit_batch()) refuse(Code::kINVALID_ARGUMENT, "models need a network with an explicit batch: create it with NetworkDefinitionCreationFlag::kEXPLICIT_BATCH");
  ModelAdder(network, graph).run();
}

}  // namespace tenon::adapter
