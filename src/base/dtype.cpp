#include "tenon/dtype.h"

#include <array>

namespace tenon {
namespace {

struct DTypeInfo {
  DType dtype;
  int64_t size;
  std::string_view name;
  std::array<std::string_view, 3> aliases;  // ONNX, NumPy and common spellings
};

constexpr DTypeInfo kTypes[] = {
    {DType::none, 0, "none", {}},
    {DType::f32, 4, "f32", {"float", "float32", "fp32"}},
    {DType::f64, 8, "f64", {"double", "float64", "fp64"}},
    {DType::f16, 2, "f16", {"float16", "fp16", "half"}},
    {DType::bf16, 2, "bf16", {"bfloat16"}},
    {DType::f8e4m3fn, 1, "f8e4m3fn", {"float8e4m3fn", "float8_e4m3fn", "fp8"}},
    {DType::f8e4m3fnuz, 1, "f8e4m3fnuz", {"float8e4m3fnuz", "float8_e4m3fnuz"}},
    {DType::f8e5m2, 1, "f8e5m2", {"float8e5m2", "float8_e5m2"}},
    {DType::f8e5m2fnuz, 1, "f8e5m2fnuz", {"float8e5m2fnuz", "float8_e5m2fnuz"}},
    {DType::f8e8m0, 1, "f8e8m0", {"float8e8m0", "float8_e8m0fnu", "float8_e8m0"}},
    {DType::f4e2m1, 1, "f4e2m1", {"float4e2m1", "float4_e2m1fn", "fp4"}},
    {DType::i8, 1, "i8", {"int8"}},
    {DType::i16, 2, "i16", {"int16"}},
    {DType::i32, 4, "i32", {"int32"}},
    {DType::i64, 8, "i64", {"int64"}},
    {DType::u8, 1, "u8", {"uint8"}},
    {DType::u16, 2, "u16", {"uint16"}},
    {DType::u32, 4, "u32", {"uint32"}},
    {DType::u64, 8, "u64", {"uint64"}},
    {DType::i4, 1, "i4", {"int4"}},
    {DType::u4, 1, "u4", {"uint4"}},
    {DType::i2, 1, "i2", {"int2"}},
    {DType::u2, 1, "u2", {"uint2"}},
    {DType::boolean, 1, "bool", {"boolean"}},
    {DType::c64, 8, "c64", {"complex64"}},
    {DType::c128, 16, "c128", {"complex128"}},
    {DType::string, 0, "string", {"str"}},
};
static_assert(kTypes[static_cast<int>(DType::string)].dtype == DType::string, "the table is indexed by value");

const DTypeInfo& info(DType dtype) {
  size_t index = static_cast<size_t>(dtype);
  return kTypes[index < std::size(kTypes) ? index : 0];
}

}  // namespace

std::string_view to_string(DType dtype) { return info(dtype).name; }

DType parse_dtype(std::string_view text) {
  for (const DTypeInfo& type : kTypes) {
    if (text == type.name) return type.dtype;
    for (std::string_view alias : type.aliases)
      if (!alias.empty() && text == alias) return type.dtype;
  }
  return DType::none;
}

int64_t size_of(DType dtype) { return info(dtype).size; }

}  // namespace tenon
