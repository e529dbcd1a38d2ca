#include "nvinfer1/network/network.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "nvinfer1/network/control.h"
#include "nvinfer1/network/math_layers.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"
#include "ops/shape.h"

namespace tenon::adapter {

using core::Value;
using Code = nv::ErrorCode;
using Flag = nv::NetworkDefinitionCreationFlag;

namespace {

constexpr const char* kBatch = "batch";

uint32_t bit(Flag flag) { return 1u << static_cast<int>(flag); }

const char* role_name(nv::WeightsRole role) {
  static constexpr const char* kNames[] = {"KERNEL", "BIAS", "SHIFT", "SCALE", "CONSTANT", "ANY"};
  return kNames[static_cast<size_t>(role)];
}

}  // namespace

Network::Network(nv::IBuilder& builder, const Reporter& reporter, nv::NetworkDefinitionCreationFlags flags)
    : builder_(builder), reporter_(reporter), flags_(flags), implicit_batch_((flags & (bit(Flag::kEXPLICIT_BATCH) | bit(Flag::kSTRONGLY_TYPED))) == 0) {
  mImpl = this;
}

Network::~Network() noexcept = default;

bool Network::strongly_typed() const { return (flags_ & bit(Flag::kSTRONGLY_TYPED)) != 0; }
bool Network::hasExplicitPrecision() const noexcept { return (flags_ & bit(Flag::kEXPLICIT_PRECISION)) != 0; }

void Network::changed() {
  ++types_version_;
  shadow_.reset();
  shadow_graph_.reset();
}

void Network::changed(const LayerBase& layer) {
  ++types_version_;
  if (!shadow_) return;
  if (!layers_.empty() && layers_.back().get() == &layer) shadow_->forget(layer);
  else changed();
}

void Network::check_owned(const NetTensor& tensor) const {
  if (&tensor.network() != this) refuse(Code::kINVALID_ARGUMENT, "tensor '{}' belongs to another network", tensor.name());
}

void Network::check_input_dims(const std::string& name, const nv::Dims& dims) const {
  if (dims.nbDims < 0 || dims.nbDims > nv::Dims::MAX_DIMS) refuse(Code::kINVALID_ARGUMENT, "input '{}': expected 0 to {} dims, found {}", name, nv::Dims::MAX_DIMS, dims.nbDims);
  for (int i = 0; i < dims.nbDims; ++i) {
    if (dims.d[i] < -1) refuse(Code::kINVALID_ARGUMENT, "input '{}': dim {} is {}; expected -1 (dynamic) or a size", name, i, dims.d[i]);
    if (dims.d[i] == -1 && implicit_batch_)
      refuse(Code::kINVALID_ARGUMENT, "input '{}': dim {} is dynamic; a network with an implicit batch has fixed dims: create it with kEXPLICIT_BATCH", name, i);
  }
}

Lowering& Network::shadow() const {
  if (!shadow_) {
    shadow_graph_ = std::make_unique<core::Graph>();
    shadow_ = std::make_unique<Lowering>(*this, *shadow_graph_, true);
  }
  return *shadow_;
}

nv::DataType Network::type_of(const NetTensor& tensor) const {
  const auto infer = [&](const NetTensor& t) {
    const nv::DataType type = t.producer()->type_of(t.index());
    t.remember_type(type, types_version_);
    return type;
  };
  if (const auto known = tensor.known_type(types_version_)) return *known;
  if (walks_types_) return infer(tensor);  // a loop's value that feeds itself
  struct Walk {
    explicit Walk(bool& flag) : flag_(flag) { flag_ = true; }
    ~Walk() { flag_ = false; }
    bool& flag_;
  } walk(walks_types_);
  std::unordered_set<const NetTensor*> opened;
  std::vector<const NetTensor*> stack{&tensor};
  while (stack.size() > 1 || opened.empty()) {
    const NetTensor* next = stack.back();
    if (opened.insert(next).second) {
      for (const NetTensor* input : next->producer()->inputs())
        if (input && !input->is_input() && !input->known_type(types_version_) && !opened.count(input)) stack.push_back(input);
      continue;
    }
    stack.pop_back();
    if (next->known_type(types_version_)) continue;
    try {
      infer(*next);
    } catch (const std::exception&) {  // whoever needs this type asks again, and reports it
    }
  }
  return infer(tensor);
}

nv::Dims Network::dims_of(const NetTensor& tensor) const {
  const core::Value v = shadow().value(tensor);
  const core::Type& type = shadow().graph.type(v);
  if (!type.is_tensor() || !type.ranked) {
    nv::Dims unknown{};
    unknown.nbDims = -1;
    return unknown;
  }
  std::vector<int64_t> dims;
  for (int i = implicit_batch_ ? 1 : 0; i < type.rank(); ++i) {
    const core::Dim& d = type.shape[static_cast<size_t>(i)];
    dims.push_back(d.is_const() ? d.value() : -1);
  }
  return to_dims(dims);
}

bool Network::is_broadcast(const NetTensor& tensor) const {
  const core::Shape& shape = shadow().shape(shadow().value(tensor));
  return !shape.empty() && shape[0] == core::Dim(1);
}

bool Network::is_shape_tensor(const NetTensor& tensor) const {
  std::set<const NetTensor*> seen;
  std::vector<const NetTensor*> open;
  const auto visit = [&](const NetTensor* t) {
    if (t && seen.insert(t).second) open.push_back(t);
  };
  for (const auto& layer : layers_) {
    for (int i = 0; i < layer->getNbInputs(); ++i)
      if (layer->is_shape_input(i)) visit(layer->input(i));
    if (layer->layer_type() == nv::LayerType::kSHAPE) visit(layer->outputs()[0].get());
  }
  for (const NetTensor* t : outputs_)
    if (t->is_shape_output) visit(t);
  while (!open.empty()) {
    const NetTensor* t = open.back();
    open.pop_back();
    if (t == &tensor) return true;
    if (t->producer() && t->producer()->layer_type() != nv::LayerType::kSHAPE)
      for (const NetTensor* input : t->producer()->inputs()) visit(input);
  }
  return false;
}

core::Shape Network::input_shape(const NetTensor& tensor) const {
  core::Shape shape;
  if (implicit_batch_) shape.push_back(tensor.getBroadcastAcrossBatch() ? core::Dim(1) : core::Dim::symbol(kBatch));
  const auto& dims = tensor.declared_dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] >= 0) shape.push_back(dims[i]);
    else shape.push_back(core::Dim::symbol(tensor.dim_name(i).empty() ? fmt::format("{}_dim{}", tensor.name(), i) : tensor.dim_name(i)));
  }
  return shape;
}

