#pragma once
#include "cuda/cublaslt.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/support.h"

namespace tenon::core::cuda {

/// How many of the heuristics' algorithms compete per product: in the preferred storage type, and in each other.
inline constexpr int kProductAlgorithms = 8, kOtherAlgorithms = 3;

/// A matrix in memory. Row-major rows x columns is what cuBLASLt calls columns x rows.
struct ProductMatrix {
  int64_t rows, columns, leading, batch_stride;
  bool transposed;  // its columns are contiguous instead of its rows
};

/// What the product does besides multiplying.
struct ProductMode {
  DType type = DType::f32;
  bool tf32 = false;
  bool transposed_w = false, transposed_a = false;  // in memory
  bool bias = false;
  cublasLtEpilogue_t activation = CUBLASLT_EPILOGUE_DEFAULT;

  cublasLtEpilogue_t epilogue() const;
};

/// y = activation(alpha * a * w + addend + bias), `batch` times.
struct Product {
  ProductMode mode;
  int64_t batch = 1;
  ProductMatrix w, a, y;
  float alpha = 1;
  int addend = -1;  // the input that is added before the activation with the output's shape
  std::shared_ptr<const DeviceBuffer> weights;  // null: input 1 is read
};

/// Input 0 is a, input 1 the weights, input 2 the bias. The algorithm is the offer's (plan/knobs.h: its place in the
/// heuristics' list, or its knobs); null with a sentence where there is no such algorithm.
std::shared_ptr<const Executable> prepare_product(const PrepareContext&, Product, std::string& why);
/// One offer per algorithm.
void add_algorithm_offers(const Problem&, DType storage, Offer, std::vector<Offer>& into);

}  // namespace tenon::core::cuda
