#include "ir/verify.h"

#include <set>

#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

/// Infers without touching the graph: unknown sizes become symbols that no model can name.
class CheckingContext : public InferContext {
 public:
  using InferContext::InferContext;
  Dim unknown(std::string_view, std::optional<Dim>) override {
    return Dim::symbol("verify_" + std::to_string(next_++));
  }
  void require_equal(const Dim&, const Dim&, std::string_view) override {}

 private:
  int next_ = 0;
};

class Verifier {
 public:
  Verifier(const Graph& g, ErrorCode code) : g_(g), code_(code) {}

  void run() {
    check_values();
    check_order();
    for (NodeId id = 0; id < g_.capacity(); ++id)
      if (g_.alive(id)) check_node(id);
    check_names();
    check_origins();
    for (const auto& entry : g_.ranges)
      require(entry.second.low <= entry.second.high && entry.second.low >= 0, [&] {
        return fmt::format("the range of symbol '{}' is [{}, {}]", entry.first, entry.second.low, entry.second.high);
      });
  }

 private:
  /// `what` is called only on failure: describing a node costs more than checking it.
  template <class What>
  void require(bool condition, What&& what) const {
    if (!condition) fail_with(code_, "graph '" + g_.name + "': " + what());
  }

  bool exists(Value v) const {
    return v.node >= 0 && v.node < g_.capacity() && g_.alive(v.node) && v.output >= 0 &&
           v.output < static_cast<int>(g_.node(v.node).outputs.size());
  }

  void check_values() const {
    for (Value v : g_.inputs())
      require(exists(v) && g_.node(v.node).as<InputOp>(), [&] { return std::string("an input is not an Input node"); });
    for (size_t i = 0; i < g_.outputs().size(); ++i)
      require(exists(g_.outputs()[i]),
              [&] { return fmt::format("output '{}' is no live value", g_.output_name(static_cast<int>(i))); });
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (!g_.alive(id)) continue;
      for (Value v : g_.node(id).inputs)
        require(!v || exists(v), [&] {
          return fmt::format("{} reads output {} of node {}, which is no live value", g_.describe_node(id), v.output,
                             v.node);
        });
    }
  }

  void check_order() const {
    const auto order = g_.order();
    std::vector<bool> seen(g_.capacity(), false);
    for (NodeId id : order) {
      for (Value v : g_.node(id).inputs)
        if (v && !seen[v.node])
          require(false, [&] {
            return fmt::format("{} reads {}, which is not computed before it", g_.describe_node(id),
                               g_.describe_node(v.node));
          });
      seen[id] = true;
    }
    for (NodeId id = 0; id < g_.capacity(); ++id)
      require(!g_.alive(id) || seen[id], [&] { return fmt::format("node {} is part of a cycle", id); });
  }

  void check_node(NodeId id) const {
    const Node& node = g_.node(id);
    check_uses(id, node);
    for (const auto& body : subgraphs(*node.op)) with_context(g_.describe_node(id), [&] { verify(*body, code_); });
    std::vector<Fact> inputs;
    for (Value v : node.inputs) inputs.push_back(g_.fact(v));
    CheckingContext context(inputs);
    const auto inferred = with_context(g_.describe_node(id), [&] { return node.op->infer(context); });
    require(inferred.size() == node.outputs.size(), [&] {
      return fmt::format("{} has {} outputs instead of {}", g_.describe_node(id), node.outputs.size(), inferred.size());
    });
    for (size_t i = 0; i < inferred.size(); ++i) check_fact(id, static_cast<int>(i), inferred[i]);
  }

  void check_fact(NodeId id, int output, const Fact& inferred) const {
    const Fact& fact = g_.node(id).outputs[output];
    const bool keeps_rank = fact.type.ranked || !inferred.type.ranked;
    require(keeps_rank && refines(fact.type, inferred.type, g_.ranges), [&] {
      return fmt::format("output {} of {} is {}, but {} is inferred", output, g_.describe_node(id), fact.type.str(),
                         inferred.type.str());
    });
    if (fact.constant)
      require(refines(fact.constant->type(), fact.type, g_.ranges), [&] {
        return fmt::format("the constant of output {} of {} is {} instead of {}", output, g_.describe_node(id),
                           fact.constant->type().str(), fact.type.str());
      });
  }

  void check_uses(NodeId id, const Node& node) const {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!node.inputs[i]) continue;
      int found = 0;
      for (const Use& use : g_.uses(node.inputs[i])) found += use.user == id && use.input == static_cast<int>(i);
      require(found == 1, [&] {
        return fmt::format("input {} of {} is listed {} times among the uses of its value", i, g_.describe_node(id),
                           found);
      });
    }
    for (size_t i = 0; i < node.outputs.size(); ++i)
      for (const Use& use : g_.uses({id, static_cast<int32_t>(i)}))
        require(g_.alive(use.user) && use.input < static_cast<int>(g_.node(use.user).inputs.size()) &&
                    g_.node(use.user).inputs[use.input] == Value{id, static_cast<int32_t>(i)},
                [&] { return fmt::format("output {} of {} lists a use that is not there", i, g_.describe_node(id)); });
  }

  void check_names() const {
    std::set<std::string> inputs, outputs, tensors;
    for (size_t i = 0; i < g_.inputs().size(); ++i) {
      const auto& name = g_.input_name(static_cast<int>(i));
      require(inputs.insert(name).second, [&] { return fmt::format("two inputs are called '{}'", name); });
    }
    for (size_t i = 0; i < g_.outputs().size(); ++i) {
      const auto& name = g_.output_name(static_cast<int>(i));
      require(outputs.insert(name).second, [&] { return fmt::format("two outputs are called '{}'", name); });
    }
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (!g_.alive(id)) continue;
      for (const auto& name : g_.node(id).output_names)
        require(name.empty() || tensors.insert(name).second,
                [&] { return fmt::format("two tensors are called '{}'", name); });
    }
  }

  void check_origins() const {
    std::vector<bool> seen(g_.origins().size(), false);
    for (const auto& entry : g_.dropped()) {
      const OriginId id = entry.first;
      require(id >= 0 && id < static_cast<OriginId>(seen.size()),
              [&] { return fmt::format("origin {} does not exist", id); });
      seen[id] = true;
    }
    for (NodeId id = 0; id < g_.capacity(); ++id) {
      if (!g_.alive(id)) continue;
      for (OriginId o : g_.node(id).origins) {
        require(o >= 0 && o < static_cast<OriginId>(seen.size()),
                [&] { return fmt::format("origin {} does not exist", o); });
        seen[o] = true;
      }
    }
    for (size_t i = 0; i < seen.size(); ++i)
      require(seen[i], [&] {
        return fmt::format("the model's node '{}' is behind no live node and not listed as dropped",
                           g_.origins()[i].name);
      });
  }

  const Graph& g_;
  ErrorCode code_;
};

}  // namespace

void verify(const Graph& g, ErrorCode code) { Verifier(g, code).run(); }

}  // namespace tenon::core
