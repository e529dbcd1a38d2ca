#include <algorithm>

#include "tactics/all.h"
#include "tactics/matmul_shape.h"
#include "tactics/onednn/product.h"
#include "tactics/support.h"

namespace tenon::core {
namespace onednn {
namespace {

using dnnl::matmul;

/// Products of [begin, end) of the batch and [row_begin, row_end) of the rows.
struct Part {
  int64_t begin, end, row_begin, row_end;
};

/// Even parts of the batch if there are enough; else each product is cut into rows.
std::vector<Part> parts_of(const MatMulShape& s, int64_t shares) {
  std::vector<Part> parts;
  if (s.batch >= shares) {
    for (int64_t i = 0; i < shares; ++i) parts.push_back({s.batch * i / shares, s.batch * (i + 1) / shares, 0, s.m});
    return parts;
  }
  const int64_t rows = std::min(s.m, (shares + s.batch - 1) / s.batch);
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t r = 0; r < rows; ++r) parts.push_back({b, b + 1, s.m * r / rows, s.m * (r + 1) / rows});
  return parts;
}

/// A product whose right side is computed at run time.
class MatMulBuilder {
 public:
  MatMulBuilder(const PrepareContext& cx, const MatMul& op, const MatMulShape& s, std::string& why)
      : cx_(cx), op_(op), s_(s), why_(why), has_bias_(cx.problem.input(2).present()) {
    const DType storage = cx.offer.in[0].storage;
    storage_ = storage == DType::none ? DType::f32 : storage;
    epilogue_ = {op.activation, cx.problem.input(3).present() ? 3 : -1, false};
  }

  bool add(const Part& part) {
    const int64_t batch = part.end - part.begin, rows = part.row_end - part.row_begin;
    const Desc a = desc_of(s_.a, batch, rows, s_.k, storage_), w = desc_of(s_.w, batch, s_.k, s_.n, storage_);
    const Desc y = desc_of(s_.y, batch, rows, s_.n, storage_), bias = desc_of(s_.bias, batch, rows, s_.n, DType::f32);
    const auto desc = describe<matmul::primitive_desc>([&] { return make(a, w, y, bias); }, why_);
    if (!desc) return false;
    name_ = desc->impl_info_str();
    OneThread one;
    const int64_t size = size_of(storage_), y_at = offset(s_.y, part, size);
    Piece piece{matmul(*desc), {}, {}};
    piece.bindings = {{DNNL_ARG_SRC, a, Binding::From::input, 0, offset(s_.a, part, size), nullptr},
                      {DNNL_ARG_WEIGHTS, w, Binding::From::input, 1, part.begin * s_.w.batch * size, nullptr},
                      {DNNL_ARG_DST, y, Binding::From::output, 0, y_at, nullptr},
                      scratchpad(desc->scratchpad_desc())};
    int place = op_.alpha == 1 ? 0 : 1;
    if (has_bias_)
      piece.bindings.push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(place++) | DNNL_ARG_SRC_1, bias, Binding::From::input, 2,
                                offset(s_.bias, part, size_of(DType::f32)), nullptr});
    epilogue_.bind(piece, place, y, y_at);
    pieces_.push_back(std::move(piece));
    return true;
  }

  std::shared_ptr<const Executable> finish() {
    return std::make_shared<PieceExecutable>(std::move(pieces_), cx_.threads.size(), "onednn:" + name_);
  }

 private:
  matmul::primitive_desc make(const Desc& a, const Desc& w, const Desc& y, const Desc& bias) {
    dnnl::primitive_attr attr = attributes();
    dnnl::post_ops ops;
    if (op_.alpha != 1) ops.append_eltwise(dnnl::algorithm::eltwise_linear, static_cast<float>(op_.alpha), 0);
    if (has_bias_) ops.append_binary(dnnl::algorithm::binary_add, bias);
    attr.set_post_ops(ops);
    std::string why;
    if (!epilogue_.append(attr, y, why)) throw dnnl::error(dnnl_unimplemented, why.c_str());
    return matmul::primitive_desc(engine(), a, w, y, attr);
  }

  /// An axis along which the operand is broadcast has one element. A single product has no batch axis.
  Desc desc_of(const Operand& o, int64_t batch, int64_t rows, int64_t columns, DType dtype) const {
    Dims dims{o.batch ? batch : 1, o.row ? rows : std::min<int64_t>(rows, 1),
              o.column ? columns : std::min<int64_t>(columns, 1)};
    Dims strides{o.batch, o.row, o.column};
    dense_where_broadcast(dims, strides);
    if (s_.batch == 1) dims.erase(dims.begin()), strides.erase(strides.begin());
    return Desc(dims, data_type(dtype), strides);
  }

  /// Axes of one element get the stride that dense memory would have.
  static void dense_where_broadcast(const Dims& dims, Dims& strides) {
    int64_t span = 1;
    for (size_t i = 0; i < 3; ++i) span = std::max(span, dims[i] * strides[i]);
    if (strides[2] == 0) strides[2] = 1;
    if (strides[1] == 0) strides[1] = strides[2] == 1 ? dims[2] : 1;
    if (strides[0] == 0) strides[0] = std::max(span, dims[1] * dims[2]);
  }

