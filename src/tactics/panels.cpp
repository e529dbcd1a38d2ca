#include "tactics/panels.h"

#include "kernels/cpu/matrix_tile.h"

namespace tenon::core {

PackedFloats packed_floats(const PrepareContext& cx, int input, const std::string& key, int64_t count, FunctionRef<void(const Tensor&, float*)> pack) {
  const auto made = cx.weights.packed(cx.problem.input(input).constant, key, count * 4, [&](const Tensor& w) {
    const auto floats = std::make_shared<Tensor>(DType::f32, Dims{count});
    pack(w, floats->mutable_data<float>());
    return std::shared_ptr<const void>(floats, floats->data<float>());
  });
  return std::static_pointer_cast<const float>(made);
}

PackedFloats packed_panels(const PrepareContext& cx, int weights) {
  const Dims& dims = cx.problem.input(weights).constant->dims();
  const int64_t depth = checked_product(std::span(dims).subspan(1));
  return packed_floats(cx, weights, "panels", cpu::panel_floats(dims[0], depth),
                [&](const Tensor& w, float* to) { cpu::pack_panels(dims[0], depth, w.data<float>(), to); });
}

PackedFloats packed_places(const PrepareContext& cx, int weights) {
  const Dims& dims = cx.problem.input(weights).constant->dims();
  const int64_t channels = dims[0], places = checked_product(std::span(dims).subspan(1));
  return packed_floats(cx, weights, "places", channels * places, [&](const Tensor& w, float* to) {
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t k = 0; k < places; ++k) to[k * channels + c] = w.data<float>()[c * places + k];
  });
}

}  // namespace tenon::core
