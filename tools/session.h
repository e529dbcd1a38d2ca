#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "console.h"
#include "envelope.h"

namespace tenon::cli {

/// What every verb gets. Results go to stdout, all else to the console.
struct Session {
  Console& console;
  Envelope& envelope;
  bool json = false;  // an envelope will be written: fill in what costs time to find out
};

/// How a verb ends; all other endings are errors thrown.
enum class Verdict { passed, not_verified };

class Verb {
 public:
  virtual ~Verb() = default;
  virtual const char* name() const = 0;
  virtual const char* summary() const = 0;
  virtual void add_flags(CLI::App&) = 0;
  virtual Verdict run(Session&) = 0;
};

/// In the order in which help lists them.
std::vector<std::unique_ptr<Verb>> all_verbs();

/// True once Ctrl-C was pressed; pressed again, it ends the program at once with exit code 130.
bool interrupted();
void watch_interrupts();
/// Throws ErrorCode::interrupted after Ctrl-C.
void check_interrupted();

}  // namespace tenon::cli
