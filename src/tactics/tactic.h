#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "ir/graph.h"
#include "plan/choices.h"

namespace tenon::core {

/// What tactics may depend on. `key` goes into the timing cache and the engine: kind, features, library versions.
struct DeviceInfo {
  std::string kind = "cpu";  // cpu, null, cuda
  std::string name;
  std::string features;      // "avx2 fma avx512f ...", "sm_90"
  std::string libraries;     // "onednn 3.2.1", "cudnn 9.14.0 cublaslt 13.1.0 nvrtc 13.0"
  int threads = 1;           // of the host
  int index = 0;             // of several of a kind: cuda:1; not part of the key
  int compute = 0;           // of a GPU: 90 for sm_90
  int multiprocessors = 0;   // of a GPU
  int64_t memory_bytes = 0;  // of a GPU
  int64_t l1_bytes = 32 << 10, l2_bytes = 1 << 20, l3_bytes = 16 << 20;
  std::string key() const;
};

/// Libraries and kernels whose tactics can be left out: one bit each, with the values that TensorRT gives them. The last is
/// Tenon's own convolutions. Other own kernels, generated ones and the reference are always there.
enum TacticSource : uint32_t {
  cublas_source = 1,
  cublas_lt_source = 2,
  cudnn_source = 4,
  edge_mask_convolutions_source = 8,
  jit_convolutions_source = 16,
};

/// What the user allows.
struct TacticOptions {
  std::vector<DType> precisions;    // storage types allowed besides the model's own: {} or {bf16}
  bool tf32 = false;                // f32 products on a GPU may round their factors to TF32
  uint32_t sources = ~0u;           // bits of TacticSource
  bool exact = false;               // no reassociation
  bool deterministic = false;       // results independent of the number of threads
  int64_t max_memory = INT64_MAX;
};

/// One node of one graph, to be run on one device.
struct Problem {
  const Graph& graph;
  NodeId id;
  const DeviceInfo& device;
  const TacticOptions& options;
  const Node& node() const { return graph.node(id); }
  const Fact& input(int i) const {
    return graph.fact(i < inputs() ? node().inputs[i] : Value{});
  }
  int inputs() const { return static_cast<int>(node().inputs.size()); }
  int outputs() const { return static_cast<int>(node().outputs.size()); }
  const Fact& output(int i) const { return node().outputs[i]; }
};

/// Concrete dims of one call. Absent inputs and boxed values have no dims.
struct NodeShapes {
  std::vector<Dims> in, out;
  auto operator<=>(const NodeShapes&) const = default;
};

/// Weights in the form kernels want, made once and shared by all contexts and shapes of an engine. Thread-safe.
class WeightStore {
 public:
  virtual ~WeightStore() = default;
  /// The constant's own bytes, row-major, aligned to 64; the mapped file itself where that is aligned.
  virtual Tensor plain(const ConstRef&) = 0;
  /// `make` runs once per (constant, key); the key names the packed form completely ("onednn:<md text>").
  virtual std::shared_ptr<const void> packed(const ConstRef&, const std::string& key, int64_t bytes,
                                             FunctionRef<std::shared_ptr<const void>(const Tensor&)> make) = 0;
};

struct PrepareContext {
  const Problem& problem;
  const Offer& offer;
  const NodeShapes& shapes;
  WeightStore& weights;
  Threads& threads;
};

/// A tensor argument: dense memory in the offer's layout, logical dims. Constant inputs arrive like any other, in the
/// offer's format, unless the executable said at preparation that it holds them itself (`uses_input`).
struct TensorArg {
  std::byte* data = nullptr;
  const Dims* dims = nullptr;
  template <class T> const T* in() const { return reinterpret_cast<const T*>(data); }
  template <class T> T* out() const { return reinterpret_cast<T*>(data); }
};

struct Args {
  std::span<const TensorArg> in, out;
  std::span<const HostValue* const> in_box;  // not null where the value is boxed
  std::span<HostValue* const> out_box;
  std::byte* workspace = nullptr;  // aligned to 64 bytes (256 on a GPU), of Executable::workspace_bytes
  uint64_t seed = 0;
  void* stream = nullptr;          // where a GPU's work is queued (a cudaStream_t); null on the CPU
};

/// Per-context state of an executable (a recurrent cache, a plugin's clone); usually none.
struct State {
  virtual ~State() = default;
};

/// Ready to run at one set of shapes: immutable, shared by contexts.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual int64_t workspace_bytes() const { return 0; }
  /// False for inputs (packed weights) whose bytes `run` does not read.
  virtual bool uses_input(int) const { return true; }
  virtual std::unique_ptr<State> make_state() const { return nullptr; }
  /// True when `run` computes on the host, in memory of Place::host: the runtime waits for the device first.
  virtual bool on_host() const { return true; }
  /// The kernel that runs, for profiles: "brgconv:avx512_core".
  virtual std::string kernel_name() const = 0;
  /// No allocation from Tenon's own heap. Throws Error (runtime_index, runtime_value) for data it cannot accept.
  virtual void run(State*, const Args&, Threads&) const = 0;
};

/// One way to run one kind of node on one kind of device.
class Tactic {
 public:
  virtual ~Tactic() = default;
  virtual std::string_view name() const = 0;
  /// Joint alternatives, best guess first, valid for every shape in the graph's ranges. None: `why` gets a sentence.
  virtual std::vector<Offer> offers(const Problem&, std::string& why) const = 0;
  /// May refuse one concrete shape (for example where a library has only a reference kernel): null, with a sentence in
  /// `why`; the runtime then takes the node's next offer with the same formats, in the end the reference.
  virtual std::shared_ptr<const Executable> prepare(const PrepareContext&, std::string& why) const = 0;
  /// Getting ready for one set of dims takes milliseconds (a library compiles or searches): at dims that an engine was not
  /// tuned for, another tactic with the same formats stands in.
  virtual bool slow_to_prepare() const { return false; }
  /// In bytes, for Share::view: where each output lies inside the input; for Share::parts: each input inside the output.
  virtual std::vector<int64_t> offsets(const PrepareContext&) const { return {0}; }
  /// "fast" kernels, "generated" bodies, the "reference": how `check` and the coverage line count a node.
  virtual std::string_view tier() const { return "fast"; }
};

/// An offer with row-major formats of the right counts.
Offer row_major_offer(const Problem&, std::string_view tactic);

/// The tactics of a device kind, best first, ending with the reference. Filled by src/tactics/list.cpp alone; those of a
/// GPU come from its library, through `set_cuda_tactics`, once, when the library is loaded.
std::span<const Tactic* const> tactics_for(std::string_view device_kind);
void set_cuda_tactics(std::vector<const Tactic*> tactics);
const Tactic* find_tactic(std::string_view device_kind, std::string_view name);

}  // namespace tenon::core
