#include "ir/type.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ir/op.h"

namespace tenon::core {

Type Type::tensor(DType dtype, Shape shape) { return {Kind::tensor, dtype, true, std::move(shape), nullptr}; }
Type Type::unranked(DType dtype) { return {Kind::tensor, dtype, false, {}, nullptr}; }
Type Type::sequence(Type element) { return {Kind::sequence, DType::none, true, {}, std::make_shared<const Type>(std::move(element))}; }
Type Type::optional(Type element) { return {Kind::optional, DType::none, true, {}, std::make_shared<const Type>(std::move(element))}; }

std::string Type::str() const {
  switch (kind) {
    case Kind::absent: return "absent";
    case Kind::sequence: return "seq(" + element->str() + ")";
    case Kind::optional: return "optional(" + element->str() + ")";
    case Kind::tensor: break;
  }
  return std::string(to_string(dtype)) + (ranked ? to_string(shape) : "[*]");
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.dtype != b.dtype || a.ranked != b.ranked || a.shape != b.shape) return false;
  if (!a.element || !b.element) return a.element == b.element;
  return *a.element == *b.element;
}

bool refines(const Type& now, const Type& before, const Ranges& ranges) {
  if (now.kind != before.kind || now.dtype != before.dtype) return false;
  if (now.element && before.element) return refines(*now.element, *before.element, ranges);
  if (!now.ranked || !before.ranked) return true;
  if (now.rank() != before.rank()) return false;
  for (int i = 0; i < now.rank(); ++i)
    if (equal(now.shape[i], before.shape[i], ranges) == Tri::no) return false;
  return true;
}

ConstRef Constant::make(Tensor value, std::string name) {
  auto c = std::make_shared<Constant>();
  c->dtype_ = value.dtype();
  c->dims_ = value.dims();
  c->name_ = std::move(name);
  c->value_ = std::move(value);
  return c;
}

ConstRef Constant::expression(OpRef op, std::vector<ConstRef> inputs, int output, Type type) {
  auto dims = const_dims(type.shape);
  assume(type.is_tensor() && type.ranked && dims, "a constant expression has constant dims");
  auto c = std::make_shared<Constant>();
  c->dtype_ = type.dtype;
  c->dims_ = std::move(*dims);
  c->op_ = std::move(op);
  c->inputs_ = std::move(inputs);
  c->output_ = output;
  return c;
}

Type Constant::type() const { return Type::tensor(dtype_, Shape(dims_.begin(), dims_.end())); }
int64_t Constant::byte_size() const { return checked_mul(checked_product(dims_), size_of(dtype_)); }

namespace {

/// The tensor itself, or a copy where its elements lie at odd addresses, as raw data of ONNX files may.
Tensor with_aligned_elements(const Tensor& t) {
  const auto size = static_cast<uintptr_t>(size_of(t.dtype()));
  if (size <= 1 || t.byte_size() == 0 || reinterpret_cast<uintptr_t>(t.bytes().data()) % std::min<uintptr_t>(size, 8) == 0)
    return t;
  Tensor copy(t.dtype(), t.dims());
  std::memcpy(copy.mutable_bytes().data(), t.bytes().data(), t.bytes().size());
  return copy;
}

}  // namespace

Tensor Constant::value() const {
  if (!op_) return with_aligned_elements(value_);
  std::vector<HostValue> inputs;
  for (const auto& c : inputs_) inputs.push_back(c ? HostValue(c->value()) : HostValue());
  Threads alone(1);
  return std::get<Tensor>(op_->evaluate(EvalContext(inputs, alone))[output_]);
}

Fact Fact::of(ConstRef constant) {
  Fact f(constant->type());
  f.constant = std::move(constant);
  return f;
}

std::optional<std::vector<Dim>> Fact::elements() const {
  if (content) return content;
  if (!constant || constant->dims().size() > 1 || checked_product(constant->dims()) > kMaxContent) return std::nullopt;
  if (!is_integer(constant->dtype()) && constant->dtype() != DType::boolean) return std::nullopt;
  const auto values = to_int64s(constant->value());
  return std::vector<Dim>(values.begin(), values.end());
}

std::optional<std::vector<int64_t>> Fact::numbers() const {
  const auto e = elements();
  return e ? const_dims(*e) : std::nullopt;
}

}  // namespace tenon::core
