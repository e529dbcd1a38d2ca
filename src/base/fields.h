#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/dtype.h"

namespace tenon::core {

class Graph;
class Constant;
using GraphRef = std::shared_ptr<const Graph>;
using ConstRef = std::shared_ptr<const Constant>;

/// One visitor per use (print, hash, compare, save, load, JSON); an op lists its fields once, in `Op::fields`.
/// Field names and defaults are part of the engine format: only additions are allowed.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void visit(std::string_view name, bool&) = 0;
  virtual void visit(std::string_view name, int64_t&) = 0;
  virtual void visit(std::string_view name, double&) = 0;
  virtual void visit(std::string_view name, std::string&) = 0;
  virtual void visit(std::string_view name, DType&) = 0;
  virtual void visit(std::string_view name, std::optional<int64_t>&) = 0;
  virtual void visit(std::string_view name, std::vector<int64_t>&) = 0;
  virtual void visit(std::string_view name, std::vector<double>&) = 0;
  virtual void visit(std::string_view name, std::vector<std::string>&) = 0;
  virtual void visit(std::string_view name, ConstRef&) = 0;  // may be null
  virtual void visit(std::string_view name, GraphRef&) = 0;  // may be null
  virtual void visit_enum(std::string_view name, int& value, std::span<const std::string_view> names) = 0;
};

/// An enum field: `enum_names(E)`, found by argument-dependent lookup, lists the names of 0, 1, 2, ...
template <class E>
void visit_enum(FieldVisitor& v, std::string_view name, E& value) {
  int i = static_cast<int>(value);
  v.visit_enum(name, i, enum_names(E{}));
  // Readers visit ops that other threads read.
  if (static_cast<E>(i) != value) value = static_cast<E>(i);
}

}  // namespace tenon::core
