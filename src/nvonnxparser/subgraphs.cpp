#include <algorithm>

#include "base/error.h"
#include "nvinfer1/network/add_model.h"
#include "nvonnxparser/parser.h"

namespace tenon::adapter {

namespace {

/// Nodes of the main graph in the order of their import, and whether all of each is supported.
std::vector<std::pair<int, bool>> supported_nodes(const std::vector<core::NodeReport>& reports) {
  std::vector<std::pair<int, bool>> nodes;
  for (const core::NodeReport& report : reports) {
    if (report.node < 0) continue;
    if (nodes.empty() || nodes.back().first != report.node) nodes.emplace_back(report.node, true);
    if (!report.problem.empty()) nodes.back().second = false;
  }
  return nodes;
}

}  // namespace

bool Parser::fits_network(const ModelBytes& model) {
  try {
    const std::unique_ptr<nvinfer1::INetworkDefinition> trial(network_.getBuilder().createNetworkV2(network_.getFlags()));
    add_model(Network::of(*need(trial.get(), "network")), core::import_onnx_bytes(model.owner, model.bytes, model.folder).graph);
    return true;
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

bool Parser::find_groups(const ModelBytes& model) {
  groups_.clear();
  group_nodes_.clear();
  const std::vector<core::NodeReport> reports = core::check_onnx_bytes(model.owner, model.bytes, model.folder);
  const bool whole = !report_problems(reports) && fits_network(model);
  const bool nodes_only = std::any_of(reports.begin(), reports.end(), [](const auto& r) { return r.node >= 0 && !r.problem.empty(); }) &&
                          std::none_of(reports.begin(), reports.end(), [](const auto& r) { return r.node < 0 && !r.problem.empty(); });
  // A run of nodes that follow each other in an order of execution never needs a node outside in its middle.
  bool open = false;
  for (const auto& [node, supported] : supported_nodes(reports)) {
    if (supported && !open) groups_.push_back({{}, whole || nodes_only});
    if (supported) groups_.back().first.push_back(static_cast<size_t>(node));
    open = supported;
  }
  for (const auto& group : groups_) group_nodes_.emplace_back(group.first.begin(), group.first.end());
  return whole;
}

bool Parser::supportsModel(void const* model, size_t size, SubGraphCollection_t& groups, char const* path) noexcept {
  const bool supported = supportsModelV2(model, size, path);
  guarded(report_, "IParser::supportsModel", [&] { groups = groups_; });
  return supported;
}

bool Parser::supportsModelV2(void const* model, size_t size, char const* path) noexcept {
  try {
    return find_groups(copy_model(model, size, path));
  } catch (...) {
    problems_.add_current_exception(TENON_HERE);
    return false;
  }
}

const SubGraph_t* Parser::group(int64_t index, const char* call) {
  return guarded(report_, call, static_cast<const SubGraph_t*>(nullptr), [&] {
    if (index < 0 || index >= getNbSubgraphs())
      refuse(nvinfer1::ErrorCode::kINVALID_ARGUMENT, "subgraph {} was asked for, there are {}: call supportsModelV2 first", index, getNbSubgraphs());
    return &groups_[static_cast<size_t>(index)];
  });
}

bool Parser::isSubgraphSupported(int64_t const index) noexcept {
  const SubGraph_t* found = group(index, "IParser::isSubgraphSupported");
  return found && found->second;
}

int64_t* Parser::getSubgraphNodes(int64_t const index, int64_t& length) noexcept {
  length = 0;
  if (!group(index, "IParser::getSubgraphNodes")) return nullptr;
  std::vector<int64_t>& nodes = group_nodes_[static_cast<size_t>(index)];
  length = static_cast<int64_t>(nodes.size());
  return nodes.data();
}

}  // namespace tenon::adapter
