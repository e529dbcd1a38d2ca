#pragma once
#include <atomic>

#include "base/error.h"

namespace tenon::core {

/// Held by the thread that is inside a context; fails when another one is.
class InUse {
 public:
  explicit InUse(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true))
      fail(ErrorCode::usage, "two threads use one context at the same time; a context serves one thread, so make one for each: they share the engine and its weights");
  }
  ~InUse() { flag_ = false; }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace tenon::core
