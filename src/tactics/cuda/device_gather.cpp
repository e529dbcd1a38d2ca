#include <algorithm>
#include <bit>
#include <optional>

#include "codegen/cuda/pointwise.h"
#include "cuda/loops.h"
#include "ops/index.h"
#include "ops/infer_util.h"
#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/cuda/texts.h"
#include "tactics/support.h"

namespace tenon::core::cuda {

KernelText gather_text(DType from, DType to) {
  KernelText text = box_text(from, to);
  text.text = kernel_text_gather;
  return text;
}

namespace {

constexpr size_t kMost = 8;  // of the kernel: axes, indices of a tuple
constexpr int64_t kMostItems = (int64_t{1} << 31) - 1;
constexpr unsigned kThreads = 128;

/// GatherArgs of the kernel.
struct Slices {
  const void* x = nullptr;
  void* y = nullptr;
  const void* indices = nullptr;
  uint32_t count = 0, tuple = 1, wide = 0, unused = 0;
  Divider slice, per_batch;
  uint32_t repeats = 0, unused2 = 0;
  int64_t batch_stride = 0, extents[kMost] = {}, strides[kMost] = {};
};

/// ElementsArgs of the kernel.
struct Elements {
  const void* x = nullptr;
  void* y = nullptr;
  const void* indices = nullptr;
  uint32_t count = 0, loops = 0, wide = 0, axis = 0;
  Divider extents[kMost];
  int64_t strides[kMost] = {}, length = 0;
};

Launch launch_of(uint32_t items, cudaStream_t stream) {
  Launch how;
  how.grid.x = (items + kThreads - 1) / kThreads;
  how.block.x = kThreads;
  how.stream = stream;
  return how;
}

int64_t product_of(const Dims& dims, size_t first, size_t last) {
  int64_t n = 1;
  for (size_t i = first; i < last; ++i) n *= dims[i];
  return n;
}

/// Gather along one axis: each tuple is one index, used again for every block of outer axes.
Slices slices_of(const Gather& op, const NodeShapes& shapes) {
  const Dims &x = shapes.in[0], &indices = shapes.in[1];
  const auto axis = static_cast<size_t>(resolve_axis(op.axis, static_cast<int64_t>(x.size())));
  Slices s;
  const int64_t inner = product_of(x, axis + 1, x.size());
  s.slice = Divider(std::max<int64_t>(inner, 1));
  s.per_batch = Divider(std::max<int64_t>(product_of(indices, 0, indices.size()), 1));
  s.repeats = 1;
  s.batch_stride = inner * x[axis];
  s.extents[0] = x[axis];
  s.strides[0] = inner;
  return s;
}

/// The tuples of GatherND and ScatterND point into the axes of `data` behind the batch ones.
Slices tuples_of(const Dims& data, const Dims& indices, size_t batch_dims) {
  const auto tuple = static_cast<size_t>(indices.back());
  Slices s;
  s.tuple = static_cast<uint32_t>(tuple);
  const int64_t inner = product_of(data, batch_dims + tuple, data.size());
  s.slice = Divider(std::max<int64_t>(inner, 1));
  s.per_batch = Divider(std::max<int64_t>(product_of(indices, batch_dims, indices.size() - 1), 1));
  s.batch_stride = product_of(data, batch_dims, data.size());
  for (size_t j = 0; j < tuple; ++j) {
    s.extents[j] = data[batch_dims + j];
    s.strides[j] = product_of(data, batch_dims + j + 1, data.size());
  }
  return s;
}

Elements elements_of(const Dims& data, const Dims& indices, int64_t signed_axis) {
  const size_t rank = data.size(), axis = static_cast<size_t>(resolve_axis(signed_axis, static_cast<int64_t>(rank)));
  Elements e;
  e.loops = static_cast<uint32_t>(rank);
  e.axis = static_cast<uint32_t>(rank - 1 - axis);
  e.length = data[axis];
  for (size_t l = 0; l < rank; ++l) {
    e.extents[l] = Divider(std::max<int64_t>(indices[rank - 1 - l], 1));
    e.strides[l] = product_of(data, rank - l, rank);
  }
  return e;
}

class GatherExecutable : public DeviceExecutable {
 public:
  GatherExecutable(Slices slices, int64_t count, DType from, DType to, int compute) : slices_(slices) {
    slices_.count = static_cast<uint32_t>(count);
    if (count == 0) return;
    const Module& module = compiled(gather_text(from, to), compute);
    single_ = module.kernel("single");
    width_ = std::max<int64_t>(16 / std::max(size_of(from), size_of(to)), from == to ? 1 : 2);
    const bool fits = slices_.slice.divisor % static_cast<uint64_t>(width_) == 0 && slices_.batch_stride % width_ == 0;
    if (fits) wide_ = module.kernel("slices");
  }
  std::string kernel_name() const override { return wide_ ? "gather:slices" : "gather:elements"; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (slices_.count == 0) return;
    Slices s = slices_;
    s.x = args.in[0].data;
    s.y = args.out[0].data;
    s.indices = args.in[1].data;
    const bool aligned = (std::bit_cast<uint64_t>(s.x) | std::bit_cast<uint64_t>(s.y)) % 16 == 0;
    if (!wide_ || !aligned) return single_(launch_of(s.count, stream), s);
    s.count /= static_cast<uint32_t>(width_);
    s.slice = Divider(s.slice.divisor / width_);
    wide_(launch_of(s.count, stream), s);
  }

