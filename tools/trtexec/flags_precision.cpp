#include "trtexec/flags.h"
#include "trtexec/values.h"

#include "tenon/error.h"

namespace tenon::trtexec {
namespace {

std::string layer_type(const char* flag, const std::string& text) {
  return to_word(flag, text, {"fp32", "fp16", "bf16", "int32", "int8", "int64", "uint8", "bool", "fp8"});
}

void set_constraints(Options& o, const std::string& v) {
  const std::string word = to_word("--precisionConstraints", v, {"none", "obey", "prefer"});
  o.build.constraints = word == "obey" ? Constraints::obey : word == "prefer" ? Constraints::prefer : Constraints::none;
}

void add_precisions(Options& o, const std::string& v) {
  for (const auto& [layer, type] : to_pairs("--layerPrecisions", v)) o.build.layer_precisions.emplace_back(layer, layer_type("--layerPrecisions", type));
}

void add_output_types(Options& o, const std::string& v) {
  for (const auto& [layer, types] : to_pairs("--layerOutputTypes", v)) {
    o.build.layer_output_types.emplace_back(layer, std::vector<std::string>());
    for (const std::string& type : cli::split(types, '+')) o.build.layer_output_types.back().second.push_back(layer_type("--layerOutputTypes", type));
  }
}

void add_devices(Options& o, const std::string& v) {
  for (const auto& [layer, device] : to_pairs("--layerDeviceTypes", v)) o.build.layer_devices.emplace_back(layer, to_word("--layerDeviceTypes", device, {"GPU", "DLA"}));
}

constexpr Flag kPrecision[] = {
    {"--noTF32", nullptr, "Keep all bits of f32 factors (default = TF32 is allowed on a GPU)", [](Options& o, const std::string&) { o.build.tf32 = false; }},
    {"--fp16", nullptr, "Allow fp16 besides the model's types", [](Options& o, const std::string&) { o.build.fp16 = true; }},
    {"--bf16", nullptr, "Allow bf16 besides the model's types", [](Options& o, const std::string&) { o.build.bf16 = true; }},
    {"--int8", nullptr, "Allow int8 (this version warns and takes a higher precision; Q/DQ nodes run as they are)",
     [](Options& o, const std::string&) { o.build.int8 = true; }},
    {"--fp8", nullptr, "Allow fp8 (likewise)", [](Options& o, const std::string&) { o.build.fp8 = true; }},
    {"--int4", nullptr, "Allow int4 (likewise)", [](Options& o, const std::string&) { o.build.int4 = true; }},
    {"--best", nullptr, "Allow all precisions", [](Options& o, const std::string&) { o.build.best = o.build.fp16 = o.build.int8 = true; }},
    {"--stronglyTyped", nullptr, "Keep the types of the model", [](Options& o, const std::string&) { o.build.strongly_typed = true; }},
    {"--precisionConstraints", "spec", "How the next two are taken: none, prefer (where possible) or obey (or fail)", set_constraints},
    {"--layerPrecisions", "spec", "layer:type[,...] with fp32, fp16, bf16, int32 or int8; * stands for all other layers; later ones win", add_precisions},
    {"--layerOutputTypes", "spec", "layer:type[+type][,...], likewise", add_output_types},
    {"--layerDeviceTypes", "spec", "layer:GPU|DLA[,...] (there are no DLA cores)", add_devices},
    {"--calib", "file", "INT8 calibration cache (read and checked when INT8 kernels exist; a warning until then)",
     [](Options& o, const std::string& v) { o.build.calibration = v; }},
    {"--explicitPrecision", nullptr, nullptr,
     [](Options& o, const std::string&) { o.notes.push_back("--explicitPrecision flag has been deprecated and has no effect!"); }},
    {"--sparsity", "spec", "disable, enable or force (there are no sparse kernels: enable warns, force is refused)",
     [](Options& o, const std::string& v) { o.build.sparsity = to_word("--sparsity", v, {"disable", "enable", "force"}); }},
};

}  // namespace

std::span<const Flag> precision_flags() { return kPrecision; }

}  // namespace tenon::trtexec
