#include "api/device_use.h"
#include "api/engine_impl.h"
#include "api/step_work.h"
#include "build/coverage.h"

namespace tenon::core {
namespace {

std::string slot_text(const Program& program, SlotId s) {
  if (s < 0) return "";
  const Slot& slot = program.plan().slots[s];
  const Graph& g = program.graph();
  const std::string& name = g.name_of(slot.value);
  return fmt::format("{}: {} {}", name.empty() ? fmt::format("%{}.{}", slot.value.node, slot.value.output) : name, g.type(slot.value).str(), slot.format.str());
}

std::string precision(const Program& program, const std::vector<SlotId>& slots) {
  for (SlotId s : slots) {
    if (s < 0) continue;
    const Slot& slot = program.plan().slots[s];
    const DType logical = program.graph().type(slot.value).dtype;
    return std::string(to_string(slot.format.storage == DType::none ? logical : slot.format.storage));
  }
  return "";
}

LayerInfo describe_step(const Program& program, const Candidates& candidates, const Step& step) {
  const Graph& g = program.graph();
  LayerInfo layer;
  layer.tier = tier_of(program, step);
  for (SlotId s : step.in) layer.inputs.push_back(slot_text(program, s));
  for (SlotId s : step.out) layer.outputs.push_back(slot_text(program, s));
  layer.precision_in = precision(program, step.in);
  layer.precision_out = precision(program, step.out);
  if (step.kind == Step::Kind::reorder) {
    layer.name = "reorder " + g.display_name(program.plan().slots[step.in[0]].value.node);
    layer.operation = "Reorder";
    layer.kernel = "reorder";
    layer.reason = step.reason;
    return layer;
  }
  const Node& n = g.node(step.node);
  layer.name = g.display_name(step.node);
  layer.operation = n.op->name();
  for (OriginId o : n.origins) layer.onnx_nodes.push_back(g.origins()[o].name);
  layer.tactic = program.choices().offers[step.node].tactic;
  layer.kernel = program.choices().offers[step.node].str();
  for (const auto& r : candidates.rejections[step.node]) layer.rejected.emplace_back(r.tactic, r.why);
  return layer;
}

void add_device_use(LayerInfo& layer, const DeviceUse& use) {
  layer.place = use.place;
  layer.tensor_cores = use.tensor_cores;
  if (!use.kernel.empty()) layer.kernel += " [" + use.kernel + "]";
  if (layer.reason.empty()) layer.reason = use.reason;
}

void add_layers(std::vector<LayerInfo>& layers, const Program& program, const Candidates& candidates, const Bindings& bindings, int depth) {
  for (const Step& step : program.plan().steps) {
    layers.push_back(describe_step(program, candidates, step));
    const StepWork work = work_of(program, step, bindings);
    layers.back().flops = work.flops;
    layers.back().bytes = work.bytes;
    layers.back().depth = depth;
    add_device_use(layers.back(), device_use(program, step, bindings));
    if (step.kind != Step::Kind::run) continue;
    const auto& bodies = program.bodies(step.node);
    for (size_t i = 0; i < bodies.size(); ++i) add_layers(layers, *bodies[i], candidates.bodies.at(step.node)[i], {}, depth + 1);
  }
}

void add_times(std::vector<double>& rows, const Program& program, const std::vector<StepTime>& times) {
  const auto& steps = program.plan().steps;
  std::vector<const StepTime*> found(steps.size());
  for (const StepTime& t : times) found[t.step] = &t;
  for (size_t i = 0; i < steps.size(); ++i) {
    rows.push_back(found[i] ? found[i]->us : 0);
    if (steps[i].kind != Step::Kind::run) continue;
    const auto& bodies = program.bodies(steps[i].node);
    for (size_t k = 0; k < bodies.size(); ++k)
      add_times(rows, *bodies[k], found[i] && k < found[i]->bodies.size() ? found[i]->bodies[k] : std::vector<StepTime>());
  }
}

}  // namespace

TensorInfo describe_value(const Graph& g, Value v, const std::string& name) {
  const Type& type = g.type(v);
  TensorInfo info;
  info.name = name;
  info.type = type.str();
  info.dtype = type.dtype;
  info.is_tensor = type.is_tensor();
  info.ranked = type.ranked;
  for (const Dim& d : type.shape) {
    info.dims.push_back(d.is_const() ? d.value() : -1);
    info.names.push_back(d.str());
  }
  return info;
}

std::vector<LayerInfo> describe_layers(const Built& built, const Bindings& bindings, const std::vector<double>& times) {
  std::vector<LayerInfo> layers;
  add_layers(layers, *built.program, built.candidates, bindings, 0);
  for (size_t i = 0; i < times.size(); ++i) layers.at(i).us = times[i];
  return layers;
}

std::vector<double> times_of_layers(const Program& program, const std::vector<StepTime>& times) {
  std::vector<double> rows;
  add_times(rows, program, times);
  return rows;
}

namespace {
void add_format(TensorInfo& info, const IoFormats& formats) {
  const auto found = formats.find(info.name);
  if (found == formats.end()) return;
  info.format = to_string(found->second.format);
  info.channels = found->second.channels;
}
}  // namespace

std::vector<TensorInfo> describe_inputs(const Built& built) {
  const Graph& g = built.program->graph();
  std::vector<TensorInfo> infos;
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    TensorInfo info = describe_value(g, g.inputs()[i], g.input_name(static_cast<int>(i)));
    for (const Dim& d : g.type(g.inputs()[i]).shape) {
      const Interval range = d.bounds(g.ranges);
      const auto symbol = d.as_symbol();
      const auto opt = symbol ? built.data.profile.opt.find(*symbol) : built.data.profile.opt.end();
      info.range.min.push_back(range.low);
      info.range.max.push_back(range.high);
      info.range.opt.push_back(opt == built.data.profile.opt.end() ? range.low : opt->second);
    }
    add_format(info, built.data.io_formats);
    infos.push_back(std::move(info));
  }
  return infos;
}

std::vector<TensorInfo> describe_outputs(const Built& built) {
  const Graph& g = built.program->graph();
  std::vector<TensorInfo> infos;
  for (size_t i = 0; i < g.outputs().size(); ++i) infos.push_back(describe_value(g, g.outputs()[i], g.output_name(static_cast<int>(i))));
  for (TensorInfo& info : infos) add_format(info, built.data.io_formats);
  return infos;
}

std::string graph_dot(const Program& program) {
  const Graph& g = program.graph();
  std::string s = "digraph \"" + g.name + "\" {\n  node [shape=box];\n";
  for (NodeId id : g.order()) {
    if (g.node(id).as<ConstantOp>()) continue;
    std::string label = g.node(id).as<InputOp>() ? g.name_of({id, 0}) : g.display_name(id) + "\\n" + program.choices().offers[id].tactic;
    std::erase(label, '"');
    s += fmt::format("  n{} [label=\"{}\"];\n", id, label);
    for (Value v : g.node(id).inputs)
      if (v && !g.node(v.node).as<ConstantOp>()) s += fmt::format("  n{} -> n{} [label=\"{}\"];\n", v.node, id, g.type(v).str());
  }
  return s + "}\n";
}

}  // namespace tenon::core
