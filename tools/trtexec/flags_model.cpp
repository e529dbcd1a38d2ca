#include "trtexec/flags.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

void add_words(std::vector<std::string>& list, const std::string& text) {
  for (const std::string& word : cli::split(text, ',')) list.push_back(word);
}

constexpr Flag kModel[] = {
    {"--uff", "file", "UFF model (answered with the ONNX route)", [](Options& o, const std::string& v) { o.model.uff = v; }},
    {"--onnx", "file", "ONNX model", [](Options& o, const std::string& v) { o.model.onnx = v; }},
    {"--model", "file", "Caffe model (answered with the ONNX route)", [](Options& o, const std::string& v) { o.model.caffe = v; }},
    {"--deploy", "file", "Caffe prototxt file (likewise)", [](Options& o, const std::string& v) { o.model.prototxt = v; }},
    {"--output", "name[,name]*", "Names of outputs, for Caffe and UFF only", [](Options& o, const std::string& v) { add_words(o.model.outputs, v); }},
    {"--uffInput", "name,X,Y,Z", "An input of a UFF model", [](Options& o, const std::string& v) { o.model.uff_inputs.push_back(v); }},
    {"--uffNHWC", nullptr, "UFF inputs are NHWC", [](Options& o, const std::string&) { o.model.uff_nhwc = true; }},
};

constexpr Flag kSystem[] = {
    {"--device", "N", "Select CUDA device N; cpu runs on the processor (default = 0; cpu on a machine without a GPU)",
     [](Options& o, const std::string& v) { o.system.device = v; }},
    {"--cpuOnly", nullptr, "Run on the processor, as --device=cpu", [](Options& o, const std::string&) { o.system.device = "cpu"; }},
    {"--useDLACore", "N", "Select DLA core N (there are none: an error, or with --allowGPUFallback a warning)",
     [](Options& o, const std::string& v) { o.system.dla_core = static_cast<int>(to_int("--useDLACore", v, 0)); }},
    {"--staticPlugins", "file", "Plugin library (.so) to load; may be given several times", [](Options& o, const std::string& v) { o.system.plugins.push_back(v); }},
    {"--plugins", "file", nullptr,
     [](Options& o, const std::string& v) {
       o.notes.push_back("--plugins flag has been deprecated, use --staticPlugins flag instead.");
       o.system.plugins.push_back(v);
     }},
    {"--dynamicPlugins", "file", "Plugin library (.so) to load before the engine; may be given several times",
     [](Options& o, const std::string& v) { o.system.dynamic_plugins.push_back(v); }},
    {"--setPluginsToSerialize", "file", "Plugin library to store in the engine (engines hold data only: an error)",
     [](Options& o, const std::string& v) { o.system.plugins_to_serialize.push_back(v); }},
    {"--ignoreParsedPluginLibs", nullptr, "Do not add plugin libraries that the parser asks for (it asks for none)",
     [](Options& o, const std::string&) { o.system.ignore_parsed_plugins = true; }},
};

}  // namespace

std::span<const Flag> model_flags() { return kModel; }
std::span<const Flag> system_flags() { return kSystem; }

}  // namespace tenon::trtexec