std::string Network::weights_name(const LayerBase& layer, nv::WeightsRole role, const nv::Weights& weights) const {
  const auto it = weights_names_.find(weights.values);
  return it != weights_names_.end() ? it->second : layer.name() + " " + role_name(role);
}

Value Network::over_batch(Lowering& l, Value v) const {
  if (!implicit_batch_ || l.shape(v)[0] != core::Dim(1)) return v;
  for (const NetTensor* input : inputs_) {
    if (input->getBroadcastAcrossBatch()) continue;
    core::ShapeOf batch;
    batch.end = 1;
    Value shape = l.add(batch, {l.value(*input)});
    if (l.rank(v) > 1) shape = l.add(core::Concat{}, {shape, l.i64(std::vector<int64_t>(static_cast<size_t>(l.rank(v)) - 1, 1))});
    return l.add(core::Expand{}, {v, shape});
  }
  return v;
}

void Network::check_assertion(Lowering& l, Value condition, const std::string& message) const {
  const auto constant = l.graph.constant(condition);
  if (!constant) {
    reporter_.log(nv::ILogger::Severity::kVERBOSE, "an assertion is checked while the engine runs: " + message);
    return;
  }
  for (double d : core::to_doubles(constant->value()))
    if (d == 0) refuse(Code::kINVALID_CONFIG, "an assertion of the network does not hold: {}", message);
}

void Network::check() const {
  if (outputs_.empty()) refuse(Code::kINVALID_STATE, "Network must have at least one output: mark one with INetworkDefinition::markOutput");
  std::set<std::string> names;
  for (const auto* list : {&inputs_, &outputs_})
    for (const NetTensor* t : *list) {
      if (t->name().empty()) refuse(Code::kINVALID_STATE, "an input or output has an empty name");
      if (!names.insert(t->name()).second)
        refuse(Code::kINVALID_STATE, "two inputs or outputs are called '{}': give one another name with ITensor::setName", t->name());
    }
}

