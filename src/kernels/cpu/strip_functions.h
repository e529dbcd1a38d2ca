#pragma once
#include <cstdint>
#include <string_view>

#include "tenon/dtype.h"

namespace tenon::core::cpu {

/// One function on strips of elements. An input that is `uniform` holds one element for all of the strip.
struct StripArgs {
  void* out;
  const void* in[3];
  int64_t count;
  float alpha, beta;
};
using StripFunction = void (*)(const StripArgs&);

/// Ops are the names of Unary and Binary kinds ("bitwise_not", "less"), and
///   copy; clip (f32, to [alpha, beta]); cast (to `to`); where (in[0] bool, in[1] and in[2] of `type`);
///   widen (f16 or bf16 `type` to f32), narrow (f32 to `type`), round_to (f32 to the nearest value of `type`).
/// `type`: of the inputs; values of f16 and bf16 are computed on as f32. Bit i of `uniform`: input i is uniform. Null
/// where there is no such function; every op that has one also has one for `uniform` 0.
StripFunction find_strip_function(std::string_view op, DType type, DType to, unsigned uniform);

/// An op of a family of files, tables of which `find_strip_function` searches.
struct StripEntry {
  std::string_view op;
  StripFunction functions[4];  // by `uniform`
};

/// The vectorised ones of f32, chosen for this CPU.
StripFunction find_f32_function(std::string_view op, unsigned uniform);

}  // namespace tenon::core::cpu
