#include <fmt/format.h>

#include <algorithm>

#include "tenon/error.h"
#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(ErrorCode::usage, text); }

/// Shapes named by some of the three flags only are taken over from the others: opt, else max, else min.
void merge_ranges(ProfileFlags& profile, std::vector<std::string>& notes) {
  struct Given {
    const char* name;
    std::map<std::string, Dims>* shapes;
  };
  const Given min{"minShapes", &profile.min}, opt{"optShapes", &profile.opt}, max{"maxShapes", &profile.max};
  const auto fill = [&](const Given& target, const Given& first, const Given& second) {
    for (const Given& source : {first, second})
      for (const auto& [name, dims] : *source.shapes)
        if (target.shapes->emplace(name, dims).second) notes.push_back(fmt::format("{} is being broadcasted to {} for tensor {}", source.name, target.name, name));
  };
  fill(opt, max, min);
  fill(min, opt, max);
  fill(max, opt, min);
  for (const auto& [name, dims] : profile.opt) profile.shapes[name] = {profile.min[name], dims, profile.max[name]};
}

/// The build is tuned for the shapes of the inference, and runs at the ones it is tuned for, where only one of them is given.
void share_shapes(Options& o) {
  const auto given = o.inference.shapes;
  std::vector<ProfileFlags>& profiles = o.build.profiles;
  if (o.build.load.empty() && o.inference.profile >= profiles.size())
    refuse(fmt::format("--useProfile={}: the engine gets {} optimization profiles, counted from 0", o.inference.profile, profiles.size()));
  if (o.inference.profile < profiles.size())
    for (const auto& [name, range] : profiles[o.inference.profile].shapes) o.inference.shapes.emplace(name, range.opt);
  for (ProfileFlags& profile : profiles)
    for (const auto& [name, dims] : given) profile.shapes.emplace(name, ShapeRange{dims, dims, dims});
}

void check_calibration_shapes(const BuildFlags& b) {
  const bool min = !b.min_calib.empty(), opt = !b.opt_calib.empty(), max = !b.max_calib.empty();
  if ((min || opt || max) && !(opt && min == max))
    refuse("Must specify only --optShapesCalib or all of --minShapesCalib, --optShapesCalib, --maxShapesCalib");
}

void check_model(const Options& o) {
  const ModelOptions& m = o.model;
  const bool old = !m.uff.empty() || !m.caffe.empty() || !m.prototxt.empty();
  if (!m.uff.empty() && m.uff_inputs.empty()) refuse("Uff models require at least one input");
  if (old && m.onnx.empty() && m.outputs.empty()) refuse("Caffe and Uff models require at least one output");
  if (!m.onnx.empty() && !m.outputs.empty()) refuse("The --output flag should not be used with ONNX models.");
  if (m.onnx.empty() && !old && o.build.load.empty()) refuse("Model missing or format not recognized");
}

void check_batch(Options& o) {
  const bool explicit_batch = !o.model.onnx.empty() || !o.build.profiles[0].shapes.empty() || !o.inference.shapes.empty();
  if (explicit_batch && (o.build.max_batch > 0 || o.inference.batch > 0))
    refuse("The --batch and --maxBatch flags should not be used when the input model is ONNX or when dynamic shapes are provided. "
           "Please use --optShapes and --shapes to set input shapes instead.");
  if (explicit_batch) return;
  if (o.inference.batch == 0) o.inference.batch = 1;
  if (o.build.max_batch == 0) o.build.max_batch = o.inference.batch;
  if (o.build.max_batch < o.inference.batch)
    refuse(fmt::format("Build max batch {} is less than inference batch {}", o.build.max_batch, o.inference.batch));
}

void check_build(Options& o) {
  BuildFlags& b = o.build;
  if (!b.load.empty() && !b.save.empty()) refuse("Incompatible load and save engine options selected");
  if (b.version_only && b.load.empty()) refuse("--getPlanVersionOnly needs an engine file: add --loadEngine");
  if (b.fp8 && b.int8) refuse("Invalid usage, fp8 and int8 aren't allowed to be enabled together.");
  if (b.runtime != "full" && !b.version_compatible) {
    b.version_compatible = true;
    o.notes.push_back(fmt::format("Implicitly enabling --versionCompatible since --useRuntime={} is set.", b.runtime));
  }
  if (b.runtime != "full" && b.load.empty()) refuse("Building a TensorRT engine requires --useRuntime=full.");
  if (b.runtime != "full" && o.inference.time_refit) refuse("--timeRefit requires --useRuntime=full.");
  if (b.runtime != "full" && !(o.system.plugins.empty() && o.system.dynamic_plugins.empty())) refuse("TRT-18412: Plugins require --useRuntime=full.");
  const bool constrained = !b.layer_precisions.empty() || !b.layer_output_types.empty();
  if (!constrained && b.constraints != Constraints::none)
    o.notes.push_back("When --precisionConstraints flag is set to \"obey\" or \"prefer\", please add --layerPrecision/--layerOutputTypes flags to set "
                      "layer-wise precisions and output types.");
  if (constrained && b.constraints == Constraints::none)
    o.notes.push_back("--layerPrecision/--layerOutputTypes flags have no effect when --precisionConstraints flag is set to \"none\".");
  if (o.inference.persistent_cache_ratio > 1) refuse("--persistentCacheRatio: expected a number from 0 to 1");
}

}  // namespace

void complete(Options& o) {
  check_model(o);
  check_build(o);
  check_calibration_shapes(o.build);
  for (ProfileFlags& profile : o.build.profiles) merge_ranges(profile, o.notes);
  check_batch(o);
  share_shapes(o);
}

}  // namespace tenon::trtexec
