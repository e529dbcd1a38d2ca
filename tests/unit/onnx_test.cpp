#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ir/evaluate.h"
#include "ir/verify.h"
#include "onnx/import.h"
#include "onnx/model.h"
#include "onnx_builder.h"

namespace tenon::core {
namespace {

using namespace test;  // NOLINT: the builder's names

constexpr int kFloat = 1, kInt64 = 7, kBool = 9;

ImportedModel import_text(const std::string& bytes, const std::string& folder = "", const ImportOptions& options = {}) {
  auto owner = std::make_shared<std::string>(bytes);
  return import_onnx_bytes(owner, {reinterpret_cast<const std::byte*>(owner->data()), owner->size()}, folder, options);
}

/// Expects an error of this code whose message holds each of these texts.
void expect_error(const std::string& bytes, ErrorCode code, const Names& texts, const std::string& folder = "") {
  try {
    import_text(bytes, folder);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    for (const auto& text : texts) EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
  }
}

GraphBytes one_relu() {
  GraphBytes g;
  g.inputs = {value_info("x", kFloat, {"N", "", "3"})};
  g.outputs = {value_info("y", kFloat, {})};
  g.nodes = {node("Relu", {"x"}, {"y"}, "act")};
  return g;
}

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("tenon_onnx_test_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

TEST(Onnx, NamesDimsAndNodes) {
  const auto model = import_text(model_of(one_relu()));
  EXPECT_EQ(model.graph.type(model.graph.inputs()[0]).str(), "f32[N,x_dim1,3]");
  EXPECT_EQ(model.graph.output_name(0), "y");
  EXPECT_EQ(model.graph.origins()[0].name, "act");
  EXPECT_EQ(model.opsets.at(""), 17);
  verify(model.graph);
}

TEST(Onnx, GivenShapesNarrowEveryUseOfASymbol) {
  GraphBytes g = one_relu();
  g.inputs.push_back(value_info("z", kFloat, {"N"}));
  ImportOptions options;
  options.input_shapes["x"] = {4, 5, 3};
  const auto model = import_text(model_of(g), "", options);
  EXPECT_EQ(model.graph.type(model.graph.outputs()[0]).str(), "f32[4,5,3]");
  EXPECT_EQ(model.graph.type(model.graph.inputs()[1]).str(), "f32[4]");
  options.input_shapes["x"] = {4, 5, 6};
  EXPECT_THROW(import_text(model_of(g), "", options), Error);
  options.input_shapes = {{"nothing", {1}}};
  EXPECT_THROW(import_text(model_of(g), "", options), Error);
}

TEST(Onnx, WhatIsNoModelIsRefused) {
  expect_error("", ErrorCode::not_onnx, {"empty"});
  expect_error("hello world, this is text", ErrorCode::not_onnx, {"not an ONNX model"});
  expect_error(std::string("\x08\x08", 2), ErrorCode::not_onnx, {"no graph"});
}

TEST(Onnx, EveryTruncationIsRefusedOrHarmless) {
  const std::string bytes = model_of(one_relu());
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      import_text(bytes.substr(0, size));
    } catch (const Error& e) {
      EXPECT_NE(e.code(), ErrorCode::internal) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size()) / 2);
}

TEST(Onnx, FlippedBitsNeverCrash) {
  GraphBytes g = one_relu();
  g.initializers = {raw_tensor("w", kFloat, {2}, floats({1, 2}))};
  g.nodes.push_back(node("Add", {"y", "w"}, {"z"}));
  const std::string bytes = model_of(g);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    try {
      import_text(damaged);
    } catch (const Error& e) {
      EXPECT_NE(e.code(), ErrorCode::internal) << e.what();
    }
  }
}

TEST(Onnx, CyclesNameANodeAndATensor) {
  GraphBytes g = one_relu();
  g.nodes = {node("Add", {"x", "b"}, {"a"}, "first"), node("Relu", {"a"}, {"b"}, "second"), node("Relu", {"b"}, {"y"})};
  expect_error(model_of(g), ErrorCode::invalid_model, {"node 'second' (Relu)", "'a'", "cyclic", "'first'"});
}

TEST(Onnx, NodesInAnyOrderAreSorted) {
  GraphBytes g = one_relu();
  g.nodes = {node("Relu", {"b"}, {"y"}), node("Relu", {"a"}, {"b"}), node("Relu", {"x"}, {"a"})};
  EXPECT_EQ(import_text(model_of(g)).node_count, 3);
}

