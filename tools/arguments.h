#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tenon::cli {

/// Looks over the words after a verb before CLI11 does, for mistakes it can't name: typographic dashes, trtexec's
/// spellings, and misspelt flags. Fails with ErrorCode::usage saying what to write.
void check_arguments(const CLI::App& verb, const std::vector<std::string>& words);
/// The same for the word where a verb was expected.
void check_verb(const CLI::App& app, const std::string& word);

/// A flag's value is a number that is not below `least`.
CLI::Validator at_least(double least);

/// What to write for one of trtexec's flags ("--saveEngine"); empty for other words.
std::string tenon_flag_for(const std::string& trtexec_flag);

}  // namespace tenon::cli
