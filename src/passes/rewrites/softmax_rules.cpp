#include "ops/normalize.h"
#include "ops/reduce.h"
#include "passes/match.h"
#include "passes/rewrites/families.h"
#include "passes/rewrites/reductions.h"

namespace tenon::core {
namespace {

int64_t positive(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

std::optional<Patch> log_of_softmax(Graph& g, Value root, Near& near) {
  if (!is_unary(g, root, UnaryKind::log)) return std::nullopt;
  const auto* softmax = is<Softmax>(g, input(g, root));
  if (!softmax || softmax->log) return std::nullopt;
  if (!single_use(g, input(g, root))) return near.miss("the softmax is used elsewhere");
  Softmax both = *softmax;
  both.log = true;
  return replace(root, g.add(std::move(both), {input(g, input(g, root))}));
}

/// What has the same order along `axis` as `v`: v without a softmax or its log.
std::optional<Value> same_order(const Graph& g, Value v, int64_t axis, Near& near) {
  const auto* softmax = is<Softmax>(g, v);
  if (!softmax || !ranked_tensor(g, v)) return std::nullopt;
  const int64_t rank = g.type(v).rank();
  if (positive(softmax->axis, rank) != positive(axis, rank)) return near.miss("the softmax is along another axis");
  return input(g, v);
}

std::optional<Patch> top_k_of_softmax(Graph& g, Value root, Near& near) {
  const auto* top = is<TopK>(g, root);
  const auto x = top ? same_order(g, input(g, root), top->axis, near) : std::nullopt;
  if (!x) return std::nullopt;
  if (g.use_count(root) > 0) return near.miss("the values are used too");
  const Value fresh = g.add(TopK(*top), {*x, input(g, root, 1)});
  return replace(Graph::output(root, 1), Graph::output(fresh, 1));
}

std::optional<Patch> arg_max_of_softmax(Graph& g, Value root, Near& near) {
  const auto* arg = is<ArgReduce>(g, root);
  const auto x = arg ? same_order(g, input(g, root), arg->axis, near) : std::nullopt;
  return x ? std::optional(replace(root, g.add(ArgReduce(*arg), {*x}))) : std::nullopt;
}

/// The axis of `reduce`, a Reduce of this kind over one axis that stays as 1.
std::optional<int64_t> single_axis(const Graph& g, Value reduce, ReduceKind kind) {
  const auto* op = is<Reduce>(g, reduce);
  if (!op || op->kind != kind || !op->keepdims) return std::nullopt;
  const auto axes = reduced_axes(g, reduce);
  return axes && axes->size() == 1 ? std::optional((*axes)[0]) : std::nullopt;
}

Value softmax(Graph& g, Value x, int64_t axis, bool log) {
  Softmax op;
  op.axis = axis;
  op.log = log;
  return g.add(std::move(op), {x});
}

std::optional<Patch> exp_over_sum(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::div) || !is_float(g, root)) return std::nullopt;
  const Value e = input(g, root, 0), sum = input(g, root, 1);
  const auto axis = single_axis(g, sum, ReduceKind::sum);
  if (!axis || input(g, sum) != e || !is_unary(g, e, UnaryKind::exp)) return std::nullopt;
  Value x = input(g, e);
  if (is_binary(g, x, BinaryKind::sub)) {
    const Value top = input(g, x, 1);
    if (single_axis(g, top, ReduceKind::max) == axis && input(g, top) == input(g, x)) x = input(g, x);
  }
  return replace(root, softmax(g, x, *axis, false));
}

std::optional<Patch> minus_log_sum_exp(Graph& g, Value root, Near&) {
  if (!is_binary(g, root, BinaryKind::sub)) return std::nullopt;
  const Value x = input(g, root), sum = input(g, root, 1);
  const auto axis = single_axis(g, sum, ReduceKind::log_sum_exp);
  if (!axis || input(g, sum) != x) return std::nullopt;
  return replace(root, softmax(g, x, *axis, true));
}

constexpr Rewrite kSoftmaxRules[] = {
    {"exp(x - max(x)) / sum(exp(x - max(x))) => Softmax(x)", exp_over_sum, true},
    {"x - log_sum_exp(x) => Softmax{log}(x)", minus_log_sum_exp, true},
    {"log(Softmax(x)) => Softmax{log}(x)", log_of_softmax, true},
    {"indices of TopK(Softmax(x)) => TopK(x)", top_k_of_softmax, true, true},
    {"ArgMax(Softmax(x)) => ArgMax(x)", arg_max_of_softmax, true, true},
};

}  // namespace

Rewrites softmax_rules() { return kSoftmaxRules; }

}  // namespace tenon::core
