#include <fmt/format.h>

#include "tenon/model.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

class ExplainVerb : public Verb {
 public:
  const char* name() const override { return "explain"; }
  const char* summary() const override { return "What an error means and what to do"; }

  void add_flags(CLI::App& app) override {
    app.add_option("error", words_, "An id such as E3002, a name, or a pasted message; nothing: all of them");
  }

  Verdict run(Session& session) override {
    std::string text;
    for (const std::string& word : words_) text += (text.empty() ? "" : " ") + word;
    if (text.empty()) {
      for (const ErrorHelp& help : all_errors()) fmt::print("{} {}: {}\n", help.id, help.name, help.meaning);
      return Verdict::passed;
    }
    ErrorHelp help = explain_error(text);
    if (help.id.empty())
      throw Error(ErrorCode::unknown_name,
                  fmt::format("no error has the id or the words of '{}'; `tenon explain` lists all", text));
    fmt::print("{} {} (exit code {}, {})\n\n{}\n\nWhat to do: {}\n", help.id, help.name, help.exit_code,
               exit_code_name(help.exit_code), help.meaning, help.advice);
    session.envelope["explain"] = {
        {"id", help.id}, {"name", help.name}, {"meaning", help.meaning}, {"advice", help.advice}};
    return Verdict::passed;
  }

 private:
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Verb> make_explain_verb() { return std::make_unique<ExplainVerb>(); }

}  // namespace tenon::cli
