#include "ops/stack.h"

#include <algorithm>

#include "ops/infer_util.h"
#include "ops/shape.h"
#include "ops/strided.h"

namespace tenon::core {

Tensor element_of(const Tensor& t, int64_t axis, int64_t index, Threads& threads) {
  Dims dims = t.dims();
  dims.erase(dims.begin() + axis);
  return taken(t, axis, std::span(&index, 1), threads).reshaped(dims);
}

Tensor stack(const std::vector<Tensor>& parts, int64_t axis, const Type& element, Threads& threads) {
  if (parts.empty()) {
    Dims dims;
    for (const Dim& d : element.shape) dims.push_back(d.is_const() ? d.value() : 0);
    dims.insert(dims.begin() + resolve_axis(axis, static_cast<int64_t>(dims.size()) + 1), 0);
    return Tensor(element.dtype, dims);
  }
  const int64_t at = resolve_axis(axis, parts[0].rank() + 1);
  std::vector<Tensor> with_axis;
  for (const Tensor& part : parts) {
    if (part.dims() != parts[0].dims())
      fail(ErrorCode::runtime_value, "values of shapes {} and {} can't be stacked", dims_to_string(parts[0].dims()),
           dims_to_string(part.dims()));
    Dims dims = part.dims();
    dims.insert(dims.begin() + at, 1);
    with_axis.push_back(part.reshaped(dims));
  }
  return concatenate(with_axis, at, threads);
}

Tensor concatenate(const std::vector<Tensor>& parts, int64_t axis, Threads& threads) {
  Concat concat;
  concat.axis = axis;
  const std::vector<HostValue> inputs(parts.begin(), parts.end());
  return std::get<Tensor>(concat.evaluate(EvalContext(inputs, threads))[0]);
}

Tensor resized(const Tensor& t, int64_t length, Threads& threads) {
  Dims dims = t.dims();
  dims[0] = length;
  Tensor out(t.dtype(), dims);
  Dims common = dims;
  common[0] = std::min(length, t.dim(0));
  copy_strided(t, out, {common, strides_of(t.dims()), strides_of(dims)}, threads);
  return out;
}

}  // namespace tenon::core
