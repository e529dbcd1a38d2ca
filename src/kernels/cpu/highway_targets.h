#pragma once

/// Include before any Highway header: code is generated for the baseline, AVX2 and AVX-512 only, since each further
/// target multiplies compile time.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
