#include "tenon/pipeline.h"

#include <gtest/gtest.h>

#include "onnx_builder.h"
#include "tenon/model.h"

namespace tenon {
namespace {

using namespace core::test;

constexpr int kFloat = 1;

/// y = relu(x + x), z = -y.
Engine small_engine(const BuildOptions& given = {}) {
  GraphBytes g;
  g.nodes = {node("Add", {"x", "x"}, {"s"}, "sum"), node("Relu", {"s"}, {"y"}, "relu"), node("Neg", {"y"}, {"z"}, "neg")};
  g.inputs = {value_info("x", kFloat, {"2", "3"})};
  g.outputs = {value_info("y", kFloat, {"2", "3"}), value_info("z", kFloat, {"2", "3"})};
  const std::string model = model_of(g);
  BuildOptions options = given;
  options.device = "cpu";
  options.threads = 2;
  options.opt_level = 0;
  return Engine::build(std::as_bytes(std::span(model)), options);
}

Tensor values(std::vector<float> list) {
  Tensor t(DType::f32, {2, 3});
  std::copy(list.begin(), list.end(), t.as<float>());
  return t;
}

TEST(Pipeline, RunsQueriesAndTimesThem) {
  Pipeline pipeline(small_engine());
  pipeline.set_input("x", values({1, -2, 3, -4, 5, -6}));
  pipeline.prepare();
  EXPECT_FALSE(pipeline.launches_graphs());
  const auto zero = Pipeline::Clock::now();
  pipeline.start(zero, 20);
  double before = 20;
  for (int i = 0; i < 5; ++i) {
    pipeline.submit();
    EXPECT_EQ(pipeline.in_flight(), 1);
    const QueryTimes t = pipeline.collect();
    EXPECT_GE(t.enqueue_start, before);
    EXPECT_LE(t.compute_start, t.enqueue_end);
    EXPECT_LE(t.h2d_start, t.h2d_end);
    EXPECT_LE(t.h2d_end, t.compute_start);
    EXPECT_LE(t.compute_start, t.compute_end);
    EXPECT_LE(t.compute_end, t.d2h_start);
    EXPECT_LE(t.d2h_start, t.d2h_end);
    before = t.enqueue_end;
  }
  const auto outputs = pipeline.outputs();
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(outputs[0].first, "y");
  EXPECT_EQ(to_doubles(outputs[0].second.tensor), (std::vector<double>{2, 0, 6, 0, 10, 0}));
  EXPECT_EQ(to_doubles(outputs[1].second.tensor), (std::vector<double>{-2, -0.0, -6, -0.0, -10, -0.0}));
}

TEST(Pipeline, RefusesMoreThanItHolds) {
  Pipeline pipeline(small_engine());
  EXPECT_THROW(pipeline.set_input("w", values({0, 0, 0, 0, 0, 0})), Error);
  pipeline.set_input("x", values({0, 0, 0, 0, 0, 0}));
  pipeline.prepare();
  EXPECT_THROW(pipeline.collect(), Error);
  for (int i = 0; i < pipeline.depth(); ++i) pipeline.submit();
  EXPECT_THROW(pipeline.submit(), Error);
  pipeline.collect();
}

TEST(BuildOptions, InputsAndOutputsOfOtherTypes) {
  BuildOptions options;
  options.io_types = {{"x", DType::f16}, {"z", DType::i32}};
  const Engine engine = small_engine(options);
  EXPECT_EQ(engine.inputs()[0].dtype, DType::f16);
  EXPECT_EQ(engine.outputs()[0].dtype, DType::f32);
  EXPECT_EQ(engine.outputs()[1].dtype, DType::i32);
  Context context = engine.create_context();
  Tensor x(DType::f16, {2, 3});
  for (int i = 0; i < 6; ++i) x.as<uint16_t>()[i] = 0x3e00;  // 1.5
  context.set_input("x", x);
  context.run();
  EXPECT_EQ(to_doubles(context.output("y").tensor), std::vector<double>(6, 3));
  EXPECT_EQ(to_doubles(context.output("z").tensor), std::vector<double>(6, -3));
  options.io_types = {{"s", DType::f16}};
  EXPECT_THROW(small_engine(options), Error);
}

TEST(BuildOptions, TypesOfLayers) {
  BuildOptions options;
  options.layer_types = {{"*", DType::f32, {}}};
  options.obey_layer_types = true;
  EXPECT_NO_THROW(small_engine(options));
  options.layer_types = {{"relu", DType::i8, {}}};
  try {
    small_engine(options);
    FAIL() << "a type that no kernel has was obeyed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::no_kernel);
    EXPECT_NE(std::string(e.what()).find("i8"), std::string::npos) << e.what();
  }
  options.obey_layer_types = false;
  std::string said;
  options.log = [&](Severity severity, std::string_view, std::string_view text) {
    if (severity == Severity::warning) said += text;
  };
  EXPECT_NO_THROW(small_engine(options));
  EXPECT_NE(said.find("computing in i8"), std::string::npos) << said;
  options.layer_types = {{"relu", DType::i8, {}}, {"relu", DType::f32, {}}};
  options.obey_layer_types = true;
  EXPECT_NO_THROW(small_engine(options)) << "later entries win";
  options.layer_types = {{"none", DType::f32, {}}};
  EXPECT_THROW(small_engine(options), Error);
}

TEST(BuildOptions, Refit) {
  const std::vector<float> w = {1, 2, 3};
  GraphBytes g;
  g.nodes = {node("Mul", {"x", "w"}, {"m"}, "scale"), node("Add", {"m", "b"}, {"y"}, "shift")};
  g.inputs = {value_info("x", kFloat, {"2", "3"})};
  g.outputs = {value_info("y", kFloat, {"2", "3"})};
  const std::string raw(reinterpret_cast<const char*>(w.data()), 12);
  g.initializers = {raw_tensor("w", kFloat, {3}, raw), raw_tensor("b", kFloat, {3}, raw)};
  const std::string model = model_of(g);
  BuildOptions options;
  options.device = "cpu";
  options.opt_level = 0;
  EXPECT_TRUE(Engine::build(std::as_bytes(std::span(model)), options).weights().empty());
  options.refit = true;
  const std::string path = testing::TempDir() + "refit.engine";
  Engine::build(std::as_bytes(std::span(model)), options).save(path);
  LoadOptions load;
  load.device = "cpu";
  const Engine engine = Engine::load(path, load);
  ASSERT_EQ(engine.weights().size(), 2u);
  EXPECT_EQ(to_doubles(engine.weights().at("w")), (std::vector<double>{1, 2, 3}));
  const auto run = [](const Engine& e) {
    Context context = e.create_context();
    context.set_input("x", values({1, 1, 1, 2, 2, 2}));
    context.run();
    return to_doubles(context.output("y").tensor);
  };
  EXPECT_EQ(run(engine), (std::vector<double>{2, 4, 6, 3, 6, 9}));
  Tensor fresh(DType::f32, {3});
  for (int i = 0; i < 3; ++i) fresh.as<float>()[i] = 10;
  const Engine other = engine.with_weights({{"w", fresh}});
  EXPECT_EQ(run(other), (std::vector<double>{11, 12, 13, 21, 22, 23}));
  EXPECT_EQ(run(engine), (std::vector<double>{2, 4, 6, 3, 6, 9})) << "the old engine keeps its weights";
  EXPECT_THROW(engine.with_weights({{"none", fresh}}), Error);
  EXPECT_THROW(engine.with_weights({{"w", values({1, 2, 3, 4, 5, 6})}}), Error);
}

TEST(Explain, MessagesOfTensorRT) {
  const std::pair<const char*, const char*> pasted[] = {
      {"Reshape: \"shape\" must be an initializer!", "M01"},
      {"[E] In node 3 (importConv): UNSUPPORTED_NODE: Assertion failed: inputs.at(1).is_weights()", "M02"},
      {"getPluginCreator could not find Plugin ScatterND version 1", "M03"},
      {"[I] No importer registered for op: RoiAlign. Attempting to import as plugin.", "M04"},
      {"10: [optimizer.cpp::computeCosts::3728] Error Code 10: Internal Error (Could not find any implementation for node {ForeignNode[a...b]}.)", "M05"},
      {"Parameter check failed: conv1 weights has zero count but non-null values", "M06"},
      {"conv1: kernel weights has non-zero count but null values", "M07"},
      {"[TRT] CUDA initialization failure with error: 35", "M08"},
      {"../rtSafe/cuda/caskConvolutionRunner.cpp (374) - Cask Error in checkCaskExecError<false>: 7 (Cask Convolution execution)", "M09"},
      {"../rtSafe/safeRuntime.cpp (25) - Cuda Error in allocate: 700 (an illegal memory access was encountered)", "M10"},
      {"ERROR: cuda/engine.cpp (145) - Cuda Error in execute: 77", "M10"},
      {"Cuda Error in execute: 74 (misaligned address)", "M11"},
      {"ERROR: Cuda Error in launchPwgenKernel: 716", "M11"},
      {"[executionContext.cpp::enqueue] Assertion cublasStatus == CUBLAS_STATUS_SUCCESS failed.", "M12"},
      {"Error Code 4: No implementation obeys reformatting-free rules, at least 2 reformatting nodes are needed", "M13"},
      {"Engine buffer is full", "M14"},
      {"undefined symbol: createUffParser", "M15"},
      {"libnvparsers: nvcaffeparser1::createCaffeParser()", "M15"},
      {"UFFParser: Parser error: bn/gamma: The input to the Scale Layer is required to have a minimum of 3 dimensions.", "M27"},
      {"UFFParser: Parser error: bn/batchnorm: Invalid scale mode, nbWeights: 3", "M27"},
      {"UFFParser: Parser error: flatten: Axis node has op Placeholder, expected Const. The axis must be specified as a Const node.", "M28"},
      {"conv1: kernel weights has count 864 but 288 was expected", "M29"},
  };
  for (const auto& [text, id] : pasted) EXPECT_EQ(explain_message(text).id, id) << text;
  EXPECT_EQ(explain_message("Cuda Error in execute: 7001").id, "");
  EXPECT_EQ(explain_message("all is well").id, "");
  for (const MessageHelp& m : known_messages()) {
    EXPECT_EQ(explain_message(m.id).id, m.id);
    EXPECT_FALSE(m.cause.empty() || m.fix.empty()) << m.id;
    EXPECT_TRUE(m.error_id.empty() || explain_error(m.error_id).id == m.error_id) << m.id;
  }
}

}  // namespace
}  // namespace tenon
