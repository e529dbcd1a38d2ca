#include "ir/dim.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "ir/dim_expr.h"

namespace tenon::core {
namespace {

// No real dim is this large: ONNX uses INT64_MAX for "to the end".
constexpr int64_t kHuge = int64_t{1} << 60;

bool is_identifier(const std::string& s) {
  if (s.empty() || std::isdigit(static_cast<unsigned char>(s[0]))) return false;
  return std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; });
}

std::string join_keys(const std::vector<AtomRef>& atoms) {
  std::string key;
  for (const auto& a : atoms) key += (key.empty() ? "" : "*") + a->key;
  return key;
}

std::string term_text(const DimTerm& t) {
  if (t.atoms.empty()) return std::to_string(t.coefficient);
  if (t.coefficient == 1) return t.key;
  return std::to_string(t.coefficient) + "*" + t.key;
}

std::string sum_text(const std::vector<DimTerm>& terms) {
  std::string s;
  const auto put = [&](const DimTerm& t) {
    if (s.empty()) s = term_text(t);
    else if (t.coefficient < 0) s += " - " + term_text({-t.coefficient, t.atoms, t.key});
    else s += " + " + term_text(t);
  };
  for (const auto& t : terms) if (!t.atoms.empty()) put(t);
  for (const auto& t : terms) if (t.atoms.empty()) put(t);
  return s;
}

int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) fail(ErrorCode::shape_mismatch, "a shape expression divides {} by zero", a);
  if (b == -1) return checked_mul(a, -1);
  const int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}
int64_t floor_mod(int64_t a, int64_t b) { return b == -1 ? 0 : a - floor_div(a, b) * b; }

std::string_view function_name(AtomKind k) {
  switch (k) {
    case AtomKind::symbol: break;
    case AtomKind::floordiv: return "floordiv";
    case AtomKind::mod: return "mod";
    case AtomKind::min: return "min";
    case AtomKind::max: return "max";
    case AtomKind::broadcast: return "broadcast";
  }
  return "";
}

// t / d when it is exact.
std::optional<DimTerm> divide(const DimTerm& t, const DimTerm& d) {
  if (d.coefficient == 0 || t.coefficient % d.coefficient != 0) return std::nullopt;
  std::vector<AtomRef> rest = t.atoms;
  for (const auto& a : d.atoms) {
    auto it = std::find_if(rest.begin(), rest.end(), [&](const AtomRef& r) { return r->key == a->key; });
    if (it == rest.end()) return std::nullopt;
    rest.erase(it);
  }
  return DimTerm{t.coefficient / d.coefficient, rest, join_keys(rest)};
}

// a / b when b divides a as a polynomial.
std::optional<Dim> divide_exactly(const Dim& a, const Dim& b) {
  Dim rest = a, quotient = 0;
  for (int step = 0; step < 8; ++step) {
    if (rest == Dim(0)) return quotient;
    auto t = divide(DimBuilder::terms(rest).back(), DimBuilder::terms(b).back());
    if (!t) return std::nullopt;
    const Dim q = DimBuilder::make({*t});
    quotient = quotient + q;
    rest = rest - q * b;
  }
  return std::nullopt;
}

// floor((k*q + r) / k) = q + floor(r / k): the part of `a` that k divides leaves the division.
std::pair<Dim, Dim> split_by(const Dim& a, int64_t k) {
  std::vector<DimTerm> quotient, rest;
  for (auto t : DimBuilder::terms(a)) {
    if (t.coefficient % k == 0) {
      t.coefficient /= k;
      quotient.push_back(t);
    } else {
      rest.push_back(t);
    }
  }
  return {DimBuilder::make(quotient), DimBuilder::make(rest)};
}

Dim floordiv_by_number(const Dim& a, int64_t k) {
  auto [quotient, rest] = split_by(a, k);
  if (rest.is_const()) return quotient + Dim(floor_div(rest.value(), k));
  auto terms = DimBuilder::terms(rest);
  // floordiv(floordiv(x, m) + c, k) = floordiv(x + c*m, m*k)
  Dim constant = 0;
  const DimTerm* inner = nullptr;
  for (const auto& t : terms) {
    if (t.atoms.empty()) constant = t.coefficient;
    else if (t.coefficient == 1 && t.atoms.size() == 1 && t.atoms[0]->kind == AtomKind::floordiv && t.atoms[0]->b.is_const() &&
             t.atoms[0]->b.value() > 0 && !inner)
      inner = &t;
    else return quotient + DimBuilder::function(AtomKind::floordiv, rest, k);
  }
  const Dim m = inner->atoms[0]->b;
  return quotient + floordiv(inner->atoms[0]->a + constant * m, m * Dim(k));
}

std::pair<Dim, Dim> ordered(const Dim& a, const Dim& b) { return b.str() < a.str() ? std::pair{b, a} : std::pair{a, b}; }

}  // namespace

std::vector<DimTerm> DimBuilder::terms(const Dim& d) {
  if (d.expr_) return d.expr_->terms;
  if (d.value_ == 0) return {};
  return {DimTerm{d.value_, {}, ""}};
}

