#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "arguments.h"
#include "profile.h"
#include "side.h"
#include "tenon/compare.h"
#include "validate.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

std::string decibels(double db) { return std::isinf(db) && db > 0 ? "equal" : fmt::format("{:.1f}", db); }

Json comparison_json(const std::string& name, const Comparison& c) {
  return {{"name", name},       {"max_abs", finite(c.max_abs)}, {"max_rel", finite(c.max_rel)},
          {"cosine", c.cosine}, {"sqnr_db", finite(c.sqnr_db)}, {"pass", c.pass},
          {"why", c.why}};
}

void print_header() {
  fmt::print("{:<10} {:>11} {:>11} {:>11} {:>8}  {}\n", "verdict", "max abs", "max rel", "cosine", "SQNR dB", "tensor");
}

void print_comparison(const std::string& name, const Comparison& c) {
  fmt::print("{:<10} {:>11.4g} {:>11.4g} {:>11.8f} {:>8}  {}{}\n", c.pass ? "pass" : "DIFFERENT", c.max_abs, c.max_rel,
             c.cosine, decibels(c.sqnr_db), name, c.why.empty() ? "" : ": " + c.why);
}

class CompareVerb : public Verb {
 public:
  const char* name() const override { return "compare"; }
  const char* summary() const override {
    return "Compare the results, inner tensors or times of engines, models and .npz files";
  }

  void add_flags(CLI::App& app) override {
    app.add_option("a", a_, "An engine, a model (runs on the reference executor), or an .npz of results")->required();
    app.add_option("b", b_, "The same: what A is held against, unless only A is a model")->required();
    inputs_.add(app);
    app.add_option_function<std::string>(
           "--inputs", [this](const std::string& file) { inputs_.add_file(file); }, "file.npz with the inputs")
        ->type_name("FILE");
    app.add_flag("--all-tensors", all_tensors_, "Compare inner tensors too, and list those fused away");
    app.add_flag("--validate", validate_, "Find the first NaN or infinity of each side");
    app.add_flag("--times", times_, "Rank layers by difference of time; profile files are taken too");
    app.add_option("--rtol", tolerance_.rtol, "Largest difference as a fraction of B's range (default: by type)")->check(at_least(0));
    app.add_option("--atol", tolerance_.atol, "Largest difference on top of that")->check(at_least(0));
    flags_.add(app, BuildFlags::Reference::no);
  }

  Verdict run(Session& session) override {
    if (times_) return compare_times(session);
    Side a(session, a_, flags_), b(session, b_, flags_);
    if (a.is_model() && !b.is_model()) std::swap(a, b);  // the reference executor is what others are held against
    loosest_ = std::max(a.tolerance(), b.tolerance());
    NamedValues inputs;
    const Side* runner = a.runs() ? &a : b.runs() ? &b : nullptr;
    if (runner) inputs = inputs_.gather(session, runner->engine(), run_shapes());
    fmt::print("A  {}\nB  {}\n\n", a.description(), b.description());
    session.envelope["accuracy"]["reference"] = b.path();
    std::map<std::string, Value> of_a, of_b;
    auto run_both = [&] {
      of_a = a.outputs(inputs, inputs_.seed());
      of_b = b.outputs(inputs, inputs_.seed());
    };
    if (runner)
      inputs_.first_run(runner->engine(), run_both);
    else
      run_both();
    int different = compare_outputs(session, of_a, of_b);
    if (all_tensors_) different += compare_inner(session, a, b, inputs);
    if (validate_) validate_sides(session, {&a, &b}, inputs);
    if (different > 0)
      throw Error(ErrorCode::accuracy, fmt::format("{} tensor{} differ{} by more than the tolerance", different,
                                                   different == 1 ? "" : "s", different == 1 ? "s" : ""));
    return Verdict::passed;
  }

 private:
  std::map<std::string, Dims> run_shapes() const {
    return flags_.has_shapes() ? flags_.run_shapes() : std::map<std::string, Dims>{};
  }

  /// What was computed in a shorter type than its own is held to that type's tolerance.
  Tolerance tolerance_for(const Value& reference) const {
    Tolerance tolerance = tolerance_;
    double own = default_tolerance(reference.tensor.dtype());
    if (tolerance.rtol < 0 && own > 0) tolerance.rtol = std::max(own, loosest_);
    return tolerance;
  }

  int compare_outputs(Session& session, const std::map<std::string, Value>& a,
                      const std::map<std::string, Value>& b) const {
    int different = 0, common = 0;
    print_header();
    for (const auto& entry : b) {
      auto found = a.find(entry.first);
      if (found == a.end()) {
        session.console.warning(fmt::format("'{}' is only in B", entry.first));
        continue;
      }
      ++common;
      Comparison c = compare(found->second, entry.second, tolerance_for(entry.second));
      print_comparison(entry.first, c);
      session.envelope["accuracy"]["outputs"].push_back(comparison_json(entry.first, c));
      different += !c.pass;
    }
    for (const auto& entry : a)
      if (!b.count(entry.first)) session.console.warning(fmt::format("'{}' is only in A", entry.first));
    if (common == 0) throw Error(ErrorCode::unknown_name, "the two sides have no output name in common");
    return different;
  }

