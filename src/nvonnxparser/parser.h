#pragma once
#include <optional>

#include "nvonnxparser/model_bytes.h"
#include "nvonnxparser/problems.h"

namespace tenon::adapter {

class Parser final : public nvonnxparser::IParser {
 public:
  Parser(nvinfer1::INetworkDefinition& network, nvinfer1::ILogger& logger);

  bool parse(void const* model, size_t size, char const* path) noexcept override;
  bool parseFromFile(char const* path, int verbosity) noexcept override;
  bool parseWithWeightDescriptors(void const* model, size_t size) noexcept override { return parse(model, size, nullptr); }
  bool supportsModel(void const* model, size_t size, SubGraphCollection_t& groups, char const* path) noexcept override;
  bool supportsOperator(char const* name) const noexcept override;
  void destroy() noexcept override { delete this; }
  int getNbErrors() const noexcept override { return problems_.count(); }
  nvonnxparser::IParserError const* getError(int index) const noexcept override { return problems_.at(index); }
  void clearErrors() noexcept override { problems_.clear(); }
  char const* const* getUsedVCPluginLibraries(int64_t& count) const noexcept override;
  void setFlags(nvonnxparser::OnnxParserFlags flags) noexcept override;
  nvonnxparser::OnnxParserFlags getFlags() const noexcept override { return flags_; }
  void clearFlag(nvonnxparser::OnnxParserFlag flag) noexcept override { flags_ &= ~bit(flag); }
  void setFlag(nvonnxparser::OnnxParserFlag flag) noexcept override { setFlags(flags_ | bit(flag)); }
  bool getFlag(nvonnxparser::OnnxParserFlag flag) const noexcept override { return flags_ & bit(flag); }
  bool supportsModelV2(void const* model, size_t size, char const* path) noexcept override;
  int64_t getNbSubgraphs() noexcept override { return static_cast<int64_t>(groups_.size()); }
  bool isSubgraphSupported(int64_t const index) noexcept override;
  int64_t* getSubgraphNodes(int64_t const index, int64_t& length) noexcept override;

 private:
  static uint32_t bit(nvonnxparser::OnnxParserFlag flag) { return 1u << static_cast<uint32_t>(flag); }
  bool add(const ModelBytes&, const core::Log&);
  /// Keeps every problem of a model's nodes; false when there was none.
  bool report_problems(const std::vector<core::NodeReport>&);
  /// What is known about an operator that has no importer: whether the registry has a plugin of its name.
  void try_plugin(core::NodeReport&);
  /// Whether the network can say what the model says, tried on another one; why not is kept.
  bool fits_network(const ModelBytes&);
  bool find_groups(const ModelBytes&);
  const SubGraph_t* group(int64_t index, const char* call);

  nvinfer1::INetworkDefinition& network_;
  Reporter report_;
  Problems problems_{report_};
  nvonnxparser::OnnxParserFlags flags_ = 0;
  SubGraphCollection_t groups_;
  std::vector<std::vector<int64_t>> group_nodes_;
};

}  // namespace tenon::adapter
