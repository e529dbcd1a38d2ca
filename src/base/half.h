#pragma once
#include <cstdint>

namespace tenon::core {

/// Storage-only number types. Conversion to float is exact; from float rounds to nearest even.
/// F8 and F4 conversions from float saturate as ONNX Cast does with saturate=1; see `from_float(x, saturate)`.
struct F16 { uint16_t bits; };
struct BF16 { uint16_t bits; };
struct F8E4M3FN { uint8_t bits; };
struct F8E4M3FNUZ { uint8_t bits; };
struct F8E5M2 { uint8_t bits; };
struct F8E5M2FNUZ { uint8_t bits; };
struct F8E8M0 { uint8_t bits; };
struct F4E2M1 { uint8_t bits; };

float to_float(F16);
float to_float(BF16);
float to_float(F8E4M3FN);
float to_float(F8E4M3FNUZ);
float to_float(F8E5M2);
float to_float(F8E5M2FNUZ);
float to_float(F8E8M0);
float to_float(F4E2M1);

template <class T>
T from_float(float value, bool saturate = true);
template <> F16 from_float<F16>(float, bool);
template <> BF16 from_float<BF16>(float, bool);
template <> F8E4M3FN from_float<F8E4M3FN>(float, bool);
template <> F8E4M3FNUZ from_float<F8E4M3FNUZ>(float, bool);
template <> F8E5M2 from_float<F8E5M2>(float, bool);
template <> F8E5M2FNUZ from_float<F8E5M2FNUZ>(float, bool);
template <> F8E8M0 from_float<F8E8M0>(float, bool);
template <> F4E2M1 from_float<F4E2M1>(float, bool);

/// Powers of two only, so the direction is a choice (ONNX Cast's round_mode); `from_float` rounds to nearest.
enum class E8M0Round { up, down, nearest };
F8E8M0 to_e8m0(float value, bool saturate, E8M0Round mode);

}  // namespace tenon::core