Value Network::output_value(Lowering& l, const NetTensor& tensor) const {
  Value v = over_batch(l, l.value(tensor));
  const nv::DataType type = tensor.getType();
  if (type == nv::DataType::kINT8 && tensor.has_range() && l.dtype(v) == DType::f32) {
    core::QuantizeLinear op;
    op.output = DType::i8;
    return l.add(op, {v, l.number(DType::f32, tensor.range_limit() / 127.0)});
  }
  if (l.fact(v).type.is_tensor()) v = l.cast(v, core_type(type));
  const bool is_leaf = l.graph.node(v.node).as<core::InputOp>() || l.graph.node(v.node).as<core::ConstantOp>();
  return is_leaf ? l.add(core::Identity{}, {v}) : v;
}

/// Those that outputs are computed from, in the order they were added.
std::vector<const LayerBase*> Network::live_layers() const {
  std::set<const LayerBase*> live;
  std::vector<const LayerBase*> open;
  const auto visit = [&](const NetTensor* t) {
    if (t && t->producer() && live.insert(t->producer()).second) open.push_back(t->producer());
  };
  for (const NetTensor* t : outputs_) visit(t);
  while (!open.empty()) {
    const LayerBase* layer = open.back();
    open.pop_back();
    for (const NetTensor* t : layer->inputs()) visit(t);
  }
  std::vector<const LayerBase*> result;
  for (const auto& layer : layers_)
    if (live.count(layer.get())) result.push_back(layer.get());
  return result;
}

core::Graph Network::make_graph(const GraphRequest& request) const {
  core::Graph graph;
  graph.name = name_;
  Lowering l(*this, graph, false);
  l.input_shapes = request.input_shapes;
  l.obeys_precision = request.obeys_precision;
  l.refits = request.refits;
  for (const NetTensor* t : inputs_) l.value(*t);
  // In the order of the layers, constants when they are used: as the nodes of a model come.
  if (loops_.empty() && conditionals_.empty())
    for (const LayerBase* layer : live_layers())
      if (layer->layer_type() != nv::LayerType::kCONSTANT) l.value(*layer->outputs()[0]);
  for (const NetTensor* t : outputs_) {
    const Value v = output_value(l, *t);
    if (graph.name_of(v).empty() && l.claim(t->name())) graph.set_name(v, t->name());
    graph.add_output(t->name(), v);
  }
  // Debug tensors must be there after all rewrites, as outputs are.
  for (const auto& layer : layers_)
    for (const auto& t : layer->outputs())
      if (t->is_debug && !t->isNetworkOutput()) graph.add_output(t->name(), output_value(l, *t));
  for (const auto& layer : layers_)
    if (const auto* assertion = dynamic_cast<const AssertionLayer*>(layer.get())) assertion->lower(l);
  graph.remove_dead("no output needs it");
  if (request.refit) *request.refit = l.refit;
  return graph;
}

void Network::mark(nv::ITensor& tensor, bool for_shapes) {
  NetTensor& t = NetTensor::of(tensor);
  check_owned(t);
  if (t.is_input()) refuse(Code::kINVALID_ARGUMENT, "tensor '{}' is an input of the network: put an identity layer between it and an output", t.name());
  if (std::find(outputs_.begin(), outputs_.end(), &t) == outputs_.end()) outputs_.push_back(&t);
  (for_shapes ? t.is_shape_output : t.is_output) = true;
}

void Network::unmark(nv::ITensor& tensor, bool for_shapes) {
  NetTensor& t = NetTensor::of(tensor);
  check_owned(t);
  (for_shapes ? t.is_shape_output : t.is_output) = false;
  if (!t.isNetworkOutput()) outputs_.erase(std::remove(outputs_.begin(), outputs_.end(), &t), outputs_.end());
}

void Network::markOutput(nv::ITensor& tensor) noexcept {
  guarded(reporter_, "INetworkDefinition::markOutput", [&] { mark(tensor, false); });
}
void Network::unmarkOutput(nv::ITensor& tensor) noexcept {
  guarded(reporter_, "INetworkDefinition::unmarkOutput", [&] { unmark(tensor, false); });
}
bool Network::markOutputForShapes(nv::ITensor& tensor) noexcept {
  return guarded(reporter_, "INetworkDefinition::markOutputForShapes", false, [&] {
    const nv::DataType type = tensor.getType();
    if (type != nv::DataType::kINT32 && type != nv::DataType::kINT64 && type != nv::DataType::kBOOL)
      refuse(Code::kINVALID_ARGUMENT, "tensor '{}' has type {}: shapes are kINT32 or kBOOL", tensor.getName(), to_text(type));
    return mark(tensor, true), true;
  });
}
bool Network::unmarkOutputForShapes(nv::ITensor& tensor) noexcept {
  return guarded(reporter_, "INetworkDefinition::unmarkOutputForShapes", false, [&] {
    if (!NetTensor::of(tensor).is_shape_output) refuse(Code::kINVALID_STATE, "tensor '{}' was not marked as an output for shapes", tensor.getName());
    return unmark(tensor, true), true;
  });
}

