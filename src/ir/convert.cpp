#include <cmath>
#include <complex>

#include "base/error.h"
#include "ir/tensor.h"

namespace tenon::core {
namespace {

// Views need not be aligned: elements are loaded bytewise.
template <class T>
T load(const std::byte* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof(T));
  return v;
}

template <class Stored, class Out, class Get>
std::vector<Out> read(const Tensor& t, Get get) {
  std::vector<Out> out(t.size());
  const std::byte* p = t.bytes().data();
  for (auto& o : out) {
    o = get(load<Stored>(p));
    p += sizeof(Stored);
  }
  return out;
}

template <class Out>
std::vector<Out> read_as(const Tensor& t) {
  const auto plain = [](auto v) { return static_cast<Out>(v); };
  const auto small = [](auto v) { return static_cast<Out>(to_float(v)); };
  switch (t.dtype()) {
    case DType::f32: return read<float, Out>(t, plain);
    case DType::f64: return read<double, Out>(t, plain);
    case DType::f16: return read<F16, Out>(t, small);
    case DType::bf16: return read<BF16, Out>(t, small);
    case DType::f8e4m3fn: return read<F8E4M3FN, Out>(t, small);
    case DType::f8e4m3fnuz: return read<F8E4M3FNUZ, Out>(t, small);
    case DType::f8e5m2: return read<F8E5M2, Out>(t, small);
    case DType::f8e5m2fnuz: return read<F8E5M2FNUZ, Out>(t, small);
    case DType::f8e8m0: return read<F8E8M0, Out>(t, small);
    case DType::f4e2m1: return read<F4E2M1, Out>(t, small);
    case DType::i8: case DType::i4: case DType::i2: return read<int8_t, Out>(t, plain);
    case DType::i16: return read<int16_t, Out>(t, plain);
    case DType::i32: return read<int32_t, Out>(t, plain);
    case DType::i64: return read<int64_t, Out>(t, plain);
    case DType::u8: case DType::u4: case DType::u2: return read<uint8_t, Out>(t, plain);
    case DType::u16: return read<uint16_t, Out>(t, plain);
    case DType::u32: return read<uint32_t, Out>(t, plain);
    case DType::u64: return read<uint64_t, Out>(t, plain);
    case DType::boolean: return read<uint8_t, Out>(t, [](uint8_t v) { return static_cast<Out>(v != 0); });
    default: fail(ErrorCode::invalid_model, "a number was expected, found a tensor of {}", to_string(t.dtype()));
  }
}

// Out-of-range conversions of double to integer are undefined in C++: saturate to 64 bits first, then wrap.
int64_t truncate(double v) {
  if (std::isnan(v)) return 0;
  if (v >= 9223372036854775807.0) return INT64_MAX;
  if (v <= -9223372036854775808.0) return INT64_MIN;
  return static_cast<int64_t>(v);
}
int64_t truncate(float v) { return truncate(static_cast<double>(v)); }
int64_t truncate(int64_t v) { return v; }

template <class Stored, class In, class Put>
void write(Tensor& t, std::span<const In> values, Put put) {
  auto* p = reinterpret_cast<Stored*>(t.mutable_bytes().data());
  for (size_t i = 0; i < values.size(); ++i) p[i] = put(values[i]);
}

int sign_extend(int64_t v, int bits) {
  const int64_t m = int64_t{1} << (bits - 1);
  return static_cast<int>(((v & (2 * m - 1)) ^ m) - m);
}

template <class In>
Tensor write_as(DType dtype, Dims dims, std::span<const In> values) {
  Tensor t(dtype, std::move(dims));
  assume(t.size() == static_cast<int64_t>(values.size()), "as many values as the dims say");
  const auto small = [&]<class S>(S) { write<S>(t, values, [](In v) { return from_float<S>(static_cast<float>(v)); }); };
  const auto integer = [&]<class S>(S) { write<S>(t, values, [](In v) { return static_cast<S>(truncate(v)); }); };
  switch (dtype) {
    case DType::f32: write<float>(t, values, [](In v) { return static_cast<float>(v); }); break;
    case DType::f64: write<double>(t, values, [](In v) { return static_cast<double>(v); }); break;
    case DType::f16: small(F16{}); break;
    case DType::bf16: small(BF16{}); break;
    case DType::f8e4m3fn: small(F8E4M3FN{}); break;
    case DType::f8e4m3fnuz: small(F8E4M3FNUZ{}); break;
    case DType::f8e5m2: small(F8E5M2{}); break;
    case DType::f8e5m2fnuz: small(F8E5M2FNUZ{}); break;
    case DType::f8e8m0: small(F8E8M0{}); break;
    case DType::f4e2m1: small(F4E2M1{}); break;
    case DType::i8: integer(int8_t{}); break;
    case DType::i16: integer(int16_t{}); break;
    case DType::i32: integer(int32_t{}); break;
    case DType::i64: integer(int64_t{}); break;
    case DType::u8: integer(uint8_t{}); break;
    case DType::u16: integer(uint16_t{}); break;
    case DType::u32: integer(uint32_t{}); break;
    case DType::u64:
      write<uint64_t>(t, values, [](In v) {
        if constexpr (std::is_floating_point_v<In>)
          if (v >= In(9223372036854775808.0)) return v >= In(18446744073709551616.0) ? UINT64_MAX : static_cast<uint64_t>(v);
        return static_cast<uint64_t>(truncate(v));
      });
      break;
    case DType::i4: write<int8_t>(t, values, [](In v) { return static_cast<int8_t>(sign_extend(truncate(v), 4)); }); break;
    case DType::i2: write<int8_t>(t, values, [](In v) { return static_cast<int8_t>(sign_extend(truncate(v), 2)); }); break;
    case DType::u4: write<uint8_t>(t, values, [](In v) { return static_cast<uint8_t>(truncate(v) & 15); }); break;
    case DType::u2: write<uint8_t>(t, values, [](In v) { return static_cast<uint8_t>(truncate(v) & 3); }); break;
    case DType::boolean: write<uint8_t>(t, values, [](In v) { return static_cast<uint8_t>(v != In(0)); }); break;
    default: fail(ErrorCode::invalid_model, "numbers can't be written as {}", to_string(dtype));
  }
  return t;
}

}  // namespace

std::vector<double> to_doubles(const Tensor& t) { return read_as<double>(t); }
std::vector<float> to_floats(const Tensor& t) { return read_as<float>(t); }
std::vector<int64_t> to_int64s(const Tensor& t) {
  if (!is_float(t.dtype())) return read_as<int64_t>(t);
  const auto wide = read_as<double>(t);
  std::vector<int64_t> out(wide.size());
  for (size_t i = 0; i < wide.size(); ++i) out[i] = truncate(wide[i]);
  return out;
}
Tensor from_doubles(DType d, Dims dims, std::span<const double> v) { return write_as<double>(d, std::move(dims), v); }
Tensor from_int64s(DType d, Dims dims, std::span<const int64_t> v) { return write_as<int64_t>(d, std::move(dims), v); }
Tensor from_floats(DType d, Dims dims, std::span<const float> v) { return write_as<float>(d, std::move(dims), v); }
Tensor scalar(DType d, double v) { return write_as<double>(d, {}, std::span<const double>(&v, 1)); }

}  // namespace tenon::core
