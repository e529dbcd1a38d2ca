#include "app.h"

#include <fmt/format.h>

#include <cstdio>
#include <new>

#include "arguments.h"
#include "session.h"
#include "tenon/error.h"
#include "tenon/model.h"

namespace tenon::cli {
namespace {

/// Flags that every verb takes.
struct CommonFlags {
  std::string json, log = "text";
  bool verbose = false, quiet = false;

  void add(CLI::App& verb) {
    verb.add_option("--json", json, "Write a JSON report (docs/envelope.schema.json); - is stdout")->type_name("FILE");
    verb.add_option("--log", log, "Form of the log on stderr: text or json")->check(CLI::IsMember({"text", "json"}));
    verb.add_flag("-v,--verbose", verbose, "Log what each step decides, too");
    verb.add_flag("-q,--quiet", quiet, "Log warnings and errors only");
  }
  Console::Style style() const {
    return {log == "json", verbose ? Severity::verbose : quiet ? Severity::warning : Severity::info};
  }
};

/// What --json names, also when the other words cannot be parsed; empty: none.
std::string json_file(const std::vector<std::string>& words) {
  const std::string flag = "--json";
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i].rfind(flag + "=", 0) == 0) return words[i].substr(flag.size() + 1);
    if (words[i] == flag && i + 1 < words.size()) return words[i + 1];
  }
  return "";
}

/// Where `tenon host-run --json FILE -- ./program` has its "--"; words.size() where the program's own words come first.
size_t separator(const CLI::App& verb, const std::vector<std::string>& words, size_t first) {
  for (size_t i = first; i < words.size() && words[i].rfind("-", 0) == 0; ++i) {
    if (words[i] == "--") return i;
    const CLI::Option* flag = verb.get_option_no_throw(words[i]);  // null for --flag=value
    if (flag && flag->get_items_expected_max() > 0) ++i;
  }
  return words.size();
}

struct Ending {
  int code = 0;
  std::string name = "ok";
  std::string verdict = "PASSED";
};

class Tool {
 public:
  explicit Tool(std::vector<std::string> words) : words_(std::move(words)), verbs_(all_verbs()) {
    app_.set_version_flag("--version", "tenon " + version());
    app_.require_subcommand(1);
    for (const auto& verb : verbs_) {
      CLI::App* sub = app_.add_subcommand(verb->name(), verb->summary());
      verb->add_flags(*sub);
      common_.add(*sub);
    }
  }

  int run() {
    try {
      if (!parse()) return 0;
    } catch (const Error& e) {
      Console console({});
      Envelope envelope(command());
      return end(console, envelope, json_file(words_), report(console, &envelope, e.code(), e.what()));
    }
    return run_verb();
  }

 private:
  /// False when help or the version was printed instead.
  bool parse() {
    size_t first = 0;
    while (first < words_.size() && is_general(words_[first])) ++first;
    if (first < words_.size()) {
      check_verb(app_, words_[first]);
      const CLI::App& verb = *app_.get_subcommand(words_[first]);
      check_arguments(verb, {words_.begin() + static_cast<long>(first) + 1, words_.end()});
      // CLI11 takes what is behind "--" as arguments of the verb, which has none.
      const size_t at = verb.get_prefix_command() ? separator(verb, words_, first + 1) : words_.size();
      if (at < words_.size()) words_.erase(words_.begin() + static_cast<long>(at));
    }
    try {
      app_.parse(std::vector<std::string>(words_.rbegin(), words_.rend()));
    } catch (const CLI::Success& e) {
      app_.exit(e);
      return false;
    } catch (const CLI::ParseError& e) {
      if (words_.empty()) {
        std::puts(app_.help().c_str());
        return false;
      }
      throw Error(ErrorCode::usage, e.what());
    }
    return true;
  }

  static bool is_general(const std::string& word) { return word == "-h" || word == "--help" || word == "--version"; }

  Verb& chosen() {
    const std::string& name = app_.get_subcommands().at(0)->get_name();
    for (const auto& verb : verbs_)
      if (verb->name() == name) return *verb;
    throw Error(ErrorCode::internal, "a verb without code");
  }

  int run_verb() {
    Console console(common_.style());
    Envelope envelope(command());
    return end(console, envelope, common_.json, guarded(console, envelope));
  }

  /// Writes the envelope and the last line; returns the exit code.
  static int end(Console& console, Envelope& envelope, const std::string& json, Ending ending) {
    console.finish();
    envelope.add_warnings(console.warnings());
    envelope.set_exit(ending.code, ending.name);
    if (!json.empty()) {
      try {
        envelope.save(json);
      } catch (const Error& e) {
        Ending failed = report(console, nullptr, e.code(), e.what());
        if (ending.code == 0) ending = failed;
      }
    }
    console.verdict(ending.verdict, ending.code == 0);
    return ending.code;
  }

  Ending guarded(Console& console, Envelope& envelope) {
    try {
      Session session{console, envelope, !common_.json.empty()};
      Verdict verdict = chosen().run(session);
      return {0, "ok", verdict == Verdict::passed ? "PASSED" : "BUILT (not verified)"};
    } catch (const Error& e) {
      return report(console, &envelope, e.code(), e.what());
    } catch (const std::bad_alloc&) {
      return report(console, &envelope, ErrorCode::out_of_memory, "memory ran out");
    } catch (const std::exception& e) {
      return report(console, &envelope, ErrorCode::internal, e.what());
    }
  }

  static Ending report(Console& console, Envelope* envelope, ErrorCode code, const std::string& text) {
    ErrorHelp help = explain_error(error_id(code));
    console.log(Severity::error, "tenon", text);
    console.log(Severity::error, "tenon", fmt::format("{} {}: {}", help.id, help.name, help.meaning));
    console.log(Severity::error, "tenon", "what to do: " + help.advice);
    std::string name = exit_code_name(help.exit_code);
    console.log(Severity::error, "tenon", fmt::format("exit code {} ({})", help.exit_code, name));
    if (envelope) envelope->set_error(help, text);
    return {help.exit_code, name, "FAILED(" + name + ")"};
  }

  std::vector<std::string> command() const {
    std::vector<std::string> command{"tenon"};
    command.insert(command.end(), words_.begin(), words_.end());
    return command;
  }

  std::vector<std::string> words_;
  std::vector<std::unique_ptr<Verb>> verbs_;
  CommonFlags common_;
  CLI::App app_{"Builds, runs and explains engines made of ONNX models", "tenon"};
};

}  // namespace

int run_tool(int argc, char** argv) {
  watch_interrupts();
  return Tool({argv + 1, argv + argc}).run();
}

}  // namespace tenon::cli
