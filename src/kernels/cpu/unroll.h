#pragma once

/// Before a loop of a few constant turns whose arrays must stay in registers. Address checks in unrolled loops make functions
/// that compile for most of a minute, so there is no unrolling there.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_UNROLL
#endif
#endif
#if defined(TENON_UNROLL)
#elif defined(__clang__)
#define TENON_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TENON_UNROLL _Pragma("GCC unroll 16")
#endif
