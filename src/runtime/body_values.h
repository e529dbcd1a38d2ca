#pragma once
#include "runtime/execution.h"

namespace tenon::core {

/// Arguments of a control-flow node as values that its bodies take, and back. A value that is a view lives as long as
/// the memory behind it.
HostValue input_value(const Args&, int i, const Type&);
/// Copies a value to where output `i` belongs.
void deliver(const HostValue&, const Args&, int i);
template <class T>
T single_value(const HostValue& value, std::string_view what) {
  const Tensor& t = std::get<Tensor>(value);
  if (t.size() != 1) fail(ErrorCode::runtime_value, "{} must have one element; found shape {}", what, dims_to_string(t.dims()));
  return t.data<T>()[0];
}

/// Reads a sequence element by element along one axis: without a copy along the first.
class Elements {
 public:
  void begin(HostValue sequence, int64_t axis);
  int64_t count() const { return sequence_.dim(axis_); }
  /// Stays until the next call.
  HostValue at(int64_t index, Threads&);

 private:
  Tensor sequence_, element_;
  int64_t axis_ = 0;
};

/// Puts the elements that a body gives one by one together along a new axis of output `i` of a node.
class Stacked {
 public:
  Stacked(const Args&, int i, DType, int64_t axis, bool backward);
  /// Lets the body write its next element in place, where that is possible. `output` is the body's.
  void prepare(Execution& body, int output, int64_t index);
  void add(const HostValue& element, int64_t index);
  /// `trips` elements were added, at least one.
  void finish(const Args&, int64_t trips, Threads&);
  /// None was added; `element` tells what one would be.
  void finish_empty(const Args&, const Type& element, Threads&);

 private:
  bool boxed() const { return data_ == nullptr; }
  int64_t at(int64_t index) const { return backward_ ? count_ - 1 - index : index; }
  void check_count(int64_t trips) const;
  int output_;
  DType dtype_;
  int64_t axis_;
  bool backward_;
  std::byte* data_ = nullptr;  // the node's output; null when it is a box, whose size is known at the end
  Dims dims_;                  // of an element
  int64_t count_ = 0, outer_ = 1, inner_bytes_ = 0;
  std::vector<Tensor> parts_;
};

}  // namespace tenon::core
