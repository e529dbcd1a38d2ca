#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "session.h"
#include "tenon/options.h"
#include "units.h"

namespace tenon::cli {

/// The flags that say how an engine is built: of `build`, and of every verb that takes a model.
class BuildFlags {
 public:
  enum class Reference { no, yes };
  /// `reference`: whether the verb also takes --reference.
  void add(CLI::App&, Reference reference);

  BuildOptions options(Session&) const;
  /// Of --device and --threads alone, for an engine that is already built.
  LoadOptions load_options(Session&) const;
  /// The dims given by --shapes: what to run with.
  std::map<std::string, Dims> run_shapes() const { return parse_shapes("--shapes", shapes_); }
  bool has_shapes() const { return !shapes_.empty(); }
  /// Flags given that mean nothing for an engine that is already built.
  std::vector<std::string> given_build_only() const;
  bool reference() const { return reference_; }
  void set_verify(bool on) { verify_ = on; }
  bool verify() const { return verify_; }
  Verbosity verbosity() const;

 private:
  std::map<std::string, ShapeRange> shape_ranges() const;
  void limit_memory() const;

  CLI::App* app_ = nullptr;
  std::string device_ = "auto", shapes_, min_shapes_, opt_shapes_, max_shapes_, precision_, max_memory_, time_limit_, tactic_sources_;
  std::string timing_cache_, device_memory_, verbosity_ = "names", io_formats_, io_types_;
  std::vector<std::string> mark_outputs_, disabled_passes_;
  int opt_level_ = 3, threads_ = 0;
  int64_t stop_after_rewrite_ = -1, chaos_seed_ = -1;
  bool verify_ = false, deterministic_ = false, exact_ = false, strict_nan_ = false, reference_ = false;
  bool build_lock_ = true;
};

}  // namespace tenon::cli
