#include <algorithm>
#include <map>

#include "base/error.h"
#include "ops/einsum.h"
#include "ops/gemm.h"
#include "ops/infer_util.h"
#include "ops/matmul.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

/// One letter, or kEllipsis + the position from the right of an axis that an ellipsis stands for.
using Label = int;
using Labels = std::vector<Label>;
constexpr Label kEllipsis = 256;

bool contains(const Labels& labels, Label label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

struct Equation {
  std::vector<Labels> terms;
  Labels output;
};

[[noreturn]] void refuse(const std::string& equation, std::string_view why) {
  fail(ErrorCode::invalid_model, "Einsum's equation '{}' {}", equation, why);
}

/// `dots`: axes that "..." stands for; -1 where it may not be written.
Labels parse_term(const std::string& equation, std::string_view term, int64_t dots) {
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term.substr(i, 3) == "...") {
      if (dots < 0) refuse(equation, "has an ellipsis for more axes than an operand has");
      if (std::any_of(labels.begin(), labels.end(), [](Label l) { return l >= kEllipsis; }))
        refuse(equation, "has two ellipses in one term");
      for (int64_t d = dots; d-- > 0;) labels.push_back(kEllipsis + static_cast<Label>(d));
      i += 2;
    } else if ((term[i] >= 'a' && term[i] <= 'z') || (term[i] >= 'A' && term[i] <= 'Z')) {
      labels.push_back(term[i]);
    } else {
      refuse(equation, "may hold letters, commas, '...' and one '->' only");
    }
  }
  return labels;
}

/// Labels that appear once, in the order of their letters, after the axes of the ellipsis.
Labels implicit_output(const std::vector<Labels>& terms, int64_t dots) {
  std::map<Label, int> count;
  for (const Labels& term : terms)
    for (Label l : term) ++count[l];
  Labels output;
  for (int64_t d = dots; d-- > 0;) output.push_back(kEllipsis + static_cast<Label>(d));
  for (const auto& [label, n] : count)
    if (n == 1 && label < kEllipsis) output.push_back(label);
  return output;
}

Equation parse_equation(const std::string& equation, const std::vector<int>& ranks) {
  std::string text = equation;
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);
  Equation result;
  int64_t dots = 0;
  for (size_t i = 0;; ++i) {
    const size_t comma = left.find(',');
    const std::string_view term = left.substr(0, comma);
    if (i >= ranks.size()) refuse(equation, "has more terms than there are operands");
    const bool has_dots = term.find("...") != term.npos;
    const int64_t extra = ranks[i] - static_cast<int64_t>(term.size()) + 3;
    result.terms.push_back(parse_term(equation, term, has_dots ? extra : 0));
    if (has_dots) dots = std::max(dots, extra);
    if (static_cast<int>(result.terms.back().size()) != ranks[i])
      refuse(equation,
             fmt::format("names {} axes of operand {}, which has {}", result.terms.back().size(), i, ranks[i]));
    if (comma == left.npos) break;
    left.remove_prefix(comma + 1);
  }
  if (result.terms.size() != ranks.size()) refuse(equation, "has fewer terms than there are operands");
  if (arrow == text.npos) {
    result.output = implicit_output(result.terms, dots);
    return result;
  }
  result.output = parse_term(equation, std::string_view(text).substr(arrow + 2), dots);
  for (Label l : result.output) {
    if (std::count(result.output.begin(), result.output.end(), l) > 1)
      refuse(equation, "names an axis of the output twice");
    if (std::none_of(result.terms.begin(), result.terms.end(), [&](const Labels& t) { return contains(t, l); }))
      refuse(equation, "names an axis of the output that no operand has");
  }
  return result;
}

std::string label_name(Label l) { return l >= kEllipsis ? "the ellipsis" : fmt::format("'{}'", static_cast<char>(l)); }

using Sizes = std::map<Label, int64_t>;

