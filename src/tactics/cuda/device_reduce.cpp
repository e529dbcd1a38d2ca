#include <algorithm>
#include <optional>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/conv.h"
#include "ops/reduce.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/texts.h"
#include "tactics/support.h"

namespace tenon::core::cuda {

KernelText reduce_text(ReduceKind kind, DType in, DType out, DType value) {
  const bool root = kind == ReduceKind::l2, logarithm = kind == ReduceKind::log_sum,
             exponentials = kind == ReduceKind::log_sum_exp;
  const char* fold = kind == ReduceKind::max    ? "Larger"
                     : kind == ReduceKind::min  ? "Smaller"
                     : kind == ReduceKind::prod ? "Product"
                                                : "Sum";
  const int prepare = kind == ReduceKind::l1 ? 1 : root || kind == ReduceKind::sum_square ? 2 : 0;
  const int finish = kind == ReduceKind::mean ? 1 : root ? 2 : logarithm ? 3 : exponentials ? 4 : 0;
  const bool in_double = value == DType::f64 || (!is_float(value) && (root || logarithm || exponentials));
  const char* sum = in_double ? "double" : is_float(value) ? "float" : value == DType::u64 ? "u64" : "i64";
  return {kernel_text_reduce,
          {fmt::format("-DIN={}", element_name(in)), fmt::format("-DOUT={}", element_name(out)),
           fmt::format("-DACC={}", sum), fmt::format("-DFOLD={}", fold), fmt::format("-DPREPARE={}", prepare),
           fmt::format("-DFINISH={}", finish)}};
}

namespace {

constexpr size_t kMostLoops = 4;  // kLoops of the kernel, of each sort
constexpr int64_t kMostItems = (int64_t{1} << 31) - 1;
constexpr int kRowThreads = 256;

/// What a Reduce node or a global pooling folds; nothing, with a sentence, for others.
struct Folding {
  ReduceKind kind;
  std::vector<int64_t> axes;
  bool keeps_rank;
  bool reduces(int64_t axis) const { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }
};

std::optional<Folding> folding_of(const Problem& p, std::string& why) {
  const int rank = p.input(0).rank();
  if (const Reduce* op = p.node().as<Reduce>()) {
    const auto axes = op->axes(rank, p.input(1));
    if (axes) return Folding{op->kind, *axes, op->keepdims};
    why = "the axes are known only at run time";
    return {};
  }
  const Pool* pool = p.node().as<Pool>();
  if (!pool || !pool->global || pool->kind == PoolKind::lp || pool->with_indices) {
    why = "neither a reduction nor a global pooling";
    return {};
  }
  std::vector<int64_t> axes;
  for (int axis = 2; axis < rank; ++axis) axes.push_back(axis);
  return Folding{pool->kind == PoolKind::max ? ReduceKind::max : ReduceKind::mean, axes, true};
}

/// ReduceArgs of the kernel.
struct Parameters {
  const void* x = nullptr;
  void *y = nullptr, *partial = nullptr;
  uint32_t outputs = 1, count = 1, splits = 1, piece = 1, kept_loops = 0, reduced_loops = 0;
  Divider kept[kMostLoops], reduced[kMostLoops];
  int64_t kept_strides[kMostLoops] = {}, reduced_strides[kMostLoops] = {};
};

/// The loops of one sort, innermost first, neighbours in memory joined.
struct SomeLoops {
  std::vector<int64_t> extents, strides;
  void add(int64_t extent, int64_t stride) {
    if (extent == 1) return;
    if (!extents.empty() && strides.back() * extents.back() == stride) {
      extents.back() *= extent;
      return;
    }
    extents.push_back(extent);
    strides.push_back(stride);
  }
  int64_t count() const {
    int64_t n = 1;
    for (int64_t e : extents) n *= e;
    return n;
  }
  uint32_t store(Divider* dividers, int64_t* to) const {
    for (size_t l = 0; l < extents.size(); ++l) {
      dividers[l] = Divider(extents[l]);
      to[l] = strides[l];
    }
    return static_cast<uint32_t>(std::max<size_t>(extents.size(), 1));
  }
};

struct Plan {
  SomeLoops kept, reduced;
  bool columns = false;  // neighbouring outputs lie side by side

