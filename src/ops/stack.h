#pragma once
#include "base/threads.h"
#include "ir/type.h"

namespace tenon::core {

/// The element at `index` of an axis, without that axis.
Tensor element_of(const Tensor& t, int64_t axis, int64_t index, Threads& threads);
/// Equal-shaped tensors along a new axis. Of no tensors: an empty one as `element`, its unknown dims 0, would give.
Tensor stack(const std::vector<Tensor>& parts, int64_t axis, const Type& element, Threads& threads);
/// Along an existing axis, as the Concat op.
Tensor concatenate(const std::vector<Tensor>& parts, int64_t axis, Threads& threads);
/// `length` elements along the first axis: cut off or filled up with zeros.
Tensor resized(const Tensor& t, int64_t length, Threads& threads);

}  // namespace tenon::core
