#include "tactics/row_product.h"

#include <algorithm>

#include "kernels/cpu/matrix_tile.h"
#include "kernels/cpu/row_product.h"
#include "ops/conv.h"
#include "ops/point_conv.h"
#include "tactics/finish.h"
#include "tactics/matmul_shape.h"
#include "tactics/panels.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

const Activation& activation_of(const Problem& p) {
  const Conv* conv = p.node().as<Conv>();
  return conv ? conv->activation : p.node().as<MatMul>()->activation;
}

/// The right side of a MatMul, [depth, columns], in panels.
PackedFloats packed_matrix(const PrepareContext& cx, const MatMulShape& s) {
  const int64_t panel = cpu::matrix_panel(), count = cpu::panel_floats(s.n, s.k);
  return packed_floats(cx, 1, fmt::format("matrix panels {} {}", s.w.row, s.w.column), count, [&](const Tensor& w, float* to) {
    const float* from = w.data<float>();
    for (int64_t k = 0; k < s.k; ++k)
      for (int64_t c = 0; c < s.n; ++c) to[c / panel * panel * s.k + k * panel + c % panel] = from[k * s.w.row + c * s.w.column];
  });
}

class RowProductExecutable : public Executable {
 public:
  RowProductExecutable(const cpu::RowProduct& kernel, const cpu::DepthwiseFinish& finish, PackedFloats weights)
      : kernel_(kernel), finish_(finish), weights_(std::move(weights)) {}
  std::string kernel_name() const override { return "row_product:panels"; }
  bool uses_input(int i) const override { return i != 1; }

  void run(State*, const Args& args, Threads& threads) const override {
    cpu::DepthwiseFinish finish = finish_;
    if (args.in.size() > 2) finish.bias = args.in[2].in<float>();
    if (args.in.size() > 3) finish.residual = args.in[3].in<float>();
    kernel_.run(args.in[0].in<float>(), weights_.get(), finish, args.out[0].out<float>(), threads);
  }

 private:
  cpu::RowProduct kernel_;
  cpu::DepthwiseFinish finish_;
  PackedFloats weights_;
};

/// Own products with constant weights: of matrices, and 1x1 convolutions in channels-last order. Config: "rows" or
/// "columns": what the threads share.
class RowProductTactic : public Tactic {
 public:
  std::string_view name() const override { return "row_product"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<Conv>() && !p.node().as<MatMul>()) why = "neither a matrix product nor a convolution";
    if (!why.empty() || !plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why)) return {};
    const bool fits = p.node().as<Conv>() ? is_point_conv_or_sum(p.graph, p.id) : is_plain_product(p);
    if (!fits || !p.input(1).constant) why = "not a product of rows with a constant matrix";
    if (why.empty() && p.options.deterministic) why = "--deterministic: its results depend on the number of threads";
    if (!why.empty() || !finish_of(activation_of(p), why)) return {};
    std::vector<Offer> result;
    for (const char* shared : {"rows", "columns"}) {
      if (p.device.threads == 1 && !result.empty()) break;
      Offer offer = row_major_offer(p, name());
      offer.config = {{shared, p.device.threads}};
      if (p.node().as<Conv>()) {
        offer.in[0] = offer.out[0] = with_layout(channels_last(4));
        if (p.input(3).present()) offer.in[3] = offer.in[0];
      }
      result.push_back(std::move(offer));
    }
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const bool by_columns = cx.offer.config.count("columns") > 0;
    cpu::RowProductShape shape;
    PackedFloats weights;
    const Dims &x = cx.shapes.in[0], &y = cx.shapes.out[0];
    if (checked_product(x) == 0 || checked_product(y) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    if (cx.problem.node().as<Conv>()) {
      shape = {y[0] * y[2] * y[3], x[1], y[1]};
      weights = packed_panels(cx, 1);
    } else {
      const MatMul& op = *cx.problem.node().as<MatMul>();
      const bool biased = cx.problem.input(2).present();
      const auto s = matmul_shape(op, cx.shapes, biased, why);
      if (!s) return nullptr;
      const bool dense = s->batch == 1 && (s->k == 1 || s->a.column == 1) && (s->m == 1 || s->a.row == s->k);
      if (!dense || (biased && cx.shapes.in[2].back() != s->n)) {
        why = "the left side is not one matrix with dense rows";
        return nullptr;
      }
      shape = {s->m, s->k, s->n, static_cast<float>(op.alpha)};
      weights = packed_matrix(cx, *s);
    }
    const cpu::RowProduct kernel(shape, by_columns, cx.threads.size());
    return std::make_shared<RowProductExecutable>(kernel, *finish_of(activation_of(cx.problem), why), std::move(weights));
  }

 private:
  /// A matrix on the right and a bias with one element per column.
  static bool is_plain_product(const Problem& p) {
    const Fact& bias = p.input(2);
    if (p.node().as<MatMul>()->transpose_a || p.input(0).rank() < 2 || p.input(1).rank() != 2) return false;
    if (!bias.present()) return true;
    for (int i = 0; i + 1 < bias.rank(); ++i)
      if (bias.shape()[static_cast<size_t>(i)] != Dim(1)) return false;
    return bias.rank() >= 1 && bias.shape().back() == p.output(0).shape().back();
  }
};

}  // namespace

const Tactic& row_product_tactic() {
  static const RowProductTactic tactic;
  return tactic;
}

}  // namespace tenon::core
