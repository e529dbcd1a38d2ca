#pragma once
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace tenon::core {

class Graph;

struct PassOptions {
  bool exact = false;               // no rewrite that changes the order of floating-point operations
  bool strict_nan = false;          // no rewrite that loses a NaN or an infinity
  bool fuse_gates = false;          // the device has kernels for squeeze-and-excite gates and for attention on views of one tensor
  bool f32_on_tensor_cores = false;  // values of f32 may be stored in 16 bits, or multiplied as TF32
  std::set<std::string> disabled;   // names of passes left out
  int64_t stop_after_rewrite = -1;  // at most this many changes in all; -1: no limit
  /// Whether this Loop or Scan, of few known trips, is to become its body once for each; null: each is.
  std::function<bool(const Graph&, int32_t node)> unrolls = nullptr;
};

/// A change that was made, or one that one condition kept from being made.
struct RewriteNote {
  std::string pass, equation;
  std::string node;    // display name: of the result, or of the node that a near miss is about
  std::string reason;  // of a near miss
  bool spelling = false;  // not a fusion: see Rewrite::spelling
};

struct PassTime {
  std::string pass;
  double seconds = 0;
  int64_t changes = 0;
  int64_t nodes = 0;  // live ones afterwards
};

struct PassReport {
  std::vector<RewriteNote> applied, near_misses;
  std::vector<PassTime> times;
  int64_t changes = 0;  // of all kinds: the unit of stop_after_rewrite
};

}  // namespace tenon::core
