#pragma once
#include <cstdint>
#include <string_view>

#include "tenon/export.h"

namespace tenon {

/// Element types. Values are stable: engine files store them.
enum class DType : uint8_t {
  none = 0,
  f32 = 1,
  f64 = 2,
  f16 = 3,
  bf16 = 4,
  f8e4m3fn = 5,
  f8e4m3fnuz = 6,
  f8e5m2 = 7,
  f8e5m2fnuz = 8,
  f8e8m0 = 9,
  f4e2m1 = 10,  // 4-bit and 2-bit types take one byte per element in memory, packed only in files
  i8 = 11,
  i16 = 12,
  i32 = 13,
  i64 = 14,
  u8 = 15,
  u16 = 16,
  u32 = 17,
  u64 = 18,
  i4 = 19,
  u4 = 20,
  i2 = 21,
  u2 = 22,
  boolean = 23,
  c64 = 24,
  c128 = 25,
  string = 26,
};

/// "f32", "bf16", "i64", "bool", "string", ...
TENON_API std::string_view to_string(DType);
/// The inverse of to_string; also takes ONNX and NumPy spellings ("float16", "int64", ...). DType::none when unknown.
TENON_API DType parse_dtype(std::string_view);
/// Bytes of one element in memory; 0 for string and none.
TENON_API int64_t size_of(DType);

}  // namespace tenon
