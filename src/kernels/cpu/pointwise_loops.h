#pragma once
#include "kernels/cpu/strip_functions.h"

namespace tenon::core::cpu {

/// The types that strips have.
#define TENON_FOR_STRIP_TYPES(X) \
  X(float) X(double) X(int8_t) X(int16_t) X(int32_t) X(int64_t) X(uint8_t) X(uint16_t) X(uint32_t) X(uint64_t) X(bool)

/// Plain loops for every type, one lookup per family of functions; null where there is none.
template <class T>
StripFunction find_binary(std::string_view op, unsigned uniform);
template <class T>
StripFunction find_unary(std::string_view op);
template <class T>
StripFunction find_cast(DType to);
template <class T>
StripFunction find_where(unsigned uniform);
/// Between f32 and f16 or bf16.
StripFunction find_half(std::string_view op, DType type);

}  // namespace tenon::core::cpu
