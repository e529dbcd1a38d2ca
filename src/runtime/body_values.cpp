#include "runtime/body_values.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/stack.h"

namespace tenon::core {
namespace {

Tensor owned(const Tensor& t) {
  if (t.dtype() == DType::string) return t;
  Tensor copy(t.dtype(), t.dims());
  if (t.byte_size() > 0) std::memcpy(copy.mutable_bytes().data(), t.bytes().data(), static_cast<size_t>(t.byte_size()));
  return copy;
}

int64_t product_of(Dims::const_iterator begin, Dims::const_iterator end) {
  return std::accumulate(begin, end, int64_t{1}, checked_mul);
}

void copy_bytes(std::byte* to, const std::byte* from, int64_t bytes) {
  if (bytes > 0 && to != from) std::memmove(to, from, static_cast<size_t>(bytes));
}

}  // namespace

HostValue input_value(const Args& args, int i, const Type& type) {
  if (!type.present()) return {};
  if (args.in_box[i]) return *args.in_box[i];
  const TensorArg& arg = args.in[i];
  const int64_t bytes = checked_mul(checked_product(*arg.dims), size_of(type.dtype));
  return Tensor::view(type.dtype, *arg.dims, {arg.data, static_cast<size_t>(bytes)}, nullptr);
}

void deliver(const HostValue& value, const Args& args, int i) {
  const Tensor* t = std::get_if<Tensor>(&value);
  if (args.out_box[i]) {
    *args.out_box[i] = t ? HostValue(owned(*t)) : value;
    return;
  }
  if (!args.out[i].data) return;
  assume(t != nullptr, "only boxes hold what is no tensor");
  if (t->dims() != *args.out[i].dims)
    fail(ErrorCode::shape_mismatch, "output {} was expected to have the shape {}, but it has {}", i,
         dims_to_string(*args.out[i].dims), dims_to_string(t->dims()));
  copy_bytes(args.out[i].data, t->bytes().data(), t->byte_size());
}

void Elements::begin(HostValue sequence, int64_t axis) {
  sequence_ = std::move(std::get<Tensor>(sequence));
  axis_ = resolve_axis(axis, sequence_.rank());
}

HostValue Elements::at(int64_t index, Threads& threads) {
  if (sequence_.dtype() == DType::string) return element_of(sequence_, axis_, index, threads);
  Dims dims = sequence_.dims();
  const int64_t outer = product_of(dims.begin(), dims.begin() + axis_);
  const int64_t inner = product_of(dims.begin() + axis_ + 1, dims.end()) * size_of(sequence_.dtype());
  const std::byte* from = sequence_.bytes().data() + index * inner;
  dims.erase(dims.begin() + axis_);
  if (outer == 1) return Tensor::view(sequence_.dtype(), std::move(dims), {from, static_cast<size_t>(inner)}, nullptr);
  if (element_.dims() != dims || element_.dtype() != sequence_.dtype()) element_ = Tensor(sequence_.dtype(), dims);
  std::byte* to = element_.mutable_bytes().data();
  for (int64_t i = 0; i < outer; ++i) copy_bytes(to + i * inner, from + i * inner * count(), inner);
  return Tensor::view(sequence_.dtype(), std::move(dims), element_.bytes(), nullptr);
}

Stacked::Stacked(const Args& args, int i, DType dtype, int64_t axis, bool backward)
    : output_(i), dtype_(dtype), axis_(axis), backward_(backward) {
  if (args.out_box[i]) return;
  data_ = args.out[i].data;
  dims_ = *args.out[i].dims;
  axis_ = resolve_axis(axis, static_cast<int64_t>(dims_.size()));
  count_ = dims_[axis_];
  outer_ = product_of(dims_.begin(), dims_.begin() + axis_);
  inner_bytes_ = product_of(dims_.begin() + axis_ + 1, dims_.end()) * size_of(dtype_);
  dims_.erase(dims_.begin() + axis_);
}

void Stacked::prepare(Execution& body, int output, int64_t index) {
  if (boxed() || outer_ != 1 || index >= count_) return;
  body.set_output_buffer(output, {data_ + at(index) * inner_bytes_, static_cast<size_t>(inner_bytes_)});
}

void Stacked::add(const HostValue& element, int64_t index) {
  const Tensor& t = std::get<Tensor>(element);
  if (boxed()) {
    parts_.push_back(owned(t));
    return;
  }
  if (t.dims() != dims_ || index >= count_)
    fail(ErrorCode::runtime_value, "a value of shape {} can't be stacked as element {} of {} of shape {}",
         dims_to_string(t.dims()), index, count_, dims_to_string(dims_));
  std::byte* to = data_ + at(index) * inner_bytes_;
  for (int64_t i = 0; i < outer_; ++i)
    copy_bytes(to + i * inner_bytes_ * count_, t.bytes().data() + i * inner_bytes_, inner_bytes_);
}

void Stacked::check_count(int64_t trips) const {
  if (trips != count_) fail(ErrorCode::runtime_value, "it ran {} times; {} were expected", trips, count_);
}

void Stacked::finish(const Args& args, int64_t trips, Threads& threads) {
  if (!boxed()) return check_count(trips);
  if (!args.out_box[output_]) return;
  if (backward_) std::reverse(parts_.begin(), parts_.end());
  const Tensor& first = parts_.front();
  *args.out_box[output_] = stack(parts_, axis_, Type::tensor(dtype_, Shape(first.dims().begin(), first.dims().end())), threads);
}

void Stacked::finish_empty(const Args& args, const Type& element, Threads& threads) {
  if (!boxed()) return check_count(0);
  if (args.out_box[output_]) *args.out_box[output_] = stack({}, axis_, element, threads);
}

}  // namespace tenon::core