 private:
  Slices slices_;
  int64_t width_ = 1;
  Kernel single_, wide_;
};

class GatherElementsExecutable : public DeviceExecutable {
 public:
  GatherElementsExecutable(Elements elements, DType from, DType to, int compute) : elements_(elements) {
    if (elements_.count > 0) kernel_ = compiled(gather_text(from, to), compute).kernel("elements");
  }
  std::string kernel_name() const override { return "gather_elements"; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!kernel_) return;
    Elements e = elements_;
    e.x = args.in[0].data;
    e.y = args.out[0].data;
    e.indices = args.in[1].data;
    kernel_(launch_of(e.count, stream), e);
  }

 private:
  Elements elements_;
  Kernel kernel_;
};

/// Copies the data unless the output lies in it already, then writes the updates.
template <class Parameters>
class ScatterExecutable : public DeviceExecutable {
 public:
  ScatterExecutable(const char* entry, Parameters parameters, const Dims& data, DType stored_data, DType updates,
                    int compute)
      : parameters_(parameters), bytes_(checked_product(data) * size_of(stored_data)) {
    if (parameters_.count > 0) kernel_ = compiled(gather_text(updates, stored_data), compute).kernel(entry);
  }
  std::string kernel_name() const override { return "scatter"; }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    std::byte* y = args.out[0].data;
    if (y != args.in[0].data && bytes_ > 0)
      check(cudaMemcpyAsync(y, args.in[0].data, static_cast<size_t>(bytes_), cudaMemcpyDeviceToDevice, stream),
            "copying what is scattered into");
    if (!kernel_) return;
    Parameters p = parameters_;
    p.x = args.in[2].data;
    p.y = y;
    p.indices = args.in[1].data;
    kernel_(launch_of(p.count, stream), p);
  }

 private:
  Parameters parameters_;
  int64_t bytes_;
  Kernel kernel_;
};

/// Gather, GatherElements, GatherND, and scatters whose updates replace. Row-major.
class DeviceGather : public Tactic {
 public:
  std::string_view name() const override { return "device_gather"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    const auto* elements = n.as<ScatterElements>();
    const auto* nd = n.as<ScatterND>();
    const bool scatters = elements || nd;
    if (!scatters && !n.as<Gather>() && !n.as<GatherElements>() && !n.as<GatherND>())
      why = "neither a gather nor a scatter";
    if ((elements && elements->reduction != ScatterReduction::none) || (nd && nd->reduction != ScatterReduction::none))
      why = "updates that are added up need an order";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    if (size_of(p.input(0).dtype()) == 0 || size_of(p.input(0).dtype()) > 16) why = "elements without a size";
    if (static_cast<size_t>(p.input(0).rank()) > kMost) why = fmt::format("more than {} axes", kMost);
    if (!why.empty()) return {};
    Offer offer = row_major_offer(p, name());
    if (scatters && !p.input(0).constant) offer.share = Share::in_place;
    std::vector<Offer> result;
    for (Offer& one : in_precisions_and_across({offer}, p))
      if (!scatters || stored_as(one.in[0], p.input(0).dtype()) == stored_as(one.out[0], p.output(0).dtype()))
        result.push_back(std::move(one));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Node& n = cx.problem.node();
    const Dims &data = cx.shapes.in[0], &indices = cx.shapes.in[1];
    if (std::max(checked_product(cx.shapes.out[0]), checked_product(data)) > kMostItems) {
      why = "more than 2^31 elements";
      return nullptr;
    }
    const auto stored = [&](const std::vector<Format>& formats, int i) {
      return stored_as(formats[static_cast<size_t>(i)], cx.problem.input(i).dtype());
    };
    const DType from = stored(cx.offer.in, 0), to = stored_as(cx.offer.out[0], cx.problem.output(0).dtype());
    const int compute = cx.problem.device.compute;
    const uint32_t wide = cx.problem.input(1).dtype() == DType::i64;
    const int64_t count = checked_product(cx.shapes.out[0]);
    if (const auto* op = n.as<GatherElements>())
      return std::make_shared<GatherElementsExecutable>(counted(elements_of(data, indices, op->axis), count, wide),
                                                        from, to, compute);
    if (const auto* op = n.as<ScatterElements>())
      return std::make_shared<ScatterExecutable<Elements>>(
          "scatter_elements", counted(elements_of(data, indices, op->axis), checked_product(indices), wide), data, to,
          stored(cx.offer.in, 2), compute);
    if (const auto* op = n.as<Gather>())
      return std::make_shared<GatherExecutable>(counted(slices_of(*op, cx.shapes), count, wide), count, from, to,
                                                compute);
    const auto* gather = n.as<GatherND>();
    if (indices.empty() || indices.back() > static_cast<int64_t>(kMost)) {
      why = fmt::format("tuples of more than {} indices", kMost);
      return nullptr;
    }
    const Slices slices = tuples_of(data, indices, gather ? static_cast<size_t>(gather->batch_dims) : 0);
    if (gather) return std::make_shared<GatherExecutable>(counted(slices, count, wide), count, from, to, compute);
    return std::make_shared<ScatterExecutable<Slices>>("scatter_slices",
                                                       counted(slices, checked_product(cx.shapes.in[2]), wide), data,
                                                       to, stored(cx.offer.in, 2), compute);
  }

 private:
  template <class Parameters>
  static Parameters counted(Parameters p, int64_t count, uint32_t wide) {
    p.count = static_cast<uint32_t>(count);
    p.wide = wide;
    return p;
  }
};

}  // namespace

const Tactic& device_gather_tactic() {
  static const DeviceGather tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
