#include <optional>

#include "tactics/cuda/cublaslt_activation.h"
#include "tactics/cuda/cublaslt_product.h"
#include "tactics/cuda/libraries.h"
#include "tactics/matmul_shape.h"

namespace tenon::core::cuda {
namespace {

std::optional<ProductMatrix> matrix_of(const Operand& o, int64_t rows, int64_t columns) {
  if (o.column == 1 || columns == 1) {
    const int64_t leading = rows > 1 ? o.row : columns;
    if (leading >= columns) return ProductMatrix{rows, columns, leading, o.batch, false};
  } else if (o.row == 1 || rows == 1) {
    if (o.column >= rows) return ProductMatrix{rows, columns, o.column, o.batch, true};
  }
  return {};
}

/// Config: see prepare_product.
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
      add_algorithm_offers(p, storage, offer, result);
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const MatMul& op = *cx.problem.node().as<MatMul>();
    const auto shape = matmul_shape(op, cx.shapes, cx.problem.input(2).present(), why);
    if (!shape) return nullptr;
    const CurrentDevice device(cx.problem.device.index);
    auto product = product_of(cx, op, *shape, why);
    return product ? prepare_product(cx, std::move(*product), why) : nullptr;
  }

 private:
  static std::optional<Product> product_of(const PrepareContext& cx, const MatMul& op,
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
    ProductMode mode{type, cx.problem.options.tf32, w->transposed, a->transposed, false, CUBLASLT_EPILOGUE_DEFAULT};
    mode.activation = *cublaslt_activation(op.activation, type, cx.problem.options.exact);
    Product product{mode, s.batch, *w, *a, *y, static_cast<float>(op.alpha), -1, nullptr};
    if (cx.problem.input(3).present()) product.addend = 3;
    if (cx.problem.input(2).present() && !place_bias(s, product, why)) return {};
    if (cx.problem.input(1).constant)
      product.weights = packed_on_device(cx, 1, "plain:" + std::string(to_string(type)),
                                       [&](const Tensor& plain) { return converted(plain, type); });
    return product;
  }

  static bool place_bias(const MatMulShape& s, Product& product, std::string& why) {
    if (s.bias_per_column()) {
      product.mode.bias = true;
      return true;
    }
    const bool whole = s.bias.row == s.n && s.bias.column == 1 && (s.batch == 1 || s.bias.batch == s.m * s.n);
    if (whole && product.addend < 0) {
      product.addend = 2;
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
