#include <algorithm>

#include "onnx/import_state.h"
#include "ops/body_types.h"

namespace tenon::core {
namespace {

/// Functions that call functions can multiply a few nodes into very many.
constexpr int64_t kMaxExpandedNodes = 100'000;

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

int opset_of(const OnnxNode& node, const Opsets& opsets) {
  const auto it = opsets.find(std::string(node.domain));
  if (it != opsets.end()) return it->second;
  if (node.domain.empty())
    fail(ErrorCode::invalid_model, "the model does not say which version of the ONNX operators it uses");
  return 1;
}

}  // namespace

ModelImporter::ModelImporter(const OnnxModel& model, TensorSource& tensors, const ImportOptions& options,
                             std::vector<NodeReport>* reports)
    : model_(model), tensors_(tensors), options_(options), reports_(reports) {
  for (const OnnxFunction& f : model.functions) functions_.emplace(f.name, &f);
}

const OnnxFunction* ModelImporter::function(const OnnxNode& node) const {
  const auto [begin, end] = functions_.equal_range(node.op_type);
  for (auto it = begin; it != end; ++it)
    if (it->second->domain == node.domain && it->second->overload == node.overload) return it->second;
  return nullptr;
}

void ModelImporter::attempt(const std::function<void()>& f) {
  if (!reports_) return f();
  try {
    f();
  } catch (const Error& e) {
    reports_->push_back({"", "", e.what(), e.code(), -1, {}, {}});
  }
}

void ModelImporter::run(ImportedModel& result) {
  const OnnxGraph& source = *model_.graph;
  if (!source.name.empty()) result.graph.name = std::string(source.name);
  Scope scope{result.graph};
  add_initializers(source, scope);
  add_inputs(source, scope);
  ImportState state{*this, scope, model_.opsets};
  attempt([&] { import_nodes(source.nodes, state); });
  for (const auto& output : source.outputs) {
    if (scope.has_failed(output.name)) continue;
    attempt([&] {
      const auto value = scope.find(output.name);
      if (!value || !*value)
        fail(ErrorCode::invalid_model, "the output '{}' of the model is not computed by any node", output.name);
      for (size_t i = 0; i < result.graph.outputs().size(); ++i)
        if (result.graph.output_name(static_cast<int>(i)) == output.name)
          fail(ErrorCode::invalid_model, "two outputs of the model are called '{}'", output.name);
      result.graph.add_output(std::string(output.name), *value);
    });
  }
}

void ModelImporter::import_nodes(const std::vector<OnnxNode>& nodes, ImportState& state) {
  for (int i : order_nodes(nodes, state.scope)) import_node(nodes[i], i, state);
}

void ModelImporter::import_node(const OnnxNode& node, int index, ImportState& state) {
  const int64_t limit = kMaxExpandedNodes + 4 * model_.node_count;
  if (++imported_nodes_ > limit)
    fail(ErrorCode::too_large, "the model has more than {} nodes once its functions are expanded", limit);
  if (state.depth == 0) main_node_ = index;
  const std::string name = state.prefix + node_name(node, index);
  const std::string where = fmt::format("node '{}' ({})", name, operation_name(node));
  state.outputs.assign(node.outputs.size(), Value());
  state.is_set.assign(node.outputs.size(), false);
  try {
    if (reports_)
      for (std::string_view used : used_names(node))
        if (state.scope.has_failed(used)) throw SubgraphFailed();
    const int first_new = state.scope.graph.capacity();
    if (const OnnxFunction* f = function(node)) {
      import_call(*f, node, name, state);
    } else {
      state.origin = state.scope.graph.add_origin({name, operation_name(node)});
      import_operator(node, state);
      finish_node(node, first_new, state);
    }
    bind_outputs(node, state);
    report(node, name, state, nullptr);
  } catch (const Error& e) {
    const Error located(e.code(), starts_with(e.what(), where) ? e.what() : where + ": " + e.what());
    if (!reports_) throw located;
    report(node, name, state, &located);
    state.scope.failed.insert(node.outputs.begin(), node.outputs.end());
  } catch (const SubgraphFailed&) {
    const bool known = function(node) || import_table().find(node.domain, node.op_type);
    try {
      if (!known) with_context(where, [&] { fail_unknown_operator(node, opset_of(node, state.opsets)); });
      report(node, name, state, nullptr);
    } catch (const Error& e) {
      report(node, name, state, &e);
    }
    state.scope.failed.insert(node.outputs.begin(), node.outputs.end());
  }
}

void ModelImporter::import_operator(const OnnxNode& node, ImportState& state) {
  const int opset = opset_of(node, state.opsets);
  const ImportFunction import = import_table().find(node.domain, node.op_type);
  if (!import) fail_unknown_operator(node, opset);
  refuse_old_form(node, opset);
  ImportContext context(state, node);
  import(context);
}

void ModelImporter::finish_node(const OnnxNode& node, int first_new, ImportState& state) {
  Graph& graph = state.scope.graph;
  bool has_nodes = false;
  for (NodeId id = first_new; id < graph.capacity(); ++id) {
    const auto& origins = graph.node(id).origins;
    has_nodes |= std::find(origins.begin(), origins.end(), state.origin) != origins.end();
    for (const Fact& fact : graph.node(id).outputs)
      if (fact.type.is_tensor() && fact.type.ranked)
        if (const auto dims = const_dims(fact.shape())) element_count(*dims);
  }
  if (!has_nodes) graph.note_dropped(state.origin, "replaced by its input or a constant");
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (!state.is_set[i] && !node.outputs[i].empty())
      fail(ErrorCode::invalid_model, "{} has no output {} in this form, but the model names it '{}'", node.op_type, i,
           node.outputs[i]);
}

void ModelImporter::bind_outputs(const OnnxNode& node, ImportState& state) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    state.scope.values[node.outputs[i]] = state.outputs[i];
    state.scope.set_name(state.outputs[i], state.prefix + std::string(node.outputs[i]));
  }
}

