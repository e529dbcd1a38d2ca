#pragma once
#include <map>
#include <memory>
#include <vector>

#include "runtime/bound_segment.h"

namespace tenon::core {

/// The arguments of one step; only the pointers change between runs.
struct StepArgs {
  std::vector<TensorArg> in, out;
  std::vector<const HostValue*> in_box;
  std::vector<HostValue*> out_box;
  std::unique_ptr<State> state;
};

/// A segment bound to one set of dims, with the argument tables of its steps, which point into it.
struct Frame {
  /// `boxes`: one value per slot of the plan; it stays where it is as long as the frame.
  Frame(const Program&, int segment, BoundSegment, std::vector<HostValue>& boxes);
  Frame(const Frame&) = delete;

  BoundSegment bound;
  std::vector<StepArgs> args;
  int runs = 0;
  std::map<std::vector<const std::byte*>, std::shared_ptr<Recording>> recordings;  // by the addresses outside the arena
  bool recordable = true;                                                          // until recording failed
};

}  // namespace tenon::core
