#include <algorithm>
#include <optional>

#include "cuda/cublaslt.h"
#include "tactics/cuda/cublaslt_activation.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/libraries.h"
#include "tactics/cuda/support.h"
#include "tactics/matmul_shape.h"

namespace tenon::core::cuda {
namespace {

constexpr int kAlgorithms = 8;
constexpr int64_t kWorkspace = 32 << 20;
constexpr uint32_t kAlignment = 16;  // of every tensor, in bytes

cudaDataType_t data_type(DType d) {
  return d == DType::f16 ? CUDA_R_16F : d == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

/// A matrix in memory. Row-major rows x columns is what cuBLASLt calls columns x rows.
struct Matrix {
  int64_t rows, columns, leading, batch_stride;
  bool transposed;  // its columns are contiguous instead of its rows
};

std::optional<Matrix> matrix_of(const Operand& o, int64_t rows, int64_t columns) {
  if (o.column == 1 || columns == 1) {
    const int64_t leading = rows > 1 ? o.row : columns;
    if (leading >= columns) return Matrix{rows, columns, leading, o.batch, false};
  } else if (o.row == 1 || rows == 1) {
    if (o.column >= rows) return Matrix{rows, columns, o.column, o.batch, true};
  }
  return {};
}

class Layout {
 public:
  Layout(const CublasLt& lib, DType type, const Matrix& m, int64_t batch) : lib_(lib) {
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

/// What the product does besides multiplying.
struct Mode {
  DType type = DType::f32;
  bool tf32 = false;
  bool transposed_w = false, transposed_a = false;  // in memory
  bool bias = false;
  cublasLtEpilogue_t activation = CUBLASLT_EPILOGUE_DEFAULT;

  cublasLtEpilogue_t epilogue() const {
    if (!bias) return activation;
    if (activation == CUBLASLT_EPILOGUE_RELU) return CUBLASLT_EPILOGUE_RELU_BIAS;
    return activation == CUBLASLT_EPILOGUE_GELU ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
  }
};

/// The operation, whose bias pointer one context sets before each run.
class Operation : public State {
 public:
  Operation(const CublasLt& lib, const Mode& mode) : lib_(lib) {
    const auto compute = mode.type == DType::f32 && mode.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    lib.check(lib.create_operation(&operation_, compute, CUDA_R_32F), "describing a product");
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
    std::vector<cublasLtMatmulHeuristicResult_t> results(kAlgorithms);
    int count = 0;
    const auto status = lib_.heuristic(lib_.handle(), op.get(), w.get(), a.get(), y.get(), y.get(), preference_,
                                       kAlgorithms, results.data(), &count);
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

/// y^T = w^T a^T: cuBLASLt's first factor is the right side.
class ProductExecutable : public DeviceExecutable {
 public:
  struct Parts {
    Mode mode;
    int64_t batch;
    Matrix w, a, y;
    float alpha;
    int addend = -1;  // the input that is added before the activation with the output's shape
    std::shared_ptr<const DeviceBuffer> weights;  // null: input 1 is read
  };

  ProductExecutable(const CublasLt& lib, Parts parts)
      : lib_(lib),
        parts_(std::move(parts)),
        w_(lib, parts_.mode.type, parts_.w, parts_.batch),
        a_(lib, parts_.mode.type, parts_.a, parts_.batch),
        y_(lib, parts_.mode.type, parts_.y, parts_.batch) {}

  /// False with a sentence where there is no such algorithm.
  bool choose(int64_t index, int64_t workspace, std::string& why) {
    const auto found = Search(lib_, workspace).run(Operation(lib_, parts_.mode), w_, a_, y_);
    if (index < 0 || index >= static_cast<int64_t>(found.size())) {
      why = fmt::format("{} has {} algorithms for this product, number {} was asked for", lib_.version(), found.size(), index);
      return false;
    }
    algorithm_ = found[static_cast<size_t>(index)].algo;
    workspace_ = static_cast<int64_t>(found[static_cast<size_t>(index)].workspaceSize);
    return true;
  }

  int64_t workspace_bytes() const override { return workspace_; }
  bool uses_input(int i) const override { return i != 1 || !parts_.weights; }
  std::unique_ptr<State> make_state() const override { return std::make_unique<Operation>(lib_, parts_.mode); }
  std::string kernel_name() const override {
    return fmt::format("cublaslt:algo {} tile {} stages {} split-k {}", attribute(CUBLASLT_ALGO_CONFIG_ID),
                       attribute(CUBLASLT_ALGO_CONFIG_TILE_ID), attribute(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                       attribute(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
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
  int32_t attribute(cublasLtMatmulAlgoConfigAttributes_t name) const {
    int32_t value = -1;
    size_t written = 0;
    lib_.algo_attribute(&algorithm_, name, &value, sizeof value, &written);
    return value;
  }

  const CublasLt& lib_;
  Parts parts_;
  Layout w_, a_, y_;
  cublasLtMatmulAlgo_t algorithm_{};
  int64_t workspace_ = 0;
};

/// Config: "algo": the number of the algorithm in the heuristics' list.
class CublasLtMatMul : public Tactic {
 public:
  std::string_view name() const override { return "cublaslt_matmul"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const MatMul* op = p.node().as<MatMul>();
    if (!op) why = "not a matrix product";
    if (!op || !source_enabled(p, cublas_lt_source, why) || !CublasLt::get(why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      store_as(offer, p, storage);
      if (!cublaslt_activation(op->activation, stored_as(offer.out[0], p.output(0).dtype()), p.options.exact)) {
        why = "cuBLASLt has no activation '" + op->activation.kind + "' for this type";
        continue;
      }
      for (int i = 0; i < kAlgorithms; ++i) {
        offer.config["algo"] = i;
        result.push_back(offer);
      }
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const CublasLt* lib = CublasLt::get(why);
    if (!lib) return nullptr;
    const MatMul& op = *cx.problem.node().as<MatMul>();
    const auto shape = matmul_shape(op, cx.shapes, cx.problem.input(2).present(), why);
    if (!shape) return nullptr;
    const CurrentDevice device(cx.problem.device.index);
    auto parts = parts_of(cx, op, *shape, why);
    if (!parts) return nullptr;
    auto executable = std::make_shared<ProductExecutable>(*lib, std::move(*parts));
    const int64_t workspace = std::min(kWorkspace, cx.problem.options.max_memory);
    if (!executable->choose(cx.offer.config.at("algo"), workspace, why)) return nullptr;
    return executable;
  }

 private:
  static std::optional<ProductExecutable::Parts> parts_of(const PrepareContext& cx, const MatMul& op,
                                                          const MatMulShape& s, std::string& why) {
    if (s.batch * s.m * s.n * s.k == 0) {
      why = "an empty tensor";
      return {};
    }
    const auto w = matrix_of(s.w, s.k, s.n), a = matrix_of(s.a, s.m, s.k), y = matrix_of(s.y, s.m, s.n);
    if (!w || !a || !y || s.batch > INT32_MAX) {
      why = "an operand is no dense matrix of cuBLASLt";
      return {};
    }
    const DType type = stored_type(cx);
    Mode mode{type, cx.problem.options.tf32, w->transposed, a->transposed, false, CUBLASLT_EPILOGUE_DEFAULT};
    mode.activation = *cublaslt_activation(op.activation, type, cx.problem.options.exact);
    ProductExecutable::Parts parts{mode, s.batch, *w, *a, *y, static_cast<float>(op.alpha), -1, nullptr};
    if (cx.problem.input(3).present()) parts.addend = 3;
    if (cx.problem.input(2).present() && !place_bias(s, parts, why)) return {};
    if (cx.problem.input(1).constant)
      parts.weights = packed_on_device(cx, 1, "plain:" + std::string(to_string(type)),
                                       [&](const Tensor& plain) { return converted(plain, type); });
    return parts;
  }

  static bool place_bias(const MatMulShape& s, ProductExecutable::Parts& parts, std::string& why) {
    if (s.bias_per_column()) {
      parts.mode.bias = true;
      return true;
    }
    const bool whole = s.bias.row == s.n && s.bias.column == 1 && (s.batch == 1 || s.bias.batch == s.m * s.n);
    if (whole && parts.addend < 0) {
      parts.addend = 2;
      return true;
    }
    why = "cuBLASLt adds a bias per column, or one matrix of the output's shape";
    return false;
  }
};

}  // namespace

const Tactic& cublaslt_matmul_tactic() {
  static const CublasLtMatMul tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
