#include "codegen/cuda/pointwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

extern const char* const kernel_text_pointwise;

namespace tenon::core::cuda {
namespace {

std::string_view compute_name(DType dtype) {
  if (dtype == DType::f64) return "double";
  if (is_float(dtype)) return "float";
  return dtype == DType::u64 ? "u64" : "i64";
}

bool has_parameters(std::string_view op) {
  static const std::set<std::string_view> names{"is_inf", "leaky_relu",       "elu",    "selu", "celu",
                                                "hard_sigmoid", "thresholded_relu", "shrink", "swish"};
  return names.count(op) > 0;
}

bool integers_have(std::string_view op) {
  static const std::set<std::string_view> names{
      "abs", "neg", "sign", "relu", "square", "bitwise_not", "logical_not", "shrink", "add", "sub", "mul", "div", "pow", "mod",
      "fmod", "min", "max", "prelu", "equal", "less", "greater", "less_equal", "greater_equal", "logical_and", "logical_or",
      "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right", "where", "cast", "copy"};
  return names.count(op) > 0;
}

std::string real_literal(DType dtype, double value) {
  if (dtype == DType::f64) return fmt::format("__longlong_as_double({:#x}ll)", std::bit_cast<uint64_t>(value));
  return fmt::format("__int_as_float({:#x})", std::bit_cast<uint32_t>(static_cast<float>(value)));
}

std::string literal(const Tensor& number) {
  if (is_float(number.dtype())) return real_literal(number.dtype(), to_doubles(number)[0]);
  const auto bits = static_cast<uint64_t>(to_int64s(number)[0]);
  return fmt::format("{}({:#x}ull)", compute_name(number.dtype()), bits);
}

/// The value of one op; operands are the variables v0, v1, ...
std::string expression(const LoopForm& form, const LoopForm::Scalar& s) {
  const auto arg = [&](size_t i) { return fmt::format("v{}", s.args[i]); };
  const std::string_view element = element_name(s.dtype);
  if (s.op == "copy") return arg(0);
  if (s.op == "cast") return fmt::format("held<{}>({})", element, arg(0));
  if (s.op == "where") return fmt::format("v{} != 0 ? v{} : v{}", s.args[0], s.args[1], s.args[2]);
  DType from = form.dtype(s.args[0]);
  std::string list = arg(0);
  if (s.op == "shrink" && !is_float(from)) {
    from = DType::f64;
    list = fmt::format("double({})", list);
  }
  for (size_t i = 1; i < s.args.size(); ++i) list += ", " + arg(i);
  if (has_parameters(s.op)) list += fmt::format(", {}, {}", real_literal(from, s.alpha), real_literal(from, s.beta));
  const std::string call = fmt::format("p_{}({})", s.op, list);
  return is_float(s.dtype) ? call : fmt::format("held<{}>({})", element, call);
}

class Printer {
 public:
  Printer(const LoopForm& form, const Offer& offer) : form_(form) {
    for (const LoopForm::Operand& o : form.operands) {
      slots_.push_back(o.input < 0 ? -1 : static_cast<int>(result.inputs.size()));
      if (o.input < 0) continue;
      result.inputs.push_back(o.input);
      stored_.push_back(stored_as(offer.in[static_cast<size_t>(o.input)], o.fact.dtype()));
    }
    for (size_t r = 0; r < form.results.size(); ++r) written_.push_back(stored_as(offer.out[r], form.dtype(form.results[r])));
    result.width = width();
  }

  PointwiseText result;

  void print() {
    const size_t operands = std::max<size_t>(stored_.size(), 1);
    add("#define OPERANDS {}\n#define OPERANDS_EVEN {}\n#define RESULTS {}\n", operands, (operands + 1) / 2 * 2, written_.size());
    result.text += kernel_text_pointwise;
    for (size_t i = 0; i < stored_.size(); ++i) add("typedef {} In{};\n", element_name(stored_[i]), i);
    for (size_t i = 0; i < written_.size(); ++i) add("typedef {} Out{};\n", element_name(written_[i]), i);
    print_strip();
    print_flat();
    print_box("box", result.width);
    print_box("single", 1);
  }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(result.text), format, std::forward<Parts>(parts)...);
  }

  /// 16 bytes of the widest element, but never fewer than 4 elements.
  int64_t width() const {
    int64_t widest = 1;
    for (DType dtype : stored_) widest = std::max(widest, size_of(dtype));
    for (DType dtype : written_) widest = std::max(widest, size_of(dtype));
    return std::clamp<int64_t>(16 / widest, 4, 8);
  }

