#pragma once

/// Include before any Highway header: code is generated for the baseline, AVX2 and AVX-512 only, since each further
/// target multiplies compile time.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)

/// Below AVX2, Highway's baseline loops over single lanes, and each loop full of address checks takes a compiler ten times
/// as long as vectors do. SSE4 takes its place where these checks are on.
#if defined(__has_feature) && defined(__x86_64__)
#if __has_feature(address_sanitizer)
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#define HWY_BASELINE_TARGETS HWY_SSE4
#endif
#endif