Dim DimBuilder::make(std::vector<DimTerm> terms) {
  std::sort(terms.begin(), terms.end(), [](const DimTerm& x, const DimTerm& y) { return x.key < y.key; });
  std::vector<DimTerm> merged;
  for (auto& t : terms) {
    if (!merged.empty() && merged.back().key == t.key) merged.back().coefficient = checked_add(merged.back().coefficient, t.coefficient);
    else merged.push_back(std::move(t));
  }
  std::erase_if(merged, [](const DimTerm& t) { return t.coefficient == 0; });
  if (merged.empty()) return Dim(0);
  if (merged.size() == 1 && merged[0].atoms.empty()) return Dim(merged[0].coefficient);
  auto e = std::make_shared<Dim::Expr>();
  e->key = sum_text(merged);
  e->terms = std::move(merged);
  return Dim(std::shared_ptr<const Dim::Expr>(std::move(e)));
}

Dim DimBuilder::atom(AtomRef a) {
  std::string key = a->key;
  return make({DimTerm{1, {std::move(a)}, std::move(key)}});
}

Dim DimBuilder::function(AtomKind kind, const Dim& a, const Dim& b) {
  auto f = std::make_shared<DimAtom>();
  f->kind = kind;
  f->a = a;
  f->b = b;
  f->key = std::string(function_name(kind)) + "(" + a.str() + ", " + b.str() + ")";
  return atom(f);
}

Dim Dim::symbol(const std::string& name) {
  auto s = std::make_shared<DimAtom>();
  s->kind = AtomKind::symbol;
  s->name = name;
  s->key = is_identifier(name) ? name : "'" + name + "'";
  return DimBuilder::atom(s);
}

int64_t Dim::value() const {
  assume(is_const(), "Dim::value of a symbolic dim");
  return value_;
}
std::string Dim::str() const { return expr_ ? expr_->key : std::to_string(value_); }

std::optional<std::string> Dim::as_symbol() const {
  if (!expr_ || expr_->terms.size() != 1) return std::nullopt;
  const DimTerm& t = expr_->terms[0];
  if (t.coefficient != 1 || t.atoms.size() != 1 || t.atoms[0]->kind != AtomKind::symbol) return std::nullopt;
  return t.atoms[0]->name;
}

void Dim::collect_symbols(std::set<std::string>& into) const {
  for (const auto& t : DimBuilder::terms(*this))
    for (const auto& a : t.atoms) {
      if (a->kind == AtomKind::symbol) into.insert(a->name);
      a->a.collect_symbols(into);
      a->b.collect_symbols(into);
    }
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.is_const() || b.is_const()) return a.is_const() && b.is_const() && a.value_ == b.value_;
  return a.expr_ == b.expr_ || a.expr_->key == b.expr_->key;
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_const() && b.is_const()) return checked_add(a.value_, b.value_);
  auto terms = DimBuilder::terms(a);
  for (auto& t : DimBuilder::terms(b)) terms.push_back(t);
  return DimBuilder::make(std::move(terms));
}
Dim operator-(const Dim& a, const Dim& b) { return a + b * Dim(-1); }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_const() && b.is_const()) return checked_mul(a.value_, b.value_);
  std::vector<DimTerm> terms;
  for (const auto& x : DimBuilder::terms(a))
    for (const auto& y : DimBuilder::terms(b)) {
      DimTerm t{checked_mul(x.coefficient, y.coefficient), x.atoms, ""};
      t.atoms.insert(t.atoms.end(), y.atoms.begin(), y.atoms.end());
      std::sort(t.atoms.begin(), t.atoms.end(), [](const AtomRef& p, const AtomRef& q) { return p->key < q->key; });
      t.key = join_keys(t.atoms);
      terms.push_back(std::move(t));
    }
  return DimBuilder::make(std::move(terms));
}

Dim floordiv(const Dim& a, const Dim& b) {
  if (a.is_const() && b.is_const()) return floor_div(a.value_, b.value_);
  if (b == Dim(1) || a == Dim(0)) return a;
  if (b.is_const() && b.value_ == 0) return floor_div(1, 0);
  if (b.is_const() && b.value_ > 0) return floordiv_by_number(a, b.value_);
  if (auto exact = divide_exactly(a, b)) return *exact;
  return DimBuilder::function(AtomKind::floordiv, a, b);
}
Dim ceildiv(const Dim& a, const Dim& b) { return floordiv(a + b - Dim(1), b); }

Dim mod(const Dim& a, const Dim& b) {
  if (a.is_const() && b.is_const()) return floor_mod(a.value_, b.value_);
  if (a == b || a == Dim(0)) return 0;
  if (b.is_const() && b.value_ > 0) {
    const Dim rest = split_by(a, b.value_).second;
    return rest.is_const() ? Dim(floor_mod(rest.value_, b.value_)) : DimBuilder::function(AtomKind::mod, rest, b);
  }
  if (divide_exactly(a, b)) return 0;
  return DimBuilder::function(AtomKind::mod, a, b);
}

