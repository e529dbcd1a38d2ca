#include "api/device_use.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/conv.h"

namespace tenon::core {
namespace {

bool is_product(const Op& op) {
  static const std::set<std::string_view> names{"Conv", "ConvTranspose", "MatMul", "Attention", "ConvInteger", "MatMulInteger", "QLinearMatMul", "MatMulNBits"};
  return names.count(op.name()) > 0;
}

/// Kernels say it in their names: libraries' by "tensor cores", our own products by what they use instead.
bool on_tensor_cores(const std::string& kernel) {
  const bool own = kernel.rfind("own_gemm", 0) == 0 || kernel.rfind("own_conv", 0) == 0 || kernel.rfind("own_attention:flash", 0) == 0;
  return kernel.find("tensor cores") != std::string::npos || (own && kernel.find("ffma") == std::string::npos);
}

std::optional<NodeShapes> shapes_of(const Graph& g, NodeId id, const Bindings& bindings) {
  NodeShapes shapes;
  const auto dims = [&](const Type& type) -> Dims { return type.boxed() || !type.is_tensor() ? Dims{} : evaluate(type.shape, bindings); };
  try {
    for (Value v : g.node(id).inputs) shapes.in.push_back(v ? dims(g.type(v)) : Dims{});
    for (const Fact& f : g.node(id).outputs) shapes.out.push_back(dims(f.type));
  } catch (const Error&) {
    return std::nullopt;
  }
  return shapes;
}

/// Bytes of a line that Tensor Core kernels load at once, as a number of elements of the type.
int alignment_of(DType stored) { return stored == DType::f32 ? 4 : size_of(stored) == 2 ? 8 : 16; }

}  // namespace

std::string why_no_tensor_cores(const Op& op, DType stored, const std::vector<Dims>& in, const std::string& kernel, const DeviceInfo& device, bool tf32) {
  if (stored == DType::f64) return "no: 64-bit products stay exact";
  if (stored == DType::f32 && !tf32) return "no: f32 products keep all their bits; --precision tf32, f16 or bf16 allows Tensor Cores";
  if (stored == DType::f32 && device.compute < 80) return fmt::format("no: sm_{} has none for TF32", device.compute);
  if (const auto* conv = dynamic_cast<const Conv*>(&op); conv && conv->group > 1)
    return fmt::format("no: {} groups leave {} channels to each product, which is too few to fill them", conv->group, in.size() > 1 && in[1].size() > 1 ? in[1][1] : 0);
  const int align = alignment_of(stored);
  for (size_t i = 0; i < std::min<size_t>(in.size(), 2); ++i) {
    const bool filter = op.name() == "Conv" || op.name() == "ConvTranspose";
    if (in[i].size() < 2 || (filter && i == 1)) continue;
    const int64_t size = filter ? in[i][1] : in[i].back();
    if (size % align != 0) return fmt::format("no: {} of {} is not a multiple of {}, which {} needs", filter ? "the number of channels" : "a side", size, align, to_string(stored));
  }
  return fmt::format("no: '{}' was measured faster without", kernel);
}

std::string padding_added(const std::string& kernel, const std::vector<Dims>& in) {
  // Own attention holds heads in blocks of 16 columns; values in memory keep their dims everywhere.
  std::string added;
  for (size_t i = 0; kernel.rfind("own_attention:flash", 0) == 0 && i < in.size() && i < 3; i += 2)
    if (const int64_t width = in[i].empty() ? 0 : in[i].back(); width % 16 != 0)
      added += fmt::format("{}{} of {} filled up to {} inside the kernel", added.empty() ? "" : ", ", i == 0 ? "heads" : "values", width, (width + 15) / 16 * 16);
  return added.empty() ? "no padding added" : added;
}

DeviceUse device_use(const Program& program, const Step& step, const Bindings& bindings) {
  if (program.device().is_host() || step.kind != Step::Kind::run) return {};
  const Graph& g = program.graph();
  const auto shapes = shapes_of(g, step.node, bindings);
  if (!shapes) return {};
  const std::shared_ptr<const Prepared> prepared = program.prepare(step.node, *shapes);
  if (!prepared->executable) return {};
  DeviceUse use;
  const bool host = prepared->executable->on_host();
  use.place = host ? "host" : "gpu";
  use.kernel = prepared->executable->kernel_name();
  use.reason = prepared->fallback;
  if (host && use.reason.empty()) use.reason = "no kernel of the GPU takes this node; `not` says why for each";
  const Op& op = *g.node(step.node).op;
  if (!is_product(op)) return use;
  const Offer& offer = program.choices().offers[step.node];
  const DType stored = offer.in.empty() ? DType::none : stored_as(offer.in[0], g.type(g.node(step.node).inputs[0]).dtype);
  if (host) use.tensor_cores = "no: it runs on the host";
  else if (on_tensor_cores(use.kernel)) use.tensor_cores = "yes, " + padding_added(use.kernel, shapes->in);
  else use.tensor_cores = why_no_tensor_cores(op, stored, shapes->in, use.kernel, program.device().info(), program.options().tf32);
  return use;
}

}  // namespace tenon::core
