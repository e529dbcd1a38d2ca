#include "nvinfer1/runtime/layer_info.h"

#include "base/fields.h"
#include "build/reformat.h"
#include "nvinfer1/reporter.h"
#include "nvinfer1/runtime/tensor_format.h"

namespace tenon::adapter {

using nlohmann::ordered_json;

namespace {

/// TensorRT's layer types for the operations of the graph; others keep their own name.
std::string layer_type(const core::Step& step, const std::string& operation, bool reformat) {
  static const std::map<std::string, std::string> kTypes = {
      {"Conv", "Convolution"}, {"ConvTranspose", "Deconvolution"}, {"MatMul", "MatrixMultiply"}, {"Softmax", "SoftMax"},
      {"Transpose", "Shuffle"}, {"Reshape", "Shuffle"}, {"Pool", "Pooling"}, {"Concat", "Concatenation"}, {"Fused", "PointWise"}};
  if (step.kind == core::Step::Kind::reorder) return "Reformat";
  if (step.kind == core::Step::Kind::view) return "NoOp";
  if (reformat) return "Reformat";
  const auto found = kTypes.find(operation);
  return found == kTypes.end() ? operation : found->second;
}

std::string format_text(const core::Format& format, DType dtype) {
  const auto type = static_cast<nvinfer1::DataType>(api_type(format.storage == DType::none ? dtype : format.storage));
  if (format.layout.row_major()) return fmt::format("Row major linear {} format", type_name(type));
  if (format.layout == core::channels_last(static_cast<int>(format.layout.order.size()))) return fmt::format("Channel major {} format", type_name(type));
  return fmt::format("{} {} format", format.layout.str(), type_name(type));
}

int64_t dim_value(const core::Dim& dim, const core::Bindings& bindings) {
  std::set<std::string> symbols;
  dim.collect_symbols(symbols);
  for (const auto& s : symbols)
    if (bindings.count(s) == 0) return -1;
  return dim.evaluate(bindings);
}

ordered_json tensor_information(const core::Program& program, core::SlotId slot_id, const core::Bindings& bindings) {
  const core::Slot& slot = program.plan().slots[slot_id];
  const core::Type& type = program.graph().type(slot.value);
  const std::string& name = program.graph().name_of(slot.value);
  ordered_json dims = ordered_json::array();
  for (const core::Dim& d : type.shape) dims.push_back(dim_value(d, bindings));
  ordered_json j;
  j["Name"] = name.empty() ? fmt::format("(Unnamed Layer* {}) [output {}]", slot.value.node, slot.value.output) : name;
  j["Location"] = program.device().is_host() || slot.kind == core::Slot::Kind::box ? "Host" : "Device";
  j["Dimensions"] = dims;
  j["Format/Datatype"] = format_text(slot.format, type.dtype);
  return j;
}

/// Writes an operation's fields, under TensorRT's key where it has one; fields that are not given are left out.
class FieldWriter : public core::FieldVisitor {
 public:
  explicit FieldWriter(ordered_json& into) : into_(into) {}
  void visit(std::string_view name, bool& v) override { into_[key(name)] = v ? 1 : 0; }
  void visit(std::string_view name, int64_t& v) override { into_[key(name)] = v; }
  void visit(std::string_view name, double& v) override { into_[key(name)] = v; }
  void visit(std::string_view name, std::string& v) override { into_[key(name)] = v; }
  void visit(std::string_view name, DType& v) override { into_[key(name)] = std::string(to_string(v)); }
  void visit(std::string_view name, std::optional<int64_t>& v) override {
    if (v) into_[key(name)] = *v;
  }
  void visit(std::string_view name, std::vector<int64_t>& v) override {
    if (name == "pads" && v.size() % 2 == 0) {
      const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
      into_["PrePadding"] = std::vector<int64_t>(v.begin(), middle);
      into_["PostPadding"] = std::vector<int64_t>(middle, v.end());
    } else if (!v.empty()) {
      into_[key(name)] = v;
    }
  }
  void visit(std::string_view name, std::vector<double>& v) override {
    if (!v.empty()) into_[key(name)] = v;
  }
  void visit(std::string_view name, std::vector<std::string>& v) override {
    if (!v.empty()) into_[key(name)] = v;
  }
  void visit(std::string_view name, core::ConstRef& v) override {
    if (v) into_[key(name)] = v->type().str();
  }
  void visit(std::string_view name, core::GraphRef& v) override {
    if (v) into_[key(name)] = fmt::format("{} nodes", v->order().size());
  }
  void visit_enum(std::string_view name, int& v, std::span<const std::string_view> names) override {
    if (v >= 0 && v < static_cast<int>(names.size())) into_[key(name)] = std::string(names[static_cast<size_t>(v)]);
  }

