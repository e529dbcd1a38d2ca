#include "tactics/cuda/cudnn_support.h"

#include <algorithm>
#include <charconv>

namespace tenon::core::cuda {

using cudnn::GraphOp;
using cudnn::GraphSpec;

namespace {

int clip(GraphSpec& g, int t, double low, double high) {
  GraphOp op;
  op.low = low;
  op.high = high;
  return g.pointwise(CUDNN_POINTWISE_RELU_FWD, t, -1, op);
}

int scaled(GraphSpec& g, int t, double factor, double addend) {
  const size_t rank = g.tensors()[static_cast<size_t>(t)].dims.size();
  t = g.pointwise(CUDNN_POINTWISE_MUL, t, g.scalar(static_cast<float>(factor), rank));
  return g.pointwise(CUDNN_POINTWISE_ADD, t, g.scalar(static_cast<float>(addend), rank));
}

}  // namespace

bool append_activation(GraphSpec& g, const Activation& a, int& t, std::string& why) {
  GraphOp op;
  op.alpha = a.alpha;
  if (!a.present()) return true;
  if (a.kind == "relu") {
    t = g.pointwise(CUDNN_POINTWISE_RELU_FWD, t);
  } else if (a.kind == "clip" && a.alpha <= a.beta) {
    t = clip(g, t, a.alpha, a.beta);
  } else if (a.kind == "leaky_relu") {
    op.slope = a.alpha;
    t = g.pointwise(CUDNN_POINTWISE_RELU_FWD, t, -1, op);
  } else if (a.kind == "sigmoid") {
    t = g.pointwise(CUDNN_POINTWISE_SIGMOID_FWD, t);
  } else if (a.kind == "tanh") {
    t = g.pointwise(CUDNN_POINTWISE_TANH_FWD, t);
  } else if (a.kind == "elu") {
    t = g.pointwise(CUDNN_POINTWISE_ELU_FWD, t, -1, op);
  } else if (a.kind == "swish") {
    t = g.pointwise(CUDNN_POINTWISE_SWISH_FWD, t, -1, op);
  } else if (a.kind == "gelu_erf") {
    t = g.pointwise(CUDNN_POINTWISE_GELU_FWD, t);
  } else if (a.kind == "gelu_tanh") {
    t = g.pointwise(CUDNN_POINTWISE_GELU_APPROX_TANH_FWD, t);
  } else if (a.kind == "softplus") {
    t = g.pointwise(CUDNN_POINTWISE_SOFTPLUS_FWD, t);
  } else if (a.kind == "mish") {
    t = g.pointwise(CUDNN_POINTWISE_MUL, t, g.pointwise(CUDNN_POINTWISE_TANH_FWD, g.pointwise(CUDNN_POINTWISE_SOFTPLUS_FWD, t)));
  } else if (a.kind == "hard_sigmoid") {
    t = clip(g, scaled(g, t, a.alpha, a.beta), 0, 1);
  } else if (a.kind == "hard_swish") {
    t = g.pointwise(CUDNN_POINTWISE_MUL, t, clip(g, scaled(g, t, 1.0 / 6, 0.5), 0, 1));
  } else if (a.kind == "abs") {
    t = g.pointwise(CUDNN_POINTWISE_ABS, t);
  } else if (a.kind == "square") {
    t = g.pointwise(CUDNN_POINTWISE_MUL, t, t);
  } else if (a.kind == "sqrt") {
    t = g.pointwise(CUDNN_POINTWISE_SQRT, t);
  } else if (a.kind == "exp") {
    t = g.pointwise(CUDNN_POINTWISE_EXP, t);
  } else {
    why = "cuDNN has no activation '" + a.kind + "'";
    return false;
  }
  return true;
}

namespace {

constexpr const char* kEngine = "@engine";

/// Knobs are entries like "@2" = 1: type and value.
cudnn::EngineChoice choice_of(const Config& config) {
  cudnn::EngineChoice choice;
  for (const auto& [name, value] : config) {
    int64_t type = -1;
    if (name == kEngine) choice.engine = value;
    else if (name[0] == kKnobMark && std::from_chars(name.data() + 1, name.data() + name.size(), type).ec == std::errc()) choice.knobs[type] = value;
  }
  return choice;
}

}  // namespace

Config CudnnExecutable::knobs() const {
  Config config{{kEngine, plan_->choice().engine}};
  for (const auto& [type, value] : plan_->choice().knobs) config[kKnobMark + std::to_string(type)] = value;
  return config;
}

bool CudnnExecutable::uses_input(int i) const { return std::find(unused_.begin(), unused_.end(), i) == unused_.end(); }

void CudnnExecutable::enqueue(State*, const Args& args, cudaStream_t stream) const {
  constexpr size_t kFew = 32;
  void* few[kFew] = {};
  std::vector<void*> many;
  if (tensors_ > kFew) many.resize(tensors_);
  const std::span<void*> pointers = many.empty() ? std::span<void*>(few, tensors_) : std::span<void*>(many);
  for (const Binding& b : bindings_) {
    void*& pointer = pointers[static_cast<size_t>(b.tensor)];
    if (b.held)
      pointer = b.held->data();
    else
      pointer = b.input >= 0 ? args.in[static_cast<size_t>(b.input)].data + b.offset : args.out[static_cast<size_t>(b.output)].data;
  }
  plan_->run(pointers, args.workspace, stream);
}

std::shared_ptr<const Executable> prepare_graph(const PrepareContext& cx, const GraphSpec& spec,
                                                std::vector<CudnnExecutable::Binding> bindings, std::string& why) {
  const cudnn::Library* lib = cudnn::Library::get(why);
  if (!lib) return nullptr;
  const int device = cx.problem.device.index;
  const auto plans = cudnn::plans_for(*lib, device, spec, {cx.problem.options.tf32}, why);
  if (!plans) return nullptr;
  const Config& config = cx.offer.config;
  std::string refused;
  auto plan = has_knobs(config) ? plans->get(choice_of(config), refused) : nullptr;
  if (!plan) plan = plans->get(config.at(kEnginePlace), why);
  if (!plan) return nullptr;
  if (plan->workspace_bytes() > cx.problem.options.max_memory) {
    why = fmt::format("{} needs a workspace of {} bytes, more than the memory limit", plan->name(), plan->workspace_bytes());
    return nullptr;
  }
  std::vector<int> unused;
  for (const auto& b : bindings)
    if (b.held && b.input >= 0) unused.push_back(b.input);
  return std::make_shared<CudnnExecutable>(std::move(plan), spec.tensors().size(), std::move(bindings), std::move(unused), instead_of_kept(refused));
}

void add_engine_offers(const Problem& p, DType storage, Offer offer, std::vector<Offer>& into, int most) {
  const int count = is_preferred(p, storage) ? most : std::min(most, kOtherEngines);
  for (int i = 0; i < count; ++i) {
    offer.config[kEnginePlace] = i;
    into.push_back(offer);
  }
}

}  // namespace tenon::core::cuda
