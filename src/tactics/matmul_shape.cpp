#include "tactics/matmul_shape.h"

#include <algorithm>

namespace tenon::core {
namespace {

/// An input under the rank of the product: strides of its axes, 0 where it is broadcast.
struct Spread {
  Dims dims, strides;
};

Spread spread(Dims dims, size_t rank) {
  Dims strides = strides_of({}, dims);
  dims.insert(dims.begin(), rank - dims.size(), 1);
  strides.insert(strides.begin(), rank - strides.size(), 0);
  for (size_t i = 0; i < rank; ++i)
    if (dims[i] == 1) strides[i] = 0;
  return {dims, strides};
}

struct Matrices {
  Spread a, w, y, bias;
  size_t rank;
};

Matrices matrices(const MatMul& op, const NodeShapes& shapes, bool has_bias) {
  Dims a = shapes.in[0], w = shapes.in[1];
  const bool row = a.size() == 1, column = w.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) w.push_back(1);
  Matrices m{{}, {}, {}, {}, std::max(a.size(), w.size())};
  m.a = spread(a, m.rank);
  m.w = spread(w, m.rank);
  const size_t last = m.rank - 1;
  if (op.transpose_a && !row) {
    std::swap(m.a.dims[last], m.a.dims[last - 1]);
    std::swap(m.a.strides[last], m.a.strides[last - 1]);
  }
  if (op.transpose_b && !column) {
    std::swap(m.w.dims[last], m.w.dims[last - 1]);
    std::swap(m.w.strides[last], m.w.strides[last - 1]);
  }
  Dims y;
  for (size_t i = 0; i + 2 < m.rank; ++i) y.push_back(m.a.dims[i] == 1 ? m.w.dims[i] : m.a.dims[i]);
  y.push_back(m.a.dims[last - 1]);
  y.push_back(m.w.dims[last]);
  m.y = {y, strides_of({}, y)};
  Dims bias = has_bias ? shapes.in[2] : Dims{};
  if (column && !bias.empty()) bias.push_back(1);
  if (row && bias.size() > 1) bias.insert(bias.end() - 1, 1);
  m.bias = spread(bias, m.rank);
  return m;
}

}  // namespace

std::optional<MatMulShape> matmul_shape(const MatMul& op, const NodeShapes& shapes, bool has_bias, std::string& why) {
  const Matrices m = matrices(op, shapes, has_bias);
  const size_t last = m.rank - 1;
  MatMulShape s;
  s.m = m.y.dims[last - 1];
  s.n = m.y.dims[last];
  s.k = m.a.dims[last];
  s.a = {0, m.a.strides[last - 1], m.a.strides[last]};
  s.w = {0, m.w.strides[last - 1], m.w.strides[last]};
  s.bias = {0, m.bias.strides[last - 1], m.bias.strides[last]};
  s.y = {s.m * s.n, s.n, 1};
  for (size_t i = last - 1; i-- > 0;) {
    const int64_t count = m.y.dims[i];
    if (count == 1) continue;
    const Operand a{m.a.strides[i]}, w{m.w.strides[i]}, bias{m.bias.strides[i]};
    if (s.batch == 1) {
      s.a.batch = a.batch, s.w.batch = w.batch, s.bias.batch = bias.batch;
    } else if (a.batch != s.a.batch * s.batch || w.batch != s.w.batch * s.batch ||
               bias.batch != s.bias.batch * s.batch) {
      why = "the batch axes are broadcast in different ways";
      return {};
    }
    s.batch *= count;
  }
  if (s.m == 1 && s.w.batch == 0) {  // a single row has no stride of its own: the batch's is as good
    s.a.row = s.a.batch;
    s.bias.row = s.bias.batch;
  }
  const bool rows_merge = s.w.batch == 0 && s.a.batch == s.a.row * s.m && s.bias.batch == s.bias.row * s.m;
  if (s.batch > 1 && rows_merge) {
    s.m *= s.batch;
    s.batch = 1;
    s.a.batch = s.bias.batch = 0;
    s.y.batch = s.m * s.n;
  }
  return s;
}

}  // namespace tenon::core
