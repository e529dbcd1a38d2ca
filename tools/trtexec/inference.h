#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/pipeline.h"
#include "trtexec/log.h"
#include "trtexec/options.h"

namespace tenon::trtexec {

using NamedValues = std::vector<std::pair<std::string, Value>>;

/// What one query took, in ms.
struct Query : QueryTimes {
  double enqueue() const { return enqueue_end - enqueue_start; }
  double h2d() const { return h2d_end - h2d_start; }
  double compute() const { return compute_end - compute_start; }
  double d2h() const { return d2h_end - d2h_start; }
  double latency() const { return h2d() + compute() + d2h(); }
};

/// The values that queries run with: files of --loadInputs, the others random. Prints which, and fails for names or files that
/// do not fit the engine.
NamedValues make_inputs(const Engine&, const InferenceFlags&, Log&);

/// Pipelines with their inputs, run as the inference flags say.
class Inference {
 public:
  /// Creates --infStreams pipelines and runs each; prints the inputs and outputs with their dims.
  Inference(const Engine&, const Options&, Log&);
  ~Inference();
  /// Until enough queries and time have passed after the warm-up, or Ctrl-C. In the order in which queries began.
  std::vector<Query> run();
  const NamedValues& inputs() const;
  /// Of the last query of the first pipeline.
  NamedValues outputs() const;
  /// One query after the other with each layer timed, for as long as `run` would take; the layers with their times.
  std::vector<LayerInfo> profile(int& queries);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon::trtexec
