#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/error.h"
#include "tenon/options.h"
#include "tenon/tensor.h"

namespace tenon {

/// An input or output of an engine.
struct TensorInfo {
  std::string name;
  std::string type;                // "f32[N,3,224,224]", "seq(f32[*])"
  DType dtype = DType::none;
  bool is_tensor = true;
  bool ranked = true;
  std::vector<int64_t> dims;       // -1 where dynamic
  std::vector<std::string> names;  // the expression of each dim
  ShapeRange range;                // of inputs
  std::string format;              // "chw4": dims, names and range are those that the bytes lie in (tenon/io_format.h); empty: dense
  int64_t channels = -1;           // of a format that rounds them up
};

/// One step of the plan.
struct LayerInfo {
  std::string name;
  std::string operation;                // "Conv", "Fused", "Reorder"
  std::vector<std::string> onnx_nodes;
  std::string tactic, kernel, tier;     // tier: fast, generated, bodies, reference, view, reorder
  std::string precision_in, precision_out;
  std::vector<std::string> inputs, outputs;      // "name: f32[1,64,56,56] nhwc"
  std::vector<std::pair<std::string, std::string>> rejected;  // tactic, why
  std::string reason;                   // of a reorder, a fallback, or a step on the host
  std::string place;                    // with a GPU: "gpu" or "host"
  std::string tensor_cores;             // of products on a GPU: "yes", or why not
  double us = 0;                        // median of the profiled runs
  std::vector<double> runs_us;          // each of them, in order
  int64_t bytes = 0, flops = 0;         // at the last bound shapes; of a body's step in one trip, where dims are fixed
  int depth = 0;                        // 1 for a step of a body of the last layer of depth 0, which its time is part of
};

/// One rewrite that fired, or nearly did.
struct FusionInfo {
  std::string rewrite;
  std::string nodes;
  bool fired = true;
  std::string why_not;
};

struct BuildReport {
  std::vector<std::pair<std::string, double>> phases;  // name, seconds
  int64_t tactics_timed = 0, cache_hits = 0;
  bool choices_from_cache = false, stopped_early = false;
  int64_t peak_host_bytes = 0;
  std::string coverage;        // "212 of 220 nodes in 57 fast steps; 5 generated; 3 reference (names)"
  std::string verdict;         // "PASSED", "FAILED", "" when not verified
  std::vector<std::string> assumptions;  // "input 'x': dim 'batch' taken as 1"
  std::vector<std::string> warnings;
  std::vector<FusionInfo> fusions;
  std::vector<std::pair<std::string, std::string>> dropped;  // ONNX node, why no step runs it
};

struct MemoryInfo {
  int64_t arena_bytes = 0;      // per context, at the tuned shapes
  int64_t weight_bytes = 0;     // in the file
  int64_t packed_bytes = 0;     // made at load or first run
};

/// Where the time of one run went, in ms. On a GPU the first three are device time; the CPU copies nothing.
struct RunTimes {
  double h2d = 0, compute = 0, d2h = 0;
  double enqueue = 0;  // how long the call held its thread to queue the work
};

class Context;

/// A built model: graph, weights and choices. Cheap to copy; thread-safe.
class TENON_API Engine {
 public:
  /// Imports, optimizes, measures and verifies. Throws Error.
  static Engine build(const std::string& onnx_path, const BuildOptions& = {});
  static Engine build(std::span<const std::byte> onnx, const BuildOptions& = {});
  /// Reads an engine file; where a choice does not hold here, takes the node's first offer and says so in `warnings`.
  static Engine load(const std::string& path, const LoadOptions& = {});
  static Engine load(std::span<const std::byte> bytes, const LoadOptions& = {});
  /// Writes beside `path` and renames: an old file stays until the new one is whole.
  void save(const std::string& path) const;
  /// Measures this engine's graph again, here.
  Engine rebuild(const BuildOptions& = {}) const;

  /// The weights that may be exchanged, by name; empty unless built with BuildOptions::refit.
  std::map<std::string, Tensor> weights() const;
  /// The same kernels over other values of some weights, of the same dims and types.
  Engine with_weights(const std::map<std::string, Tensor>&) const;

  std::vector<TensorInfo> inputs() const;
  std::vector<TensorInfo> outputs() const;
  Context create_context() const;
  /// A tensor in host memory that the engine's device copies from and to at full speed: page-locked for a GPU.
  Tensor host_tensor(DType, std::vector<int64_t> dims) const;
  /// Where its GPU sits on the bus: "0000:17:00.0", as in GpuInfo. Empty on the CPU.
  std::string gpu_address() const;
  const BuildReport& report() const;
  std::string device() const;
  int threads() const;
  /// The steps with their kernels, at the optimal shapes.
  std::vector<LayerInfo> layers() const;
  MemoryInfo memory() const;
  /// The optimized graph in text form, or Graphviz dot.
  std::string graph_text() const;
  std::string graph_dot() const;
  /// Inputs that the model can take: integer inputs within the bounds of what reads them.
  std::vector<std::pair<std::string, Value>> example_inputs(uint64_t seed, const std::vector<std::pair<std::string, std::vector<int64_t>>>& shapes = {}) const;

  struct Impl;
  explicit Engine(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const { return *impl_; }

 private:
  std::shared_ptr<const Impl> impl_;
};

/// One execution at a time: inputs, memory, outputs. Any number of contexts may run at once.
class TENON_API Context {
 public:
  /// Dense row-major; not copied, so the bytes must stay until `run` returns.
  void set_input(const std::string& name, Value value);
  /// Results of later runs are written here; too small is an error.
  void set_output_buffer(const std::string& name, void* data, int64_t bytes);
  /// Prepares kernels and memory for the dims of the inputs set: the slow part of the first run at new shapes.
  void prepare();
  void run(uint64_t seed = 0);
  RunTimes run_timed(uint64_t seed = 0);
  /// `run` in two halves: `start` queues the work and returns, as far as no step needs the host; `wait` returns when the
  /// results are there. Inputs and output buffers stay as they are in between. The CPU does the work in `start`.
  void start(uint64_t seed = 0);
  void wait();
  /// For measuring: without transfers, runs on a GPU use the inputs that an earlier run brought there, and leave results there.
  void set_transfers(bool);
  /// What NVTX ranges tell a profiler. Unless it is nothing, steps are launched one by one while a profiler listens.
  void set_verbosity(Verbosity);
  /// Valid until the next run; copy to keep.
  Value output(const std::string& name) const;
  std::vector<std::pair<std::string, Value>> outputs() const;
  int64_t memory_bytes() const;
  /// Runs once with each step timed. Same order as Engine::layers.
  std::vector<LayerInfo> profile(int runs = 10);
  /// Runs once and hands over every tensor as it is produced, inner ones included, under its ONNX name or "".
  using Observer = std::function<void(const std::string& tensor, const std::vector<std::string>& onnx_nodes, const Value&)>;
  void run_observed(const Observer&, uint64_t seed = 0);

  struct Impl;
  explicit Context(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace tenon