  Plan(const Dims& x, const Layout& layout, const Folding& folding) {
    int64_t stride = 1;
    bool innermost = true;
    for (size_t i = x.size(); i-- > 0;) {
      const auto axis = layout.row_major() ? static_cast<int64_t>(i) : layout.order[i];
      const int64_t extent = x[static_cast<size_t>(axis)];
      (folding.reduces(axis) ? reduced : kept).add(extent, stride);
      if (innermost && extent > 1) {
        columns = !folding.reduces(axis);
        innermost = false;
      }
      stride *= extent;
    }
  }
};

class ReduceExecutable : public DeviceExecutable {
 public:
  ReduceExecutable(const Plan& plan, const KernelText& text, int64_t sum_size, bool may_split, const DeviceInfo& device)
      : sum_size_(sum_size) {
    Parameters& p = parameters_;
    p.outputs = static_cast<uint32_t>(plan.kept.count());
    p.count = static_cast<uint32_t>(plan.reduced.count());
    p.kept_loops = plan.kept.store(p.kept, p.kept_strides);
    p.reduced_loops = plan.reduced.store(p.reduced, p.reduced_strides);
    if (p.outputs == 0) return;
    choose_launch(plan.columns, may_split, std::max(device.multiprocessors, 1));
    const Module& module = compiled(text, device.compute);
    kernel_ = module.kernel(name_);
    if (p.splits > 1) finish_ = module.kernel("finish");
  }
  std::string kernel_name() const override { return std::string("reduce:") + name_ + (finish_ ? ":split" : ""); }
  bool uses_input(int i) const override { return i == 0; }
  int64_t workspace_bytes() const override {
    return finish_ ? sum_size_ * parameters_.splits * parameters_.outputs : 0;
  }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!kernel_) return;
    Parameters p = parameters_;
    p.x = args.in[0].data;
    p.y = args.out[0].data;
    p.partial = args.workspace;
    Launch how = launch_;
    how.stream = stream;
    kernel_(how, p);
    if (!finish_) return;
    Launch last;
    last.grid.x = (p.outputs + 127) / 128;
    last.block.x = 128;
    last.stream = stream;
    finish_(last, p);
  }

 private:
  void choose_launch(bool columns, bool may_split, int multiprocessors) {
    Parameters& p = parameters_;
    const bool warps = !columns && (p.count <= 1024 || p.outputs >= 16u * static_cast<uint32_t>(multiprocessors));
    name_ = columns ? "columns" : warps ? "warps" : "blocks";
    launch_.block = columns ? dim3{32, 8, 1} : dim3{warps ? 128u : static_cast<unsigned>(kRowThreads), 1, 1};
    const uint32_t outputs_of_block = columns ? 32 : warps ? 4 : 1;
    launch_.grid.x = (p.outputs + outputs_of_block - 1) / outputs_of_block;
    // Few outputs of many elements: several blocks share one, as long as each thread has 8 elements or more.
    const uint32_t wanted = 2u * static_cast<uint32_t>(multiprocessors), threads_of_output = columns ? 8
                                                                                             : warps ? 32
                                                                                                     : kRowThreads;
    if (may_split && launch_.grid.x < wanted)
      p.splits = std::clamp<uint32_t>(p.count / (threads_of_output * 8), 1, std::min(wanted / launch_.grid.x, 1024u));
    p.piece = (p.count + p.splits - 1) / p.splits;
    p.splits = p.piece == 0 ? 1 : (p.count + p.piece - 1) / p.piece;
    launch_.grid.y = std::max(p.splits, 1u);
  }

  Parameters parameters_;
  int64_t sum_size_;
  const char* name_ = "nothing";
  Launch launch_;
  Kernel kernel_, finish_;
};

/// Reductions over any axes in any layout, and global poolings.
class DeviceReduce : public Tactic {
 public:
  std::string_view name() const override { return "device_reduce"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!plain_tensors(p, why)) return {};
    const auto folding = folding_of(p, why);
    if (!folding) return {};
    if (element_name(p.input(0).dtype()).empty()) {
      why = fmt::format("kernels have no elements of {}", to_string(p.input(0).dtype()));
      return {};
    }
    const int rank = p.input(0).rank();
    std::vector<Offer> result{row_major_offer(p, name())};
    // Without the spatial axes a channels-last order is row-major.
    const bool last_is_plain = !folding->keeps_rank && rank >= 3 && reduces_all_spatial(*folding, rank);
    if (rank >= 3 && (folding->keeps_rank || last_is_plain)) {
      result.push_back(result[0]);
      result[1].in[0] = with_layout(channels_last(rank));
      if (folding->keeps_rank) result[1].out[0] = with_layout(channels_last(rank));
    }
    return in_precisions_and_across(result, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto folding = folding_of(cx.problem, why);
    if (!folding) return nullptr;
    const Plan plan(cx.shapes.in[0], cx.offer.in[0].layout, *folding);
    why.clear();
    if (plan.reduced.count() == 0 && plan.kept.count() > 0) why = "there is nothing to reduce";
    if (std::max(plan.reduced.count(), plan.kept.count()) > kMostItems) why = "more than 2^31 elements to reduce";
    if (std::max(plan.kept.extents.size(), plan.reduced.extents.size()) > kMostLoops)
      why = "the reduced axes lie too far apart";
    if (!why.empty()) return nullptr;
    const DType dtype = cx.problem.input(0).dtype();
    const KernelText text =
        reduce_text(folding->kind, stored_as(cx.offer.in[0], dtype), stored_as(cx.offer.out[0], dtype), dtype);
    return std::make_shared<ReduceExecutable>(plan, text, 8, folding->kind != ReduceKind::log_sum_exp,
                                              cx.problem.device);
  }

 private:
  static bool reduces_all_spatial(const Folding& f, int rank) {
    for (int64_t axis = 2; axis < rank; ++axis)
      if (!f.reduces(axis)) return false;
    return true;
  }
};

}  // namespace

const Tactic& device_reduce_tactic() {
  static const DeviceReduce tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