 private:
  static std::string key(std::string_view name) {
    static const std::map<std::string, std::string, std::less<>> kKeys = {
        {"kernel", "Kernel"}, {"strides", "Stride"}, {"dilations", "Dilation"}, {"group", "Groups"}, {"activation", "Activation"},
        {"axis", "Axis"}, {"axes", "Axes"}, {"perm", "FirstTranspose"}, {"kind", "Operation"}};
    const auto found = kKeys.find(name);
    return found == kKeys.end() ? std::string(name) : found->second;
  }
  ordered_json& into_;
};

/// The weights of a convolution as TensorRT shows them: {"Type": "Float", "Count": 9408}.
void add_weights(ordered_json& j, const core::Graph& g, const core::Node& node) {
  if (node.op->name() != "Conv" && node.op->name() != "ConvTranspose") return;
  static constexpr const char* kKeys[] = {"", "Weights", "Bias"};
  for (size_t i = 1; i < 3 && i < node.inputs.size(); ++i) {
    const core::ConstRef weights = g.constant(node.inputs[i]);
    if (!weights) continue;
    const auto type = static_cast<nvinfer1::DataType>(api_type(weights->dtype()));
    j[kKeys[i]] = {{"Type", type_name(type)}, {"Count", core::checked_product(weights->dims())}};
  }
  if (node.inputs.size() > 1) {
    const core::Shape& w = g.type(node.inputs[1]).shape;
    if (!w.empty() && w[0].is_const()) j["OutMaps"] = w[0].value();
  }
  j["HasBias"] = node.inputs.size() > 2 && node.inputs[2] ? 1 : 0;
}

}  // namespace

std::string layer_name(const core::Program& program, const core::Step& step) {
  const core::Graph& g = program.graph();
  if (step.kind != core::Step::Kind::reorder) return g.display_name(step.node);
  const core::Value value = program.plan().slots[step.in[0]].value;
  if (step.node < 0) return fmt::format("Reformatting CopyNode for Output Tensor {} to {}", value.output, g.display_name(value.node));
  return fmt::format("Reformatting CopyNode for {} to {}", g.display_name(value.node), g.display_name(step.node));
}

ordered_json layer_information(const core::Built& built, int index, const core::Bindings& bindings, bool detailed) {
  const core::Program& program = *built.program;
  const core::Step& step = program.plan().steps[index];
  const std::string name = layer_name(program, step);
  if (!detailed) return name;
  const bool reorder = step.kind == core::Step::Kind::reorder;  // of an output: without a node
  const core::Node& node = program.graph().node(reorder ? program.plan().slots[step.in[0]].value.node : step.node);
  ordered_json j;
  j["Name"] = name;
  const bool reformat = !reorder && core::is_reformat(program.graph(), step.node);
  j["LayerType"] = layer_type(step, std::string(node.op->name()), reformat);
  j["Inputs"] = j["Outputs"] = ordered_json::array();
  ordered_json constants = ordered_json::array();
  for (core::SlotId s : step.in) {
    if (s < 0) continue;
    const bool constant = program.plan().slots[s].kind == core::Slot::Kind::constant;
    (constant ? constants : j["Inputs"]).push_back(tensor_information(program, s, bindings));
  }
  for (core::SlotId s : step.out)
    if (s >= 0) j["Outputs"].push_back(tensor_information(program, s, bindings));
  if (!constants.empty()) j["Constants"] = constants;
  if (reorder) {
    j["ParameterType"] = "Reformat";
    j["Origin"] = "REFORMAT: " + step.reason;
    j["TacticName"] = "reorder";
    return j;
  }
  j["ParameterType"] = j["LayerType"];
  FieldWriter writer(j);
  core::read_fields(*node.op, writer);
  add_weights(j, program.graph(), node);
  const core::Offer& offer = program.choices().offers[step.node];
  j["TacticName"] = offer.str();
  if (reformat) {
    j["Origin"] = "REFORMAT";
    return j;
  }
  std::string origins;
  for (core::OriginId o : node.origins) origins += (origins.empty() ? "[ONNX Layer: " : "\x1e[ONNX Layer: ") + program.graph().origins()[o].name + "]";
  j["Metadata"] = origins;
  return j;
}

}  // namespace tenon::adapter
