#pragma once
#include "nvinfer1/runtime/shapes.h"

namespace tenon::adapter {

/// Which kernels a context runs that chooses them again for its shapes (tenon/nvinfer1.h).
class Specialized {
 public:
  explicit Specialized(LogSink log) : log_(std::move(log)) {}
  /// The engine's own until others are ready for these shapes.
  std::shared_ptr<const core::Built> find(EngineState&, const Shapes&, int64_t batch);

 private:
  LogSink log_;
  std::map<std::string, std::vector<int64_t>> dims_;  // of the last call
  std::shared_ptr<const core::Built> found_;          // at the last call; null: the engine's own
  int64_t generation_ = -1;
  int profile_ = -1;
};

}  // namespace tenon::adapter