void ModelImporter::import_call(const OnnxFunction& function, const OnnxNode& node, const std::string& name,
                                ImportState& state) {
  if (std::find(state.calls.begin(), state.calls.end(), &function) != state.calls.end())
    fail(ErrorCode::invalid_model, "the function {} calls itself", operation_name(node));
  if (state.depth >= kMaxNesting)
    fail(ErrorCode::too_large, "functions and graphs nested more than {} deep are not supported", kMaxNesting);
  if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size())
    fail(ErrorCode::invalid_model, "the function takes {} inputs and gives {} outputs, the call has {} and {}",
         function.inputs.size(), function.outputs.size(), node.inputs.size(), node.outputs.size());
  AttributeBindings attributes;
  for (const auto& attribute : function.attributes) attributes[attribute.name] = &attribute;
  for (const auto& attribute : node.attributes) {
    const OnnxAttribute* bound = &attribute;
    if (!attribute.reference.empty()) {
      const auto it =
          state.attributes ? state.attributes->find(attribute.reference) : AttributeBindings::const_iterator();
      bound = state.attributes && it != state.attributes->end() ? it->second : nullptr;
    }
    if (bound) attributes[attribute.name] = bound;
  }
  Scope scope{state.scope.graph};
  scope.names = state.scope.names;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const std::string_view given = i < node.inputs.size() ? node.inputs[i] : std::string_view();
    const auto value = given.empty() ? Value() : state.scope.find(given);
    if (!value) fail(ErrorCode::invalid_model, "its input '{}' is not computed by any node", given);
    scope.values[function.inputs[i]] = *value;
  }
  Opsets opsets = state.opsets;
  for (const auto& [domain, version] : function.opsets) opsets[domain] = version;
  ImportState inside{*this, scope, opsets, &attributes};
  inside.prefix = name + "/";
  inside.calls = state.calls;
  inside.calls.push_back(&function);
  inside.depth = state.depth + 1;
  import_nodes(function.nodes, inside);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (scope.has_failed(function.outputs[i])) throw SubgraphFailed();
    const auto value = scope.find(function.outputs[i]);
    if (!value || !*value)
      fail(ErrorCode::invalid_model, "the function's output '{}' is not computed by any of its nodes",
           function.outputs[i]);
    state.outputs[i] = *value;
  }
}

