#include <fmt/format.h>

#include "tenon/error.h"
#include "trtexec/setup.h"

namespace tenon::trtexec {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(ErrorCode::usage, text); }

struct Answer {
  bool asked;
  const char* text;
};

void refuse_what_cannot_be(const Options& o) {
  const BuildFlags& b = o.build;
  const Answer answers[] = {
      {!o.model.uff.empty(), "--uff: UFF files are not read. Export the TensorFlow model with `python -m tf2onnx.convert` and pass the result with --onnx."},
      {!o.model.caffe.empty() || !o.model.prototxt.empty(), "--model, --deploy: Caffe files are not read. Convert the model to ONNX (caffe2onnx) and pass the result with --onnx."},
      {b.safe, "Safety is not supported because safety runtime library is unavailable: --safe has no counterpart here. Build without it."},
      {b.restricted, "--restricted: there is no safety scope to check for. Build without it."},
      {b.dla_standalone, "--buildDLAStandalone: there are no DLA cores to build a loadable for."},
      {b.sparsity == "force", "--sparsity=force: there are no 2:4 sparse kernels, and weights are not overwritten. Remove the flag, or prune the model in its framework."},
      {b.strip_weights, "--stripWeights: engines hold their weights."},
      {!o.system.plugins_to_serialize.empty(), "--setPluginsToSerialize: engines hold data only, never libraries. Load the library with --dynamicPlugins instead."},
  };
  for (const Answer& a : answers)
    if (a.asked) refuse(a.text);
  const bool dla_layers = [&] {
    for (const auto& [layer, device] : b.layer_devices)
      if (device == "DLA") return true;
    return false;
  }();
  if ((o.system.dla_core >= 0 || dla_layers) && !b.gpu_fallback)
    refuse("There are no DLA cores: remove --useDLACore and --layerDeviceTypes, or add --allowGPUFallback to run all layers on the device of --device.");
}

void warn_of_precisions(const BuildFlags& b, Log& log) {
  const Answer answers[] = {
      {b.int8, "--int8: there are no INT8 kernels yet; layers run in a higher precision, Q/DQ nodes of the model as they are."},
      {!b.calibration.empty(), "--calib: the cache is not used as long as there are no INT8 kernels."},
      {b.fp8, "--fp8: there are no FP8 kernels yet; layers run in a higher precision."},
      {b.int4, "--int4: there are no INT4 kernels yet; layers run in a higher precision."},
      {b.strongly_typed && (b.fp16 || b.bf16 || b.int8 || b.fp8), "--stronglyTyped: the model's own types are kept, --fp16, --bf16, --int8 and --fp8 have no effect."},
      {b.sparsity == "enable", "--sparsity=enable: there are no 2:4 sparse kernels; weights are taken as dense."},
  };
  for (const Answer& a : answers)
    if (a.asked) log.warning(a.text);
  if (b.int8 && !b.fp16)
    log.info("FP32 and INT8 precisions have been specified - more performance might be enabled by additionally specifying --fp16 or --best");
}

void warn_of_build_flags(const Options& o, Log& log) {
  const BuildFlags& b = o.build;
  const bool dla_pools = b.pools.count("dlaSRAM") + b.pools.count("dlaLocalDRAM") + b.pools.count("dlaGlobalDRAM") > 0;
  const Answer answers[] = {
      {o.system.dla_core >= 0, "There are no DLA cores: all layers run on the device of --device (--allowGPUFallback)."},
      {dla_pools, "--memPoolSize: there are no DLA cores; their pools have no effect."},
      {b.pools.count("tacticSharedMem") > 0, "--memPoolSize: shared memory of kernels is not limited."},
      {b.min_timing != 1 || b.avg_timing != 8, "--minTiming, --avgTiming: kernels are timed until their order is certain; --builderOptimizationLevel=5 times longer."},
      {!b.preview.empty(), "--preview: preview features have no effect; dynamic shapes are always taken the fast way."},
      {b.max_aux_streams > 0, "--maxAuxStreams: an inference runs on one stream."},
      {b.exclude_lean_runtime || !b.lean_path.empty() || b.runtime != "full", "Engines need no lean runtime: --useRuntime, --leanDLLPath and --excludeLeanRuntime have no effect."},
      {!b.temp_folder.empty() || !b.temp_files.at("in_memory") || !b.temp_files.at("temporary"), "--tempdir, --tempfileControls: no temporary executable files are made."},
      {b.hardware_compatibility != "none", "--hardwareCompatibilityLevel: engines load on any GPU; a kernel that one lacks is replaced there, with a warning."},
  };
  for (const Answer& a : answers)
    if (a.asked) log.warning(a.text);
  if (b.consistency) log.info("Skipping consistency checker on non-safety mode.");
}

void warn_of_inference_flags(const Options& o, const std::string& device, Log& log) {
  const InferenceFlags& i = o.inference;
  const bool cpu = device == "cpu";
  const Answer answers[] = {
      {i.managed, "--useManagedMemory: inputs and outputs have separate host and device memory."},
      {i.persistent_cache_ratio > 0, "--persistentCacheRatio: the persistent part of the L2 cache is left as the driver has it."},
      {cpu && i.spin, "--useSpinWait has no effect on the CPU: a query is done when its call returns."},
      {cpu && o.build.load.empty() && !o.build.tf32, "--noTF32 has no effect on the CPU: products of f32 keep all bits there."},
      {cpu && !o.build.tactic_sources.empty(), "--tacticSources has no effect on the CPU: the sources are libraries for GPUs."},
  };
  for (const Answer& a : answers)
    if (a.asked) log.warning(a.text);
}

}  // namespace

void answer_flags(const Options& o, const std::string& device, Log& log) {
  refuse_what_cannot_be(o);
  if (o.build.load.empty()) {
    warn_of_precisions(o.build, log);
    warn_of_build_flags(o, log);
  }
  if (!o.build.skip_inference) warn_of_inference_flags(o, device, log);
}

}  // namespace tenon::trtexec
