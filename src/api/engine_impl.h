#pragma once
#include "build/build.h"
#include "runtime/execution.h"

namespace tenon {

struct Engine::Impl {
  core::Built built;
  const core::Program& program() const { return *built.program; }
  const core::Graph& graph() const { return built.program->graph(); }
  /// The device that it runs on, as options name it: "cpu", "cuda:1".
  std::string device_name() const {
    const core::DeviceInfo& here = built.device->info();
    return here.kind == "cuda" ? fmt::format("cuda:{}", here.index) : here.kind;
  }
};

namespace core {
/// The plan's steps as layers, those of bodies below their node, with their work at the dims of `bindings`; `times` (us
/// per layer) may be empty.
std::vector<LayerInfo> describe_layers(const Built&, const Bindings&, const std::vector<double>& times);
/// The time of each layer in one run.
std::vector<double> times_of_layers(const Program&, const std::vector<StepTime>&);
std::string graph_dot(const Program&);
/// Fails naming the inputs that there are.
int find_input(const Graph&, const std::string& name);
/// Type and dims; not the range.
TensorInfo describe_value(const Graph&, Value, const std::string& name);
std::vector<TensorInfo> describe_inputs(const Built&);
std::vector<TensorInfo> describe_outputs(const Built&);
}  // namespace core

}  // namespace tenon