Sizes label_sizes(const std::vector<Labels>& terms, const std::vector<Dims>& shapes) {
  Sizes sizes;
  for (size_t i = 0; i < terms.size(); ++i)
    for (size_t axis = 0; axis < terms[i].size(); ++axis) {
      const int64_t dim = shapes[i][axis];
      const auto [it, is_new] = sizes.emplace(terms[i][axis], dim);
      if (is_new || dim == it->second || dim == 1) continue;
      if (it->second != 1)
        fail(ErrorCode::shape_mismatch, "Einsum: the axes {} are {} and {} long; they must be equal",
             label_name(it->first), it->second, dim);
      it->second = dim;
    }
  return sizes;
}

Dims dims_of(const Labels& labels, const Sizes& sizes) {
  Dims dims;
  for (Label l : labels) dims.push_back(sizes.at(l));
  return dims;
}

template <class T>
struct LabelledOperand {
  Labels labels;
  Dims dims;
  const T* data = nullptr;
  std::vector<T> owned;
};

/// Elements of x in the order of `labels`, diagonals taken, other axes summed. An axis of length 1 is repeated.
template <class T>
std::vector<T> collect(const LabelledOperand<T>& x, const Labels& labels, const Sizes& sizes) {
  Labels order = labels;
  for (Label l : x.labels)
    if (!contains(order, l)) order.push_back(l);
  std::vector<int64_t> strides(order.size(), 0), index(order.size(), 0);
  int64_t stride = 1;
  for (size_t axis = x.dims.size(); axis-- > 0;) {
    if (x.dims[axis] != 1) strides[std::find(order.begin(), order.end(), x.labels[axis]) - order.begin()] += stride;
    stride *= x.dims[axis];
  }
  // Axes that x does not spread along need no summing.
  Dims dims = dims_of(order, sizes);
  for (size_t i = labels.size(); i < order.size(); ++i)
    if (strides[i] == 0) dims[i] = 1;
  const int64_t count = checked_product(dims_of(labels, sizes));
  const int64_t summed = checked_product(std::span<const int64_t>(dims).subspan(labels.size()));
  std::vector<T> out(static_cast<size_t>(count), T(0));
  int64_t at = 0;
  const int64_t total = checked_mul(count, summed);
  for (int64_t i = 0; i < total; ++i) {
    out[i / summed] += x.data[at];
    for (size_t axis = order.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < dims[axis]) break;
      at -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return out;
}

template <class T>
LabelledOperand<T> owning(Labels labels, Dims dims, std::vector<T> values) {
  LabelledOperand<T> x;
  x.labels = std::move(labels);
  x.dims = std::move(dims);
  x.owned = std::move(values);
  x.data = x.owned.data();
  return x;
}

/// Labels of x that `keep` holds and along which x is really spread; each once.
template <class T>
Labels kept_labels(const LabelledOperand<T>& x, const Labels& keep, const Sizes& sizes) {
  Labels labels;
  for (size_t i = 0; i < x.labels.size(); ++i)
    if (contains(keep, x.labels[i]) && !contains(labels, x.labels[i]) && (x.dims[i] != 1 || sizes.at(x.labels[i]) == 1))
      labels.push_back(x.labels[i]);
  return labels;
}

template <class T>
LabelledOperand<T> contract(const LabelledOperand<T>& x, const LabelledOperand<T>& y, const Labels& keep, const Sizes& sizes,
                    Threads& threads) {
  Labels wanted_x = keep, wanted_y = keep;
  wanted_x.insert(wanted_x.end(), y.labels.begin(), y.labels.end());
  wanted_y.insert(wanted_y.end(), x.labels.begin(), x.labels.end());
  const Labels lx = kept_labels(x, wanted_x, sizes), ly = kept_labels(y, wanted_y, sizes);
  Labels batch, rows, columns, inner;
  for (Label l : lx) (!contains(ly, l) ? rows : contains(keep, l) ? batch : inner).push_back(l);
  for (Label l : ly)
    if (!contains(lx, l)) columns.push_back(l);
  const auto joined = [](std::initializer_list<const Labels*> parts) {
    Labels all;
    for (const Labels* p : parts) all.insert(all.end(), p->begin(), p->end());
    return all;
  };
  const auto size = [&](const Labels& l) { return checked_product(dims_of(l, sizes)); };
  const std::vector<T> a = collect(x, joined({&batch, &rows, &inner}), sizes),
                       b = collect(y, joined({&batch, &inner, &columns}), sizes);
  const int64_t m = size(rows), n = size(columns), k = size(inner), count = size(batch);
  std::vector<T> c(static_cast<size_t>(checked_mul(count, checked_mul(m, n))), T(0));
  for_each_product(count, threads, [&](int64_t i) {
    gemm<T>(m, n, k, {a.data() + i * m * k, k, 1}, {b.data() + i * k * n, n, 1}, c.data() + i * m * n, n, threads);
  });
  const Labels labels = joined({&batch, &rows, &columns});
  return owning(labels, dims_of(labels, sizes), std::move(c));
}

template <class T>
Tensor evaluate_as(const Einsum& op, const EvalContext& cx) {
  std::vector<int> ranks;
  std::vector<Dims> shapes;
  for (int i = 0; i < cx.size(); ++i) {
    ranks.push_back(static_cast<int>(cx.tensor(i).rank()));
    shapes.push_back(cx.tensor(i).dims());
  }
  const Equation equation = parse_equation(op.equation, ranks);
  const Sizes sizes = label_sizes(equation.terms, shapes);
  LabelledOperand<T> result;
  for (int i = 0; i < cx.size(); ++i) {
    const Reals<T> elements(cx.tensor(i));
    const LabelledOperand<T> x{equation.terms[i], shapes[i], elements.data(), {}};
    Labels keep = equation.output;
    for (size_t later = i + 1; later < equation.terms.size(); ++later)
      keep.insert(keep.end(), equation.terms[later].begin(), equation.terms[later].end());
    if (i > 0) {
      result = contract(result, x, keep, sizes, cx.threads());
    } else {
      const Labels labels = kept_labels(x, keep, sizes);
      result = owning(labels, dims_of(labels, sizes), collect(x, labels, sizes));
    }
  }
  const std::vector<T> values = collect(result, equation.output, sizes);
  RealResult<T> y(cx.tensor(0).dtype(), dims_of(equation.output, sizes));
  std::copy(values.begin(), values.end(), y.data());
  return y.finish();
}

}  // namespace

