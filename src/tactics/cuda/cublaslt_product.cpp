#include "tactics/cuda/cublaslt_product.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "plan/knobs.h"

namespace tenon::core::cuda {
namespace {

constexpr int64_t kWorkspace = 32 << 20;
constexpr uint32_t kAlignment = 16;  // of every tensor, in bytes

cudaDataType_t data_type(DType d) {
  return d == DType::f16 ? CUDA_R_16F : d == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

cublasComputeType_t compute_type(const ProductMode& mode) {
  return mode.type == DType::f32 && mode.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// What makes one kernel of an algorithm, each with its name in a config and its size in bytes.
struct AlgorithmKnob {
  const char* name;
  cublasLtMatmulAlgoConfigAttributes_t attribute;
  size_t bytes;
};
constexpr AlgorithmKnob kKnobs[] = {
    {"@tile", CUBLASLT_ALGO_CONFIG_TILE_ID, 4},        {"@split", CUBLASLT_ALGO_CONFIG_SPLITK_NUM, 4}, {"@reduction", CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, 4},
    {"@swizzle", CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING, 4}, {"@custom", CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION, 4}, {"@stages", CUBLASLT_ALGO_CONFIG_STAGES_ID, 4},
    {"@inner", CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID, 2},  {"@cluster", CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, 2}};
constexpr const char* kAlgorithmId = "@id";

class Layout {
 public:
  Layout(const CublasLt& lib, DType type, const ProductMatrix& m, int64_t batch) : lib_(lib) {
    const auto rows = static_cast<uint64_t>(m.transposed ? m.rows : m.columns);
    const auto columns = static_cast<uint64_t>(m.transposed ? m.columns : m.rows);
    lib.check(lib.create_layout(&layout_, data_type(type), rows, columns, m.leading), "describing a matrix");
    const auto count = static_cast<int32_t>(batch);
    lib.check(lib.set_layout(layout_, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count), "describing a batch");
    lib.check(lib.set_layout(layout_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &m.batch_stride, sizeof m.batch_stride),
              "describing a batch");
  }
  ~Layout() { lib_.destroy_layout(layout_); }
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  cublasLtMatrixLayout_t get() const { return layout_; }

 private:
  const CublasLt& lib_;
  cublasLtMatrixLayout_t layout_ = nullptr;
};

/// The operation, whose bias pointer one context sets before each run.
class Operation : public State {
 public:
  Operation(const CublasLt& lib, const ProductMode& mode) : lib_(lib) {
    lib.check(lib.create_operation(&operation_, compute_type(mode), CUDA_R_32F), "describing a product");
    set(CUBLASLT_MATMUL_DESC_TRANSA, static_cast<int32_t>(mode.transposed_w ? CUBLAS_OP_T : CUBLAS_OP_N));
    set(CUBLASLT_MATMUL_DESC_TRANSB, static_cast<int32_t>(mode.transposed_a ? CUBLAS_OP_T : CUBLAS_OP_N));
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<uint32_t>(mode.epilogue()));
    if (!mode.bias) return;
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, static_cast<int32_t>(data_type(mode.type)));
    set_bias(reinterpret_cast<const void*>(uintptr_t{256}));  // the heuristics look at its alignment alone
  }
  ~Operation() override { lib_.destroy_operation(operation_); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  void set_bias(const void* bias) { set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias); }
  cublasLtMatmulDesc_t get() const { return operation_; }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    lib_.check(lib_.set_operation(operation_, attribute, &value, sizeof value), "setting attribute {} of a product",
               static_cast<int>(attribute));
  }

  const CublasLt& lib_;
  cublasLtMatmulDesc_t operation_ = nullptr;
};

/// The heuristics' algorithms for one product, best first.
class Search {
 public:
  explicit Search(const CublasLt& lib, int64_t workspace) : lib_(lib) {
    lib.check(lib.create_preference(&preference_), "describing a preference");
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(workspace));
    for (auto attribute : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                           CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      set(attribute, kAlignment);
  }
  ~Search() { lib_.destroy_preference(preference_); }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  std::vector<cublasLtMatmulHeuristicResult_t> run(const Operation& op, const Layout& w, const Layout& a, const Layout& y) {
    std::vector<cublasLtMatmulHeuristicResult_t> results(kProductAlgorithms);
    int count = 0;
    const auto status = lib_.heuristic(lib_.handle(), op.get(), w.get(), a.get(), y.get(), y.get(), preference_,
                                       kProductAlgorithms, results.data(), &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) count = 0;
    else lib_.check(status, "asking for algorithms");
    results.resize(static_cast<size_t>(count));
    std::erase_if(results, [](const auto& r) { return r.state != CUBLAS_STATUS_SUCCESS; });
    return results;
  }

