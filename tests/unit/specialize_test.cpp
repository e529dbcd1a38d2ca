#include "tenon/specialize.h"

#include <gtest/gtest.h>

#include <chrono>

#include "api/engine_impl.h"
#include "onnx_builder.h"

namespace tenon {
namespace {

using namespace core::test;

constexpr int kSpecializedFloat = 1;

/// y = -relu(x) over [N,3], tuned for N = 2.
Engine open_engine() {
  GraphBytes g;
  g.nodes = {node("Relu", {"x"}, {"r"}, "relu"), node("Neg", {"r"}, {"y"}, "neg")};
  g.inputs = {value_info("x", kSpecializedFloat, {"N", "3"})};
  g.outputs = {value_info("y", kSpecializedFloat, {"N", "3"})};
  const std::string model = model_of(g);
  BuildOptions options;
  options.device = "cpu";
  options.threads = 2;
  options.opt_level = 0;
  options.shapes["x"] = {{1, 3}, {2, 3}, {64, 3}};
  return Engine::build(std::as_bytes(std::span(model)), options);
}

std::vector<double> run(const Engine& engine, int64_t rows) {
  Tensor x(DType::f32, {rows, 3});
  for (int64_t i = 0; i < x.size(); ++i) x.as<float>()[i] = static_cast<float>(i % 5) - 2;
  Context context = engine.create_context();
  context.set_input("x", x);
  context.run();
  return to_doubles(context.output("y").tensor);
}

std::vector<int64_t> tuned_for(const Engine& engine) { return engine.inputs()[0].range.opt; }

TEST(Specialize, ChoosesKernelsAgainForDimsThatAreRun) {
  const Engine engine = open_engine();
  Specializer specializer(engine);
  EXPECT_EQ(&specializer.for_dims({{"x", {2, 3}}}).impl(), &engine.impl()) << "the engine is tuned for these";
  EXPECT_EQ(tuned_for(specializer.for_dims({{"x", {40, 3}}})), (std::vector<int64_t>{2, 3})) << "the first call does not wait";
  specializer.wait();
  const Engine special = specializer.for_dims({{"x", {40, 3}}});
  EXPECT_EQ(tuned_for(special), (std::vector<int64_t>{40, 3}));
  EXPECT_EQ(&specializer.for_dims({{"x", {40, 3}}}).impl(), &special.impl()) << "measured once";
  EXPECT_EQ(run(special, 40), run(engine, 40));
  EXPECT_EQ(run(special, 7), run(engine, 7)) << "right at other dims too";
  EXPECT_EQ(&specializer.for_dims({}).impl(), &engine.impl());
}

TEST(Specialize, RefusesWhatTheEngineDoesNotTake) {
  Specializer specializer(open_engine());
  EXPECT_THROW(specializer.for_dims({{"x", {65, 3}}}), Error);
  EXPECT_THROW(specializer.for_dims({{"x", {2, 4}}}), Error);
  EXPECT_THROW(specializer.for_dims({{"x", {2}}}), Error);
  EXPECT_THROW(specializer.for_dims({{"z", {2, 3}}}), Error);
}

TEST(Specialize, KeepsWhatTheEngineWasBuiltToAllow) {
  const auto options_of = [](const Engine& engine) { return engine.impl().built.data.options; };
  Engine::Impl strict = open_engine().impl();
  strict.built.data.options = {{DType::bf16}, true, 5, true, true, 1 << 20};
  Specializer specializer(Engine(std::make_shared<const Engine::Impl>(strict)));
  specializer.for_dims({{"x", {40, 3}}});
  specializer.wait();
  const core::TacticOptions kept = options_of(specializer.for_dims({{"x", {40, 3}}}));
  EXPECT_EQ(tuned_for(specializer.for_dims({{"x", {40, 3}}})), (std::vector<int64_t>{40, 3}));
  EXPECT_EQ(kept.precisions, std::vector<DType>{DType::bf16});
  EXPECT_TRUE(kept.tf32 && kept.exact && kept.deterministic);
  EXPECT_EQ(kept.sources, 5u);
}

TEST(Specialize, WhatCanNotBeMeasuredStaysAsItIs) {
  BuildOptions how;
  how.cancelled = [] { return true; };
  std::string said;
  how.log = [&](Severity, std::string_view, std::string_view text) { said += text; };
  Specializer specializer(open_engine(), how);
  specializer.for_dims({{"x", {40, 3}}});
  specializer.wait();
  EXPECT_EQ(tuned_for(specializer.for_dims({{"x", {40, 3}}})), (std::vector<int64_t>{2, 3}));
  EXPECT_NE(said.find("those of the engine stay"), std::string::npos);
}

TEST(Specialize, EndsWhileMeasuring) {
  const auto begin = std::chrono::steady_clock::now();
  {
    Specializer specializer(open_engine());
    for (int64_t rows = 3; rows < 60; ++rows) specializer.for_dims({{"x", {rows, 3}}});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
}  // namespace tenon
