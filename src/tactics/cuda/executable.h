#pragma once
#include "cuda/check.h"
#include "tactics/tactic.h"

namespace tenon::core::cuda {

/// Queues work on `Args::stream`: it neither allocates, nor synchronises, nor reads device memory on the host, so that it can be
/// captured in a graph.
class DeviceExecutable : public Executable {
 public:
  bool on_host() const final { return false; }
  void run(State* state, const Args& args, Threads&) const final { enqueue(state, args, static_cast<cudaStream_t>(args.stream)); }
  virtual void enqueue(State*, const Args&, cudaStream_t) const = 0;
};

}  // namespace tenon::core::cuda
