#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "trtexec/options.h"

namespace tenon::trtexec {

/// One flag: what it is called, what it takes, and what it sets.
struct Flag {
  const char* name;      // "--onnx"
  const char* argument;  // "file", shown by --help; null for a switch
  const char* help;      // null: not listed
  void (*set)(Options&, const std::string& value);
};

struct Section {
  const char* title;
  std::span<const Flag> flags;
};

std::span<const Flag> model_flags();
std::span<const Flag> shape_flags();
std::span<const Flag> precision_flags();
std::span<const Flag> build_flags();
std::span<const Flag> inference_flags();
std::span<const Flag> later_flags();
std::span<const Flag> reporting_flags();
std::span<const Flag> system_flags();
/// In the order of --help.
std::vector<Section> sections();

/// Reads the words behind the program's name; `--flag=value` and `--flag value` are the same. Fails with ErrorCode::usage,
/// naming every unknown flag with the known one that is most like it.
Options read_flags(const std::vector<std::string>& words);
/// What flags mean together: shapes of build and inference, contradictions, and warnings about flags without effect.
void complete(Options&);

std::string help_text();
/// The options as TensorRT's tool prints them, lines ended by "\n".
std::string describe(const Options&);

}  // namespace tenon::trtexec
