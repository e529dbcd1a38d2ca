#include <fmt/format.h>

#include "tenon/error.h"
#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

void add(std::map<std::string, Dims>& shapes, const char* flag, const std::string& text) {
  for (auto& [name, dims] : to_shapes(flag, text)) shapes[name] = dims;
}

ProfileFlags& profile_of(Options& o) { return o.build.profiles[o.build.profile]; }

void set_profile(Options& o, const std::string& v) {
  o.build.profile = static_cast<size_t>(to_int("--profile", v, 0));
  if (o.build.profile > o.build.profiles.size())
    throw Error(ErrorCode::usage, fmt::format("--profile={}: profiles are counted from 0 without gaps, and {} were begun", o.build.profile, o.build.profiles.size()));
  if (o.build.profile == o.build.profiles.size()) o.build.profiles.emplace_back();
}

void set_batch(int& batch, const char* flag, const std::string& text) { batch = static_cast<int>(to_int(flag, text, 1)); }

constexpr Flag kShapes[] = {
    {"--maxBatch", "N", "Largest batch of an implicit batch engine; not for ONNX models",
     [](Options& o, const std::string& v) { set_batch(o.build.max_batch, "--maxBatch", v); }},
    {"--minShapes", "spec", "Smallest shapes that the engine takes",
     [](Options& o, const std::string& v) { add(profile_of(o).min, "--minShapes", v); }},
    {"--optShapes", "spec", "Shapes that the engine is tuned for; alone it stands for all three",
     [](Options& o, const std::string& v) { add(profile_of(o).opt, "--optShapes", v); }},
    {"--maxShapes", "spec",
     "Largest shapes that the engine takes\n"
     "spec: input0:1x3x256x256,input1:1x3x128x128, with the batch; names may stand in 'quotes'",
     [](Options& o, const std::string& v) { add(profile_of(o).max, "--maxShapes", v); }},
    {"--profile", "N", "Shape flags behind it are about optimization profile N (default = 0)", set_profile},
    {"--minShapesCalib", "spec", "Smallest shapes while calibrating", [](Options& o, const std::string& v) { add(o.build.min_calib, "--minShapesCalib", v); }},
    {"--optShapesCalib", "spec", "Shapes while calibrating", [](Options& o, const std::string& v) { add(o.build.opt_calib, "--optShapesCalib", v); }},
    {"--maxShapesCalib", "spec", "Largest shapes while calibrating", [](Options& o, const std::string& v) { add(o.build.max_calib, "--maxShapesCalib", v); }},
    {"--explicitBatch", nullptr, nullptr,
     [](Options& o, const std::string&) {
       o.notes.push_back("--explicitBatch flag has been deprecated and has no effect!");
       o.notes.push_back("Explicit batch dim is automatically enabled if input model is ONNX or if dynamic shapes are provided when the engine is built.");
     }},
    {"--inputIOFormats", "spec", "Type and format of the inputs (default = those of the model, chw)",
     [](Options& o, const std::string& v) { o.build.input_formats = to_io_formats("--inputIOFormats", v); }},
    {"--outputIOFormats", "spec",
     "Type and format of the outputs\n"
     "spec: type:format[+format][,...], one for each in the model's order, or one for all\n"
     "type: fp32 fp16 bf16 int64 int32 int8 uint8 bool\n"
     "format: chw chw2 chw4 chw16 chw32 hwc hwc8 hwc16 dhwc dhwc8 cdhw32; of several the build chooses",
     [](Options& o, const std::string& v) { o.build.output_formats = to_io_formats("--outputIOFormats", v); }},
};

}  // namespace

std::span<const Flag> shape_flags() { return kShapes; }

}  // namespace tenon::trtexec
