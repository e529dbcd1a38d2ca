#pragma once
#include <optional>
#include <span>

#include "passes/driver.h"

namespace tenon::core {

/// Where a rewrite says which condition kept it from firing, once the rest of its pattern was there.
class Near {
 public:
  /// `return near.miss("the sum broadcasts");`
  std::nullopt_t miss(std::string why) {
    reason_ = std::move(why);
    return std::nullopt;
  }
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// A named equation. `apply` looks at the node of `root` (its output 0) and adds the nodes of the right side only when
/// the whole left side is there.
struct Rewrite {
  std::string_view equation;
  std::optional<Patch> (*apply)(Graph&, Value root, Near&);
  bool reassociates = false;  // changes the order or number of floating-point operations
  bool nan_unsafe = false;    // may turn a NaN or an infinity into a number
  bool spelling = false;      // says the same in other words: logged at VERBOSE, not listed as a fusion
};

/// A rule that only brings many spellings to one.
constexpr Rewrite spelling(std::string_view equation, std::optional<Patch> (*apply)(Graph&, Value root, Near&),
                           bool reassociates = false, bool nan_unsafe = false) {
  return {equation, apply, reassociates, nan_unsafe, true};
}

using Rewrites = std::span<const Rewrite>;

inline Patch replace(Value old, Value fresh) { return Patch{{{old, fresh}}}; }
/// `x` in place of `old`. A graph output does not become a graph input: an Identity stays between.
std::optional<Patch> forward(Graph&, Value old, Value x);

/// Applies the rules at every node, producers first, until none fits.
void apply_rewrites(Graph&, PassContext&, std::span<const Rewrites> families);
void apply_rewrites(Graph&, PassContext&, Rewrites);

}  // namespace tenon::core
