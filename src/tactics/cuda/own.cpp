#include "tactics/cuda/own.h"

#include <algorithm>
#include <cmath>

#include "tactics/support.h"

namespace tenon::core::cuda::own {
namespace {

std::string literal(double x) {
  if (std::isinf(x)) return x > 0 ? "INFINITE" : "(-INFINITE)";
  return fmt::format("float({:.9g})", x);
}

/// The activation of `x` as an expression. NaN stays NaN.
std::string expression(const Activation& a) {
  const std::string alpha = literal(a.alpha), beta = literal(a.beta);
  if (!a.present()) return "(x)";
  if (a.kind == "relu") return "at_least(x, 0)";
  if (a.kind == "clip") return fmt::format("at_most(at_least(x, {}), {})", alpha, beta);
  if (a.kind == "leaky_relu") return fmt::format("((x) < 0 ? {} * (x) : (x))", alpha);
  if (a.kind == "elu") return fmt::format("((x) < 0 ? {} * expm1f(x) : (x))", alpha);
  if (a.kind == "sigmoid") return "__fdividef(1, 1 + __expf(-(x)))";
  if (a.kind == "tanh") return "tanhf(x)";
  if (a.kind == "swish") return fmt::format("__fdividef(x, 1 + __expf(-{} * (x)))", alpha);
  if (a.kind == "gelu_erf") return "((x) * 0.5f * (1 + erff((x) * 0.70710678f)))";
  if (a.kind == "gelu_tanh") return "((x) * 0.5f * (1 + tanhf(0.79788456f * ((x) + 0.044715f * (x) * (x) * (x)))))";
  if (a.kind == "hard_sigmoid") return fmt::format("__saturatef({} * (x) + {})", alpha, beta);
  if (a.kind == "hard_swish") return "((x) * __saturatef((x) * 0.16666667f + 0.5f))";
  return {};
}

DType element_of(const Problem& p) { return p.input(0).dtype(); }

}  // namespace

KernelText text_of(std::initializer_list<const char*> files, const std::vector<std::string>& definitions) {
  KernelText result;
  result.files = files;
  for (const std::string& definition : definitions) result.options.push_back("-D" + definition);
  return result;
}

std::optional<std::string> activation_definition(const Activation& a, std::string& why) {
  const std::string text = expression(a);
  if (!text.empty()) return "ACTIVATION(x)=" + text;
  why = fmt::format("the kernel has no activation '{}'", a.kind);
  return {};
}

const char* type_name(DType type) {
  if (type == DType::f32) return "float";
  if (type == DType::f16) return "f16";
  if (type == DType::bf16) return "bf16";
  return nullptr;
}

std::vector<DType> storages(const Problem& p) {
  std::vector<DType> result{DType::none};
  if (element_of(p) != DType::f32) return result;
  for (DType type : p.options.precisions)
    if (type == DType::f16 || type == DType::bf16) result.push_back(type);
  return result;
}

bool on_tensor_cores(const Problem& p, DType type) { return type != DType::f32 || (p.options.tf32 && !p.options.exact); }

bool has_async_copies(const Problem& p, std::string& why) {
  if (p.device.compute >= 80) return true;
  why = fmt::format("the kernel needs compute capability 8.0 or newer, found {}.{}", p.device.compute / 10, p.device.compute % 10);
  return false;
}

bool is_float_node(const Problem& p, std::string& why) {
  if (!plain_tensors(p, why)) return false;
  const DType dtype = element_of(p);
  if (!type_name(dtype)) {
    why = fmt::format("runs on f32, f16 and bf16, found {}", to_string(dtype));
    return false;
  }
  return all_of_dtype(p, dtype, why);
}

int64_t most_shared(const DeviceInfo& device) { return device.compute == 90 || device.compute == 100 ? 160 << 10 : 96 << 10; }

int64_t expected_size(const Problem& p, const Dim& dim, int64_t otherwise) {
  if (dim.is_const()) return dim.value();
  const Interval range = dim.bounds(p.graph.ranges);
  return range.high == Interval::kUnbounded ? std::max(otherwise, range.low) : range.high;
}

int common_vector(DType type, std::initializer_list<int64_t> counts) {
  int vector = static_cast<int>(16 / size_of(type));
  for (int64_t count : counts)
    while (count % vector != 0) vector /= 2;
  return vector;
}

bool sizes_fit(const NodeShapes& shapes, std::string& why) {
  for (const auto* list : {&shapes.in, &shapes.out})
    for (const Dims& dims : *list) {
      const int64_t size = checked_product(dims);
      if (size > 0 && size < INT32_MAX) continue;
      why = size == 0 ? "an empty tensor" : "a tensor of 2^31 elements or more";
      return false;
    }
  return true;
}

std::shared_ptr<const DeviceBuffer> packed(const PrepareContext& cx, int input, const std::string& key, DType type, int64_t count,
                                           FunctionRef<void(std::span<const float> from, std::span<float> to)> arrange) {
  const int64_t bytes = checked_mul(count, size_of(type));
  const std::string full = fmt::format("own {} {} {} cuda:{}", key, to_string(type), count, cx.problem.device.index);
  const auto make = [&](const Tensor& from) -> std::shared_ptr<const void> {
    std::vector<float> to(static_cast<size_t>(count));
    arrange(to_floats(from), to);
    const Tensor typed = from_floats(type, {count}, to);
    return DeviceBuffer::of(typed.bytes());
  };
  return std::static_pointer_cast<const DeviceBuffer>(cx.weights.packed(cx.problem.input(input).constant, full, bytes, make));
}

std::shared_ptr<const DeviceBuffer> held_constant(const PrepareContext& cx, int input) {
  const Fact& fact = cx.problem.input(input);
  if (!fact.present() || !fact.constant) return nullptr;
  return packed(cx, input, "plain", fact.dtype(), checked_product(fact.constant->dims()),
                [](std::span<const float> from, std::span<float> to) { std::copy(from.begin(), from.end(), to.begin()); });
}

namespace {

std::byte* aligned(std::byte* address, int64_t alignment) {
  if (reinterpret_cast<uintptr_t>(address) % static_cast<uintptr_t>(alignment) != 0)
    fail(ErrorCode::device_failed, "a kernel was prepared for addresses that are multiples of {} and got another; place the tensor at such an address",
         alignment);
  return address;
}

}  // namespace

const void* input_address(const Args& args, int i, int64_t alignment) {
  const auto at = static_cast<size_t>(i);
  return at < args.in.size() ? aligned(args.in[at].data, alignment) : nullptr;
}
void* output_address(const Args& args, int i, int64_t alignment) { return aligned(args.out[static_cast<size_t>(i)].data, alignment); }

unsigned blocks(int64_t a, int64_t b) { return static_cast<unsigned>((a + b - 1) / b); }

}  // namespace tenon::core::cuda::own
