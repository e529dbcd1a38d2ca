#include "tactics/onednn/common.h"

#include <dlfcn.h>

#include <cstring>

#include "base/blocks.h"
#include "base/error.h"

namespace tenon::core::onednn {
namespace {

/// oneDNN's own OpenMP runtime, found at run time so that Tenon itself is not tied to one.
struct OpenMp {
  void (*set_threads)(int) = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  int (*max_threads)() = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  static const OpenMp& instance() {
    static const OpenMp openmp;
    return openmp;
  }
};

const dnnl::stream& stream() {
  static const dnnl::stream stream(engine());
  return stream;
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

OneThread::OneThread() {
  const OpenMp& openmp = OpenMp::instance();
  before_ = openmp.max_threads ? openmp.max_threads() : 1;
  if (before_ != 1 && openmp.set_threads) openmp.set_threads(1);
}

OneThread::~OneThread() {
  if (before_ != 1) OpenMp::instance().set_threads(before_);
}

dnnl::memory::data_type data_type(DType dtype) {
  using Type = dnnl::memory::data_type;
  switch (dtype) {
    case DType::f32:
      return Type::f32;
    case DType::bf16:
      return Type::bf16;
    case DType::f16:
      return Type::f16;
    case DType::i8:
      return Type::s8;
    case DType::u8:
      return Type::u8;
    case DType::i32:
      return Type::s32;
    default:
      return Type::undef;
  }
}

Desc dense(std::span<const int64_t> dims, DType dtype, const Layout& layout) {
  return Desc(Dims(dims.begin(), dims.end()), data_type(dtype), strides_of(layout, dims));
}

Desc part(const Desc& whole, int axis, int64_t count) {
  Dims dims = whole.get_dims();
  dims[static_cast<size_t>(axis)] = count;
  return Desc(dims, whole.get_data_type(), whole.get_strides());
}

int64_t stride_bytes(const Desc& desc, int axis) {
  return desc.get_strides()[static_cast<size_t>(axis)] *
         static_cast<int64_t>(dnnl::memory::data_type_size(desc.get_data_type()));
}

bool append_activation(dnnl::post_ops& ops, const Activation& activation, std::string& why) {
  using A = dnnl::algorithm;
  if (!activation.present()) return true;
  const float alpha = static_cast<float>(activation.alpha), beta = static_cast<float>(activation.beta);
  struct Row {
    std::string_view kind;
    A algorithm;
    float alpha, beta;
  };
  const Row rows[] = {
      {"relu", A::eltwise_relu, 0, 0},
      {"leaky_relu", A::eltwise_relu, alpha, 0},
      {"clip", A::eltwise_clip, alpha, beta},
      {"sigmoid", A::eltwise_logistic, 0, 0},
      {"tanh", A::eltwise_tanh, 0, 0},
      {"elu", A::eltwise_elu, alpha, 0},
      {"swish", A::eltwise_swish, alpha, 0},
      {"gelu_erf", A::eltwise_gelu_erf, 0, 0},
      {"gelu_tanh", A::eltwise_gelu_tanh, 0, 0},
      {"hard_sigmoid", A::eltwise_hardsigmoid, alpha, beta},
      {"hard_swish", A::eltwise_hardswish, 1.0f / 6, 0.5f},
      {"mish", A::eltwise_mish, 0, 0},
      {"softplus", A::eltwise_soft_relu, 1, 0},
      {"abs", A::eltwise_abs, 0, 0},
      {"square", A::eltwise_square, 0, 0},
      {"sqrt", A::eltwise_sqrt, 0, 0},
      {"exp", A::eltwise_exp, 0, 0},
      {"log", A::eltwise_log, 0, 0},
  };
  for (const Row& row : rows) {
    if (row.kind != activation.kind) continue;
    ops.append_eltwise(row.algorithm, row.alpha, row.beta);
    return true;
  }
  why = "oneDNN has no activation '" + activation.kind + "'";
  return false;
}

namespace {

std::string text_of(const Desc& d) {
  return fmt::format("onednn:{} {} padded {} strides {} blocks {} of {}", static_cast<int>(d.get_data_type()),
                     dims_to_string(d.get_dims()), dims_to_string(d.get_padded_dims()), dims_to_string(d.get_strides()),
                     dims_to_string(d.get_inner_blks()), dims_to_string(d.get_inner_idxs()));
}

}  // namespace

std::shared_ptr<const void> pack(WeightStore& weights, const ConstRef& constant, const Desc& plain, const Desc& wanted,
                                 int64_t byte_offset) {
  const auto bytes = static_cast<int64_t>(wanted.get_size());
  const std::string key = text_of(wanted) + " from " + text_of(plain) + fmt::format(" at {}", byte_offset);
  return weights.packed(constant, key, bytes, [&](const Tensor& source) -> std::shared_ptr<const void> {
    OneThread one;
    std::shared_ptr<void> target = shared_block(bytes);
    auto* from = const_cast<std::byte*>(source.bytes().data()) + byte_offset;
    dnnl::memory in(plain, engine(), from), out(wanted, engine(), target.get());
    dnnl::stream local(engine());
    dnnl::reorder(in, out).execute(local, in, out);
    local.wait();
    return target;
  });
}

Binding scratchpad(const Desc& desc) { return {DNNL_ARG_SCRATCHPAD, desc, Binding::From::scratch, 0, 0, nullptr}; }

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

namespace {

constexpr int kMaxArgs = 12;

/// The memory objects of every piece, whose handles one context sets before each run.
struct PieceState : State {
  std::vector<std::vector<dnnl::memory>> memories;
};

const std::byte* address(const Binding& b, const Args& args, int64_t scratch) {
  switch (b.from) {
    case Binding::From::input:
      return args.in[static_cast<size_t>(b.index)].data + b.offset;
    case Binding::From::output:
      return args.out[static_cast<size_t>(b.index)].data + b.offset;
    case Binding::From::fixed:
      return static_cast<const std::byte*>(b.fixed);
    case Binding::From::scratch:
      return args.workspace + scratch;
  }
  return nullptr;
}

void prefill(const Prefill& p, const Args& args) {
  if (p.input < 0) return;
  const std::byte* from = args.in[static_cast<size_t>(p.input)].data + p.offset;
  std::byte* to = args.out[static_cast<size_t>(p.output)].data + p.offset;
  if (from != to) std::memcpy(to, from, static_cast<size_t>(p.bytes));
}

void execute(const Piece& piece, std::vector<dnnl::memory>& memories, const Args& args, int64_t scratch) {
  dnnl_exec_arg_t list[kMaxArgs];
  for (size_t i = 0; i < piece.bindings.size(); ++i) {
    memories[i].set_data_handle(const_cast<std::byte*>(address(piece.bindings[i], args, scratch)));
    list[i] = {piece.bindings[i].arg, memories[i].get()};
  }
  const auto status =
      dnnl_primitive_execute(piece.primitive.get(), stream().get(), static_cast<int>(piece.bindings.size()), list);
  if (status != dnnl_success)
    fail(ErrorCode::internal, "oneDNN could not run a primitive (status {})", static_cast<int>(status));
}

}  // namespace

PieceExecutable::PieceExecutable(std::vector<Piece> pieces, int lanes, std::string name)
    : pieces_(std::move(pieces)),
      lanes_(std::min<int64_t>(lanes, static_cast<int64_t>(pieces_.size()))),
      name_(std::move(name)) {
  for (const Piece& piece : pieces_) {
    assume(piece.bindings.size() <= kMaxArgs, "a primitive has at most kMaxArgs arguments");
    for (const Binding& b : piece.bindings)
      if (b.from == Binding::From::scratch)
        scratch_ = std::max(scratch_, round_up(static_cast<int64_t>(b.desc.get_size()), 4096));
  }
}

void PieceExecutable::hold(int index, std::shared_ptr<const void> weights) {
  held_inputs_.push_back(index);
  held_.push_back(std::move(weights));
}

bool PieceExecutable::uses_input(int i) const {
  return std::find(held_inputs_.begin(), held_inputs_.end(), i) == held_inputs_.end();
}

std::unique_ptr<State> PieceExecutable::make_state() const {
  auto state = std::make_unique<PieceState>();
  for (const Piece& piece : pieces_) {
    std::vector<dnnl::memory>& memories = state->memories.emplace_back();
    for (const Binding& b : piece.bindings) memories.emplace_back(b.desc, engine(), nullptr);
  }
  return state;
}

void PieceExecutable::run(State* state, const Args& args, Threads& threads) const {
  auto& memories = static_cast<PieceState*>(state)->memories;
  const auto count = static_cast<int64_t>(pieces_.size());
  threads.parallel(lanes_, [&](int64_t lane) {
    OneThread one;
    const int64_t end = count * (lane + 1) / lanes_;
    for (int64_t i = count * lane / lanes_; i < end; ++i) {
      prefill(pieces_[static_cast<size_t>(i)].prefill, args);
      execute(pieces_[static_cast<size_t>(i)], memories[static_cast<size_t>(i)], args, lane * scratch_);
    }
  });
}

}  // namespace tenon::core::onednn
