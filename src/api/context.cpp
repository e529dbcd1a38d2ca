#include <algorithm>

#include "api/convert.h"
#include "api/engine_impl.h"
#include "base/error.h"
#include "runtime/execution.h"

namespace tenon {

struct Context::Impl {
  explicit Impl(std::shared_ptr<const Engine::Impl> e)
      : engine(std::move(e)), execution(engine->built.program), given(engine->graph().inputs().size(), false) {}
  std::shared_ptr<const Engine::Impl> engine;
  core::Execution execution;
  std::vector<bool> given;
  bool transfers = true;
};

Context Engine::create_context() const {
  return Context(std::make_shared<Context::Impl>(impl_));
}

namespace core {

int find_input(const core::Graph& g, const std::string& name) {
  std::string names;
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    if (g.input_name(static_cast<int>(i)) == name) return static_cast<int>(i);
    names += (names.empty() ? "" : ", ") + g.input_name(static_cast<int>(i));
  }
  core::fail(ErrorCode::unknown_name, "the engine has no input '{}'; its inputs are: {}", name, names);
}

}  // namespace core

namespace {

int find_output(const core::Graph& g, const std::string& name) {
  std::string names;
  for (size_t i = 0; i < g.outputs().size(); ++i) {
    if (g.output_name(static_cast<int>(i)) == name) return static_cast<int>(i);
    names += (names.empty() ? "" : ", ") + g.output_name(static_cast<int>(i));
  }
  core::fail(ErrorCode::unknown_name, "the engine has no output '{}'; its outputs are: {}", name, names);
}

void check_given(const Context::Impl& c) {
  const core::Graph& g = c.engine->graph();
  for (size_t i = 0; i < c.given.size(); ++i)
    if (!c.given[i] && g.type(g.inputs()[i]).kind != core::Type::Kind::optional)
      core::fail(ErrorCode::bad_input, "input '{}' ({}) was not set; call set_input before running", g.input_name(static_cast<int>(i)), g.type(g.inputs()[i]).str());
}

}  // namespace

void Context::set_input(const std::string& name, Value value) {
  const int input = core::find_input(impl_->engine->graph(), name);
  impl_->execution.set_input(input, core::to_core(value));
  impl_->given[input] = true;
}

void Context::set_output_buffer(const std::string& name, void* data, int64_t bytes) {
  impl_->execution.set_output_buffer(find_output(impl_->engine->graph(), name), {static_cast<std::byte*>(data), static_cast<size_t>(bytes)});
}

void Context::prepare() {
  check_given(*impl_);
  impl_->execution.bind();
}

namespace {

core::RunOptions run_options(const Context::Impl& c, uint64_t seed) {
  check_given(c);
  core::RunOptions options;
  options.seed = seed;
  options.transfers = c.transfers;
  return options;
}

}  // namespace

void Context::run(uint64_t seed) { impl_->execution.run(run_options(*impl_, seed)); }
void Context::start(uint64_t seed) { impl_->execution.start(run_options(*impl_, seed)); }
void Context::wait() { impl_->execution.wait(); }
void Context::set_transfers(bool on) { impl_->transfers = on; }
void Context::set_verbosity(Verbosity v) { impl_->execution.set_verbosity(v); }

RunTimes Context::run_timed(uint64_t seed) {
  core::PhaseTimes phases;
  core::RunOptions options = run_options(*impl_, seed);
  options.phases = &phases;
  impl_->execution.run(options);
  return {phases.upload / 1000, phases.compute / 1000, phases.download / 1000, phases.enqueue / 1000};
}

Value Context::output(const std::string& name) const {
  return core::to_public(impl_->execution.output(find_output(impl_->engine->graph(), name)).value());
}

std::vector<std::pair<std::string, Value>> Context::outputs() const {
  const core::Graph& g = impl_->engine->graph();
  std::vector<std::pair<std::string, Value>> values;
  for (int i = 0; i < static_cast<int>(g.outputs().size()); ++i) values.emplace_back(g.output_name(i), core::to_public(impl_->execution.output(i).value()));
  return values;
}

int64_t Context::memory_bytes() const { return impl_->execution.memory_bytes(); }

std::vector<LayerInfo> Context::profile(int runs) {
  check_given(*impl_);
  std::vector<std::vector<double>> samples;
  for (int run = 0; run < std::max(runs, 1); ++run) {
    std::vector<core::StepTime> times;
    core::RunOptions options;
    options.times = &times;
    impl_->execution.run(options);
    const auto layers = core::times_of_layers(impl_->engine->program(), times);
    samples.resize(layers.size());
    for (size_t i = 0; i < layers.size(); ++i) samples[i].push_back(layers[i]);
  }
  std::vector<double> medians;
  for (std::vector<double> s : samples) {
    std::sort(s.begin(), s.end());
    medians.push_back(s.empty() ? 0 : s[s.size() / 2]);
  }
  auto layers = core::describe_layers(impl_->engine->built, impl_->execution.bindings(), medians);
  for (size_t i = 0; i < layers.size(); ++i) layers[i].runs_us = std::move(samples[i]);
  return layers;
}

void Context::run_observed(const Observer& observer, uint64_t seed) {
  check_given(*impl_);
  const core::Graph& g = impl_->engine->graph();
  core::RunOptions options;
  options.seed = seed;
  options.observe = [&](core::Value v, const core::HostValue& value) {
    std::vector<std::string> nodes;
    for (core::OriginId o : g.node(v.node).origins) nodes.push_back(g.origins()[o].name);
    observer(g.name_of(v), nodes, core::to_public(value));
  };
  impl_->execution.run(options);
}

}  // namespace tenon
