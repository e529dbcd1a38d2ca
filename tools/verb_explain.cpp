#include <fmt/format.h>

#include "tenon/model.h"
#include "verbs.h"

namespace tenon::cli {
namespace {

/// docs/troubleshooting.md.
void print_page() {
  fmt::print("# Troubleshooting\n\n`tenon explain '<pasted text>'` finds these by the wording of TensorRT's messages, and Tenon's own errors by id.\n"
             "`tenon explain --page` prints this page; do not edit it.\n\n## Messages of TensorRT\n");
  for (const MessageHelp& m : known_messages())
    fmt::print("\n### {} {}\n{}\n\n**What to do:** {}\n{}", m.id, m.wording, m.cause, m.fix, m.error_id.empty() ? "" : fmt::format("\nTenon's own error: {}.\n", m.error_id));
  fmt::print("\n## Errors of Tenon\n| id | name | exit code | meaning | what to do |\n|---|---|---|---|---|\n");
  for (const ErrorHelp& help : all_errors()) fmt::print("| {} | {} | {} | {} | {} |\n", help.id, help.name, help.exit_code, help.meaning, help.advice);
}

void print_list() {
  for (const ErrorHelp& help : all_errors()) fmt::print("{} {}: {}\n", help.id, help.name, help.meaning);
  for (const MessageHelp& m : known_messages()) fmt::print("{} {}\n", m.id, m.wording);
}

class ExplainVerb : public Verb {
 public:
  const char* name() const override { return "explain"; }
  const char* summary() const override { return "What an error means and what to do"; }

  void add_flags(CLI::App& app) override {
    app.add_option("error", words_, "An id such as E3002 or M05, a name, or a pasted message; nothing: all of them");
    app.add_flag("--page", page_, "Print docs/troubleshooting.md");
  }

  Verdict run(Session& session) override {
    std::string text;
    for (const std::string& word : words_) text += (text.empty() ? "" : " ") + word;
    if (page_) print_page();
    else if (text.empty()) print_list();
    else explain(session, text);
    return Verdict::passed;
  }

 private:
  static void explain(Session& session, const std::string& text) {
    const MessageHelp message = explain_message(text);
    ErrorHelp help = explain_error(message.error_id.empty() ? text : message.error_id);
    if (help.id.empty() && message.id.empty()) return guess(session, text);
    if (!message.id.empty()) {
      fmt::print("{} {}\n\n{}\n\nWhat to do: {}\n", message.id, message.wording, message.cause, message.fix);
      if (!message.error_id.empty()) fmt::print("\nTenon's own error: {} {} (exit code {}, {}): {}\n", help.id, help.name, help.exit_code, exit_code_name(help.exit_code), help.meaning);
      session.envelope["explain"] = {{"id", message.id}, {"name", message.wording}, {"meaning", message.cause}, {"advice", message.fix}};
      return;
    }
    fmt::print("{} {} (exit code {}, {})\n\n{}\n\nWhat to do: {}\n", help.id, help.name, help.exit_code, exit_code_name(help.exit_code), help.meaning, help.advice);
    session.envelope["explain"] = {{"id", help.id}, {"name", help.name}, {"meaning", help.meaning}, {"advice", help.advice}};
  }

  static void guess(Session& session, const std::string& text) {
    const std::vector<LikelyHelp> likely = guess_messages(text);
    if (likely.empty()) throw Error(ErrorCode::unknown_name, fmt::format("nothing known has the id or the words of '{}'; `tenon explain` lists all", text));
    fmt::print("This message is not known. A guess by its words, the likeliest first:\n");
    auto& guesses = session.envelope["explain"]["guesses"];
    for (const LikelyHelp& l : likely) {
      const bool error = l.message.id.empty();
      const std::string &id = error ? l.error.id : l.message.id, &name = error ? l.error.name : l.message.wording;
      const std::string &meaning = error ? l.error.meaning : l.message.cause, &advice = error ? l.error.advice : l.message.fix;
      fmt::print("\n{} {} (likeness {:.2f})\n{}\nWhat to do: {}\n", id, name, l.likeness, meaning, advice);
      guesses.push_back({{"id", id}, {"name", name}, {"meaning", meaning}, {"advice", advice}, {"likeness", l.likeness}});
    }
  }

  std::vector<std::string> words_;
  bool page_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_explain_verb() { return std::make_unique<ExplainVerb>(); }

}  // namespace tenon::cli