TEST(Onnx, UndefinedTensorsNameTheNode) {
  GraphBytes g = one_relu();
  g.nodes = {node("Relu", {"lost"}, {"y"}, "act")};
  expect_error(model_of(g), ErrorCode::invalid_model, {"node 'act' (Relu)", "'lost'"});
  g = one_relu();
  g.outputs = {value_info("lost", kFloat, {})};
  expect_error(model_of(g), ErrorCode::invalid_model, {"output 'lost'"});
}

TEST(Onnx, DuplicateNamesNameBothNodes) {
  GraphBytes g = one_relu();
  g.nodes.push_back(node("Relu", {"x"}, {"y"}, "again"));
  expect_error(model_of(g), ErrorCode::invalid_model, {"node 'again' (Relu)", "'y'", "'act'"});
  g = one_relu();
  g.nodes = {node("Relu", {"x"}, {"x"}, "act")};
  expect_error(model_of(g), ErrorCode::invalid_model, {"node 'act' (Relu)", "'x'", "input"});
  g = one_relu();
  g.inputs.push_back(g.inputs[0]);
  expect_error(model_of(g), ErrorCode::invalid_model, {"two inputs", "'x'"});
}

TEST(Onnx, UnknownOperatorsNameNodeDomainOpsetAndNeighbours) {
  GraphBytes g = one_relu();
  g.nodes = {node("Relo", {"x"}, {"y"}, "act")};
  expect_error(model_of(g), ErrorCode::unsupported_operator, {"node 'act' (Relo)", "ai.onnx", "17", "Relu"});
  g.nodes = {node("TreeEnsemble", {"x"}, {"y"}, "tree", {}, "ai.onnx.ml")};
  expect_error(model_of(g), ErrorCode::unsupported_operator, {"node 'tree'", "not supported"});
  g.nodes = {node("Adam", {"x"}, {"y"}, "opt", {}, "ai.onnx.preview.training")};
  expect_error(model_of(g), ErrorCode::unsupported_operator, {"node 'opt'", "training"});
}

TEST(Onnx, OpsetsOutsideTheRangeAreRefused) {
  expect_error(model_of(one_relu(), 99), ErrorCode::unsupported_operator, {"opset 99", "28"});
  GraphBytes g = one_relu();
  g.nodes = {node("Selu", {"x"}, {"y"}, "act")};
  expect_error(model_of(g, 1), ErrorCode::unsupported_operator, {"node 'act'", "opset 6"});
}

TEST(Onnx, TensorsOf2To40ElementsAreRefusedBeforeTheyAreMade) {
  GraphBytes g = one_relu();
  g.inputs = {value_info("x", kFloat, {"1048576", "1048576"})};
  expect_error(model_of(g), ErrorCode::too_large, {"input 'x'", "2^40"});
  g = one_relu();
  g.initializers = {raw_tensor("w", kFloat, {1 << 20, 1 << 20}, "")};
  expect_error(model_of(g), ErrorCode::too_large, {"tensor 'w'", "2^40"});
  g.initializers = {raw_tensor("w", kFloat, {int64_t{1} << 62, 8}, "")};
  expect_error(model_of(g), ErrorCode::too_large, {"tensor 'w'"});
  g.initializers = {raw_tensor("shape", kInt64, {2}, std::string("\0\0\x20\0\0\0\0\0\0\0\x20\0\0\0\0\0", 16))};
  g.nodes.push_back(node("ConstantOfShape", {"shape"}, {"big"}, "fill"));
  expect_error(model_of(g), ErrorCode::too_large, {"node 'fill' (ConstantOfShape)", "2^40"});
}

TEST(Onnx, TensorDataMustFitItsShape) {
  GraphBytes g = one_relu();
  g.initializers = {raw_tensor("w", kFloat, {3}, floats({1, 2}))};
  expect_error(model_of(g), ErrorCode::invalid_model, {"tensor 'w'", "12 bytes", "8"});
  g.initializers = {raw_tensor("w", kFloat, {-3}, "")};
  expect_error(model_of(g), ErrorCode::invalid_model, {"tensor 'w'", "negative"});
  g.initializers = {raw_tensor("w", 99, {1}, "")};
  expect_error(model_of(g), ErrorCode::invalid_model, {"tensor 'w'", "99"});
}

