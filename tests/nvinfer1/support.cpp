#include "support.h"

#include <cstdlib>

#include "ir/text.h"
#include "ops/all.h"
#include "passes/fold.h"

namespace tenon::test {

using namespace nvinfer1;

namespace {

void name_weights(core::Graph& g, const std::vector<std::string>& names) {
  auto name = names.begin();
  for (core::NodeId id : g.order()) {
    const auto* constant = g.node(id).as<core::ConstantOp>();
    if (!constant || name == names.end()) continue;
    const core::Value named = g.add_constant(core::refittable_constant(constant->value->value(), *name++));
    g.apply({{{core::Value{id, 0}, named}}});
  }
}

core::Built build_profile(const PlanText& text, const Shapes& shapes) {
  BuildOptions options;
  options.device = test_device();
  options.threads = 2;
  options.opt_level = 0;
  options.shapes = shapes;
  options.verify = std::none_of(text.info.tensors.begin(), text.info.tensors.end(), [](const auto& t) { return t.shape_io; });
  const auto source = [&](const std::map<std::string, core::Shape>& fixed, const core::Log&) {
    core::Graph g = core::parse("graph main(" + text.inputs + ") {\n" + text.body + "\nreturn " + text.outputs + "\n}", core::op_registry());
    name_weights(g, text.weights);
    for (size_t i = 0; i < g.inputs().size(); ++i)
      if (const auto found = fixed.find(g.input_name(static_cast<int>(i))); found != fixed.end())
        g.set_input_type(static_cast<int>(i), core::Type::tensor(g.type(g.inputs()[i]).dtype, found->second));
    return g;
  };
  return core::build(core::GraphSource(source), options);
}

std::vector<int32_t> narrow(const std::vector<int64_t>& dims) { return {dims.begin(), dims.end()}; }

adapter::PlanProfile profile_of(const Shapes& shapes) {
  adapter::PlanProfile profile;
  for (const auto& [name, range] : shapes) profile.dims[name] = {narrow(range.min), narrow(range.opt), narrow(range.max)};
  return profile;
}

void add_tensors(adapter::PlanInfo& info, const core::Graph& g, bool inputs) {
  const auto& values = inputs ? g.inputs() : g.outputs();
  for (int i = 0; i < static_cast<int>(values.size()); ++i) {
    adapter::PlanTensor t;
    t.name = inputs ? g.input_name(i) : g.output_name(i);
    t.is_input = inputs;
    t.type = adapter::api_type(g.type(values[i]).dtype);
    for (const core::Dim& d : g.type(values[i]).shape) t.dims.push_back(d.is_const() ? static_cast<int32_t>(d.value()) : -1);
    if (info.implicit_batch) t.dims.erase(t.dims.begin());
    t.dim_names.resize(t.dims.size());
    info.tensors.push_back(std::move(t));
  }
}

}  // namespace

std::vector<std::byte> make_plan(const PlanText& text) {
  adapter::Plan plan;
  plan.info = text.info;
  for (const Shapes& shapes : text.profiles) {
    plan.engines.push_back(build_profile(text, shapes));
    if (text.info.profiles.empty()) plan.info.profiles.push_back(profile_of(shapes));
  }
  if (plan.info.tensors.empty()) {
    add_tensors(plan.info, plan.engines[0].program->graph(), true);
    add_tensors(plan.info, plan.engines[0].program->graph(), false);
  }
  return adapter::serialize(plan);
}

std::vector<std::byte> small_plan() {
  PlanText text;
  text.inputs = "x: f32[N,4]";
  text.body = "%1 = Unary{kind=relu}(%x)\n%2 = Constant{value=f32[4]{1, 2, 3, 4}}\n%3 = Binary{kind=mul}(%1, %2)\n%4 = Constant{value=f32[]{1}}\n%5 = Binary{kind=add}(%3, %4)";
  text.outputs = "y = %5";
  text.profiles = {{{"x", {{1, 4}, {2, 4}, {4, 4}}}}, {{"x", {{4, 4}, {6, 4}, {8, 4}}}}};
  text.info.name = "small";
  text.info.verbosity = static_cast<int32_t>(ProfilingVerbosity::kDETAILED);
  return make_plan(text);
}

std::vector<std::byte> hidden_plan() {
  PlanText text;
  text.inputs = "x: f32[N,4]";
  text.body = "%1 = Constant{value=f32[4,4]{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}\n%2 = MatMul(%x, %1)\n%3 = Softmax{axis=1}(%2)\n%4 = MatMul(%3, %1)";
  text.outputs = "y = %4";
  text.profiles = {{{"x", {{1, 4}, {2, 4}, {8, 4}}}}};
  return make_plan(text);
}

void Fixture::SetUp() {
  setenv("TENON_DEVICE", test_device(), 1);
  runtime.reset(createInferRuntime(logger));
  ASSERT_NE(runtime, nullptr);
  runtime->setErrorRecorder(&recorder);
}

std::unique_ptr<ICudaEngine> Fixture::load(const std::vector<std::byte>& bytes) {
  return std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(bytes.data(), bytes.size()));
}

void Fixture::expect_error(nvinfer1::ErrorCode code, const std::string& words) {
  ASSERT_FALSE(recorder.errors.empty()) << "no error was recorded; wanted: " << words;
  EXPECT_EQ(recorder.last(), code) << recorder.errors.back().second;
  EXPECT_TRUE(logger.said(words)) << logger.text;
  recorder.errors.clear();
  logger.text.clear();
}

}  // namespace tenon::test
