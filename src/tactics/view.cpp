#include <algorithm>

#include "ops/infer_util.h"
#include "ops/pointwise.h"
#include "ops/shape.h"
#include "tactics/all.h"
#include "tactics/moves.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Never runs: the planner gives the output the input's memory.
class ViewExecutable : public Executable {
 public:
  std::string kernel_name() const override { return "view"; }
  bool uses_input(int) const override { return false; }
  bool on_host() const override { return false; }  // nothing is run anywhere
  void run(State*, const Args&, Threads&) const override {}
};

bool changes_dims_only(const Node& n) {
  return n.as<Reshape>() || n.as<Squeeze>() || n.as<Unsqueeze>() || n.as<Flatten>();
}

/// The first two dims stay, so that samples and channels are where they were: spatial axes may merge or split.
bool keeps_channels(const Fact& x, const Fact& y) {
  return x.rank() >= 3 && y.rank() >= 3 && known_equal(x.shape()[0], y.shape()[0]) &&
         known_equal(x.shape()[1], y.shape()[1]);
}

/// The output in row-major order is the input in channels-last order.
bool moves_channels_back(const Transpose& op, int rank) {
  const std::vector<int8_t> order = channels_last(rank).order;
  return rank >= 3 && std::equal(order.begin(), order.end(), op.permutation.begin(), op.permutation.end());
}

/// The output in channels-last order is the input in row-major order.
bool moves_channels_front(const Transpose& op, int rank) {
  if (rank < 3 || static_cast<int>(op.permutation.size()) != rank) return false;
  const std::vector<int8_t> order = channels_last(rank).order;
  for (int i = 0; i < rank; ++i)
    if (order[static_cast<size_t>(op.permutation[static_cast<size_t>(i)])] != i) return false;
  return true;
}

/// A slice of steps 1 along one axis before which every dim is 1 is a part of the input's memory.
bool is_outer_slice(const Problem& p) {
  std::string why;
  if (!p.node().as<Slice>() || !is_made_of_moves(p, why)) return false;
  const auto starts = *p.input(1).numbers();
  auto axes = p.input(3).present() ? *p.input(3).numbers() : std::vector<int64_t>{0};
  if (starts.size() != 1 || axes.size() != 1) return false;
  if (p.input(4).present() && p.input(4).numbers()->at(0) != 1) return false;
  axes = resolve_axes(axes, p.input(0).rank());
  for (int64_t i = 0; i < axes[0]; ++i)
    if (p.input(0).shape()[static_cast<size_t>(i)] != Dim(1)) return false;
  return true;
}

Offer view(const Problem& p, std::string_view tactic, const Layout& in, const Layout& out) {
  Offer offer = row_major_offer(p, tactic);
  offer.share = Share::view;
  offer.shared_input = 0;
  offer.in[0] = with_layout(in);
  offer.out[0] = with_layout(out);
  return offer;
}

/// The views as they are, then of the value in each narrower storage that the user allows.
std::vector<Offer> in_each_storage(std::vector<Offer> views, const Problem& p) {
  if (p.output(0).dtype() != DType::f32) return views;
  const size_t plain = views.size();
  for (DType storage : p.options.precisions)
    for (size_t i = 0; i < plain; ++i) {
      Offer offer = views[i];
      offer.in[0].storage = offer.out[0].storage = storage;
      views.push_back(std::move(offer));
    }
  return views;
}

/// Ops whose output is the input's bytes, or a part of them, under other dims.
class View : public Tactic {
 public:
  std::string_view name() const override { return "view"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    if (!plain_tensors(p, why)) return {};
    std::vector<Offer> result;
    if (changes_dims_only(n) || n.as<Identity>() || is_outer_slice(p)) result.push_back(view(p, name(), {}, {}));
    if (result.empty() && !n.as<Transpose>()) {
      why = "the output is not the input under other dims";
      return {};
    }
    const int rank = p.input(0).rank(), out_rank = p.output(0).rank();
    if (n.as<Identity>() ? rank >= 3 : changes_dims_only(n) && keeps_channels(p.input(0), p.output(0)))
      result.push_back(view(p, name(), channels_last(rank), channels_last(out_rank)));
    if (const Transpose* op = n.as<Transpose>()) {
      if (moves_channels_back(*op, rank)) result.push_back(view(p, name(), channels_last(rank), {}));
      if (moves_channels_front(*op, rank)) result.push_back(view(p, name(), {}, channels_last(rank)));
      if (result.empty()) why = "the axes do not move between row-major and channels-last order";
    }
    return in_each_storage(std::move(result), p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext&, std::string&) const override {
    return std::make_shared<ViewExecutable>();
  }

  std::vector<int64_t> offsets(const PrepareContext& cx) const override {
    if (!cx.problem.node().as<Slice>()) return {0};
    std::string why;
    return {moves_of(cx, why)->at(0).from_offset};
  }
};

/// A transpose whose output, in another order of its axes, is the input, or the other way round. It pays when the
/// neighbour takes that order.
class TransposedView : public Tactic {
 public:
  std::string_view name() const override { return "transposed_view"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Transpose* op = p.node().as<Transpose>();
    if (!op) why = "not a transpose";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    const auto rank = static_cast<size_t>(p.input(0).rank());
    Layout in, out;  // the input's order when the output is row-major, and the output's when the input is
    in.order.resize(rank);
    out.order.resize(rank);
    for (size_t i = 0; i < rank; ++i) {
      const int64_t from = op->permutation.empty() ? static_cast<int64_t>(rank - 1 - i) : op->permutation[i];
      in.order[i] = static_cast<int8_t>(from);
      out.order[static_cast<size_t>(from)] = static_cast<int8_t>(i);
    }
    if (std::is_sorted(in.order.begin(), in.order.end())) return in_each_storage({view(p, name(), {}, {})}, p);
    return in_each_storage({view(p, name(), {}, out), view(p, name(), in, {})}, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext&, std::string&) const override {
    return std::make_shared<ViewExecutable>();
  }
};

}  // namespace

const Tactic& transposed_view_tactic() {
  static const TransposedView tactic;
  return tactic;
}

const Tactic& view_tactic() {
  static const View tactic;
  return tactic;
}

}  // namespace tenon::core
