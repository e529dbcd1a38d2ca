#include <fmt/format.h>

#include <map>

#include "build_flags.h"
#include "tenon/error.h"
#include "tenon/model.h"
#include "target.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

Json check_json(const ModelCheck& check) {
  Json nodes = Json::array();
  for (const CheckedNode& n : check.nodes)
    nodes.push_back(
        {{"name", n.name}, {"operation", n.operation}, {"tier", n.tier}, {"detail", n.detail}, {"error", n.error_id}});
  return {{"ok", check.ok()}, {"problems", check.problems}, {"nodes", nodes}};
}

/// One line per kind of node and tier; all nodes with a problem.
void print_check(const ModelCheck& check, bool all) {
  std::map<std::pair<std::string, std::string>, int> kinds;
  std::map<std::string, int> tiers;
  for (CheckedNode node : check.nodes) {
    if (node.tier.empty()) node.tier = "supported";  // the model was not built, so the kernel is not known
    ++kinds[{node.tier, node.operation}];
    ++tiers[node.tier];
    if (all || !node.error_id.empty())
      fmt::print("{:<12} {} ({}){}{}{}\n", node.tier, node.name, node.operation,
                 node.error_id.empty() ? "" : " " + node.error_id, node.detail.empty() ? "" : ": ", node.detail);
  }
  for (const std::string& problem : check.problems) fmt::print("{:<12} {}\n", "model", problem);
  fmt::print("\n");
  for (const auto& kind : kinds) fmt::print("{:<12} {:>6}  {}\n", kind.first.first, kind.second, kind.first.second);
  std::string sum;
  for (const auto& tier : tiers) sum += fmt::format("{}{} {}", sum.empty() ? "" : ", ", tier.second, tier.first);
  fmt::print("\n{} nodes: {}\n", check.nodes.size(), sum);
}

/// The error that stands for all: the gravest is a model that is wrong, then one that is not supported.
ErrorCode code_of(const ModelCheck& check) {
  for (const CheckedNode& node : check.nodes)
    if (!node.error_id.empty() && node.error_id != error_id(ErrorCode::unsupported_operator))
      return ErrorCode::invalid_model;
  return check.problems.empty() ? ErrorCode::unsupported_operator : ErrorCode::invalid_model;
}

class CheckVerb : public Verb {
 public:
  const char* name() const override { return "check"; }
  const char* summary() const override { return "How each node of a model would run, and every problem at once"; }

  void add_flags(CLI::App& app) override {
    app.add_option("model", model_, "An ONNX model")->required();
    app.add_flag("--all", all_, "List every node, not only those with a problem");
    flags_.add(app, BuildFlags::Reference::yes);
  }

  Verdict run(Session& session) override {
    if (kind_of(model_) == FileKind::engine)
      throw Error(ErrorCode::usage, fmt::format("'{}' is an engine, and `tenon check` takes an ONNX model; `tenon inspect {} --compat` says whether an engine holds here", model_, model_));
    ModelCheck check = check_model(model_, flags_.options(session));
    if (session.json) session.envelope.add_model(model_, model_info(model_));
    session.envelope["check"] = check_json(check);
    print_check(check, all_);
    if (check.ok()) return Verdict::passed;
    size_t bad = check.problems.size();
    for (const CheckedNode& node : check.nodes) bad += !node.error_id.empty();
    throw Error(code_of(check), fmt::format("'{}' has {} problem{}, listed above", model_, bad, bad == 1 ? "" : "s"));
  }

 private:
  std::string model_;
  bool all_ = false;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_check_verb() { return std::make_unique<CheckVerb>(); }

}  // namespace tenon::cli
