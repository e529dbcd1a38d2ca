#include <algorithm>
#include <cstring>

#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"
#include "tactics/all.h"
#include "tactics/index_reader.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kGatherNDGrain = 1 << 14;  // bytes of one piece, at least

/// y[i] is the block of x at index tuple i.
class GatherNDExecutable : public Executable {
 public:
  GatherNDExecutable(int64_t batch_dims, const NodeShapes& shapes, int64_t element, DType index_type)
      : wide_(index_type == DType::i64), tuples_(batch_dims, shapes.in[0], shapes.in[1]) {
    block_ = tuples_.inner * element;
    element_ = element;
  }
  std::string kernel_name() const override { return "gather_nd:blocks"; }

  void run(State*, const Args& args, Threads& threads) const override {
    const IndexReader indices(args.in[1], wide_);
    const int64_t grain = std::max<int64_t>(1, kGatherNDGrain / std::max<int64_t>(1, block_));
    threads.parallel_ranges(tuples_.rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        std::memcpy(args.out[0].data + i * block_, args.in[0].data + tuples_.offset(indices, i) * element_,
                    static_cast<size_t>(block_));
    });
  }

 private:
  bool wide_;
  IndexTuples tuples_;
  int64_t block_, element_;
};

/// y has the dims of the indices; each element comes from the same place of x but for its place along the axis.
class GatherElementsExecutable : public Executable {
 public:
  GatherElementsExecutable(int64_t axis, const NodeShapes& shapes, int64_t element, DType index_type)
      : wide_(index_type == DType::i64), lines_(axis, shapes.in[0], shapes.in[1]), element_(element) {}
  std::string kernel_name() const override { return "gather_elements:lines"; }

  void run(State*, const Args& args, Threads& threads) const override {
    switch (element_) {
      case 1:
        return run_as<uint8_t>(args, threads);
      case 2:
        return run_as<uint16_t>(args, threads);
      case 4:
        return run_as<uint32_t>(args, threads);
      default:
        return run_as<uint64_t>(args, threads);
    }
  }

 private:
  template <class T>
  void run_as(const Args& args, Threads& threads) const {
    const IndexReader indices(args.in[1], wide_);
    const T* x = args.in[0].in<T>();
    T* y = args.out[0].out<T>();
    const int64_t grain = std::max<int64_t>(1, kGatherNDGrain / std::max<int64_t>(1, lines_.length * element_));
    threads.parallel_ranges(lines_.count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        lines_.for_each(indices, i, [&](int64_t at, int64_t index) { y[index] = x[at]; });
    });
  }

  bool wide_;
  IndexLines lines_;
  int64_t element_;
};

class GatherTuples : public Tactic {
 public:
  std::string_view name() const override { return "gather_nd"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<GatherND>() && !p.node().as<GatherElements>()) why = "does not gather by index tuples or elements";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    if (const int64_t element = size_of(p.input(0).dtype()); p.node().as<GatherElements>() && element > 8) {
      why = fmt::format("gathers elements of up to 8 bytes, found {}", element);
      return {};
    }
    return {row_major_offer(p, name())};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    if (checked_product(cx.shapes.out[0]) == 0 || checked_product(cx.shapes.in[0]) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    const int64_t element = size_of(cx.problem.input(0).dtype());
    const DType index_type = cx.problem.input(1).dtype();
    if (const auto* op = cx.problem.node().as<GatherND>())
      return std::make_shared<GatherNDExecutable>(op->batch_dims, cx.shapes, element, index_type);
    const auto* op = cx.problem.node().as<GatherElements>();
    const int64_t axis = resolve_axis(op->axis, static_cast<int64_t>(cx.shapes.in[0].size()));
    if (!IndexLines::fits(axis, cx.shapes.in[0], cx.shapes.in[1])) {
      why = "the indices reach outside the data";
      return nullptr;
    }
    return std::make_shared<GatherElementsExecutable>(axis, cx.shapes, element, index_type);
  }
};

}  // namespace

const Tactic& gather_nd_tactic() {
  static const GatherTuples tactic;
  return tactic;
}

}  // namespace tenon::core
