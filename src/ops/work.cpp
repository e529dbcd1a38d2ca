#include "ops/work.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/control.h"
#include "ops/conv_integer.h"
#include "ops/deform_conv.h"
#include "ops/fused.h"
#include "ops/index.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/quantize.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/resize.h"
#include "ops/roi.h"
#include "ops/sample.h"
#include "ops/shape.h"
#include "ops/signal.h"

namespace tenon::core {
namespace {

/// The dims of one run; what is not there has none.
struct Run {
  std::span<const Dims> inputs, outputs;
  const Dims& in(size_t i) const { return i < inputs.size() ? inputs[i] : none(); }
  const Dims& out() const { return outputs.empty() ? none() : outputs[0]; }
  bool has(size_t i) const { return !in(i).empty(); }
  double size(size_t i) const { return element_count(in(i)); }
  double size() const { return element_count(out()); }
  /// Dim `axis` of input i, from the end when negative; 1 when there is none.
  double dim(size_t i, int64_t axis) const { return dim(in(i), axis); }
  double out_dim(int64_t axis) const { return dim(out(), axis); }

 private:
  static const Dims& none() {
    static const Dims dims;
    return dims;
  }
  static double dim(const Dims& dims, int64_t axis) {
    const auto rank = static_cast<int64_t>(dims.size());
    if (axis < 0) axis += rank;
    return axis >= 0 && axis < rank ? static_cast<double>(dims[axis]) : 1;
  }
};

/// Additions of whole inputs to the output.
double addends(const Run& r, std::initializer_list<size_t> inputs) {
  double n = 0;
  for (size_t i : inputs) n += r.has(i) ? r.size() : 0;
  return n;
}
double activation(const Activation& a, const Run& r) { return a.present() ? r.size() : 0; }
/// Weights of one filter.
double taps(const Run& r) { return r.size(1) / std::max(r.dim(1, 0), 1.0); }

double flops(const Conv& op, const Run& r) {
  return 2 * r.size() * taps(r) + addends(r, {2, 3}) + activation(op.activation, r);
}
double flops(const ConvTranspose& op, const Run& r) {
  return 2 * r.size(0) * taps(r) + addends(r, {2}) + activation(op.activation, r);
}
double flops(const ConvInteger&, const Run& r) { return 2 * r.size() * taps(r); }
/// Each tap of each input channel is sampled from 2^rank neighbours.
double flops(const DeformConv&, const Run& r) {
  const double rank = std::max(static_cast<double>(r.in(0).size()) - 2, 1.0);
  return 2 * r.size() * taps(r) + addends(r, {3}) + r.size(2) / rank * r.dim(0, 1) * 2 * std::exp2(rank);
}

double flops(const MatMul& op, const Run& r) {
  const double length = r.dim(0, op.transpose_a && r.in(0).size() > 1 ? -2 : -1);
  return 2 * r.size() * length + addends(r, {2, 3}) + (op.alpha == 1 ? 0 : r.size()) + activation(op.activation, r);
}
double flops(const MatMulInteger&, const Run& r) { return 2 * r.size() * r.dim(0, -1); }
double flops(const QLinearMatMul&, const Run& r) { return 2 * r.size() * r.dim(0, -1); }
double flops(const MatMulNBits& op, const Run& r) { return 2 * r.size() * static_cast<double>(op.k) + addends(r, {5}); }

/// One multiplication per further operand and one addition, for every setting of the indices. Axes under an ellipsis
/// are named 0, 1, ... from the right.
double flops(const Einsum& op, const Run& r) {
  std::map<int, double> extents;
  const std::string left = op.equation.substr(0, op.equation.find("->"));
  size_t at = 0;
  for (size_t operand = 0; operand < r.inputs.size(); ++operand, ++at) {
    const size_t end = std::min(left.find(',', at), left.size());
    std::string labels = left.substr(std::min(at, end), end - std::min(at, end));
    std::erase(labels, ' ');
    int axis = 0, hidden = static_cast<int>(r.in(operand).size() + 3 - labels.size());
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != '.') {
        double& extent = extents[labels[i]];
        extent = std::max(extent, r.dim(operand, axis++));
        continue;
      }
      for (i += 2; hidden > 0; --hidden) {
        double& extent = extents[-hidden];
        extent = std::max(extent, r.dim(operand, axis++));
      }
    }
    at = end;
  }
  double n = std::max(static_cast<double>(r.inputs.size()), 1.0);
  for (const auto& [label, extent] : extents) n *= extent;
  return n;
}

