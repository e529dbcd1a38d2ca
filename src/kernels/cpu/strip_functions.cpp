#include "kernels/cpu/strip_functions.h"

#include "kernels/cpu/pointwise_loops.h"

namespace tenon::core::cpu {
namespace {

template <class T>
StripFunction find_of_type(std::string_view op, DType to, unsigned uniform) {
  if (op == "where") return find_where<T>(uniform);
  if (op == "cast") return uniform ? nullptr : find_cast<T>(to);
  if (const StripFunction f = uniform ? nullptr : find_unary<T>(op)) return f;
  return find_binary<T>(op, uniform);
}

}  // namespace

StripFunction find_strip_function(std::string_view op, DType type, DType to, unsigned uniform) {
  switch (type) {
    case DType::f16:
    case DType::bf16:
      return uniform ? nullptr : find_half(op, type);
    case DType::f32:
      if (op != "where" && op != "cast")
        if (const StripFunction f = find_f32_function(op, uniform)) return f;
      return find_of_type<float>(op, to, uniform);
    case DType::f64:
      return find_of_type<double>(op, to, uniform);
    case DType::i8:
      return find_of_type<int8_t>(op, to, uniform);
    case DType::i16:
      return find_of_type<int16_t>(op, to, uniform);
    case DType::i32:
      return find_of_type<int32_t>(op, to, uniform);
    case DType::i64:
      return find_of_type<int64_t>(op, to, uniform);
    case DType::u8:
      return find_of_type<uint8_t>(op, to, uniform);
    case DType::u16:
      return find_of_type<uint16_t>(op, to, uniform);
    case DType::u32:
      return find_of_type<uint32_t>(op, to, uniform);
    case DType::u64:
      return find_of_type<uint64_t>(op, to, uniform);
    case DType::boolean:
      return find_of_type<bool>(op, to, uniform);
    default:
      return nullptr;
  }
}

}  // namespace tenon::core::cpu
