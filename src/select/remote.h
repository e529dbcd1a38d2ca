#pragma once
#include <memory>

#include "select/candidates.h"
#include "select/measure.h"
#include "select/worker_process.h"

namespace tenon::core {

Answer answer_of(Answer::Kind, size_t index, const CostRecord& = {});

/// A file in memory without a name.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Where a body is in an engine: nodes and the numbers of their graphs, from the outermost inwards. Empty: the engine's own graph.
using BodyPath = std::vector<std::pair<NodeId, size_t>>;
/// Nothing where `graph` is neither the engine's nor a body in it.
std::optional<BodyPath> path_to(const Graph& engine, const Graph& graph);

/// What is measured: offers of one graph at values of its symbols.
struct MeasureJob {
  const Graph& graph;  // of the engine, or a body in it
  const Bindings& tuned;
  const std::vector<Measurement>& list;
};

/// Starts tenon-measure on a part of a list.
class RemoteWorkers {
 public:
  RemoteWorkers(const EngineData&, const MeasureJob&, Device&, bool in_turn);
  /// Ready to measure; null when it could not be started, for the reason `why`.
  std::unique_ptr<WorkerProcess> start(size_t first, size_t last, size_t together);
  const std::string& why() const { return why_; }

 private:
  std::unique_ptr<MemoryFile> engine_, list_;
  std::string device_, threads_, in_turn_, memory_limit_, program_, why_;
};

}  // namespace tenon::core