TEST(Onnx, PackedTypesAreUnpacked) {
  constexpr int kInt4 = 22;
  GraphBytes g = one_relu();
  g.initializers = {raw_tensor("w", kInt4, {3}, "\x8F\x07")};
  g.outputs.push_back(value_info("w", kInt4, {}));
  const auto model = import_text(model_of(g));
  const Tensor w = model.graph.constant(model.graph.outputs()[1])->value();
  EXPECT_EQ(to_int64s(w), (std::vector<int64_t>{-1, -8, 7}));
}

TEST(Onnx, ExternalDataStaysBeneathTheModelsFolder) {
  const Folder folder;
  folder.write("w.bin", floats({9, 1, 2}));
  GraphBytes g = one_relu();
  g.outputs.push_back(value_info("w", kFloat, {}));
  g.initializers = {external_tensor("w", {2}, {{"location", "w.bin"}, {"offset", "4"}, {"length", "8"}})};
  const auto model = import_text(model_of(g), folder.path());
  EXPECT_EQ(to_floats(model.graph.constant(model.graph.outputs()[1])->value()), (std::vector<float>{1, 2}));
  const auto refuse = [&](const std::vector<std::pair<std::string, std::string>>& entries, const std::string& where) {
    g.initializers = {external_tensor("w", {2}, entries)};
    expect_error(model_of(g), ErrorCode::bad_external_data, {"tensor 'w'"}, where);
  };
  refuse({{"location", "missing.bin"}}, folder.path());
  refuse({{"location", "../w.bin"}}, folder.path() + "/.");
  refuse({{"location", "/etc/passwd"}}, folder.path());
  refuse({{"location", "w.bin"}, {"offset", "8"}}, folder.path());
  refuse({{"location", "w.bin"}, {"offset", "9223372036854775807"}}, folder.path());
  refuse({{"location", "w.bin"}, {"offset", "-4"}}, folder.path());
  refuse({{"location", "w.bin"}, {"length", "4"}}, folder.path());
  refuse({}, folder.path());
  refuse({{"location", "w.bin"}}, "");
}

void append_length(std::string& bytes, char key, uint64_t length) {
  bytes += key;
  protozero::add_varint_to_buffer(&bytes, length);
}

int64_t resident_bytes() {
  int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * getpagesize();
}

TEST(Onnx, WeightsBeyond4GiBInsideTheFileStayOnDisk) {
  constexpr uint64_t kWeightBytes = uint64_t{6} << 30;
  std::string tensor;
  protozero::pbf_writer w(tensor);
  w.add_int64(1, kWeightBytes / 4);
  w.add_int32(2, kFloat);
  w.add_string(8, "w");
  append_length(tensor, '\x4a', kWeightBytes);
  std::string initializer;
  append_length(initializer, '\x2a', tensor.size() + kWeightBytes);
  initializer += tensor;
  const std::string rest = one_relu().bytes();
  std::string model;
  append_length(model, '\x42', opset_import(17).size());
  model += opset_import(17);
  append_length(model, '\x3a', initializer.size() + kWeightBytes + rest.size());
  const Folder folder;
  folder.write("m.onnx", model + initializer);
  const std::string path = folder.path() + "/m.onnx";
  std::filesystem::resize_file(path, model.size() + initializer.size() + kWeightBytes);
  std::ofstream(path, std::ios::binary | std::ios::app) << rest;
  const int64_t before = resident_bytes();
  const auto imported = import_onnx(path);
  EXPECT_EQ(imported.parameter_count, static_cast<int64_t>(kWeightBytes / 4));
  EXPECT_EQ(imported.graph.outputs().size(), 1u);
  EXPECT_LT(resident_bytes() - before, 50 << 20);
}

