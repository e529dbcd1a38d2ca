#include "tactics/cuda/cublaslt_activation.h"
#include "tactics/cuda/cudnn_support.h"
#include "tactics/cuda/libraries.h"
#include "tactics/matmul_shape.h"

namespace tenon::core::cuda {
namespace {

using cudnn::GraphSpec;

constexpr int kMatMulEngines = 3;  // as many as cuDNN has for a product with its epilogue

/// An operand of a batch of products. An axis along which it is broadcast has one element.
struct Matrices {
  Dims dims, strides;
};

Matrices matrices_of(const Operand& o, int64_t batch, int64_t rows, int64_t columns) {
  Matrices m{{o.batch ? batch : 1, o.row ? rows : 1, o.column ? columns : 1}, {o.batch, o.row, o.column}};
  if (m.strides[2] == 0) m.strides[2] = 1;
  if (m.strides[1] == 0) m.strides[1] = m.strides[2] == 1 ? m.dims[2] : 1;
  if (m.strides[0] == 0) m.strides[0] = std::max(m.dims[1] * m.strides[1], m.dims[2] * m.strides[2]);
  return m;
}

/// Products with the activations that cuBLASLt lacks. Config: "plan", as for convolutions.
class CudnnMatMul : public Tactic {
 public:
  std::string_view name() const override { return "cudnn_matmul"; }
  bool slow_to_prepare() const override { return true; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const MatMul* op = p.node().as<MatMul>();
    if (!op) why = "not a matrix product";
    if (!op || !source_enabled(p, cudnn_source, why) || !cudnn::Library::get(why)) return {};
    GraphSpec trial;
    int t = trial.memory(Dims(3, 1), Dims(3, 1), CUDNN_DATA_FLOAT);
    if (!append_activation(trial, op->activation, t, why)) return {};
    std::vector<Offer> result;
    for (DType storage : storage_types(p, why)) {
      Offer offer = row_major_offer(p, name());
      store_as(offer, p, storage);
      const DType stored = stored_as(offer.out[0], p.output(0).dtype());
      if (cublaslt_activation(op->activation, stored, p.options.exact)) {
        why = "left to cuBLASLt";
      } else if (stored == DType::f32 && !p.options.tf32) {
        why = "cuDNN multiplies f32 matrices in TF32 only, which is not allowed";
      } else {
        add_engine_offers(p, storage, offer, result, kMatMulEngines);
      }
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const MatMul& op = *cx.problem.node().as<MatMul>();
    const auto shape = matmul_shape(op, cx.shapes, cx.problem.input(2).present(), why);
    if (!shape) return nullptr;
    const MatMulShape& s = *shape;
    if (s.batch * s.m * s.n * s.k == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    const cudnnDataType_t type = cudnn::data_type(stored_type(cx));
    GraphSpec g;
    std::vector<CudnnExecutable::Binding> bindings;
    const auto bind = [&](int input, const Matrices& m) {
      bindings.push_back({g.memory(m.dims, m.strides, type), input, -1, nullptr});
      return bindings.back().tensor;
    };
    const Dims y{s.batch, s.m, s.n}, y_strides = strides_of({}, y);
    const int a = bind(0, matrices_of(s.a, s.batch, s.m, s.k)), w = bind(1, matrices_of(s.w, s.batch, s.k, s.n));
    if (cx.problem.input(1).constant) bindings.back().held = weights(cx);
    int t = g.matmul(a, w);
    if (op.alpha != 1) t = g.pointwise(CUDNN_POINTWISE_MUL, t, g.scalar(static_cast<float>(op.alpha), 3));
    if (cx.problem.input(3).present()) t = g.pointwise(CUDNN_POINTWISE_ADD, t, bind(3, {y, y_strides}));
    if (cx.problem.input(2).present()) t = g.pointwise(CUDNN_POINTWISE_ADD, t, bind(2, matrices_of(s.bias, s.batch, s.m, s.n)));
    if (!append_activation(g, op.activation, t, why)) return nullptr;
    g.store(t, type, y_strides);
    bindings.push_back({t, -1, 0, nullptr});
    return prepare_graph(cx, g, std::move(bindings), why);
  }

 private:
  static std::shared_ptr<const DeviceBuffer> weights(const PrepareContext& cx) {
    const CurrentDevice device(cx.problem.device.index);
    const DType type = stored_type(cx);
    return packed_on_device(cx, 1, "plain:" + std::string(to_string(type)), [&](const Tensor& plain) { return converted(plain, type); });
  }
};

}  // namespace

const Tactic& cudnn_matmul_tactic() {
  static const CudnnMatMul tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