  /// Loads, computes and stores V elements: operand i from `in[i] + at(i)`, results at `to`.
  void print_strip() {
    add("template <int V, class Args, class At> inline void strip(const Args& a, At at, u64 to) {{\n");
    for (size_t i = 0; i < stored_.size(); ++i)
      add("  Vector<In{0}, V> x{0};\n  fetch<V>(x{0}, static_cast<const In{0}*>(a.in[{0}]) + at({0}), a.steps[{0}]);\n", i);
    for (size_t i = 0; i < written_.size(); ++i) add("  Vector<Out{0}, V> y{0};\n", i);
    add("#pragma unroll\n  for (int i = 0; i < V; ++i) {{\n");
    for (size_t o = 0; o < form_.operands.size(); ++o) print_operand(o);
    for (size_t s = 0; s < form_.body.size(); ++s)
      add("    const {} v{} = {};\n", compute_name(form_.body[s].dtype), form_.operands.size() + s, expression(form_, form_.body[s]));
    for (size_t r = 0; r < written_.size(); ++r) add("    y{0}.at[i] = Element<Out{0}>::put(v{1});\n", r, form_.results[r]);
    add("  }}\n");
    for (size_t r = 0; r < written_.size(); ++r) add("  store_vector<V>(static_cast<Out{0}*>(a.out[{0}]) + to, y{0});\n", r);
    add("}}\n");
  }

  void print_operand(size_t o) {
    const LoopForm::Operand& operand = form_.operands[o];
    const std::string_view type = compute_name(operand.fact.dtype());
    if (operand.input < 0)
      add("    const {} v{} = {};\n", type, o, literal(operand.constant->value()));
    else
      add("    const {0} v{1} = convert<{0}>(Element<In{2}>::get(x{2}.at[i]));\n", type, o, slots_[o]);
  }

  void print_flat() {
    add(R"(extern "C" __global__ void flat(const FlatArgs a) {{
  wait_for_previous();
  const u64 first = (u64(blockIdx.x) * blockDim.x + threadIdx.x) * {0};
  if (first >= a.count) return;
  if (first + {0} <= a.count) {{
    strip<{0}>(a, [&](int i) {{ return a.steps[i] ? first : u64(0); }}, first);
    return;
  }}
  for (u64 one = first; one < a.count; ++one) strip<1>(a, [&](int i) {{ return a.steps[i] ? one : u64(0); }}, one);
}}
)",
        result.width);
  }

  void print_box(std::string_view name, int64_t width) {
    add(R"(extern "C" __global__ void {0}(const BoxArgs a) {{
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  i64 at[OPERANDS] = {{}};
  u32 rest = index;
#pragma unroll
  for (int l = 0; l < kLoops; ++l) {{
    if (l >= a.loops) break;
    const u32 outer = a.extents[l].divide(rest);
    const i64 step = rest - outer * a.extents[l].divisor;
#pragma unroll
    for (int i = 0; i < OPERANDS; ++i) at[i] += step * a.strides[i][l];
    rest = outer;
  }}
  strip<{1}>(a, [&](int i) {{ return at[i]; }}, u64(index) * {1});
}}
)",
        name, width);
  }

  const LoopForm& form_;
  std::vector<int> slots_;               // of the operands in memory, -1 for numbers
  std::vector<DType> stored_, written_;  // in memory, of the operands there and of the results
};

}  // namespace

std::string_view element_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "float";
    case DType::f64: return "double";
    case DType::boolean: return "bool";
    case DType::f16: case DType::bf16: case DType::i8: case DType::i16: case DType::i32: case DType::i64: case DType::u8:
    case DType::u16: case DType::u32: case DType::u64: case DType::i4: case DType::u4: case DType::i2: case DType::u2:
      return to_string(dtype);
    default: return {};
  }
}

bool can_generate(const LoopForm& form, std::string& why) {
  for (int v = 0; v < form.values(); ++v) {
    if (!element_name(form.dtype(v)).empty()) continue;
    why = fmt::format("kernels have no elements of {}", to_string(form.dtype(v)));
    return false;
  }
  for (const LoopForm::Scalar& s : form.body) {
    if (is_float(form.dtype(s.args.back())) || integers_have(s.op)) continue;
    why = fmt::format("'{}' of {} has no function", s.op, to_string(form.dtype(s.args[0])));
    return false;
  }
  return true;
}

PointwiseText pointwise_text(const LoopForm& form, const Offer& offer) {
  Printer printer(form, offer);
  printer.print();
  return std::move(printer.result);
}

}  // namespace tenon::core::cuda