TEST(Onnx, SparseInitializersAreFilledIn) {
  std::string sparse;
  protozero::pbf_writer w(sparse);
  w.add_message(1, raw_tensor("w", kFloat, {2}, floats({5, 7})));
  w.add_message(2, raw_tensor("", kInt64, {2}, std::string("\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16)));
  w.add_int64(3, 2);
  w.add_int64(3, 2);
  GraphBytes g = one_relu();
  g.sparse_initializers = {sparse};
  g.outputs.push_back(value_info("w", kFloat, {}));
  const auto model = import_text(model_of(g));
  EXPECT_EQ(to_floats(model.graph.constant(model.graph.outputs()[1])->value()), (std::vector<float>{0, 5, 0, 7}));
}

GraphBytes with_branches(const GraphBytes& then_branch, const GraphBytes& else_branch) {
  GraphBytes g;
  g.inputs = {value_info("c", kBool, {}), value_info("x", kFloat, {"N", "4"}), value_info("w", kFloat, {"3"})};
  g.outputs = {value_info("y", kFloat, {})};
  g.nodes = {
      node("If", {"c"}, {"y"}, "choose",
           {graph_attribute("then_branch", then_branch.bytes()), graph_attribute("else_branch", else_branch.bytes())})};
  return g;
}

GraphBytes branch(const std::vector<std::string>& nodes) {
  GraphBytes g;
  g.nodes = nodes;
  g.outputs = {value_info("r", kFloat, {})};
  return g;
}

TEST(Onnx, ParametersOfSubgraphsAndFunctionsCount) {
  GraphBytes inner = branch({node("Identity", {"k"}, {"r"})});
  inner.initializers = {raw_tensor("k", kFloat, {3}, floats({1, 2, 3}))};
  GraphBytes g = with_branches(inner, inner);
  g.initializers = {raw_tensor("v", kFloat, {2, 2}, floats({1, 2, 3, 4}))};
  const std::string f = function("F", "own", {"c"}, {"r"},
                                 {node("If", {"c"}, {"r"}, "", {graph_attribute("then_branch", inner.bytes())})});
  EXPECT_EQ(count_parameters(read_model(model_of(g, 17, {f}))), 4 + 2 * 3 + 3);
}

TEST(Onnx, ErrorsInsideASubgraphNameBothNodes) {
  const auto g = with_branches(branch({node("Add", {"x", "w"}, {"r"}, "clash")}), branch({node("Relu", {"x"}, {"r"})}));
  expect_error(model_of(g), ErrorCode::shape_mismatch, {"node 'choose' (If)", "node 'clash' (Add)"});
  const auto deep = with_branches(branch({node("Softmax", {"x"}, {"r"}, "soft", {int_attribute("axis", 5)})}),
                                  branch({node("Relu", {"x"}, {"r"})}));
  expect_error(model_of(deep), ErrorCode::invalid_model, {"node 'choose' (If)", "node 'soft' (Softmax)", "axis 5"});
}

TEST(Onnx, BranchesCaptureOuterValuesAsInputs) {
  const auto g = with_branches(branch({node("Relu", {"x"}, {"r"})}), branch({node("Neg", {"x"}, {"r"})}));
  const auto model = import_text(model_of(g));
  verify(model.graph);
  EXPECT_EQ(model.graph.type(model.graph.outputs()[0]).str(), "f32[N,4]");
  Threads threads(1);
  const std::vector<HostValue> inputs{tensor_of<bool>({}, {false}), tensor_of<float>({1, 4}, {1, -2, 3, -4}),
                                      tensor_of<float>({3}, {0, 0, 0})};
  const auto outputs = evaluate(model.graph, inputs, threads);
  EXPECT_EQ(to_floats(std::get<Tensor>(outputs[0])), (std::vector<float>{-1, 2, -3, 4}));
}

/// Takes rows of 4 when `c` is set and rows of 3 when not.
GraphBytes rows_of_two_lengths() {
  auto g = with_branches(branch({node("MatMul", {"x", "w4"}, {"r"}, "four")}),
                         branch({node("MatMul", {"x", "w3"}, {"r"}, "three")}));
  g.inputs[1] = value_info("x", kFloat, {"N", "K"});
  g.initializers = {raw_tensor("w4", kFloat, {4, 1}, floats({1, 1, 1, 1})),
                    raw_tensor("w3", kFloat, {3, 1}, floats({1, 1, 1}))};
  return g;
}

TEST(Onnx, ABranchThatGivenShapesContradictFailsOnlyWhenTaken) {
  ImportOptions options;
  options.input_shapes["x"] = {2, 4};
  const auto model = import_text(model_of(rows_of_two_lengths()), "", options);
  verify(model.graph);
  EXPECT_EQ(model.graph.type(model.graph.outputs()[0]).str(), "f32[2,1]");
  Threads threads(1);
  std::vector<HostValue> inputs{tensor_of<bool>({}, {true}), tensor_of<float>({2, 4}, {1, 1, 1, 1, 2, 2, 2, 2}),
                                tensor_of<float>({3}, {0, 0, 0})};
  EXPECT_EQ(to_floats(std::get<Tensor>(evaluate(model.graph, inputs, threads)[0])), (std::vector<float>{4, 8}));
  inputs[0] = tensor_of<bool>({}, {false});
  try {
    evaluate(model.graph, inputs, threads);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::shape_mismatch) << e.what();
    EXPECT_NE(std::string(e.what()).find("node 'three' (MatMul)"), std::string::npos) << e.what();
  }
}

TEST(Onnx, ShapesThatContradictBothBranchesAreRefused) {
  ImportOptions options;
  options.input_shapes["x"] = {2, 5};
  EXPECT_THROW(import_text(model_of(rows_of_two_lengths()), "", options), Error);
}

TEST(Onnx, ABranchThatContradictsDeclaredDimsIsRefusedAtGivenShapesToo) {
  const auto g = with_branches(branch({node("Add", {"x", "w"}, {"r"}, "clash")}), branch({node("Relu", {"x"}, {"r"})}));
  ImportOptions options;
  options.input_shapes["x"] = {2, 4};
  EXPECT_THROW(import_text(model_of(g), "", options), Error);
}

TEST(Onnx, GraphsNestedTooDeeplyAreRefused) {
  GraphBytes inner = branch({node("Relu", {"x"}, {"r"})});
  for (int i = 0; i < 40; ++i)
    inner = branch({node(
        "If", {"c"}, {"r"}, "",
        {graph_attribute("then_branch", inner.bytes()), graph_attribute("else_branch", inner.bytes().substr(0, 0))})});
  const auto g = with_branches(inner, branch({node("Relu", {"x"}, {"r"})}));
  expect_error(model_of(g), ErrorCode::too_large, {"nested"});
}

TEST(Onnx, FunctionsAreInlinedUnderTheCallsName) {
  GraphBytes g = one_relu();
  g.nodes = {node("Twice", {"x"}, {"y"}, "call", {}, "mine")};
  const auto twice = function("Twice", "mine", {"a"}, {"b"}, {node("Add", {"a", "a"}, {"b"}, "sum")});
  const auto model = import_text(model_of(g, 17, {twice}));
  EXPECT_EQ(model.graph.origins()[0].name, "call/sum");
  verify(model.graph);
}

TEST(Onnx, FunctionsThatCallThemselvesAreRefused) {
  GraphBytes g = one_relu();
  g.nodes = {node("A", {"x"}, {"y"}, "call", {}, "mine")};
  const auto a = function("A", "mine", {"i"}, {"o"}, {node("B", {"i"}, {"o"}, "", {}, "mine")});
  const auto b = function("B", "mine", {"i"}, {"o"}, {node("A", {"i"}, {"o"}, "", {}, "mine")});
  expect_error(model_of(g, 17, {a, b}), ErrorCode::invalid_model, {"node 'call' (mine.A)", "calls itself"});
}

TEST(Onnx, FunctionsThatMultiplyAreStopped) {
  std::vector<std::string> functions;
  for (int level = 0; level < 12; ++level) {
    std::vector<std::string> nodes;
    for (int i = 0; i < 10; ++i)
      nodes.push_back(
          node("F" + std::to_string(level + 1), {"i"}, {i ? "o" + std::to_string(i) : "o"}, "", {}, "mine"));
    functions.push_back(function("F" + std::to_string(level), "mine", {"i"}, {"o"}, nodes));
  }
  functions.push_back(function("F12", "mine", {"i"}, {"o"}, {node("Relu", {"i"}, {"o"})}));
  GraphBytes g = one_relu();
  g.nodes = {node("F0", {"x"}, {"y"}, "call", {}, "mine")};
  expect_error(model_of(g, 17, functions), ErrorCode::too_large, {"node 'call'"});
}

TEST(Onnx, CheckListsEveryProblemOnce) {
  GraphBytes g = one_relu();
  g.nodes = {node("Relo", {"x"}, {"a"}, "bad1"), node("Relu", {"a"}, {"b"}, "after"),
             node("Nope", {"b"}, {"c"}, "bad2"), node("Relu", {"x"}, {"y"}, "good")};
  g.initializers = {raw_tensor("w", kFloat, {3}, "")};
  const Folder folder;
  folder.write("m.onnx", model_of(g));
  const auto reports = check_onnx(folder.path() + "/m.onnx");
  ASSERT_EQ(reports.size(), 5u);
  EXPECT_NE(reports[0].problem.find("tensor 'w'"), std::string::npos);
  EXPECT_NE(reports[1].problem.find("'bad1'"), std::string::npos);
  EXPECT_EQ(reports[2].problem, "");
  EXPECT_EQ(reports[3].code, ErrorCode::unsupported_operator);
  EXPECT_EQ(reports[4].name, "good");
  EXPECT_EQ(reports[4].problem, "");
}

}  // namespace
}  // namespace tenon::core