 private:
  template <class T>
  void set(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    lib_.check(lib_.set_preference(preference_, attribute, &value, sizeof value), "setting preference {}",
               static_cast<int>(attribute));
  }

  const CublasLt& lib_;
  cublasLtMatmulPreference_t preference_ = nullptr;
};

/// The lists of equal products, each asked for once: a network asks for the same ones many times, at each new batch again.
class Searches {
 public:
  using Found = std::vector<cublasLtMatmulHeuristicResult_t>;
  static Searches& instance() {
    static Searches& searches = *new Searches;  // threads may still ask while statics are destroyed
    return searches;
  }
  Found find(const std::string& product, FunctionRef<Found()> search) {
    std::shared_ptr<Entry> entry;
    {
      const std::lock_guard lock(mutex_);
      if (entries_.size() >= kMostKept) entries_.clear();
      std::shared_ptr<Entry>& kept = entries_[product];
      if (!kept) kept = std::make_shared<Entry>();
      entry = kept;
    }
    const std::lock_guard lock(entry->mutex);
    if (!entry->found) entry->found = search();
    return *entry->found;
  }

 private:
  static constexpr size_t kMostKept = 4096;
  struct Entry {
    std::mutex mutex;
    std::optional<Found> found;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

/// The kernels of this process that have run.
class LoadedKernels {
 public:
  static LoadedKernels& instance() {
    static LoadedKernels& loaded = *new LoadedKernels;  // threads may still ask while statics are destroyed
    return loaded;
  }
  bool add(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return keys_.insert(key).second;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> keys_;
};

std::string text_of(const ProductMatrix& m) { return fmt::format("{}x{} {} {} {};", m.rows, m.columns, m.leading, m.batch_stride, m.transposed); }

/// All that the heuristics are told.
std::string text_of(const Product& p, int64_t workspace) {
  return fmt::format("{} {} {} {} {} {} {} {} {};", current_device(), workspace, to_string(p.mode.type), p.mode.tf32, p.mode.transposed_w, p.mode.transposed_a, p.mode.bias,
                     static_cast<int>(p.mode.activation), p.batch) +
         text_of(p.w) + text_of(p.a) + text_of(p.y);
}

/// y^T = w^T a^T: cuBLASLt's first factor is the right side.
class ProductExecutable : public DeviceExecutable, public Numbered {
 public:
  ProductExecutable(const CublasLt& lib, Product parts)
      : lib_(lib),
        parts_(std::move(parts)),
        w_(lib, parts_.mode.type, parts_.w, parts_.batch),
        a_(lib, parts_.mode.type, parts_.a, parts_.batch),
        y_(lib, parts_.mode.type, parts_.y, parts_.batch) {}

  /// By its knobs where the config has them and the library takes them, else by its place in the heuristics' list. False with a
  /// sentence where there is no such algorithm.
  bool choose(const Config& config, int64_t workspace, std::string& why) {
    if (has_knobs(config) && choose_exactly(config, workspace, refused_)) return true;
    return choose_place(config.at(kAlgorithmPlace), workspace, why);
  }

  Config knobs() const override {
    const int64_t id = attribute(CUBLASLT_ALGO_CONFIG_ID);
    Config knobs{{kAlgorithmId, id}};
    for (const AlgorithmKnob& knob : kKnobs) knobs[knob.name] = attribute(knob.attribute);
    cublasLtMatmulAlgo_t again{};
    std::string why;
    return made_of(knobs, again, why) && std::memcmp(&again, &algorithm_, sizeof again) == 0 ? knobs : Config();
  }

