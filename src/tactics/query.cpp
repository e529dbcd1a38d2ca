#include <algorithm>
#include <cstring>

#include "ops/shape.h"
#include "tactics/all.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Dims of an input, which are known before the run.
class DimsExecutable : public Executable {
 public:
  explicit DimsExecutable(std::vector<int64_t> values) : values_(std::move(values)) {}
  std::string kernel_name() const override { return "query:dims"; }
  bool uses_input(int) const override { return false; }
  void run(State*, const Args& args, Threads&) const override {
    if (!values_.empty()) std::memcpy(args.out[0].data, values_.data(), values_.size() * sizeof(int64_t));
  }

 private:
  std::vector<int64_t> values_;
};

/// start + i * delta; whole numbers wrap, others are rounded once.
template <class T>
class RangeExecutable : public Executable {
 public:
  explicit RangeExecutable(int64_t count) : count_(count) {}
  std::string kernel_name() const override { return "query:range"; }
  void run(State*, const Args& args, Threads&) const override {
    const T start = *args.in[0].in<T>(), delta = *args.in[2].in<T>();
    T* y = args.out[0].out<T>();
    for (int64_t i = 0; i < count_; ++i) {
      if constexpr (std::is_integral_v<T>)
        y[i] = static_cast<T>(static_cast<uint64_t>(start) + static_cast<uint64_t>(i) * static_cast<uint64_t>(delta));
      else
        y[i] = static_cast<T>(static_cast<double>(start) + static_cast<double>(i) * static_cast<double>(delta));
    }
  }

 private:
  int64_t count_;
};

std::shared_ptr<const Executable> make_range(DType dtype, int64_t count) {
  switch (dtype) {
    case DType::f32: return std::make_shared<RangeExecutable<float>>(count);
    case DType::f64: return std::make_shared<RangeExecutable<double>>(count);
    case DType::i32: return std::make_shared<RangeExecutable<int32_t>>(count);
    case DType::i64: return std::make_shared<RangeExecutable<int64_t>>(count);
    default: return nullptr;
  }
}

/// Numbers that follow from dims: of an input (ShapeOf, SizeOf), or one for each place (Range).
class Query : public Tactic {
 public:
  std::string_view name() const override { return "query"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    if (!n.as<ShapeOf>() && !n.as<SizeOf>() && !n.as<Range>()) why = "asks for no dims";
    if (n.as<Range>() && !make_range(p.output(0).dtype(), 1)) why = fmt::format("counts in f32, f64, i32 and i64, found {}", to_string(p.output(0).dtype()));
    if (!why.empty() || !plain_tensors(p, why)) return {};
    std::vector<Offer> result{row_major_offer(p, name())};
    const int rank = p.input(0).rank();
    if (n.as<Range>() || rank < 3) return result;
    // The dims are the same in any order in memory.
    result.push_back(result[0]);
    result[1].in[0] = with_layout(channels_last(rank));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    const Node& n = cx.problem.node();
    const Dims& x = cx.shapes.in[0];
    if (n.as<Range>()) return make_range(cx.problem.output(0).dtype(), cx.shapes.out[0][0]);
    if (n.as<SizeOf>()) return std::make_shared<DimsExecutable>(std::vector<int64_t>{checked_product(x)});
    const auto rank = static_cast<int64_t>(x.size());
    const int64_t start = n.as<ShapeOf>()->start;
    const auto first = x.begin() + std::clamp<int64_t>(start < 0 ? start + rank : start, 0, rank);
    return std::make_shared<DimsExecutable>(std::vector<int64_t>(first, first + cx.shapes.out[0][0]));
  }
};

}  // namespace

const Tactic& query_tactic() {
  static const Query tactic;
  return tactic;
}

}  // namespace tenon::core