/// Both products; per score the scale, softmax (maximum, difference, exp, sum, quotient), mask and soft cap.
double flops(const Attention& op, const Run& r) {
  const double scores = r.dim(0, 0) * r.dim(0, 1) * r.dim(0, 2) * r.dim(1, 2);
  return scores * (2 * r.dim(0, 3) + 2 * r.dim(2, 3) + 6 + (r.has(3) ? 1 : 0) + (op.softcap > 0 ? 3 : 0));
}
/// Per step and head the state decays, takes an outer product (after one more product, for delta) and is read.
double flops(const LinearAttention& op, const Run& r) {
  const bool delta = op.rule == LinearAttentionRule::delta || op.rule == LinearAttentionRule::gated_delta;
  const double heads = std::max(static_cast<double>(op.kv_heads), 1.0);
  return r.dim(0, 0) * r.dim(0, 1) * r.dim(1, 2) * r.dim(2, 2) / heads * (delta ? 7 : 5);
}
double flops(const RotaryEmbedding&, const Run& r) { return 3 * r.size(); }

/// Matrix products of `gates` gates and `each` further operations on each hidden unit.
double recurrent(const Recurrent& common, double gates, double each, const Run& r) {
  const double units = r.dim(0, 0) * r.dim(0, 1) * static_cast<double>(common.directions()) * r.dim(2, 2);
  return units * (2 * gates * (r.dim(0, 2) + r.dim(2, 2)) + each);
}
double flops(const LSTM& op, const Run& r) { return recurrent(op.common, 4, 17, r); }
double flops(const GRU& op, const Run& r) { return recurrent(op.common, 3, 14, r); }
double flops(const RNN& op, const Run& r) { return recurrent(op.common, 1, 3, r); }

double flops(const Pool& op, const Run& r) {
  if (op.global) return r.size(0);
  return r.size() * element_count(op.window.kernel) * (op.kind == PoolKind::lp ? 2 : 1);
}
double flops(const RoiAlign& op, const Run& r) {
  return 8 * r.size() * std::pow(std::max<double>(static_cast<double>(op.sampling_ratio), 1), 2);
}
/// Axis after axis, 2 or 4 taps each.
double flops(const Resize& op, const Run& r) {
  if (op.mode == ResizeMode::nearest || r.in(0).size() != r.out().size()) return 0;
  double n = 0;
  Dims dims = r.in(0);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis] == r.out()[axis]) continue;
    dims[axis] = r.out()[axis];
    n += element_count(dims) * (op.mode == ResizeMode::cubic ? 8 : 4);
  }
  return n;
}
double flops(const GridSample& op, const Run& r) {
  if (op.mode == SampleMode::nearest) return 0;
  return 2 * r.size() * std::pow(op.mode == SampleMode::cubic ? 4 : 2, r.dim(1, -1));
}
double flops(const AffineGrid&, const Run& r) { return 2 * r.size() * r.dim(0, -1); }

double flops(const Reduce& op, const Run& r) {
  switch (op.kind) {
    case ReduceKind::sum_square:
    case ReduceKind::l1:
    case ReduceKind::l2:
      return 2 * r.size(0);
    case ReduceKind::log_sum_exp:
      return 4 * r.size(0);
    default:
      return r.size(0);
  }
}
double flops(const ArgReduce&, const Run& r) { return r.size(0); }
double flops(const Cumulative&, const Run& r) { return r.size(); }
double flops(const Softmax&, const Run& r) { return 5 * r.size(); }
double flops(const LayerNorm& op, const Run& r) { return (op.rms ? 4 : 6) * r.size() + addends(r, {1, 2}); }
double flops(const GroupNorm&, const Run& r) { return 6 * r.size() + addends(r, {1, 2}); }
double flops(const BatchNorm& op, const Run& r) { return (op.training ? 8 : 2) * r.size(); }
double flops(const LRN& op, const Run& r) { return r.size() * (2 * static_cast<double>(op.size) + 3); }
double flops(const LpNorm&, const Run& r) { return 3 * r.size(); }

/// 5 n log2 n for each transform of length n.
double fourier(double transforms, double n) { return n < 2 ? 0 : 5 * transforms * n * std::log2(n); }
double flops(const DFT&, const Run& r) { return fourier(r.size() / 2 / std::max(r.out_dim(-2), 1.0), r.out_dim(-2)); }
double flops(const STFT& op, const Run& r) {
  return fourier(r.out_dim(0) * r.out_dim(1), op.onesided ? 2 * (r.out_dim(2) - 1) : r.out_dim(2));
}
/// Elimination: n^3 * 2/3 for a determinant, n^3 * 2 for an inverse.
double flops(const Det&, const Run& r) { return r.size(0) * r.dim(0, -1) * 2 / 3; }
double flops(const Inverse&, const Run& r) { return r.size(0) * r.dim(0, -1) * 2; }

