#pragma once

/// Before a loop of a few constant turns whose arrays must stay in registers.
#if defined(__clang__)
#define TENON_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TENON_UNROLL _Pragma("GCC unroll 16")
#endif