void ModelImporter::report(const OnnxNode& node, const std::string& name, const ImportState& state, const Error* problem) {
  if (!reports_) return;
  const auto [it, is_new] = report_of_.emplace(std::pair(&node, name), reports_->size());
  if (is_new) {
    NodeReport report{name, operation_name(node), "", ErrorCode::internal, main_node_};
    if (!node.outputs.empty()) report.output = std::string(node.outputs[0]);
    for (const OnnxFunction* f : state.calls) report.calls.emplace_back(f->name);
    reports_->push_back(std::move(report));
  }
  if (!problem) return;
  NodeReport& report = (*reports_)[it->second];
  report.problem = problem->what();
  report.code = problem->code();
}

std::vector<Value> ModelImporter::find_outputs(const OnnxGraph& source, Scope& scope) {
  std::vector<Value> outputs;
  for (const auto& output : source.outputs) {
    if (scope.has_failed(output.name)) throw SubgraphFailed();
    const auto value = scope.find(output.name);
    if (!value || !*value)
      fail(ErrorCode::invalid_model, "the output '{}' of its graph '{}' is not computed by any node", output.name,
           source.name);
    outputs.push_back(*value);
  }
  return outputs;
}

GraphRef ModelImporter::import_subgraph(const OnnxGraph& source, ImportState& outer, std::span<const Type> input_types,
                                        std::vector<Value>& captured) {
  const bool may_open = !options_.input_shapes.empty() && !reports_ && !outer.scope.is_open();
  if (!may_open) return import_body(source, outer, input_types, captured, false);
  try {
    return import_body(source, outer, input_types, captured, false);
  } catch (const Error& e) {
    if (!is_contradiction(e)) throw;
  }
  captured.clear();
  opened_ = true;
  return import_body(source, outer, input_types, captured, true);
}

GraphRef ModelImporter::import_body(const OnnxGraph& source, ImportState& outer, std::span<const Type> input_types,
                                    std::vector<Value>& captured, bool open) {
  if (outer.depth >= kMaxNesting)
    fail(ErrorCode::too_large, "functions and graphs nested more than {} deep are not supported", kMaxNesting);
  Graph body;
  body.name = source.name.empty() ? "body" : std::string(source.name);
  body.ranges = outer.scope.graph.ranges;
  Scope scope{body, &outer.scope, &captured, open};
  add_initializers(source, scope);
  for (size_t i = 0; i < source.inputs.size(); ++i) {
    const auto& input = source.inputs[i];
    if (scope.values.count(input.name))
      fail(ErrorCode::invalid_model, "two inputs of its graph '{}' are called '{}'", source.name, input.name);
    Type type = i < input_types.size() ? input_types[i] : convert(input.type, input.name, body);
    scope.names->emplace(input.name);
    scope.values[input.name] = scope.add_input(input.name, std::move(type));
  }
  // Before the nodes: symbols made inside must differ from those of all inputs.
  for (std::string_view name : free_names(source)) scope.find(name);
  ImportState state{*this, scope, outer.opsets, outer.attributes};
  state.calls = outer.calls;
  state.depth = outer.depth + 1;
  import_nodes(source.nodes, state);
  std::unordered_set<std::string> names;
  for (Value value : find_outputs(source, scope)) {
    std::string name(source.outputs[body.outputs().size()].name);
    while (!names.insert(name).second) name += "_";
    body.add_output(name, value);
  }
  return std::make_shared<const Graph>(std::move(body));
}

std::vector<Value> ModelImporter::import_inline(const OnnxGraph& source, ImportState& outer) {
  if (outer.depth >= kMaxNesting)
    fail(ErrorCode::too_large, "functions and graphs nested more than {} deep are not supported", kMaxNesting);
  Scope scope{outer.scope.graph, &outer.scope};
  scope.names = outer.scope.names;
  add_initializers(source, scope);
  ImportState state{*this, scope, outer.opsets, outer.attributes};
  state.prefix = outer.scope.graph.origins()[outer.origin].name + "/";
  state.calls = outer.calls;
  state.depth = outer.depth + 1;
  import_nodes(source.nodes, state);
  return find_outputs(source, scope);
}

}  // namespace tenon::core
