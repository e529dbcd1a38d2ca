#include "nvinfer1/network/lowering.h"

#include <algorithm>

#include "base/error.h"
#include "nvinfer1/network/control.h"
#include "nvinfer1/network/layer.h"
#include "nvinfer1/network/network.h"
#include "nvinfer1/plan.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"
#include "ops/shape.h"
#include "passes/fold.h"

namespace tenon::adapter {

using core::Dim;
using core::Tensor;
using core::Value;
using Code = nv::ErrorCode;

DType core_type(nv::DataType type) {
  const DType dtype = core_type(static_cast<int32_t>(type));
  if (dtype == DType::none) refuse(Code::kINVALID_ARGUMENT, "data type {} does not exist or is not supported", static_cast<int>(type));
  return dtype;
}

namespace {

/// The layer's name in front, unless the message names a layer.
std::string in_context(const LayerBase& layer, const std::string& message) {
  return message.rfind("layer '", 0) == 0 ? message : layer.describe() + ": " + message;
}

/// The layers that `last` needs and that are not done, each after those it needs itself, `last` too. No recursion:
/// networks may be deeper than the stack.
template <class Done>
std::vector<const LayerBase*> needed_first(const LayerBase& last, const Done& done) {
  std::vector<const LayerBase*> order;
  std::set<const LayerBase*> seen{&last};
  std::vector<std::pair<const LayerBase*, size_t>> open{{&last, 0}};
  while (!open.empty()) {
    const LayerBase& layer = *open.back().first;
    if (is_boundary(layer) || open.back().second == layer.inputs().size()) {
      order.push_back(&layer);
      open.pop_back();
      continue;
    }
    const NetTensor* input = layer.inputs()[open.back().second++];
    const LayerBase* producer = input ? input->producer() : nullptr;
    if (producer && !done(*producer) && seen.insert(producer).second) open.emplace_back(producer, 0);
  }
  return order;
}

}  // namespace

Lowering::Lowering(const Network& n, core::Graph& g, bool types) : network(n), graph(g), types_only(types) {}
Lowering::Lowering(Lowering& out, core::Graph& g) : network(out.network), graph(g), types_only(false), outer(&out), obeys_precision(out.obeys_precision), refits(out.refits) {}

int Lowering::lead() const { return network.implicit_batch() ? 1 : 0; }
bool Lowering::weak() const { return !network.strongly_typed(); }

std::vector<core::OriginId> Lowering::origins() {
  if (!current_) return {};
  const auto [it, is_new] = origin_of_.emplace(current_, -1);
  if (is_new) it->second = graph.add_origin({current_->name(), to_text(current_->layer_type())});
  return {it->second};
}

Value Lowering::value(const NetTensor& tensor) {
  if (const auto it = values_.find(&tensor); it != values_.end()) return it->second;
  if (outer && !depends_on_body(*this, tensor)) return values_[&tensor] = capture_tensor(tensor);
  if (tensor.is_input()) return values_[&tensor] = lower_input(tensor);
  const auto done = [&](const LayerBase& layer) { return active_.count(&layer) > 0 || values_.count(layer.outputs()[0].get()) > 0; };
  if (!outer)
    for (const LayerBase* layer : needed_first(*tensor.producer(), done))
      if (layer != tensor.producer() && !done(*layer)) lower_layer(*layer);
  lower_layer(*tensor.producer());
  const auto it = values_.find(&tensor);
  core::assume(it != values_.end(), "a layer gives a value for each of its outputs");
  return it->second;
}

Value Lowering::value_with(const std::map<const NetTensor*, Value>& others, const NetTensor& tensor) {
  const auto before = values_;
  for (auto it = values_.begin(); it != values_.end();)
    it = it->first->producer() && depends_on_body(*this, *it->first) ? values_.erase(it) : std::next(it);
  for (const auto& [t, v] : others) values_[t] = v;
  const Value v = value(tensor);
  values_ = before;
  return v;
}

Value Lowering::capture_tensor(const NetTensor& tensor) {
  const Value outside = outer->value(tensor);
  if (const auto constant = outer->graph.constant(outside)) return graph.add_constant(constant);
  return capture(outside);
}

Value Lowering::capture(Value outside) {
  const auto [it, is_new] = captures_.emplace(outside, Value{});
  if (is_new) {
    captured.push_back(outside);
    it->second = graph.add_input("captured_" + std::to_string(captured.size()), outer->graph.type(outside));
  }
  return it->second;
}

Value Lowering::lower_input(const NetTensor& tensor) {
  const auto given = input_shapes.find(tensor.name());
  const core::Shape shape = given == input_shapes.end() ? network.input_shape(tensor) : given->second;
  claim(tensor.name());
  const DType dtype = core_type(tensor.getType());
  Value v = graph.add_input(tensor.name(), core::Type::tensor(dtype, shape));
  if (!weak() || tensor.keeps_type) return v;
  if (dtype == DType::f16 || dtype == DType::bf16) return cast(v, DType::f32);
  if (dtype == DType::i8 && tensor.has_range()) {
    core::DequantizeLinear op;
    return add(op, {v, number(DType::f32, tensor.range_limit() / 127.0)});
  }
  return v;
}

void Lowering::forget(const LayerBase& layer) {
  for (const auto& output : layer.outputs()) values_.erase(output.get());
}

Value Lowering::finished(const LayerBase& layer, int output, Value v) {
  const auto asked = layer.asked_type(output);
  if (!asked || !fact(v).type.is_tensor()) return v;
  const DType to = core_type(*asked), from = dtype(v);
  if (from == to) return v;
  const bool precision_only = core::is_float(from) && core::is_float(to);
  // A float precision is a wish unless it is ordered; then the rounding to it is kept in the graph.
  if (precision_only && weak()) return obeys_precision ? cast(cast(v, to), from) : v;
  if (to == DType::i8 || (core::is_float(to) && core::is_integer(from) && layer.layer_type() != nv::LayerType::kIDENTITY)) return v;
  if (to == DType::i32 && from == DType::i64) return v;
  return cast(v, to);
}

void Lowering::lower_layer(const LayerBase& layer) {
  if (!active_.insert(&layer).second) refuse(Code::kINVALID_STATE, "{} depends on itself outside of a loop", layer.describe());
  const LayerBase* before = current_;
  struct Leave {
    Lowering& l;
    const LayerBase& layer;
    const LayerBase* before;
    ~Leave() { l.active_.erase(&layer), l.current_ = before; }
  } leave{*this, layer, before};
  if (!is_boundary(layer))
    for (const NetTensor* input : layer.inputs())
      if (input) value(*input);
  std::vector<Value> results;
  current_ = &layer;
  try {
    if (layer.imported()) {
      std::vector<Value> inputs;
      for (NetTensor* input : layer.inputs()) inputs.push_back(input ? value(*input) : Value{});
      const Value first = add_op(layer.imported(), inputs);
      for (size_t i = 0; i < layer.outputs().size(); ++i) results.push_back(core::Graph::output(first, static_cast<int>(i)));
    } else {
      results = layer.lower(*this);
    }
    for (size_t i = 0; i < results.size(); ++i) results[i] = finished(layer, static_cast<int>(i), results[i]);
  } catch (const Error& e) {
    throw Error(e.code(), in_context(layer, e.what()));
  } catch (const ApiError& e) {
    throw ApiError(e.code(), in_context(layer, e.what()));
  }
  for (size_t i = 0; i < results.size() && i < layer.outputs().size(); ++i) {
    const NetTensor& tensor = *layer.outputs()[i];
    values_.emplace(&tensor, results[i]);
    if (!types_only && graph.name_of(results[i]).empty() && claim(tensor.name())) graph.set_name(results[i], tensor.name());
  }
}

Value Lowering::i64(std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  return graph.add_constant(core::tensor_of<int64_t>({count}, values));
}

Value Lowering::number(DType dtype, double value) { return graph.add_constant(core::scalar(dtype, value)); }

Value Lowering::cast(Value v, DType to) {
  if (dtype(v) == to) return v;
  const auto constant = graph.constant(v);
  if (constant && constant->byte_size() <= core::kMaxContent * 8 && core::is_integer(to) && core::is_integer(dtype(v)))
    return graph.add_constant(core::from_int64s(to, constant->dims(), core::to_int64s(constant->value())));
  return add(core::Cast(to), {v});
}

Value Lowering::shape_operand(const NetTensor& tensor) {
  const Value v = cast(value(tensor), DType::i64);
  return rank(v) == 1 ? v : reshaped(v, {-1});
}

std::vector<int64_t> Lowering::known(const NetTensor& tensor, const char* what) {
  const auto numbers = fact(value(tensor)).numbers();
  if (!numbers) refuse(Code::kUNSUPPORTED_STATE, "{} must be known when the engine is built; tensor '{}' is computed", what, tensor.name());
  return *numbers;
}

Value Lowering::weights(const nv::Weights& w, std::vector<int64_t> dims, const char* what, nv::WeightsRole role) {
  const int64_t count = core::checked_product(dims);
  if (w.count != count) refuse(Code::kINVALID_ARGUMENT, "{} weights have count {}, but {} was expected for dims {}", what, w.count, count, core::dims_to_string(dims));
  const DType dtype = core_type(w.type);
  if (count > 0 && !w.values) refuse(Code::kINVALID_ARGUMENT, "{} weights has non-zero count but null values", what);
  Tensor tensor;
  if (dtype == DType::i4) {
    tensor = Tensor(dtype, dims);
    for (int64_t i = 0; i < count; ++i) {
      const auto byte = static_cast<const uint8_t*>(w.values)[i / 2];
      tensor.mutable_bytes()[static_cast<size_t>(i)] = static_cast<std::byte>(static_cast<int8_t>((i % 2 ? byte : byte << 4)) >> 4);
    }
  } else {
    const auto bytes = static_cast<size_t>(core::checked_mul(count, size_of(dtype)));
    tensor = Tensor::view(dtype, dims, {static_cast<const std::byte*>(w.values), bytes}, nullptr);
  }
  if (weak() && (dtype == DType::f16 || dtype == DType::bf16)) tensor = core::from_floats(DType::f32, dims, core::to_floats(tensor));
  std::string name = current_ ? network.weights_name(*current_, role, w) : "";
  if (types_only || !claim(name)) name.clear();
  if (!name.empty()) refit.push_back({current_, role, name});
  return named_constant(std::move(tensor), name);
}

Value Lowering::named_constant(Tensor value, const std::string& name) {
  const bool asked = refits == Refit::all || (refits == Refit::marked && network.refittable().count(name) > 0);
  // Integers are sizes, axes and indices: what they are decides shapes.
  if (asked && !name.empty() && core::is_float(value.dtype())) return graph.add_constant(core::refittable_constant(std::move(value), name));
  return graph.add_constant(std::move(value), name);
}

void Lowering::unify(Value& a, Value& b) {
  const DType left = dtype(a), right = dtype(b);
  if (left == right) return;
  const bool floats = core::is_float(left) && core::is_float(right), integers = core::is_integer(left) && core::is_integer(right);
  if (!(floats && weak()) && !integers) refuse(Code::kINVALID_ARGUMENT, "its operands have types {} and {}; put a cast layer before one of them", to_string(left), to_string(right));
  const DType common = floats ? DType::f32 : size_of(left) >= size_of(right) ? left : right;
  a = cast(a, common);
  b = cast(b, common);
}

Value Lowering::binary(int kind, Value a, Value b) {
  unify(a, b);
  return add(core::Binary(static_cast<core::BinaryKind>(kind)), {a, b});
}

Value Lowering::reshaped(Value v, std::vector<int64_t> dims) { return add(core::Reshape{}, {v, i64(std::move(dims))}); }

Value Lowering::transposed(Value v, std::vector<int64_t> permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end())) return v;
  core::Transpose op;
  op.permutation = std::move(permutation);
  return add(std::move(op), {v});
}

Value Lowering::squeezed(Value v, std::vector<int64_t> axes) { return add(core::Squeeze{}, {v, i64(std::move(axes))}); }
Value Lowering::unsqueezed(Value v, std::vector<int64_t> axes) { return add(core::Unsqueeze{}, {v, i64(std::move(axes))}); }

}  // namespace tenon::adapter
