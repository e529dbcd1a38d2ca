#pragma once
#include "ir/dim.h"

namespace tenon::core {

enum class AtomKind { symbol, floordiv, mod, min, max, broadcast };

/// A factor that the sum-of-products form can't open: a symbol, or a function of two dims.
struct DimAtom {
  AtomKind kind;
  std::string name;  // symbol
  Dim a, b;          // functions
  std::string key;   // its canonical text
};
using AtomRef = std::shared_ptr<const DimAtom>;

struct DimTerm {
  int64_t coefficient;
  std::vector<AtomRef> atoms;  // sorted by key
  std::string key;             // the atoms' keys joined; "" for the constant term
};

struct Dim::Expr {
  std::vector<DimTerm> terms;  // sorted by key, no zero coefficients
  std::string key;
};

struct DimBuilder {
  static std::vector<DimTerm> terms(const Dim&);
  static Dim make(std::vector<DimTerm> terms);
  static Dim atom(AtomRef);
  static Dim function(AtomKind, const Dim& a, const Dim& b);  // no simplification
  static const Dim::Expr& expr(const Dim& d) { return *d.expr_; }
};

}  // namespace tenon::core
