#include "tactics/cuda/contract.h"

#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/einsum.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/memory_axes.h"

namespace tenon::core::cuda {

KernelText contract_text(DType a, DType b, DType out) {
  return {kernel_text_contract,
          {fmt::format("-DLEFT={}", element_name(a)), fmt::format("-DRIGHT={}", element_name(b)),
           fmt::format("-DOUT={}", element_name(out))}};
}

namespace {

constexpr size_t kMostLoops = 8, kMostSums = 4;  // of the kernel

/// ContractArgs of the kernel.
struct Parameters {
  const void *a = nullptr, *b = nullptr;
  void* y = nullptr;
  const void *a_zero = nullptr, *bias = nullptr, *b_zero = nullptr;
  uint32_t count = 1, loops = 0, sum_loops = 0, sums = 1;
  Divider extents[kMostLoops];
  int64_t a_strides[kMostLoops] = {}, b_strides[kMostLoops] = {}, a_zero_strides[kMostLoops] = {},
          b_zero_strides[kMostLoops] = {}, bias_strides[kMostLoops] = {};
  Divider sum_extents[kMostSums];
  int64_t a_steps[kMostSums] = {}, b_steps[kMostSums] = {};
  double alpha = 1;
};

/// One loop with the strides of what it steps through.
struct Loop {
  int64_t extent = 1, a = 0, b = 0, a_zero = 0, b_zero = 0, bias = 0;
};

/// Loops of the output, innermost first, and summed ones.
struct Contraction {
  std::vector<Loop> loops, sums;

