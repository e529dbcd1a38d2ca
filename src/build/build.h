#pragma once
#include <functional>
#include <memory>

#include "base/log.h"
#include "engine/engine_data.h"
#include "passes/options.h"
#include "runtime/program.h"
#include "select/candidates.h"
#include "tenon/engine.h"

namespace tenon::core {

/// A finished build: what an engine file holds, the program made from it, and what is told about it.
struct Built {
  EngineData data;
  Hash hash;  // `build_hash` of the data, set before kernels are chosen; it reads all weights
  std::shared_ptr<const Program> program;
  std::shared_ptr<Device> device;
  std::shared_ptr<Threads> threads;
  Candidates candidates;
  BuildReport report;
};

/// The model's bytes and where its external data may lie.
struct ModelSource {
  std::string path;                        // empty for a model in memory
  std::span<const std::byte> bytes;        // used when path is empty
  std::shared_ptr<const void> owner;
};

class TimingCache;

/// What a caller of `build` may take part in.
struct BuildHooks {
  /// Used in place of the file that the options name.
  TimingCache* cache = nullptr;
  /// Called when all candidates were measured and chosen from. It may leave out candidates, never all of a node: true
  /// makes the choice again. Called once more, with `final`, for the choices that stay.
  std::function<bool(Built&, const TimingCache&, bool final)> chosen;
};

/// Makes the graph to build, with these dims in place of the declared ones of some inputs. Called again when shapes are
/// fixed; not after the build.
using GraphSource = std::function<Graph(const std::map<std::string, Shape>& input_shapes, const Log&)>;

/// From a model to a measured, verified program. Throws Error; ErrorCode::interrupted when options.cancelled says so.
Built build(const ModelSource&, const BuildOptions&);
Built build(const GraphSource&, const BuildOptions&, const BuildHooks& = {});
/// Selects and verifies again for a graph that is already optimized.
Built rebuild(EngineData data, const BuildOptions&);
/// The program of a loaded engine. Choices that do not hold on this device are replaced by the node's first offer, and
/// each is named in the report's warnings.
Built adopt(EngineData data, const LoadOptions&);

Log make_log(const LogSink&, Severity level);

}  // namespace tenon::core
