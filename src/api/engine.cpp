#include <cstring>

#include "api/convert.h"
#include "api/engine_impl.h"
#include "base/error.h"
#include "base/file.h"
#include "build/example_inputs.h"
#include "build/memory_limit.h"
#include "build/refit.h"
#include "engine/expressions.h"
#include "ir/text.h"
#include "runtime/bound_segment.h"
#include "runtime/execution.h"

namespace tenon {

using core::fail;

namespace {

std::shared_ptr<const Engine::Impl> wrap(core::Built built) {
  auto impl = std::make_shared<Engine::Impl>();
  impl->built = std::move(built);
  return impl;
}

std::shared_ptr<const Engine::Impl> load_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, const LoadOptions& options) {
  return wrap(core::adopt(core::load_engine(bytes, std::move(owner)), options));
}

std::map<std::string, core::ConstRef> refittable_weights(const core::Graph& graph) {
  if (!core::has_refittable_weights(graph)) return {};
  auto weights = core::named_weights(graph);
  std::erase_if(weights, [](const auto& entry) { return !core::is_float(entry.second->dtype()); });
  return weights;
}

}  // namespace

Engine Engine::build(const std::string& path, const BuildOptions& options) { return Engine(wrap(core::build({path, {}, nullptr}, options))); }

Engine Engine::build(std::span<const std::byte> onnx, const BuildOptions& options) {
  // The caller's bytes may go away while weights are still views of the model.
  auto copy = std::make_shared<std::vector<std::byte>>(onnx.begin(), onnx.end());
  return Engine(wrap(core::build({"", *copy, copy}, options)));
}

Engine Engine::load(const std::string& path, const LoadOptions& options) {
  return core::with_context("'" + path + "'", [&] {
    auto file = core::MappedFile::open(path);
    return Engine(load_bytes(file->bytes(), file, options));
  });
}

Engine Engine::load(std::span<const std::byte> bytes, const LoadOptions& options) {
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  return Engine(load_bytes(*copy, copy, options));
}

void Engine::save(const std::string& path) const {
  core::AtomicFile file(path);
  if (core::has_refittable_weights(impl_->graph())) file.write(core::engine_bytes({{impl_->built.data}, "", true}));
  else core::save_engine(impl_->built.data, file);
  file.commit();
}

Engine Engine::rebuild(const BuildOptions& options) const { return Engine(wrap(core::rebuild(impl_->built.data, options))); }

std::map<std::string, Tensor> Engine::weights() const {
  std::map<std::string, Tensor> weights;
  for (const auto& [name, constant] : refittable_weights(impl_->graph())) weights.emplace(name, core::to_public(constant->value()));
  return weights;
}

Engine Engine::with_weights(const std::map<std::string, Tensor>& given) const {
  const auto known = refittable_weights(impl_->graph());
  if (known.empty()) fail(ErrorCode::usage, "the engine was not built with exchangeable weights: set BuildOptions::refit");
  std::map<std::string, core::Tensor> weights;
  for (const auto& [name, tensor] : given) {
    if (!known.count(name)) fail(ErrorCode::unknown_name, "the engine has no weights '{}': the name is wrong, or the build folded them away", name);
    weights.emplace(name, core::to_core(tensor));
  }
  core::EngineData data = impl_->built.data;
  data.graph = core::with_weights(impl_->graph(), weights);
  LoadOptions options;
  options.device = impl_->device_name();
  options.threads = threads();
  return Engine(wrap(core::adopt(std::move(data), options)));
}
Tensor Engine::host_tensor(DType dtype, std::vector<int64_t> dims) const {
  const auto device = impl_->built.device;
  if (device->is_host() || dtype == DType::string) return Tensor(dtype, std::move(dims));
  const int64_t bytes = core::checked_mul(core::checked_product(dims), size_of(dtype));
  std::byte* memory = device->allocate(bytes, core::Place::host);
  std::memset(memory, 0, static_cast<size_t>(bytes));
  return Tensor(dtype, std::move(dims), std::shared_ptr<void>(memory, [device](void* p) { device->release(static_cast<std::byte*>(p), core::Place::host); }));
}
std::string Engine::gpu_address() const { return impl_->built.device->address(); }

std::vector<TensorInfo> Engine::inputs() const { return core::describe_inputs(impl_->built); }
std::vector<TensorInfo> Engine::outputs() const { return core::describe_outputs(impl_->built); }
const BuildReport& Engine::report() const { return impl_->built.report; }
std::string Engine::device() const { return impl_->built.device->info().kind; }
int Engine::threads() const { return impl_->built.device->info().threads; }
std::vector<LayerInfo> Engine::layers() const { return core::describe_layers(impl_->built, impl_->built.data.profile.opt, {}); }
std::string Engine::graph_text() const { return core::print(impl_->graph()); }
std::string Engine::graph_dot() const { return core::graph_dot(impl_->program()); }

MemoryInfo Engine::memory() const {
  MemoryInfo memory;
  memory.arena_bytes = core::tensor_bytes(impl_->built.program, impl_->built.data.profile.opt);
  for (core::NodeId id = 0; id < impl_->graph().capacity(); ++id)
    if (const auto* c = impl_->graph().node(id).as<core::ConstantOp>()) memory.weight_bytes += c->value->byte_size();
  memory.packed_bytes = impl_->program().weights().packed_bytes();
  return memory;
}

std::vector<std::pair<std::string, Value>> Engine::example_inputs(uint64_t seed, const std::vector<std::pair<std::string, std::vector<int64_t>>>& shapes) const {
  const core::Graph& g = impl_->graph();
  core::Bindings bindings = impl_->built.data.profile.opt;
  for (const auto& entry : shapes) {
    int index = -1;
    for (size_t i = 0; i < g.inputs().size(); ++i)
      if (g.input_name(static_cast<int>(i)) == entry.first) index = static_cast<int>(i);
    if (index < 0) fail(ErrorCode::unknown_name, "the engine has no input '{}'", entry.first);
    const core::Type& type = g.type(g.inputs()[index]);
    if (!type.ranked || type.shape.size() != entry.second.size())
      fail(ErrorCode::usage, "input '{}' is {}: expected {} dims, found {}", entry.first, type.str(), type.shape.size(), core::dims_to_string(entry.second));
    for (size_t axis = 0; axis < entry.second.size(); ++axis)
      if (const auto symbol = type.shape[axis].as_symbol()) bindings[*symbol] = entry.second[axis];
      else if (type.shape[axis] != core::Dim(entry.second[axis]))
        fail(ErrorCode::usage, "input '{}' is {}: axis {} can't be {}", entry.first, type.str(), axis, entry.second[axis]);
  }
  const auto values = core::example_inputs(g, bindings, seed);
  std::vector<std::pair<std::string, Value>> result;
  for (size_t i = 0; i < values.size(); ++i) result.emplace_back(g.input_name(static_cast<int>(i)), core::to_public(values[i]));
  return result;
}

}  // namespace tenon