  /// cuBLASLt loads a kernel when it is first launched, which takes milliseconds: it runs once here, on memory that nobody reads,
  /// rather than first in a caller's run. What goes wrong will be told there.
  void load() const {
    if (!LoadedKernels::instance().add(kernel_key())) return;
    try {
      const auto bytes_of = [&](const ProductMatrix& m) { return ((parts_.batch - 1) * m.batch_stride + (m.transposed ? m.columns : m.rows) * m.leading) * size_of(parts_.mode.type); };
      const DeviceBuffer matrix(std::max({bytes_of(parts_.w), bytes_of(parts_.a), bytes_of(parts_.y)})), workspace(workspace_);
      Operation operation(lib_, parts_.mode);
      if (parts_.mode.bias) operation.set_bias(matrix.data());
      lib_.matmul(lib_.handle(), operation.get(), &parts_.alpha, matrix.data(), w_.get(), matrix.data(), a_.get(), &parts_.alpha, matrix.data(), y_.get(), matrix.data(), y_.get(),
                  &algorithm_, workspace.data(), static_cast<size_t>(workspace_), cudaStreamPerThread);
      cudaStreamSynchronize(cudaStreamPerThread);
    } catch (const Error&) {
    }
    cudaGetLastError();
  }

  int64_t workspace_bytes() const override { return workspace_; }
  bool uses_input(int i) const override { return i != 1 || !parts_.weights; }
  std::unique_ptr<State> make_state() const override { return std::make_unique<Operation>(lib_, parts_.mode); }
  std::string kernel_name() const override {
    return fmt::format("cublaslt:algo {} tile {} stages {} split-k {}{}{}", attribute(CUBLASLT_ALGO_CONFIG_ID),
                       attribute(CUBLASLT_ALGO_CONFIG_TILE_ID), attribute(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                       attribute(CUBLASLT_ALGO_CONFIG_SPLITK_NUM),
                       on_tensor_cores() ? " tensor cores" : "", instead_of_kept(refused_));
  }

  void enqueue(State* state, const Args& args, cudaStream_t stream) const override {
    auto& operation = *static_cast<Operation*>(state);
    if (parts_.mode.bias) operation.set_bias(args.in[2].data);
    const void* w = parts_.weights ? parts_.weights->data() : args.in[1].data;
    const void* c = parts_.addend >= 0 ? args.in[static_cast<size_t>(parts_.addend)].data : args.out[0].data;
    const float beta = parts_.addend >= 0 ? 1 : 0;
    lib_.check(lib_.matmul(lib_.handle(), operation.get(), &parts_.alpha, w, w_.get(), args.in[0].data, a_.get(), &beta, c,
                           y_.get(), args.out[0].data, y_.get(), &algorithm_, args.workspace,
                           static_cast<size_t>(workspace_), stream),
               "multiplying {} matrices of {} x {} by {} x {}", parts_.batch, parts_.a.rows, parts_.a.columns,
               parts_.w.rows, parts_.w.columns);
  }

 private:
  bool choose_place(int64_t index, int64_t workspace, std::string& why) {
    const auto search = [&] { return Search(lib_, workspace).run(Operation(lib_, parts_.mode), w_, a_, y_); };
    const auto found = Searches::instance().find(text_of(parts_, workspace), search);
    if (index < 0 || index >= static_cast<int64_t>(found.size())) {
      why = fmt::format("{} has {} algorithms for this product", lib_.version(), found.size());
      return false;
    }
    algorithm_ = found[static_cast<size_t>(index)].algo;
    workspace_ = static_cast<int64_t>(found[static_cast<size_t>(index)].workspaceSize);
    return true;
  }

  bool choose_exactly(const Config& knobs, int64_t workspace, std::string& why) {
    if (!made_of(knobs, algorithm_, why)) return false;
    cublasLtMatmulHeuristicResult_t result{};
    const Operation operation(lib_, parts_.mode);
    const auto status = lib_.check_algo(lib_.handle(), operation.get(), w_.get(), a_.get(), y_.get(), y_.get(), &algorithm_, &result);
    if (status != CUBLAS_STATUS_SUCCESS || result.state != CUBLAS_STATUS_SUCCESS) {
      why = fmt::format("{} does not take the kept algorithm {} for this product: {}", lib_.version(), knobs.at(kAlgorithmId),
                        lib_.name_of(status != CUBLAS_STATUS_SUCCESS ? status : result.state));
      return false;
    }
    workspace_ = static_cast<int64_t>(result.workspaceSize);
    if (workspace_ > workspace) why = fmt::format("the kept algorithm needs a workspace of {} bytes, {} are allowed", workspace_, workspace);
    return workspace_ <= workspace;
  }

  /// Numbers from a file; cuBLASLt checks what they say together.
  bool made_of(const Config& knobs, cublasLtMatmulAlgo_t& algorithm, std::string& why) const {
    const auto id = knobs.find(kAlgorithmId);
    const cudaDataType_t type = data_type(parts_.mode.type);
    const bool known = id != knobs.end() && id->second >= 0 && id->second <= INT32_MAX &&
                       lib_.init_algo(lib_.handle(), compute_type(parts_.mode), CUDA_R_32F, type, type, type, type, static_cast<int>(id->second), &algorithm) == CUBLAS_STATUS_SUCCESS;
    if (!known) why = fmt::format("{} has no algorithm of the number that the engine keeps", lib_.version());
    for (const AlgorithmKnob& knob : kKnobs) {
      const auto found = knobs.find(knob.name);
      if (!known || found == knobs.end()) continue;
      const auto value = static_cast<uint32_t>(found->second);
      if (lib_.set_algo_attribute(&algorithm, knob.attribute, &value, knob.bytes) == CUBLAS_STATUS_SUCCESS) continue;
      why = fmt::format("{} does not take {} = {} of algorithm {}", lib_.version(), knob.name + 1, found->second, id->second);
      return false;
    }
    return known;
  }

  /// What a kernel is compiled for: all but the dims.
  std::string kernel_key() const {
    std::string key = fmt::format("{} {} {} {} {} {}", current_device(), to_string(parts_.mode.type), parts_.mode.tf32, parts_.mode.transposed_w, parts_.mode.transposed_a,
                                  static_cast<int>(parts_.mode.epilogue()));
    for (const AlgorithmKnob& knob : kKnobs) key += fmt::format(" {}", attribute(knob.attribute));
    return key + fmt::format(" {}", attribute(CUBLASLT_ALGO_CONFIG_ID));
  }
  bool on_tensor_cores() const {
    uint64_t kinds = 0;
    size_t written = 0;
    const auto status = lib_.algo_capability(&algorithm_, CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS, &kinds, sizeof kinds, &written);
    return status == CUBLAS_STATUS_SUCCESS && (kinds & CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK) != 0;
  }
  int32_t attribute(cublasLtMatmulAlgoConfigAttributes_t name) const {
    uint32_t value = 0;
    size_t written = 0;
    const bool is_short = name == CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID || name == CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID;
    lib_.algo_attribute(&algorithm_, name, &value, is_short ? 2 : 4, &written);
    return static_cast<int32_t>(value);
  }

  const CublasLt& lib_;
  Product parts_;
  Layout w_, a_, y_;
  cublasLtMatmulAlgo_t algorithm_{};
  int64_t workspace_ = 0;
  std::string refused_;  // why the kept knobs were
};

}  // namespace

cublasLtEpilogue_t ProductMode::epilogue() const {
  if (!bias) return activation;
  if (activation == CUBLASLT_EPILOGUE_RELU) return CUBLASLT_EPILOGUE_RELU_BIAS;
  return activation == CUBLASLT_EPILOGUE_GELU ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
}

std::shared_ptr<const Executable> prepare_product(const PrepareContext& cx, Product product, std::string& why) {
  const CublasLt* lib = CublasLt::get(why);
  if (!lib) return nullptr;
  const CurrentDevice device(cx.problem.device.index);
  auto executable = std::make_shared<ProductExecutable>(*lib, std::move(product));
  if (!executable->choose(cx.offer.config, std::min(kWorkspace, cx.problem.options.max_memory), why)) return nullptr;
  // A kernel that was chosen before; candidates run anyway.
  if (has_knobs(cx.offer.config)) executable->load();
  return executable;
}

void add_algorithm_offers(const Problem& p, DType storage, Offer offer, std::vector<Offer>& into) {
  for (int i = 0; i < (is_preferred(p, storage) ? kProductAlgorithms : kOtherAlgorithms); ++i) {
    offer.config[kAlgorithmPlace] = i;
    into.push_back(offer);
  }
}

}  // namespace tenon::core::cuda