Dim min(const Dim& a, const Dim& b) {
  const Dim difference = a.is_const() && a.value_ > kHuge ? Dim(1) : b.is_const() && b.value_ > kHuge ? Dim(-1) : a - b;
  const Interval range = difference.bounds({});
  if (range.high <= 0) return a;
  if (range.low >= 0) return b;
  const auto [x, y] = ordered(a, b);
  return DimBuilder::function(AtomKind::min, x, y);
}

Dim max(const Dim& a, const Dim& b) {
  const Interval range = (a - b).bounds({});
  if (range.low >= 0) return a;
  if (range.high <= 0) return b;
  const auto [x, y] = ordered(a, b);
  return DimBuilder::function(AtomKind::max, x, y);
}

Dim broadcast(const Dim& a, const Dim& b) {
  if (a == b || b == Dim(1)) return a;
  if (a == Dim(1)) return b;
  if (a.is_const() && b.is_const()) fail(ErrorCode::shape_mismatch, "dims {} and {} can't be broadcast", a.value_, b.value_);
  if (a.is_const()) return a;  // neither is 1 for certain, so b must be 1 or equal
  if (b.is_const()) return b;
  const auto [x, y] = ordered(a, b);
  return DimBuilder::function(AtomKind::broadcast, x, y);
}

namespace {

int64_t apply(AtomKind kind, int64_t a, int64_t b) {
  switch (kind) {
    case AtomKind::symbol: break;
    case AtomKind::floordiv: return floor_div(a, b);
    case AtomKind::mod:
      if (b == 0) fail(ErrorCode::shape_mismatch, "a shape expression takes {} modulo zero", a);
      return floor_mod(a, b);
    case AtomKind::min: return std::min(a, b);
    case AtomKind::max: return std::max(a, b);
    case AtomKind::broadcast:
      if (a != b && a != 1 && b != 1) fail(ErrorCode::shape_mismatch, "dims {} and {} can't be broadcast", a, b);
      return a == 1 ? b : a;
  }
  return 0;
}

}  // namespace

int64_t Dim::evaluate(const Bindings& bindings) const {
  if (!expr_) return value_;
  int64_t sum = 0;
  for (const auto& t : expr_->terms) {
    int64_t product = t.coefficient;
    for (const auto& a : t.atoms) {
      if (a->kind == AtomKind::symbol) {
        const auto it = bindings.find(a->name);
        if (it == bindings.end()) fail(ErrorCode::shape_mismatch, "the dimension '{}' has no value yet", a->name);
        product = checked_mul(product, it->second);
      } else {
        product = checked_mul(product, apply(a->kind, a->a.evaluate(bindings), a->b.evaluate(bindings)));
      }
    }
    sum = checked_add(sum, product);
  }
  return sum;
}

Dim Dim::substitute(const std::map<std::string, Dim>& with) const {
  if (!expr_) return *this;
  Dim sum = 0;
  for (const auto& t : expr_->terms) {
    Dim product = t.coefficient;
    for (const auto& a : t.atoms) {
      if (a->kind == AtomKind::symbol) {
        const auto it = with.find(a->name);
        product = product * (it == with.end() ? DimBuilder::atom(a) : it->second);
        continue;
      }
      const Dim x = a->a.substitute(with), y = a->b.substitute(with);
      switch (a->kind) {
        case AtomKind::floordiv: product = product * floordiv(x, y); break;
        case AtomKind::mod: product = product * mod(x, y); break;
        case AtomKind::min: product = product * min(x, y); break;
        case AtomKind::max: product = product * max(x, y); break;
        default: product = product * broadcast(x, y);
      }
    }
    sum = sum + product;
  }
  return sum;
}

bool known_equal(const Dim& a, const Dim& b) { return a == b; }

Tri equal(const Dim& a, const Dim& b, const Ranges& ranges) {
  if (a == b) return Tri::yes;
  const Interval difference = (a - b).bounds(ranges);
  if (difference.low > 0 || difference.high < 0) return Tri::no;
  return difference.low == 0 && difference.high == 0 ? Tri::yes : Tri::unknown;
}

Dim product(const Shape& shape) {
  Dim p = 1;
  for (const Dim& d : shape) p = p * d;
  return p;
}

std::string to_string(const Shape& shape) {
  std::string s = "[";
  for (size_t i = 0; i < shape.size(); ++i) s += (i ? "," : "") + shape[i].str();
  return s + "]";
}

bool all_const(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& d) { return d.is_const(); });
}

std::optional<std::vector<int64_t>> const_dims(const Shape& shape) {
  if (!all_const(shape)) return std::nullopt;
  std::vector<int64_t> dims;
  for (const Dim& d : shape) dims.push_back(d.value());
  return dims;
}

std::vector<int64_t> evaluate(const Shape& shape, const Bindings& bindings) {
  std::vector<int64_t> dims;
  for (const Dim& d : shape) dims.push_back(d.evaluate(bindings));
  return dims;
}

}  // namespace tenon::core