  int compare_inner(Session& session, const Side& a, const Side& b, const NamedValues& inputs) const {
    if (!a.runs() || !b.runs()) throw Error(ErrorCode::usage, "--all-tensors needs engines or models on both sides");
    auto of_a = a.all_tensors(inputs, inputs_.seed()), of_b = b.all_tensors(inputs, inputs_.seed());
    std::map<std::string, const ObservedTensor*> in_a;
    for (const auto& entry : of_a) in_a[entry.first] = &entry.second;
    int different = 0;
    std::vector<std::string> absent;
    fmt::print("\ninner tensors, in the order in which B makes them\n");
    print_header();
    for (const auto& entry : of_b) {
      auto found = in_a.find(entry.first);
      if (found == in_a.end()) {
        absent.push_back(entry.first);
        continue;
      }
      Comparison c = compare(found->second->value, entry.second.value, tolerance_for(entry.second.value));
      print_comparison(entry.first, c);
      session.envelope["accuracy"]["tensors"].push_back(comparison_json(entry.first, c));
      if (!c.pass && different++ == 0) print_first_difference(entry.second.nodes);
    }
    if (!absent.empty()) fmt::print("\nfused away in A\n");
    for (const std::string& name : absent) fmt::print("  {}\n", name);
    session.envelope["accuracy"]["fused_away"] = absent;
    return different;
  }

  static void print_first_difference(const std::vector<std::string>& nodes) {
    for (const std::string& node : nodes) fmt::print("           first difference: node '{}'\n", node);
  }

  static void validate_sides(Session& session, const std::vector<const Side*>& sides, const NamedValues& inputs) {
    for (const Side* side : sides) {
      if (!side->runs()) continue;
      fmt::print("\n{}\n", side->description());
      Context context = side->engine().create_context();
      set_inputs(context, stored(side->engine(), inputs));
      validate(session, context, inputs, 0);
    }
  }

  std::vector<LayerTime> times_of_file(Session& session, const std::string& path) const {
    if (kind_of(path) == FileKind::json) return load_profile(path);
    Side side(session, path, flags_);
    if (!side.runs())
      throw Error(ErrorCode::usage, fmt::format("--times takes engines, models and profiles; '{}' is an npz", path));
    return times_of(side.profile(inputs_.gather(session, side.engine(), run_shapes())));
  }

  Verdict compare_times(Session& session) const {
    std::vector<LayerTime> a = times_of_file(session, a_), b = times_of_file(session, b_);
    struct Row {
      std::string name;
      std::optional<double> a, b;
      double difference() const { return a.value_or(0) - b.value_or(0); }
    };
    std::vector<Row> rows;
    std::map<std::string, size_t> places;
    auto row_of = [&](const std::string& name) -> Row& {
      auto place = places.emplace(name, rows.size());
      if (place.second) rows.push_back({name, std::nullopt, std::nullopt});
      return rows[place.first->second];
    };
    double sum_a = 0, sum_b = 0;
    for (const LayerTime& layer : a)
      row_of(layer.name).a = row_of(layer.name).a.value_or(0) + layer.us, sum_a += layer.us;
    for (const LayerTime& layer : b)
      row_of(layer.name).b = row_of(layer.name).b.value_or(0) + layer.us, sum_b += layer.us;
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& x, const Row& y) { return std::fabs(x.difference()) > std::fabs(y.difference()); });
    auto text = [](const std::optional<double>& us) { return us ? fmt::format("{:.1f}", *us) : std::string("-"); };
    fmt::print("{:>10}  {:>10}  {:>10}  {}\n", "A us", "B us", "A - B", "layer");
    for (const Row& row : rows) {
      fmt::print("{:>10}  {:>10}  {:>+10.1f}  {}\n", text(row.a), text(row.b), row.difference(), row.name);
      session.envelope["times"].push_back(
          {{"name", row.name}, {"a_us", row.a ? Json(*row.a) : Json()}, {"b_us", row.b ? Json(*row.b) : Json()}});
    }
    fmt::print("{:>10.1f}  {:>10.1f}  {:>+10.1f}  sum of the layers\n", sum_a, sum_b, sum_a - sum_b);
    return Verdict::passed;
  }

  std::string a_, b_;
  bool all_tensors_ = false, validate_ = false, times_ = false;
  Tolerance tolerance_;
  double loosest_ = 0;
  InputFlags inputs_;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_compare_verb() { return std::make_unique<CompareVerb>(); }

}  // namespace tenon::cli
