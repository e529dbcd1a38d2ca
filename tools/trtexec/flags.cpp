#include "trtexec/flags.h"

#include <fmt/format.h>

#include "nearest.h"
#include "tenon/error.h"

namespace tenon::trtexec {
namespace {

void set_help(Options& o, const std::string&) { o.help = true; }
constexpr Flag kHelp[] = {{"--help", nullptr, "Print this text, -h likewise", set_help}, {"-h", nullptr, nullptr, set_help}};

std::vector<const Flag*> all_flags() {
  std::vector<const Flag*> flags;
  for (const Section& section : sections())
    for (const Flag& flag : section.flags) flags.push_back(&flag);
  return flags;
}

const Flag* find_flag(const std::string& name) {
  for (const Flag* flag : all_flags())
    if (name == flag->name) return flag;
  return nullptr;
}

/// Web pages and mail programs turn "--" into a dash of their own.
std::string plain_dashes(const std::string& word) {
  std::string_view rest = word;
  bool pasted = false;
  for (bool more = true; more;) {
    more = false;
    for (const std::string_view dash : {"\u2013", "\u2014", "\u2212", "\u2010", "\u2011", "\u2012"})
      if (rest.substr(0, dash.size()) == dash) rest.remove_prefix(dash.size()), pasted = more = true;
  }
  while (pasted && !rest.empty() && rest[0] == '-') rest.remove_prefix(1);
  return pasted ? "--" + std::string(rest) : word;
}

std::string unknown(const std::string& word) {
  std::vector<std::string> names;
  for (const Flag* flag : all_flags()) names.push_back(flag->name);
  const std::string name = word.substr(0, word.find('='));
  const std::string like = cli::nearest(name, names);
  const std::string value = name.size() == word.size() ? "" : word.substr(name.size() + 1);
  return fmt::format("Unknown option: {} {}{}", name, value, like.empty() ? "" : fmt::format(" (did you mean {}?)", like));
}

}  // namespace

std::vector<Section> sections() {
  return {{"Model Options", model_flags()},         {"Build Options", shape_flags()},         {nullptr, precision_flags()}, {nullptr, build_flags()},
          {"Inference Options", inference_flags()}, {"Reporting Options", reporting_flags()}, {"System Options", system_flags()}, {"Options of later releases", later_flags()}, {"Help", kHelp}};
}

Options read_flags(const std::vector<std::string>& words) {
  Options options;
  std::string problems;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = plain_dashes(words[i]);
    if (word != words[i]) options.notes.push_back(fmt::format("'{}' begins with a typographic dash, as pasted from a web page; taken as {}", words[i], word));
    const size_t equals = word.find('=');
    const Flag* flag = find_flag(word.substr(0, equals));
    if (!flag) {
      problems += (problems.empty() ? "" : "\n") + unknown(word);
      continue;
    }
    std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const bool next_is_value = i + 1 < words.size() && words[i + 1].rfind("--", 0) != 0;
    if (flag->argument && equals == std::string::npos && next_is_value) value = words[++i];
    if (flag->argument && value.empty()) throw Error(ErrorCode::usage, fmt::format("{}: expected {}={}, found no value", flag->name, flag->name, flag->argument));
    flag->set(options, value);
  }
  if (!problems.empty()) throw Error(ErrorCode::usage, problems);
  return options;
}

std::string help_text() {
  std::string text;
  for (const Section& section : sections()) {
    if (section.title) text += fmt::format("{}=== {} ===\n", text.empty() ? "" : "\n", section.title);
    for (const Flag& flag : section.flags) {
      if (!flag.help) continue;
      const std::string name = flag.argument ? fmt::format("{}={}", flag.name, flag.argument) : flag.name;
      std::string help = flag.help;
      for (size_t at = help.find('\n'); at != std::string::npos; at = help.find('\n', at + 1)) help.insert(at + 1, std::string(38, ' '));
      text += fmt::format("  {:<35} {}\n", name, help);
    }
  }
  return text;
}

}  // namespace tenon::trtexec
