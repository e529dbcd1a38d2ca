#include "tactics/cuda/support.h"

#include <algorithm>

#include "codegen/cuda/pointwise.h"

namespace tenon::core::cuda {
namespace {

bool is_fast_float(DType d) { return d == DType::f32 || d == DType::f16 || d == DType::bf16; }

}  // namespace

std::vector<DType> storage_types(const Problem& p, std::string& why) {
  const DType own = p.output(0).dtype();
  if (!is_fast_float(own)) {
    why = fmt::format("runs on f32, f16 and bf16 only, found {}", to_string(own));
    return {};
  }
  if (!plain_tensors(p, why) || !all_of_dtype(p, own, why)) return {};
  std::vector<DType> types{DType::none};
  for (DType d : p.options.precisions)
    if (is_fast_float(d) && d != own && std::find(types.begin(), types.end(), d) == types.end()) types.push_back(d);
  return types;
}

bool has_elements(const Problem& p, int input, std::string& why) {
  if (!element_name(p.input(input).dtype()).empty()) return true;
  why = fmt::format("kernels have no elements of {}", to_string(p.input(input).dtype()));
  return false;
}

bool is_preferred(const Problem& p, DType storage) {
  const DType own = p.output(0).dtype();
  for (DType d : p.options.precisions)
    if (is_fast_float(d) && d != own) return own == DType::f32 ? storage == d : storage == DType::none;
  return true;
}

bool source_enabled(const Problem& p, TacticSource source, std::string& why) {
  if (p.options.sources & source) return true;
  why = fmt::format("the tactic source with bit {} is turned off", static_cast<uint32_t>(source));
  return false;
}

DType stored_type(const PrepareContext& cx) { return stored_as(cx.offer.out[0], cx.problem.output(0).dtype()); }

void store_as(Offer& offer, const Problem& p, DType storage) {
  for (int i = 0; i < p.inputs(); ++i)
    if (p.input(i).present()) offer.in[static_cast<size_t>(i)].storage = storage;
  for (Format& format : offer.out) format.storage = storage;
}

std::shared_ptr<const DeviceBuffer> packed_on_device(const PrepareContext& cx, int input, const std::string& key,
                                                     FunctionRef<Tensor(const Tensor&)> make) {
  const ConstRef& constant = cx.problem.input(input).constant;
  const auto held = cx.weights.packed(constant, key, constant->byte_size(), [&](const Tensor& plain) -> std::shared_ptr<const void> {
    return DeviceBuffer::of(make(plain).bytes());
  });
  return std::static_pointer_cast<const DeviceBuffer>(held);
}

namespace {

/// [M, C, spatial] to [M, spatial, C], in the stored type.
Tensor channels_last_filters(const Tensor& plain, DType type) {
  const Dims& dims = plain.dims();
  const std::vector<float> from = to_floats(plain);
  std::vector<float> to(from.size());
  const auto rows = static_cast<size_t>(dims[0]), channels = static_cast<size_t>(dims[1]);
  const size_t points = from.size() / rows / channels;
  for (size_t m = 0; m < rows; ++m)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < points; ++p) to[(m * points + p) * channels + c] = from[(m * channels + c) * points + p];
  return from_floats(type, dims, to);
}

}  // namespace

std::shared_ptr<const DeviceBuffer> filters_on_device(const PrepareContext& cx, int input, DType type) {
  return packed_on_device(cx, input, "channels last filters " + std::string(to_string(type)), [&](const Tensor& plain) { return channels_last_filters(plain, type); });
}

Tensor converted(const Tensor& t, DType dtype) {
  if (t.dtype() == dtype) return t;
  return from_floats(dtype, t.dims(), to_floats(t));
}

}  // namespace tenon::core::cuda
