#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/log.h"

namespace tenon::core {

struct CostRecord {
  double us = 0;
  int samples = 0;
  std::string rejection;  // not empty: the offer can't run this problem, and why
  bool throttled = false;  // power or heat held the GPU's clocks down meanwhile; not kept
  int64_t workspace = 0;   // bytes; not kept
};

/// Measured costs, final choices and verdicts as text, one record a line, each with its own check code:
///   tenon-timing-cache 1
///   cost <problem> <offer> <microseconds> <samples> <check>
///   reject <problem> <offer> <sentence> <check>
///   choice <build> <offers> <check>
///   verdict <engine> PASSED <check>
/// Keys are XXH3-128 in hex, texts are percent-encoded. A damaged line is dropped with a warning.
class TimingCache {
 public:
  /// A file that is not there is an empty cache; one of another kind or a newer version is an error (bad_timing_cache).
  static TimingCache load(const std::string& path, const Log&);
  static TimingCache parse(std::string_view text, const Log&);
  std::string text() const;
  /// Merges what the file has gained meanwhile, then replaces it.
  void save(const std::string& path, const Log&) const;
  /// Keeps more samples, then the lower time, then the smaller text: the order of merging does not matter.
  void merge(const TimingCache& other);

  using Costs = std::map<std::pair<std::string, std::string>, CostRecord>;  // problem, offer
  const Costs& costs() const { return costs_; }
  /// Replaces a measurement by hand: final choices made before it no longer hold.
  void edit_cost(const std::string& problem, const std::string& offer, double us) {
    costs_[{problem, offer}].us = us;
    choices_.clear();
  }
  const CostRecord* cost(const Hash& problem, const std::string& offer) const;
  void set_cost(const Hash& problem, const std::string& offer, CostRecord);
  /// The final offers of a build, one text per node that has one.
  const std::vector<std::string>* choice(const Hash& build) const;
  void set_choice(const Hash& build, std::vector<std::string> offers);
  bool passed(const Hash& engine) const { return verdicts_.count(engine.hex()) > 0; }
  void set_passed(const Hash& engine) { verdicts_[engine.hex()] = "PASSED"; }
  bool operator==(const TimingCache& other) const { return text() == other.text(); }

 private:
  bool parse_line(std::string_view body);
  Costs costs_;
  std::map<std::string, std::vector<std::string>> choices_;
  std::map<std::string, std::string> verdicts_;
};

}  // namespace tenon::core