nv::ITensor* Network::addInput(char const* name, nv::DataType type, nv::Dims dimensions) noexcept {
  return guarded(reporter_, "INetworkDefinition::addInput", static_cast<nv::ITensor*>(nullptr), [&]() -> nv::ITensor* {
    const std::string text = need(name, "name");
    for (const NetTensor* t : inputs_)
      if (t->name() == text) refuse(Code::kINVALID_ARGUMENT, "there is an input '{}' already: names of inputs must be unique", text);
    core_type(type);
    check_input_dims(text, dimensions);
    input_tensors_.push_back(std::make_unique<NetTensor>(*this, text, type, dimensions));
    inputs_.push_back(input_tensors_.back().get());
    return inputs_.back();
  });
}

void Network::removeTensor(nv::ITensor& tensor) noexcept {
  guarded(reporter_, "INetworkDefinition::removeTensor", [&] {
    NetTensor& t = NetTensor::of(tensor);
    check_owned(t);
    inputs_.erase(std::remove(inputs_.begin(), inputs_.end(), &t), inputs_.end());
    outputs_.erase(std::remove(outputs_.begin(), outputs_.end(), &t), outputs_.end());
    changed();
  });
}

nv::ILayer* Network::getLayer(int32_t index) const noexcept {
  return index < 0 || index >= getNbLayers() ? nullptr : &layers_[static_cast<size_t>(index)]->api();
}
nv::ITensor* Network::getInput(int32_t index) const noexcept { return index < 0 || index >= getNbInputs() ? nullptr : inputs_[static_cast<size_t>(index)]; }
nv::ITensor* Network::getOutput(int32_t index) const noexcept { return index < 0 || index >= getNbOutputs() ? nullptr : outputs_[static_cast<size_t>(index)]; }

void Network::setName(char const* name) noexcept {
  guarded(reporter_, "INetworkDefinition::setName", [&] { name_ = need(name, "name"); });
}

bool Network::setWeightsName(nv::Weights weights, char const* name) noexcept {
  return guarded(reporter_, "INetworkDefinition::setWeightsName", false, [&] {
    need(weights.values, "weights.values");
    for (const auto& layer : layers_)
      for (const auto& entry : layer->refit_weights())
        if (entry.second.values == weights.values) return weights_names_[weights.values] = need(name, "name"), true;
    refuse(Code::kINVALID_ARGUMENT, "no layer of the network has these weights; set them first, then name them '{}'", need(name, "name"));
  });
}

bool Network::markDebug(nv::ITensor& tensor) noexcept {
  return guarded(reporter_, "INetworkDefinition::markDebug", false, [&] {
    check_owned(NetTensor::of(tensor));
    return NetTensor::of(tensor).is_debug = true;
  });
}
bool Network::unmarkDebug(nv::ITensor& tensor) noexcept {
  return guarded(reporter_, "INetworkDefinition::unmarkDebug", false, [&] {
    check_owned(NetTensor::of(tensor));
    NetTensor::of(tensor).is_debug = false;
    return true;
  });
}
bool Network::isDebugTensor(nv::ITensor const& tensor) const noexcept { return static_cast<const NetTensor&>(tensor).is_debug; }
bool Network::markUnfusedTensorsAsDebugTensors() noexcept {
  reporter_.log(nv::ILogger::Severity::kINFO, "every engine can show its unfused tensors: turn that on with IExecutionContext::setUnfusedTensorsDebugState");
  return true;
}
bool Network::unmarkUnfusedTensorsAsDebugTensors() noexcept { return true; }

bool Network::markWeightsRefittable(char const* name) noexcept {
  return guarded(reporter_, "INetworkDefinition::markWeightsRefittable", false, [&] { return refittable_.insert(need(name, "name")), true; });
}
bool Network::unmarkWeightsRefittable(char const* name) noexcept {
  return guarded(reporter_, "INetworkDefinition::unmarkWeightsRefittable", false, [&] { return refittable_.erase(need(name, "name")) > 0; });
}
bool Network::areWeightsMarkedRefittable(char const* name) const noexcept { return name && refittable_.count(name) > 0; }

}  // namespace tenon::adapter
