#pragma once
#include "cuda/memory.h"
#include "tactics/support.h"

namespace tenon::core::cuda {

/// The types that a node's floating-point values may be stored in: its own (f32, f16 or bf16, the same for all of its
/// values) as DType::none, then those the user allows. Empty, with a sentence, for other nodes.
std::vector<DType> storage_types(const Problem&, std::string& why);
/// Kernels have elements of the input's type; false with a sentence.
bool has_elements(const Problem&, int input, std::string& why);
/// The storage type expected to be fastest: the first that the user allows, or the only one.
bool is_preferred(const Problem&, DType storage);
/// False with a sentence when the user left the source out.
bool source_enabled(const Problem&, TacticSource, std::string& why);
/// The type of the elements that an offer stores for output 0.
DType stored_type(const PrepareContext&);
/// Sets the storage of every present input and output.
void store_as(Offer&, const Problem&, DType storage);

/// A constant in device memory, made once per key and engine. `make` gives it as the kernel wants it.
std::shared_ptr<const DeviceBuffer> packed_on_device(const PrepareContext&, int input, const std::string& key,
                                                     FunctionRef<Tensor(const Tensor&)> make);
/// Filters [M, C, spatial] as [M, spatial, C] of this type, in device memory; kernels and libraries share them.
std::shared_ptr<const DeviceBuffer> filters_on_device(const PrepareContext&, int input, DType);
/// The elements in another floating-point type, unchanged if it is the same.
Tensor converted(const Tensor&, DType);

}  // namespace tenon::core::cuda
