#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tenon::core {

enum class Tri { no, yes, unknown };

/// A closed range of a dimension's values.
struct Interval {
  int64_t low = 0;
  int64_t high = kUnbounded;
  static constexpr int64_t kUnbounded = INT64_MAX;
  bool operator==(const Interval&) const = default;
};
/// Range of each symbol (a profile); a symbol without an entry is [0, unbounded].
using Ranges = std::map<std::string, Interval>;
/// Value of each symbol.
using Bindings = std::map<std::string, int64_t>;

/// A dimension: a number, or an integer expression over named symbols, kept in one canonical form (a sum of products),
/// so that expressions that differ only in spelling compare equal. Immutable and cheap to copy. All arithmetic is
/// checked 64-bit. The same symbol name is the same value; different names may or may not be equal (`Tri::unknown`).
class Dim {
 public:
  Dim() = default;
  Dim(int64_t value) : value_(value) {}  // NOLINT: implicit on purpose
  static Dim symbol(const std::string& name);

  bool is_const() const { return !expr_; }
  /// The number of a constant dim; only when is_const().
  int64_t value() const;
  /// "4*N + 1", "floordiv(H + 1, 2)"; `parse` reads it back.
  std::string str() const;
  static Dim parse(std::string_view text);
  /// The symbol's name when this dim is exactly one symbol.
  std::optional<std::string> as_symbol() const;
  void collect_symbols(std::set<std::string>& into) const;

  /// Fails with shape_mismatch when a symbol is unbound or a broadcast clashes.
  int64_t evaluate(const Bindings&) const;
  Dim substitute(const std::map<std::string, Dim>&) const;
  /// Never narrower than the true range.
  Interval bounds(const Ranges&) const;

  /// Same canonical form. For "may be different at run time" use `equal`.
  friend bool operator==(const Dim& a, const Dim& b);
  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend Dim floordiv(const Dim& a, const Dim& b);
  friend Dim mod(const Dim& a, const Dim& b);
  friend Dim min(const Dim& a, const Dim& b);
  friend Dim max(const Dim& a, const Dim& b);
  /// a if b is 1, b if a is 1, either if they are equal, an error otherwise.
  friend Dim broadcast(const Dim& a, const Dim& b);

  struct Expr;

 private:
  explicit Dim(std::shared_ptr<const Expr> expr) : expr_(std::move(expr)) {}
  friend struct DimBuilder;
  int64_t value_ = 0;
  std::shared_ptr<const Expr> expr_;
};

Dim ceildiv(const Dim& a, const Dim& b);
/// yes / no only when true for every binding within the ranges.
Tri equal(const Dim& a, const Dim& b, const Ranges& ranges = {});
bool known_equal(const Dim& a, const Dim& b);

using Shape = std::vector<Dim>;
Dim product(const Shape&);
/// "[N,3,224,224]".
std::string to_string(const Shape&);
bool all_const(const Shape&);
/// The numbers of a shape; nothing if a dim is symbolic.
std::optional<std::vector<int64_t>> const_dims(const Shape&);
std::vector<int64_t> evaluate(const Shape&, const Bindings&);

}  // namespace tenon::core