  std::optional<Parameters> parameters(std::string& why) const {
    Parameters p;
    int64_t count = 1, sum_count = 1;
    for (const Loop& l : loops) count = checked_mul(count, l.extent);
    for (const Loop& l : sums) sum_count = checked_mul(sum_count, l.extent);
    if (count == 0 || sum_count == 0) why = "an empty tensor";
    if (std::max(count, sum_count) > kMostItems) why = "more than 2^31 elements";
    if (loops.size() > kMostLoops || sums.size() > kMostSums) why = "more loops than the kernel has";
    if (!why.empty()) return {};
    p.count = static_cast<uint32_t>(count);
    p.sums = static_cast<uint32_t>(sum_count);
    for (const Loop& l : loops) {
      p.extents[p.loops] = Divider(l.extent);
      p.a_strides[p.loops] = l.a;
      p.b_strides[p.loops] = l.b;
      p.a_zero_strides[p.loops] = l.a_zero;
      p.b_zero_strides[p.loops] = l.b_zero;
      p.bias_strides[p.loops++] = l.bias;
    }
    for (const Loop& l : sums) {
      p.sum_extents[p.sum_loops] = Divider(l.extent);
      p.a_steps[p.sum_loops] = l.a;
      p.b_steps[p.sum_loops++] = l.b;
    }
    return p;
  }
};

/// An operand of a product under the rank of the result.
struct Matrix {
  Dims dims, strides;
  Matrix(Dims own, size_t rank, bool transposed) : dims(std::move(own)), strides(aligned_strides(dims, {}, rank)) {
    dims.insert(dims.begin(), rank - dims.size(), 1);
    if (!transposed) return;
    std::swap(dims[rank - 1], dims[rank - 2]);
    std::swap(strides[rank - 1], strides[rank - 2]);
  }
};

std::optional<Contraction> of_matmul(const MatMul& op, const PrepareContext& cx, std::string& why) {
  Dims left = cx.shapes.in[0], right = cx.shapes.in[1];
  const bool row = left.size() == 1, column = right.size() == 1, has_bias = cx.problem.input(2).present();
  if (has_bias && (row || column)) {
    why = "a bias of a vector";
    return {};
  }
  if (row) left.insert(left.begin(), 1);
  if (column) right.push_back(1);
  const size_t rank = std::max(left.size(), right.size());
  const Matrix a(left, rank, op.transpose_a && !row), b(right, rank, op.transpose_b && !column);
  const Dims bias = has_bias ? aligned_strides(cx.shapes.in[2], {}, rank) : Dims(rank, 0);
  Contraction c;
  c.loops.push_back({b.dims[rank - 1], 0, b.strides[rank - 1], 0, 0, bias[rank - 1]});
  c.loops.push_back({a.dims[rank - 2], a.strides[rank - 2], 0, 0, 0, bias[rank - 2]});
  for (size_t i = rank - 2; i-- > 0;)
    c.loops.push_back({a.dims[i] == 1 ? b.dims[i] : a.dims[i], a.strides[i], b.strides[i], 0, 0, bias[i]});
  c.sums.push_back({a.dims[rank - 1], a.strides[rank - 1], b.strides[rank - 2]});
  return c;
}

/// Both operands have rows and columns; a zero point is one number, or has an element per row of a or column of b.
std::optional<Contraction> of_integers(const PrepareContext& cx, std::string& why) {
  const Dims &a = cx.shapes.in[0], &b = cx.shapes.in[1], &y = cx.shapes.out[0];
  if (a.size() < 2 || b.size() < 2) {
    why = "an operand is a vector";
    return {};
  }
  const size_t rank = y.size();
  // A zero point as it lies along the axes of the output: a vector belongs to the rows of a.
  const auto zero_strides = [&](size_t input) {
    if (cx.shapes.in.size() <= input || !cx.problem.input(static_cast<int>(input)).present()) return Dims(rank, 0);
    Dims zero = cx.shapes.in[input];
    if (input == 2 && zero.size() == 1) zero.push_back(1);
    return zero.size() > rank ? Dims(rank, 0) : aligned_strides(zero, {}, rank);
  };
  const Dims a_strides = aligned_strides(a, {}, rank), b_strides = aligned_strides(b, {}, rank),
             a_zero = zero_strides(2), b_zero = zero_strides(3);
  Contraction c;
  for (size_t i = rank; i-- > 0;)
    c.loops.push_back({y[i], i + 1 == rank ? 0 : a_strides[i], i + 2 == rank ? 0 : b_strides[i], a_zero[i], b_zero[i]});
  c.sums.push_back({a.back(), a_strides[rank - 1], b_strides[rank - 2]});
  return c;
}

std::optional<Contraction> of_einsum(const Einsum& op, const PrepareContext& cx) {
  std::vector<int> ranks;
  for (const Dims& dims : cx.shapes.in) ranks.push_back(static_cast<int>(dims.size()));
  const EinsumLabels labels = einsum_labels(op.equation, ranks);
  std::map<int, Loop> loops;
  for (size_t t = 0; t < labels.terms.size(); ++t) {
    int64_t stride = 1;
    for (size_t axis = labels.terms[t].size(); axis-- > 0;) {
      const int64_t dim = cx.shapes.in[t][axis];
      Loop& loop = loops[labels.terms[t][axis]];
      if (dim != 1) {
        loop.extent = dim;
        (t == 0 ? loop.a : loop.b) += stride;
      }
      stride *= dim;
    }
  }
  Contraction c;
  for (size_t i = labels.output.size(); i-- > 0;) {
    c.loops.push_back(loops[labels.output[i]]);
    loops.erase(labels.output[i]);
  }
  for (const auto& [label, loop] : loops) c.sums.push_back(loop);
  return c;
}

/// Products that libraries and tiled kernels have no types for, and Einsum of one or two operands.
class DeviceContract : public Tactic {
 public:
  std::string_view name() const override { return "device_contract"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const MatMul* matmul = p.node().as<MatMul>();
    const bool einsum = p.node().as<Einsum>();
    if (!matmul && !einsum && !p.node().as<MatMulInteger>()) why = "not a sum of products";
    if (einsum && p.inputs() > 2) why = "more than two operands";
    if (matmul && (matmul->activation.present() || p.input(3).present())) why = "more than a product and a bias";
    const DType dtype = p.input(0).dtype();
    if (matmul && (dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16))
      why = "products of this type have better kernels";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    for (int i = 0; i < std::min(p.inputs(), 2); ++i)
      if (!has_elements(p, i, why)) return {};
    return in_precisions_and_across({row_major_offer(p, name())}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const MatMul* matmul = n.as<MatMul>();
    const Einsum* einsum = n.as<Einsum>();
    const auto contraction = matmul   ? of_matmul(*matmul, cx, why)
                             : einsum ? of_einsum(*einsum, cx)
                                      : of_integers(cx, why);
    if (!contraction) return nullptr;
    auto p = contraction->parameters(why);
    if (!p) return nullptr;
    if (matmul) p->alpha = matmul->alpha;
    const auto stored = [&](size_t i) {
      return stored_as(cx.offer.in[i], cx.problem.input(static_cast<int>(i)).dtype());
    };
    const DType a = stored(0), b = cx.problem.inputs() > 1 ? stored(1) : a;
    const Kernel kernel = compiled(contract_text(a, b, stored_type(cx)), cx.problem.device.compute).kernel("contract");
    const auto fill = matmul ? &fill_matmul : einsum ? &fill_operands : &fill_integers;
    return std::make_shared<OneKernel<Parameters>>("contract", kernel, launch_over(p->count), *p, fill);
  }

 private:
  static void fill_operands(Parameters& to, const Args& args) {
    to.a = args.in[0].data;
    if (args.in.size() > 1) to.b = args.in[1].data;
    to.y = args.out[0].data;
  }
  static void fill_matmul(Parameters& to, const Args& args) {
    fill_operands(to, args);
    if (args.in.size() > 2) to.bias = args.in[2].data;
  }
  static void fill_integers(Parameters& to, const Args& args) {
    fill_operands(to, args);
    if (args.in.size() > 2) to.a_zero = args.in[2].data;
    if (args.in.size() > 3) to.b_zero = args.in[3].data;
  }
};

}  // namespace

const Tactic& device_contract_tactic() {
  static const DeviceContract tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
