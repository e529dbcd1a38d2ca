#include <algorithm>

#include "onnx/import_state.h"

namespace tenon::core {
namespace {

using Names = std::unordered_set<std::string_view>;

void append_unique(std::string_view name, Names& seen, std::vector<std::string_view>& names) {
  if (!name.empty() && seen.insert(name).second) names.push_back(name);
}

Names defined_names(const OnnxGraph& graph) {
  Names names;
  for (const auto& input : graph.inputs) names.insert(input.name);
  for (const auto& tensor : graph.initializers) names.insert(tensor.name);
  for (const auto& tensor : graph.sparse_initializers) names.insert(tensor.values.name);
  for (const auto& node : graph.nodes) names.insert(node.outputs.begin(), node.outputs.end());
  return names;
}

/// Finds an order by depth-first search, without recursion.
class NodeSorter {
 public:
  NodeSorter(const std::vector<OnnxNode>& nodes, const std::unordered_map<std::string_view, int>& producers)
      : nodes_(nodes), state_(nodes.size(), State::fresh) {
    for (const OnnxNode& node : nodes) {
      auto& needs = needs_.emplace_back();
      for (std::string_view name : used_names(node))
        if (const auto it = producers.find(name); it != producers.end()) needs.emplace_back(it->second, name);
    }
  }

  std::vector<int> run() {
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) visit(i);
    return std::move(order_);
  }

 private:
  enum class State : uint8_t { fresh, open, done };

  void visit(int start) {
    if (state_[start] != State::fresh) return;
    std::vector<std::pair<int, size_t>> stack{{start, 0}};
    state_[start] = State::open;
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == needs_[node].size()) {
        state_[node] = State::done;
        order_.push_back(node);
        stack.pop_back();
        continue;
      }
      const auto [producer, name] = needs_[node][next++];
      if (state_[producer] == State::open) fail_cycle(stack, producer, name);
      if (state_[producer] == State::done) continue;
      state_[producer] = State::open;
      stack.emplace_back(producer, 0);
    }
  }

  [[noreturn]] void fail_cycle(const std::vector<std::pair<int, size_t>>& stack, int first, std::string_view name) {
    constexpr int kShown = 8;
    const int last = stack.back().first;
    std::string path = "'" + node_name(nodes_[first], first) + "'";
    const auto begin = std::find_if(stack.begin(), stack.end(), [&](const auto& s) { return s.first == first; });
    int shown = 0;
    for (auto it = stack.rbegin(); it != std::make_reverse_iterator(begin) && shown <= kShown; ++it, ++shown)
      path += shown < kShown ? " -> '" + node_name(nodes_[it->first], it->first) + "'" : " -> ...";
    fail(ErrorCode::invalid_model, "node '{}' ({}): its input '{}' depends on its own output: the graph is cyclic ({})",
         node_name(nodes_[last], last), operation_name(nodes_[last]), name, path);
  }

  const std::vector<OnnxNode>& nodes_;
  std::vector<std::vector<std::pair<int, std::string_view>>> needs_;  // producer, tensor
  std::vector<State> state_;
  std::vector<int> order_;
};

[[noreturn]] void fail_twice(const std::vector<OnnxNode>& nodes, int node, std::string_view name, std::string_view by) {
  fail(ErrorCode::invalid_model,
       "node '{}' ({}): its output '{}' is already defined by {}; tensor names must be unique",
       node_name(nodes[node], node), operation_name(nodes[node]), name, by);
}

}  // namespace

std::vector<std::string_view> used_names(const OnnxNode& node) {
  Names seen;
  std::vector<std::string_view> names;
  for (std::string_view name : node.inputs) append_unique(name, seen, names);
  for (const auto& attribute : node.attributes) {
    if (!attribute.graph) continue;
    for (std::string_view name : free_names(*attribute.graph)) append_unique(name, seen, names);
  }
  return names;
}

std::vector<std::string_view> free_names(const OnnxGraph& graph) {
  const Names defined = defined_names(graph);
  Names seen;
  std::vector<std::string_view> names;
  const auto use = [&](std::string_view name) {
    if (!defined.count(name)) append_unique(name, seen, names);
  };
  for (const auto& node : graph.nodes)
    for (std::string_view name : used_names(node)) use(name);
  for (const auto& output : graph.outputs) use(output.name);
  return names;
}

std::vector<int> order_nodes(const std::vector<OnnxNode>& nodes, const Scope& scope) {
  std::unordered_map<std::string_view, int> producers;
  for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
    for (std::string_view name : nodes[i].outputs) {
      if (name.empty()) continue;
      if (scope.values.count(name)) fail_twice(nodes, i, name, "an input of the graph");
      if (scope.constants.count(name)) fail_twice(nodes, i, name, "an initializer");
      const auto [it, is_new] = producers.emplace(name, i);
      if (!is_new) fail_twice(nodes, i, name, "node '" + node_name(nodes[it->second], it->second) + "'");
    }
  }
  return NodeSorter(nodes, producers).run();
}

std::string node_name(const OnnxNode& node, int index) {
  return node.name.empty() ? fmt::format("{}_{}", node.op_type, index) : std::string(node.name);
}

std::string operation_name(const OnnxNode& node) {
  return node.domain.empty() ? node.op_type : fmt::format("{}.{}", node.domain, node.op_type);
}

}  // namespace tenon::core
