#include "rewrite_test_util.h"

#include <cmath>
#include <map>
#include <random>

#include "ir/evaluate.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

class Canonical {
 public:
  explicit Canonical(const Graph& g) : g_(g) {}
  Graph build() {
    out_.name = g_.name;
    for (size_t i = 0; i < g_.inputs().size(); ++i)
      nodes_[g_.inputs()[i].node] = out_.add_input(g_.input_name(static_cast<int>(i)), g_.type(g_.inputs()[i]));
    for (size_t i = 0; i < g_.outputs().size(); ++i)
      out_.add_output(g_.output_name(static_cast<int>(i)), walk(g_.outputs()[i]));
    return std::move(out_);
  }

 private:
  Value walk(Value v) {
    if (!v) return v;
    if (!nodes_.count(v.node)) {
      std::vector<Value> inputs;
      for (Value in : g_.node(v.node).inputs) inputs.push_back(walk(in));
      nodes_[v.node] = out_.add(g_.node(v.node).op, std::move(inputs));
    }
    return Graph::output(nodes_[v.node], v.output);
  }
  const Graph& g_;
  Graph out_;
  std::map<NodeId, Value> nodes_;
};

Tensor random_of_type(const Type& type, const Bindings& bindings, std::mt19937& random) {
  const Dims dims = evaluate(type.shape, bindings);
  std::vector<double> values(checked_product(dims));
  std::uniform_real_distribution<double> real(-2, 2);
  std::uniform_int_distribution<int> integer(0, 1);
  for (double& v : values) v = is_float(type.dtype) ? real(random) : integer(random);
  return from_doubles(type.dtype, dims, values);
}

double tolerance(DType dtype) { return dtype == DType::f16 ? 4e-3 : dtype == DType::bf16 ? 3e-2 : 2e-5; }

}  // namespace

Bindings test_bindings(const Graph& g) {
  std::set<std::string> symbols;
  for (Value v : g.inputs())
    for (const Dim& d : g.type(v).shape) d.collect_symbols(symbols);
  Bindings bindings;
  int64_t next = 2;
  for (const auto& s : symbols) bindings[s] = next++;
  return bindings;
}

std::vector<HostValue> random_inputs(const Graph& g) {
  const Bindings bindings = test_bindings(g);
  std::mt19937 random(7);
  std::vector<HostValue> inputs;
  for (Value v : g.inputs()) inputs.push_back(random_of_type(g.type(v), bindings, random));
  return inputs;
}

void expect_close(const Tensor& a, const Tensor& b, const std::string& name) {
  ASSERT_EQ(a.dtype(), b.dtype()) << name;
  ASSERT_EQ(a.dims(), b.dims()) << name;
  const auto x = to_doubles(a), y = to_doubles(b);
  double range = 1e-3;
  for (double v : x)
    if (std::isfinite(v)) range = std::max(range, std::abs(v));
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    ASSERT_NEAR(x[i], y[i], range * tolerance(a.dtype())) << name << " element " << i;
  }
}

std::string canonical_text(const Graph& g) { return print(Canonical(g).build()); }

void expect_same_results(const Graph& a, const Graph& b) {
  Threads alone(1);
  const auto inputs = random_inputs(a);
  const auto x = evaluate(a, inputs, alone), y = evaluate(b, inputs, alone);
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i)
    expect_close(std::get<Tensor>(x[i]), std::get<Tensor>(y[i]), a.output_name(static_cast<int>(i)));
}

Graph run_pass(const std::string& before, const Passes::Body& body, PassReport& report, const PassOptions& options) {
  const Graph original = parse(before, op_registry());
  Graph g = original;
  const Log log;
  Passes passes(options, log, report);
  passes.run("test", g, body);
  passes.finish(g);
  expect_same_results(original, g);
  PassReport again;
  EXPECT_FALSE(Passes(options, log, again).run("test", g, body)) << "a second run changed\n" << print(g);
  return g;
}

void expect_rewrite(const std::string& before, const std::string& after, const Families& rules, int times) {
  PassReport report;
  const Graph g = run_pass(
      before, [&](Graph& graph, PassContext& c) { apply_rewrites(graph, c, rules); }, report);
  EXPECT_EQ(canonical_text(g), canonical_text(parse(after, op_registry())));
  std::string fired;
  for (const auto& note : report.applied) fired += note.equation + "\n";
  EXPECT_EQ(report.applied.size(), static_cast<size_t>(times)) << fired;
}

void expect_no_rewrite(const std::string& text, const Families& rules, const std::string& reason,
                       const PassOptions& options) {
  PassReport report;
  const Graph g = run_pass(
      text, [&](Graph& graph, PassContext& c) { apply_rewrites(graph, c, rules); }, report, options);
  EXPECT_TRUE(report.applied.empty()) << report.applied[0].equation;
  EXPECT_EQ(canonical_text(g), canonical_text(parse(text, op_registry())));
  bool found = reason.empty();
  std::string all;
  for (const auto& note : report.near_misses) {
    found |= note.reason.find(reason) != std::string::npos;
    all += note.equation + ": " + note.reason + "\n";
  }
  EXPECT_TRUE(found) << "near misses:\n" << all;
}

}  // namespace tenon::core