EinsumLabels einsum_labels(const std::string& equation, const std::vector<int>& ranks) {
  Equation parsed = parse_equation(equation, ranks);
  return {std::move(parsed.terms), std::move(parsed.output)};
}

std::vector<Fact> Einsum::infer(InferContext& cx) const {
  std::vector<int> ranks;
  for (int i = 0; i < cx.size(); ++i) {
    expect_tensor(cx, i, fmt::format("operand {}", i));
    if (cx.input(i).dtype() != cx.input(0).dtype() ||
        !(is_float(cx.input(i).dtype()) || is_integer(cx.input(i).dtype())))
      fail(ErrorCode::invalid_model, "Einsum's operands must be numbers of one type; operand {} is {}", i,
           cx.input(i).type.str());
    if (!cx.input(i).type.ranked) return {unranked(cx.input(0).dtype())};
    ranks.push_back(cx.input(i).rank());
  }
  if (ranks.empty()) refuse(equation, "needs at least one operand");
  const Equation parsed = parse_equation(equation, ranks);
  std::map<Label, Dim> dims;
  for (int i = 0; i < cx.size(); ++i)
    for (int axis = 0; axis < ranks[i]; ++axis) {
      const Dim& dim = cx.input(i).shape()[axis];
      const auto [it, is_new] = dims.emplace(parsed.terms[i][axis], dim);
      if (is_new || dim == Dim(1)) continue;
      if (it->second == Dim(1)) {
        it->second = dim;
      } else if (it->first >= kEllipsis) {
        it->second = broadcast_shapes(cx, {it->second}, {dim}, "Einsum: the axes of the ellipsis")[0];
      } else {
        cx.require_equal(it->second, dim, fmt::format("Einsum: the axes {}", label_name(it->first)));
        if (dim.is_const()) it->second = dim;
      }
    }
  Shape shape;
  for (Label l : parsed.output) shape.push_back(dims.at(l));
  return {Fact::tensor(cx.input(0).dtype(), shape)};
}

std::vector<HostValue> Einsum::evaluate(const EvalContext& cx) const {
  return {with_work_type(cx.tensor(0).dtype(), [&]<class T>(T) { return evaluate_as<T>(*this, cx); })};
}

}  // namespace tenon::core
