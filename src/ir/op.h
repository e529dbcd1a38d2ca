#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/hash.h"
#include "base/threads.h"
#include "ir/type.h"

namespace tenon::core {

/// What `infer` sees: the facts of the inputs, and a source of new symbols.
class InferContext {
 public:
  virtual ~InferContext() = default;
  explicit InferContext(std::span<const Fact> inputs) : inputs_(inputs) {}
  int size() const { return static_cast<int>(inputs_.size()); }
  /// An input that is missing at the end of the list or left out reads as an absent fact.
  const Fact& input(int i) const;
  bool has(int i) const { return input(i).present(); }
  /// A fresh symbol for a size that depends on data; at most `upper` where that is known.
  virtual Dim unknown(std::string_view hint, std::optional<Dim> upper = {}) = 0;
  /// Notes that two dims must be equal, or broadcast, at run time: checked when shapes are bound.
  virtual void require_equal(const Dim& a, const Dim& b, std::string_view what) = 0;

 private:
  std::span<const Fact> inputs_;
};

/// What `evaluate` sees.
class EvalContext {
 public:
  EvalContext(std::span<const HostValue> inputs, Threads& threads, uint64_t seed = 0)
      : inputs_(inputs), threads_(&threads), seed_(seed) {}
  int size() const { return static_cast<int>(inputs_.size()); }
  bool has(int i) const { return i < size() && inputs_[i].index() != 0; }
  const Tensor& tensor(int i) const { return std::get<Tensor>(inputs_[i]); }
  const std::vector<Tensor>& sequence(int i) const { return std::get<std::vector<Tensor>>(inputs_[i]); }
  const HostValue& value(int i) const { return inputs_[i]; }
  std::span<const HostValue> inputs() const { return inputs_; }
  Threads& threads() const { return *threads_; }
  /// Seed for random ops that have none of their own.
  uint64_t seed() const { return seed_; }

 private:
  std::span<const HostValue> inputs_;
  Threads* threads_;
  uint64_t seed_;
};

/// What is computed, never how: immutable, shared, knows no device and no layout.
///
/// Semantics. Inputs and outputs are logical tensors in the row-major order of their dims. Absent optional inputs are
/// passed as absent facts and empty HostValues. `infer` fails with a sentence when the inputs cannot be right and must
/// accept any facts refined from ones it accepted. `evaluate` is the reference: its only aim is to be right; reduced
/// precision types are computed in f32 or wider and rounded once per output. Integer arithmetic wraps. Division of
/// integers by zero is an error, not a crash. An index out of range is ErrorCode::runtime_index.
class Op {
 public:
  virtual ~Op() = default;
  /// Registry name, as in the text form: "Conv".
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<Op> clone() const = 0;
  /// The same kind of op with every field at its default.
  virtual std::unique_ptr<Op> fresh() const = 0;
  /// Visits each field once. Called on const ops only by visitors that do not write (see `read_fields`).
  virtual void fields(FieldVisitor&) = 0;
  /// One fact per output. May set `constant`/`content`; must not look at input constants larger than it needs.
  virtual std::vector<Fact> infer(InferContext&) const = 0;
  /// One value per output, of the dtype that `infer` gives.
  virtual std::vector<HostValue> evaluate(const EvalContext&) const = 0;
  /// Impure ops (random, stateful) are never folded, merged or duplicated.
  virtual bool pure() const { return true; }
};

/// Base of every op: `struct Conv : OpDef<Conv> { static constexpr std::string_view op_name = "Conv"; ... };`
template <class Self>
struct OpDef : Op {
  std::string_view name() const final { return Self::op_name; }
  std::unique_ptr<Op> clone() const final { return std::make_unique<Self>(static_cast<const Self&>(*this)); }
  std::unique_ptr<Op> fresh() const final { return std::make_unique<Self>(); }
};

template <class T>
const T* as(const Op& op) { return dynamic_cast<const T*>(&op); }
template <class T>
const T* as(const OpRef& op) { return op ? dynamic_cast<const T*>(op.get()) : nullptr; }

void read_fields(const Op&, FieldVisitor&);
/// "Conv{strides=[1,1], group=1}", fields at their default left out. Large constants are shown by type and hash.
std::string describe(const Op&);
bool same_op(const Op&, const Op&);
/// Over name, fields, constants and subgraphs; never over names of values.
Hash hash_of(const Op&);
Hash hash_of(const Constant&);
Hash hash_of(const Graph&);

/// Name -> default-constructed op, for the text form and the engine loader. Filled by src/ops/all.cpp alone.
class OpRegistry {
 public:
  template <class T>
  void add() { add(T::op_name, [] () -> std::unique_ptr<Op> { return std::make_unique<T>(); }); }
  void add(std::string_view name, std::unique_ptr<Op> (*make)());
  /// Null when unknown.
  std::unique_ptr<Op> make(std::string_view name) const;
  std::vector<std::string_view> names() const;

 private:
  std::vector<std::pair<std::string_view, std::unique_ptr<Op> (*)()>> entries_;
};

}  // namespace tenon::core
