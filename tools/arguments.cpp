#include "arguments.h"

#include <fmt/format.h>

#include "nearest.h"
#include "tenon/error.h"

namespace tenon::cli {
namespace {

struct Counterpart {
  const char* trtexec;
  const char* tenon;
};
constexpr Counterpart kCounterparts[] = {
    {"--onnx", "the model as the first argument: `tenon build model.onnx -o model.engine`"},
    {"--model", "the model as the first argument: `tenon build model.onnx -o model.engine`"},
    {"--saveEngine", "`-o FILE` of `tenon build`"},
    {"--loadEngine", "the engine as the first argument: `tenon bench model.engine`"},
    {"--minShapes", "--min-shapes"},
    {"--optShapes", "--opt-shapes"},
    {"--maxShapes", "--max-shapes"},
    {"--fp16", "--precision f16"},
    {"--bf16", "--precision bf16"},
    {"--int8", "nothing: INT8 is not chosen by this version; models with Q/DQ nodes run as they are"},
    {"--fp8", "nothing: FP8 is not chosen by this version; models with Q/DQ nodes run as they are"},
    {"--best", "--precision best"},
    {"--noTF32", "nothing: f32 is exact unless --precision allows more"},
    {"--memPoolSize", "--max-memory 4G"},
    {"--workspace", "--max-memory 4G"},
    {"--timingCacheFile", "--timing-cache FILE"},
    {"--builderOptimizationLevel", "--opt-level 0..5"},
    {"--warmUp", "--warmup MS"},
    {"--avgRuns", "nothing: the median and percentiles are of all runs"},
    {"--percentile", "nothing: p90, p95 and p99 are always printed"},
    {"--dumpProfile", "`tenon bench --profile`"},
    {"--separateProfileRun", "nothing: --profile always takes runs of its own"},
    {"--exportProfile", "`tenon bench --profile --json FILE`"},
    {"--exportTimes", "`tenon bench --json FILE`"},
    {"--dumpLayerInfo", "`tenon inspect FILE`"},
    {"--exportLayerInfo", "`tenon inspect FILE --format json`"},
    {"--profilingVerbosity", "--profiling-verbosity none, names or detailed"},
    {"--loadInputs", "--input name=file.npy"},
    {"--exportOutput", "`tenon run FILE --output results.npz`"},
    {"--dumpOutput", "`tenon run FILE`"},
    {"--loadRefOutputs", "`tenon compare FILE reference.npz`"},
    {"--buildOnly", "`tenon build`, which does not run the engine"},
    {"--skipInference", "`tenon build`, which does not run the engine"},
    {"--noDataTransfers", "`tenon bench --no-transfers`"},
    {"--useSpinWait", "nothing: waiting threads park"},
    {"--useCudaGraph", "nothing: a graph is captured when a shape comes a second time"},
    {"--infStreams", "`tenon bench --streams N`"},
    {"--plugins", "nothing: plugins are not loaded by name"},
    {"--staticPlugins", "nothing: plugins are not loaded by name"},
    {"--dynamicPlugins", "nothing: plugins are not loaded by name"},
    {"--calib", "nothing: calibration is not part of this version"},
    {"--refit", "BuildOptions::refit of the library, or `trtexec --refit`"},
    {"--stripWeights", "nothing: engines hold their weights"},
    {"--versionCompatible", "nothing: engines load in other versions"},
    {"--hardwareCompatibilityLevel", "nothing: engines load on other machines"},
};

[[noreturn]] void refuse(const std::string& text) { throw Error(ErrorCode::usage, text); }

/// The length of a typographic dash at the start of the word, 0 if there is none. Web pages and mail programs turn "--"
/// into one of these.
size_t dash_length(const std::string& word) {
  for (const char* dash : {"\u2013", "\u2014", "\u2212", "\u2010", "\u2011", "\u2012"})
    if (word.rfind(dash, 0) == 0) return std::string_view(dash).size();
  return 0;
}

void check_dash(const std::string& word) {
  size_t length = dash_length(word);
  if (length == 0) return;
  std::string rest = word.substr(length);
  while (!rest.empty() && (rest[0] == '-' || dash_length(rest) > 0))
    rest.erase(0, rest[0] == '-' ? 1 : dash_length(rest));
  std::string name = rest.substr(0, rest.find('='));
  refuse(fmt::format("'{}' begins with a typographic dash, as pasted from a web page or mail; write {}{}", word,
                     name.size() == 1 ? "-" : "--", rest));
}

std::vector<std::string> long_flags(const CLI::App& verb) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : verb.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  return flags;
}

bool has_flag(const CLI::App& verb, const std::string& flag) {
  for (const std::string& known : long_flags(verb))
    if (known == flag) return true;
  return false;
}

void check_flag(const CLI::App& verb, const std::string& flag) {
  if (has_flag(verb, flag)) return;
  std::string counterpart = tenon_flag_for(flag);
  if (!counterpart.empty()) refuse(fmt::format("{} is trtexec's spelling; write {}", flag, counterpart));
  std::string like = nearest(flag, long_flags(verb));
  std::string hint = like.empty() ? "" : fmt::format("did you mean {}? ", like);
  refuse(fmt::format("`tenon {}` has no flag {}; {}`tenon {} --help` lists all", verb.get_name(), flag, hint,
                     verb.get_name()));
}

}  // namespace

CLI::Validator at_least(double least) {
  const auto check = [least](std::string& text) {
    double number = 0;
    const bool fits = CLI::detail::lexical_cast(text, number) && number >= least;
    return fits ? "" : fmt::format("a number from {} on was expected, found '{}'", least, text);
  };
  return CLI::Validator(check, fmt::format("from {} on", least));
}

std::string tenon_flag_for(const std::string& trtexec_flag) {
  for (const Counterpart& c : kCounterparts)
    if (trtexec_flag == c.trtexec) return c.tenon;
  return "";
}

void check_arguments(const CLI::App& verb, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return;
    if (verb.get_prefix_command() && word.rfind('-', 0) != 0) return;  // a program and its own words
    check_dash(word);
    if (word.rfind("--", 0) == 0) check_flag(verb, word.substr(0, word.find('=')));
  }
}

void check_verb(const CLI::App& app, const std::string& word) {
  check_dash(word);
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  for (const std::string& verb : verbs)
    if (word == verb) return;
  std::string counterpart = tenon_flag_for(word.substr(0, word.find('=')));
  if (!counterpart.empty())
    refuse(fmt::format("{} is trtexec's spelling; write {}", word.substr(0, word.find('=')), counterpart));
  if (word.find(".onnx") != std::string::npos)
    refuse(fmt::format("a verb is missing in front of '{}': {}", word, join_alternatives(verbs)));
  std::string like = nearest(word, verbs);
  refuse(fmt::format("there is no verb '{}'; {}the verbs are {}", word,
                     like.empty() ? "" : fmt::format("did you mean '{}'? ", like), join_alternatives(verbs)));
}

}  // namespace tenon::cli
