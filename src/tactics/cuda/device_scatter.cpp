#include <algorithm>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/one_kernel.h"
#include "tactics/cuda/support.h"
#include "tactics/cuda/texts.h"

namespace tenon::core::cuda {

KernelText scatter_fold_text(DType from, DType to, ScatterReduction how) {
  const char* fold = how == ScatterReduction::mul   ? "Product"
                     : how == ScatterReduction::max ? "Larger"
                     : how == ScatterReduction::min ? "Smaller"
                                                    : "Sum";
  return {kernel_text_scatter_fold,
          {fmt::format("-DFROM={}", element_name(from)), fmt::format("-DTO={}", element_name(to)),
           fmt::format("-DFOLD={}", fold)}};
}

namespace {

constexpr size_t kMost = 8;                // of the kernel: loops, indices of a tuple
constexpr int64_t kMostWorkers = 1 << 16;  // threads of `slices`

/// FoldArgs of the kernel.
struct Parameters {
  const void* updates = nullptr;
  void* y = nullptr;
  const void* indices = nullptr;
  uint32_t lines = 0, wide = 0, loops = 0, count = 0;
  Divider extents[kMost];
  int64_t steps[kMost] = {}, strides[kMost] = {}, step = 0, stride = 0, length = 0;
  uint32_t tuples = 0, tuple = 0, inner = 1, workers = 1;
  int64_t tuple_extents[kMost] = {}, tuple_strides[kMost] = {};
};

Parameters along_axis(const Dims& data, const Dims& indices, int64_t signed_axis) {
  const auto axis = static_cast<size_t>(resolve_axis(signed_axis, static_cast<int64_t>(data.size())));
  Parameters p;
  int64_t step = 1, stride = 1, lines = 1;
  for (size_t i = data.size(); i-- > 0;) {
    if (i == axis) {
      p.step = step;
      p.stride = stride;
    } else {
      p.extents[p.loops] = Divider(std::max<int64_t>(indices[i], 1));
      p.steps[p.loops] = step;
      p.strides[p.loops++] = stride;
      lines *= indices[i];
    }
    step *= indices[i];
    stride *= data[i];
  }
  p.lines = static_cast<uint32_t>(lines);
  p.count = static_cast<uint32_t>(indices[axis]);
  p.length = data[axis];
  return p;
}

Parameters by_tuples(const Dims& data, const Dims& indices) {
  const auto tuple = static_cast<size_t>(indices.back());
  Parameters p;
  p.tuple = static_cast<uint32_t>(tuple);
  p.tuples = static_cast<uint32_t>(checked_product(std::span(indices).first(indices.size() - 1)));
  const int64_t inner = checked_product(std::span(data).subspan(tuple)),
                slices = checked_product(std::span(data).first(tuple));
  p.inner = static_cast<uint32_t>(std::max<int64_t>(inner, 1));
  p.workers = static_cast<uint32_t>(std::max<int64_t>(1, std::min(slices, kMostWorkers / p.inner)));
  p.lines = p.tuples == 0 || inner == 0 ? 0 : p.inner * p.workers;
  for (size_t j = 0; j < tuple; ++j) {
    p.tuple_extents[j] = data[j];
    p.tuple_strides[j] = checked_product(std::span(data).subspan(j + 1).first(tuple - j - 1));
  }
  return p;
}

class FoldExecutable : public DeviceExecutable {
 public:
  FoldExecutable(const Kernel& kernel, const Parameters& p, int64_t bytes)
      : kernel_(kernel), parameters_(p), bytes_(bytes) {}
  std::string kernel_name() const override { return parameters_.tuple ? "scatter_fold:slices" : "scatter_fold:lines"; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    std::byte* y = args.out[0].data;
    if (y != args.in[0].data && bytes_ > 0)
      check(cudaMemcpyAsync(y, args.in[0].data, static_cast<size_t>(bytes_), cudaMemcpyDeviceToDevice, stream),
            "copying what is scattered into");
    if (parameters_.lines == 0) return;
    Parameters p = parameters_;
    p.updates = args.in[2].data;
    p.y = y;
    p.indices = args.in[1].data;
    Launch how = launch_over(p.lines);
    how.stream = stream;
    kernel_(how, p);
  }

 private:
  Kernel kernel_;
  Parameters parameters_;
  int64_t bytes_;
};

/// ScatterElements and ScatterND that add, multiply or compare: in the order of the updates, so that results repeat.
class DeviceScatter : public Tactic {
 public:
  std::string_view name() const override { return "device_scatter"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto* elements = p.node().as<ScatterElements>();
    const auto* nd = p.node().as<ScatterND>();
    if (!elements && !nd) why = "not a scatter";
    if ((elements && elements->reduction == ScatterReduction::none) || (nd && nd->reduction == ScatterReduction::none))
      why = "updates replace elements";
    if (!why.empty() || !plain_tensors(p, why) || !has_elements(p, 0, why)) return {};
    if (static_cast<size_t>(p.input(0).rank()) > kMost) why = fmt::format("more than {} axes", kMost);
    if (p.input(0).dtype() == DType::boolean) why = "truth values are not added up";
    if (!why.empty()) return {};
    Offer offer = row_major_offer(p, name());
    if (!p.input(0).constant) offer.share = Share::in_place;
    std::vector<Offer> result;
    for (Offer& one : in_precisions_and_across({offer}, p))
      if (stored_as(one.in[0], p.input(0).dtype()) == stored_as(one.out[0], p.output(0).dtype()))
        result.push_back(std::move(one));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto* elements = cx.problem.node().as<ScatterElements>();
    const auto* nd = cx.problem.node().as<ScatterND>();
    const Dims &data = cx.shapes.in[0], &indices = cx.shapes.in[1];
    if (std::max(checked_product(data), checked_product(indices)) > kMostItems) why = "more than 2^31 elements";
    if (nd && (indices.empty() || indices.back() < 1 || indices.back() > static_cast<int64_t>(data.size())))
      why = "tuples that do not fit the data";
    if (nd && why.empty() &&
        checked_product(std::span(data).subspan(static_cast<size_t>(indices.back()))) > kMostWorkers * 256)
      why = "slices of too many elements";
    if (!why.empty()) return nullptr;
    Parameters p = elements ? along_axis(data, indices, elements->axis) : by_tuples(data, indices);
    p.wide = cx.problem.input(1).dtype() == DType::i64;
    const DType to = stored_type(cx), from = stored_as(cx.offer.in[2], cx.problem.input(2).dtype());
    const KernelText text = scatter_fold_text(from, to, elements ? elements->reduction : nd->reduction);
    const Kernel kernel = compiled(text, cx.problem.device.compute).kernel(elements ? "lines" : "slices");
    return std::make_shared<FoldExecutable>(kernel, p, checked_product(data) * size_of(to));
  }
};

}  // namespace

const Tactic& device_scatter_tactic() {
  static const DeviceScatter tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
