#include "tactics/onednn/product.h"

#include <algorithm>

namespace tenon::core::onednn {
namespace {

using dnnl::matmul;

Desc rows(int64_t count, int64_t width, DType dtype, int64_t stride) {
  return Desc({count, width}, data_type(dtype), Dims{stride, 1});
}

struct Range {
  int64_t begin, end;
};

Range range_of(int64_t count, int64_t pieces, int64_t i, int64_t multiple) {
  const int64_t units = (count + multiple - 1) / multiple;
  return {std::min(count, units * i / pieces * multiple), std::min(count, units * (i + 1) / pieces * multiple)};
}

class Builder {
 public:
  Builder(const Product& p, const PrepareContext& cx, std::string& why) : p_(p), cx_(cx), why_(why) {}

  bool add(Range m, Range n) {
    const int64_t count_m = m.end - m.begin, count_n = n.end - n.begin;
    const Desc a = rows(count_m, p_.k, p_.storage, p_.k), y = rows(count_m, count_n, p_.storage, p_.n);
    const Desc bias = p_.bias < 0 ? Desc() : Desc({1, count_n}, data_type(p_.bias_type), Dims{count_n, 1});
    const auto desc = describe<matmul::primitive_desc>([&] { return make(a, y, bias, count_n); }, why_);
    if (!desc) return false;
    name_ = desc->impl_info_str();
    OneThread one;
    Piece piece{matmul(*desc), {}, {}};
    const int64_t size = size_of(p_.storage), at = (m.begin * p_.n + n.begin) * size;
    const auto weights = packed(desc->weights_desc(), n);
    piece.bindings = {{DNNL_ARG_SRC, a, Binding::From::input, p_.a, m.begin * p_.k * size, nullptr},
                      {DNNL_ARG_WEIGHTS, desc->weights_desc(), Binding::From::fixed, 0, 0, weights.get()},
                      {DNNL_ARG_DST, y, Binding::From::output, 0, at, nullptr},
                      scratchpad(desc->scratchpad_desc())};
    int place = scaled() ? 1 : 0;
    const int bias_arg = scaled() ? DNNL_ARG_ATTR_MULTIPLE_POST_OP(place) | DNNL_ARG_SRC_1 : DNNL_ARG_BIAS;
    if (p_.bias >= 0)
      piece.bindings.push_back(
          {bias_arg, bias, Binding::From::input, p_.bias, n.begin * size_of(p_.bias_type), nullptr});
    if (p_.bias >= 0 && scaled()) ++place;
    p_.epilogue.bind(piece, place, y, at);
    pieces_.push_back(std::move(piece));
    held_.push_back(weights);
    return true;
  }

  std::shared_ptr<const Executable> finish() {
    auto executable = std::make_shared<PieceExecutable>(std::move(pieces_), cx_.threads.size(), "onednn:" + name_);
    for (const auto& weights : held_) executable->hold(p_.w, weights);
    return executable;
  }

 private:
  /// oneDNN adds its own bias before it scales, so with a factor the bias becomes an operation behind it.
  bool scaled() const { return p_.alpha != 1; }

  matmul::primitive_desc make(const Desc& a, const Desc& y, const Desc& bias, int64_t count_n) {
    const Desc any({p_.k, count_n}, data_type(p_.storage), dnnl::memory::format_tag::any);
    dnnl::primitive_attr attr = attributes();
    if (scaled()) {
      dnnl::post_ops ops;
      ops.append_eltwise(dnnl::algorithm::eltwise_linear, static_cast<float>(p_.alpha), 0);
      if (p_.bias >= 0) ops.append_binary(dnnl::algorithm::binary_add, bias);
      attr.set_post_ops(ops);
    }
    std::string why;
    if (!p_.epilogue.append(attr, y, why)) throw dnnl::error(dnnl_unimplemented, why.c_str());
    if (p_.bias < 0 || scaled()) return matmul::primitive_desc(engine(), a, any, y, attr);
    return matmul::primitive_desc(engine(), a, any, bias, y, attr);
  }

  std::shared_ptr<const void> packed(const Desc& wanted, Range n) {
    const Desc plain = part(p_.plain_weights, 1, n.end - n.begin);
    return pack(cx_.weights, p_.weights, plain, wanted, n.begin * stride_bytes(plain, 1));
  }

  const Product& p_;
  const PrepareContext& cx_;
  std::string& why_;
  std::string name_;
  std::vector<Piece> pieces_;
  std::vector<std::shared_ptr<const void>> held_;
};

}  // namespace

std::shared_ptr<const Executable> make_product(const Product& p, int64_t pieces, bool columns, const PrepareContext& cx,
                                               std::string& why) {
  constexpr int64_t kColumns = 64;  // a piece of columns starts on a multiple of a packed block
  Builder builder(p, cx, why);
  for (int64_t i = 0; i < pieces; ++i) {
    const Range all_m{0, p.m}, all_n{0, p.n};
    const Range part = columns ? range_of(p.n, pieces, i, kColumns) : range_of(p.m, pieces, i, 1);
    if (part.begin == part.end) continue;
    if (!builder.add(columns ? all_m : part, columns ? part : all_n)) return nullptr;
  }
  return builder.finish();
}

}  // namespace tenon::core::onednn
