#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/dim.h"
#include "ir/tensor.h"

namespace tenon::core {

/// Element type and symbolic shape of a value; no layout. `absent` is the type of an optional input that is not given.
struct Type {
  enum class Kind : uint8_t { absent, tensor, sequence, optional };
  Kind kind = Kind::absent;
  DType dtype = DType::none;
  bool ranked = true;  // false: a tensor whose rank is not known before it is computed
  Shape shape;
  std::shared_ptr<const Type> element;  // of a sequence or optional

  static Type tensor(DType dtype, Shape shape);
  static Type unranked(DType dtype);
  static Type sequence(Type element);
  static Type optional(Type element);

  bool is_tensor() const { return kind == Kind::tensor; }
  bool present() const { return kind != Kind::absent; }
  int rank() const { return static_cast<int>(shape.size()); }
  /// Lives in a host box outside the arena: sequences, optionals, strings, tensors of unknown rank.
  bool boxed() const { return kind != Kind::tensor || dtype == DType::string || !ranked; }
  /// "f32[N,3,224,224]", "seq(f32[?])", "optional(i64[])", "f32[*]" when unranked.
  std::string str() const;
};
bool operator==(const Type&, const Type&);

/// True when a value of type `now` may stand wherever one of type `before` was promised: same kind and dtype, and no
/// dim that is known to differ.
bool refines(const Type& now, const Type& before, const Ranges& ranges = {});

class Op;
class Constant;
using OpRef = std::shared_ptr<const Op>;
using ConstRef = std::shared_ptr<const Constant>;

/// A constant tensor: bytes (often a view of the model file), or an expression over other constants that is evaluated
/// when its value is asked for and not kept. Large folds stay expressions, so weights exist once.
class Constant {
 public:
  static ConstRef make(Tensor value, std::string name = "");
  /// Output `output` of `op` over `inputs`. `type` must have constant dims.
  static ConstRef expression(OpRef op, std::vector<ConstRef> inputs, int output, Type type);

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  Type type() const;
  /// The name of the source weight, for refit and messages; empty for expressions.
  const std::string& name() const { return name_; }
  bool is_expression() const { return op_ != nullptr; }
  const OpRef& op() const { return op_; }
  const std::vector<ConstRef>& inputs() const { return inputs_; }
  int output() const { return output_; }
  int64_t byte_size() const;
  Tensor value() const;

 private:
  DType dtype_ = DType::none;
  Dims dims_;
  std::string name_;
  Tensor value_;
  OpRef op_;
  std::vector<ConstRef> inputs_;
  int output_ = 0;
};

/// What is known about a value before it is computed: its type, its constant, or the symbolic contents of a small
/// integer tensor (rank 0 or 1), which is how Shape > Gather > Mul > Concat > Reshape keeps its symbols.
struct Fact {
  Type type;
  ConstRef constant;
  std::optional<std::vector<Dim>> content;

  Fact() = default;
  Fact(Type t) : type(std::move(t)) {}  // NOLINT: implicit on purpose
  static Fact tensor(DType dtype, Shape shape) { return Fact(Type::tensor(dtype, std::move(shape))); }
  static Fact of(ConstRef constant);

  bool present() const { return type.present(); }
  DType dtype() const { return type.dtype; }
  const Shape& shape() const { return type.shape; }
  int rank() const { return type.rank(); }
  /// The elements of a small integer tensor, from `constant` or `content`; nothing when unknown.
  std::optional<std::vector<Dim>> elements() const;
  /// The same when every element is a number.
  std::optional<std::vector<int64_t>> numbers() const;
};

/// Tensors with more elements than this carry no content.
inline constexpr int64_t kMaxContent = 256;

}  // namespace tenon::core
