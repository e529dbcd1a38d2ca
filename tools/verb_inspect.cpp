#include <fmt/format.h>

#include "target.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

void print_layer(size_t index, const LayerInfo& layer) {
  const std::string inside = layer.depth > 0 ? fmt::format("body{} ", std::string(layer.depth, '>')) : "";
  fmt::print("\n[{}] {}{} ({})\n", index, inside, layer.name, layer.operation);
  fmt::print("  kernel  {} [{}]{}\n", layer.kernel.empty() ? layer.tactic : layer.kernel, layer.tier,
             layer.reason.empty() ? "" : "; " + layer.reason);
  if (!layer.tensor_cores.empty()) fmt::print("  tensor cores: {}\n", layer.tensor_cores);
  fmt::print("  {} -> {}\n", fmt::join(layer.inputs, ", "), fmt::join(layer.outputs, ", "));
  if (layer.bytes > 0) fmt::print("  work    {:.3f} MFLOP, {}\n", static_cast<double>(layer.flops) * 1e-6, bytes_text(layer.bytes));
  if (!layer.onnx_nodes.empty()) fmt::print("  from    {}\n", fmt::join(layer.onnx_nodes, ", "));
  for (const auto& rejected : layer.rejected) fmt::print("  not     {}: {}\n", rejected.first, rejected.second);
}

void print_fusions(const BuildReport& report) {
  for (const FusionInfo& f : report.fusions)
    fmt::print("{} {}: {}{}\n", f.fired ? "fused " : "missed", f.rewrite, f.nodes, f.fired ? "" : "; " + f.why_not);
}

/// Work that a GPU engine leaves to the host: each step waits for the device.
void print_host_steps(const std::vector<LayerInfo>& layers) {
  size_t on_gpu = 0;
  std::vector<std::string> on_host;
  for (const LayerInfo& layer : layers) {
    on_gpu += layer.place == "gpu";
    if (layer.place == "host") on_host.push_back(fmt::format("  {} ({}): {}", layer.name, layer.operation, layer.reason));
  }
  if (on_gpu + on_host.size() == 0) return;
  fmt::print("steps   {} on the GPU, {} on the host{}\n", on_gpu, on_host.size(), on_host.empty() ? "" : ", so that the GPU is waited for:");
  for (const std::string& line : on_host) fmt::print("{}\n", line);
}

/// When each block of memory is taken, at the optimal shapes.
void print_memory(const Engine& engine) {
  const char* title = "memory";
  for (const MemoryBlock& block : memory_blocks(engine)) {
    fmt::print("{:<7} {:<9}  {:>11}  {}, once per {}\n", title, block.taken, bytes_text(block.bytes), block.what, block.per);
    title = "";
  }
}

void print_compatibility(const Engine& engine) {
  const std::vector<std::string>& warnings = engine.report().warnings;
  for (const std::string& warning : warnings) fmt::print("{}\n", warning);
  fmt::print("{}\n", warnings.empty()
                         ? "every choice holds on this machine"
                         : "runs on this machine; what is listed above takes other kernels than it was built with");
}

class InspectVerb : public Verb {
 public:
  const char* name() const override { return "inspect"; }
  const char* summary() const override {
    return "Show an engine's steps, kernels, memory, and where each step came from";
  }

  void add_flags(CLI::App& app) override {
    app.add_option("file", file_, "An engine or an ONNX model")->required();
    app.add_option("--format", format_, "text, json, dot, or graph (the text form)")
        ->check(CLI::IsMember({"text", "json", "dot", "graph"}));
    app.add_flag("--compat", compat_, "Only say whether the engine's choices hold on this machine");
    app.add_flag("--fusions", fusions_, "Only list the rewrites that fired and those that nearly did");
    flags_.add(app, BuildFlags::Reference::yes);
  }

  Verdict run(Session& session) override {
    const Engine engine = open_engine(session, file_, flags_);
    at_assumed_dims(engine, [&] { show(session, engine); });
    return Verdict::passed;
  }

 private:
  void show(Session& session, const Engine& engine) {
    std::vector<LayerInfo> layers = engine.layers();
    if (session.json) session.envelope.add_layers(layers);
    if (compat_) {
      session.envelope["compat"] = {{"warnings", engine.report().warnings}};
      print_compatibility(engine);
    } else if (fusions_) {
      print_fusions(engine.report());
    } else if (format_ == "dot") {
      fmt::print("{}", engine.graph_dot());
    } else if (format_ == "graph") {
      fmt::print("{}", engine.graph_text());
    } else if (format_ == "json") {
      print_json(engine, layers);
    } else {
      print_text(engine, layers);
    }
  }

  static void print_text(const Engine& engine, const std::vector<LayerInfo>& layers) {
    fmt::print("{}device  {}, {} threads\n", signature_text(engine), engine.device(), engine.threads());
    print_memory(engine);
    const BuildReport& report = engine.report();
    if (!report.coverage.empty()) fmt::print("nodes   {}\n", report.coverage);
    print_host_steps(layers);
    for (size_t i = 0; i < layers.size(); ++i) print_layer(i, layers[i]);
    if (!report.dropped.empty()) fmt::print("\nNodes that no step runs\n");
    for (const auto& dropped : report.dropped) fmt::print("  {}: {}\n", dropped.first, dropped.second);
  }

  static void print_json(const Engine& engine, const std::vector<LayerInfo>& layers) {
    Json json = {{"inputs", Json::array()}, {"outputs", Json::array()}, {"memory", memory_json(engine)}, {"layers", Json::array()}};
    for (const TensorInfo& input : engine.inputs()) json["inputs"].push_back(tensor_json(input));
    for (const TensorInfo& output : engine.outputs()) json["outputs"].push_back(tensor_json(output));
    for (const LayerInfo& layer : layers) json["layers"].push_back(layer_json(layer));
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  std::string file_, format_ = "text";
  bool compat_ = false, fusions_ = false;
  BuildFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() { return std::make_unique<InspectVerb>(); }

}  // namespace tenon::cli
