#pragma once
#include "base/threads.h"

namespace tenon::core {

/// Calls `body(i)` once for each i in [0, count), in order of i but several at a time, on at most `most` threads made for
/// the purpose, and returns when all are done: for long work that waits (compilers, libraries), not for kernels. The
/// first exception is rethrown after the rest has run.
void side_by_side(int64_t count, int most, FunctionRef<void(int64_t)> body);

}  // namespace tenon::core