double flops(const Unary&, const Run& r) { return r.size(); }
double flops(const Binary&, const Run& r) { return r.size(); }
double flops(const Where&, const Run& r) { return r.size(); }
double flops(const Clip&, const Run& r) { return r.size() * (static_cast<double>(r.inputs.size()) - 1); }
double flops(const QuantizeLinear&, const Run& r) { return 2 * r.size(); }
double flops(const DequantizeLinear&, const Run& r) { return 2 * r.size(); }
double flops(const DynamicQuantizeLinear&, const Run& r) { return 4 * r.size(); }

Dims dims_of(const Type& type) {
  Dims dims;
  if (!type.is_tensor() || !type.ranked) return {};
  for (const Dim& d : type.shape) {
    if (!d.is_const()) return {};
    dims.push_back(d.value());
  }
  return dims;
}

/// Of a body whose inputs have these dims; nothing for a body that refuses them.
double body_flops(const GraphRef& body, std::span<const Dims> inputs) {
  if (!body) return 0;
  Graph g = *body;
  try {
    for (size_t i = 0; i < g.inputs().size() && i < inputs.size(); ++i) {
      const Type& declared = g.type(g.inputs()[i]);
      if (!declared.is_tensor() || !declared.ranked || declared.shape.size() != inputs[i].size()) continue;
      g.set_input_type(static_cast<int>(i), Type::tensor(declared.dtype, Shape(inputs[i].begin(), inputs[i].end())));
    }
    g.reinfer();
  } catch (const Error&) {
    return 0;
  }
  double n = 0;
  for (NodeId id : g.order()) {
    std::vector<Dims> in, out;
    for (Value v : g.node(id).inputs) in.push_back(v ? dims_of(g.type(v)) : Dims{});
    for (const Fact& fact : g.node(id).outputs) out.push_back(dims_of(fact.type));
    n += count_flops(*g.node(id).op, in, out);
  }
  return n;
}

double flops(const Fused& op, const Run& r) { return body_flops(op.body, r.inputs); }
double flops(const If& op, const Run& r) {
  const size_t split = 1 + (op.then_branch ? op.then_branch->inputs().size() : 0);
  if (split > r.inputs.size()) return 0;
  return std::max(body_flops(op.then_branch, r.inputs.subspan(1, split - 1)), body_flops(op.else_branch, r.inputs.subspan(split)));
}
double flops(const Loop& op, const Run& r) { return body_flops(op.body, r.inputs); }
double flops(const Scan& op, const Run& r) {
  std::vector<Dims> inputs(r.inputs.begin(), r.inputs.end());
  double steps = 0;
  for (int64_t i = 0; i < op.sequences && op.states + i < static_cast<int64_t>(inputs.size()); ++i) {
    Dims& dims = inputs[op.states + i];
    int64_t axis = op.input_axes.empty() ? 0 : op.input_axes[i];
    if (axis < 0) axis += static_cast<int64_t>(dims.size());
    if (axis < 0 || axis >= static_cast<int64_t>(dims.size())) return 0;
    steps = static_cast<double>(dims[axis]);
    dims.erase(dims.begin() + axis);
  }
  return steps * body_flops(op.body, inputs);
}

using Count = double (*)(const Op&, const Run&);

template <class... Ops>
std::map<std::string_view, Count> counts() {
  return {{Ops::op_name, [](const Op& op, const Run& r) { return flops(static_cast<const Ops&>(op), r); }}...};
}

}  // namespace

double element_count(const Dims& dims) {
  double n = 1;
  for (int64_t d : dims) n *= static_cast<double>(d);
  return n;
}

double elements_read(const Op& op, int input, std::span<const Dims> in, std::span<const Dims> out) {
  const double all = element_count(in[input]);
  const bool part = as<Gather>(op) || as<GatherElements>(op) || as<GatherND>(op) || as<Slice>(op);
  return part && input == 0 && !out.empty() ? std::min(all, element_count(out[0])) : all;
}

double count_flops(const Op& op, std::span<const Dims> in, std::span<const Dims> out) {
  static const auto table =
      counts<Conv, ConvTranspose, ConvInteger, DeformConv, MatMul, MatMulInteger, QLinearMatMul, MatMulNBits, Einsum, Attention,
             LinearAttention, RotaryEmbedding, LSTM, GRU, RNN, Pool, RoiAlign, Resize, GridSample, AffineGrid, Reduce, ArgReduce,
             Cumulative, Softmax, LayerNorm, GroupNorm, BatchNorm, LRN, LpNorm, DFT, STFT, Det, Inverse, Unary, Binary, Where, Clip,
             QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, Fused, If, Loop, Scan>();
  const auto it = table.find(op.name());
  return it == table.end() ? 0 : it->second(op, {in, out});
}

}  // namespace tenon::core