  static int64_t offset(const Operand& o, const Part& part, int64_t size) {
    return (part.begin * o.batch + part.row_begin * o.row) * size;
  }

  const PrepareContext& cx_;
  const MatMul& op_;
  const MatMulShape& s_;
  std::string& why_;
  DType storage_;
  bool has_bias_;
  Epilogue epilogue_;
  std::string name_;
  std::vector<Piece> pieces_;
};

/// Config: "rows", "columns": constant weights, the product in this many pieces; neither: both sides are computed.
class OnednnMatMul : public Tactic {
 public:
  std::string_view name() const override { return "onednn_matmul"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const MatMul* op = p.node().as<MatMul>();
    if (!op) {
      why = "not a matrix product";
      return {};
    }
    dnnl::post_ops ops;
    if (!plain_tensors(p, why) || !all_of_dtype(p, DType::f32, why) || !append_activation(ops, op->activation, why))
      return {};
    std::vector<Offer> result;
    for (const Config& config : configs(p)) result.push_back(make_offer(p, DType::none, config));
    if (allows_bf16(p))
      for (const Config& config : configs(p)) result.push_back(make_offer(p, DType::bf16, config));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const MatMul& op = *cx.problem.node().as<MatMul>();
    const auto shape = matmul_shape(op, cx.shapes, cx.problem.input(2).present(), why);
    if (!shape) return nullptr;
    if (shape->batch * shape->m * shape->n * shape->k == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    const Config& config = cx.offer.config;
    if (config.count("rows")) return prepare_product(cx, op, *shape, config.at("rows"), false, why);
    if (config.count("columns")) return prepare_product(cx, op, *shape, config.at("columns"), true, why);
    MatMulBuilder builder(cx, op, *shape, why);
    for (const Part& part : parts_of(*shape, shares_of_work(cx.problem)))
      if (!builder.add(part)) return nullptr;
    return builder.finish();
  }

 private:
  /// A constant matrix, and a bias with one element per column.
  static bool has_packable_weights(const Problem& p) {
    const Fact &w = p.input(1), &bias = p.input(2);
    if (!w.constant || w.rank() < 1 || (p.node().as<MatMul>()->transpose_a && p.input(0).rank() > 1)) return false;
    for (int i = 0; i + 2 < w.rank(); ++i)
      if (w.shape()[i] != Dim(1)) return false;
    if (!bias.present()) return true;
    for (int i = 0; i + 1 < bias.rank(); ++i)
      if (bias.shape()[i] != Dim(1)) return false;
    return w.rank() >= 2 && bias.rank() >= 1 && bias.shape().back() == p.output(0).shape().back();
  }

  static std::vector<Config> configs(const Problem& p) {
    if (!has_packable_weights(p)) return {Config{}};
    const int64_t shares = shares_of_work(p);
    const Config rows{{"rows", shares}}, columns{{"columns", shares}};
    const Shape& a = p.input(0).shape();
    const Dim count = product(Shape(a.begin(), a.end() - std::min<size_t>(1, a.size())));
    if (shares == 1) return {rows};
    if (!count.is_const()) return {rows, columns};
    if (count.value() < shares) return {columns};
    return count.value() < 16 * shares ? std::vector{columns, rows} : std::vector{rows, columns};
  }

  Offer make_offer(const Problem& p, DType storage, const Config& config) const {
    Offer offer = row_major_offer(p, name());
    offer.config = config;
    offer.in[0].storage = offer.out[0].storage = storage;
    if (config.empty()) offer.in[1].storage = storage;
    if (p.input(3).present()) offer.in[3].storage = storage;
    return offer;
  }

  static std::shared_ptr<const Executable> prepare_product(const PrepareContext& cx, const MatMul& op,
                                                           const MatMulShape& s, int64_t pieces, bool columns,
                                                           std::string& why) {
    if (s.batch != 1 || (s.k > 1 && s.a.column != 1) || (s.m > 1 && s.a.row != s.k)) {
      why = "the left side is not one matrix with dense rows";
      return nullptr;
    }
    Product p;
    p.m = s.m;
    p.k = s.k;
    p.n = s.n;
    p.alpha = op.alpha;
    if (cx.offer.in[0].storage != DType::none) p.storage = cx.offer.in[0].storage;
    p.weights = cx.problem.input(1).constant;
    const int64_t column = std::max<int64_t>(s.w.column, 1), row = s.w.row ? s.w.row : s.n * column;
    p.plain_weights = Desc({s.k, s.n}, data_type(DType::f32), Dims{row, column});
    if (cx.problem.input(2).present()) p.bias = 2;
    p.epilogue = {op.activation, cx.problem.input(3).present() ? 3 : -1, false};
    return make_product(p, pieces, columns, cx, why);
  }
};

}  // namespace
}  // namespace onednn

const Tactic& onednn_matmul_tactic() {
  static const onednn::OnednnMatMul tactic;
  return tactic;
}

}  // namespace tenon::core
