#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/shape.h"
#include "tactics/all.h"
#include "tactics/moves.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Copies the inputs that do not lie in the result yet.
class JoinExecutable : public Executable {
 public:
  JoinExecutable(std::vector<int64_t> offsets, std::vector<int64_t> bytes) : offsets_(std::move(offsets)), bytes_(std::move(bytes)) {}
  std::string kernel_name() const override { return "join"; }
  void run(State*, const Args& args, Threads& threads) const override {
    constexpr int64_t kGrain = 64 << 10;
    for (size_t i = 0; i < offsets_.size(); ++i) {
      const std::byte* from = args.in[i].data;
      std::byte* to = args.out[0].data + offsets_[i];
      if (from == to) continue;
      threads.parallel_ranges(bytes_[i], kGrain, [&](int64_t begin, int64_t end) { std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin)); });
    }
  }

 private:
  std::vector<int64_t> offsets_, bytes_;
};

/// Never runs: the outputs are parts of the input.
class PartsExecutable : public Executable {
 public:
  std::string kernel_name() const override { return "parts"; }
  bool uses_input(int) const override { return false; }
  void run(State*, const Args&, Threads&) const override {}
};

/// Every axis outside of `axis` has one element, so that slices along `axis` lie one behind the other.
bool is_outermost(const Shape& shape, const Layout& layout, int64_t axis) {
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto at = layout.row_major() ? static_cast<int64_t>(i) : layout.order[i];
    if (at == axis) return true;
    if (shape[static_cast<size_t>(at)] != Dim(1)) return false;
  }
  return false;
}

/// Concat and Split of slices that lie one behind the other. Kernels of the CPU take tensors at any address, which those of
/// a GPU do not: this tactic is the CPU's alone.
class Parts : public Tactic {
 public:
  std::string_view name() const override { return "parts"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const auto *concat = p.node().as<Concat>();
    const auto *split = p.node().as<Split>();
    if (!concat && !split) why = "neither Concat nor Split";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    const Shape& whole = (concat ? p.output(0) : p.input(0)).shape();
    const auto rank = static_cast<int>(whole.size());
    const int64_t axis = resolve_axis(concat ? concat->axis : split->axis, rank);
    std::vector<Offer> result;
    std::vector<DType> storages{DType::none};
    if (p.output(0).dtype() == DType::f32) storages.insert(storages.end(), p.options.precisions.begin(), p.options.precisions.end());
    for (const DType storage : storages)
      for (const Layout& layout : {Layout{}, channels_last(rank)})
        if (is_outermost(whole, layout, axis)) add_offer(result, p, layout, storage);
    if (result.empty()) why = "an axis before that of the parts has more than one element";
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    if (cx.problem.node().as<Split>()) return std::make_shared<PartsExecutable>();
    const int64_t element = size_of(stored_as(cx.offer.out[0], cx.problem.output(0).dtype()));
    std::vector<int64_t> bytes;
    for (const Dims& dims : cx.shapes.in) bytes.push_back(checked_mul(checked_product(dims), element));
    return std::make_shared<JoinExecutable>(offsets(cx), std::move(bytes));
  }

  std::vector<int64_t> offsets(const PrepareContext& cx) const override {
    std::string why;
    const auto moves = moves_of(cx, why);
    if (!moves) fail(ErrorCode::shape_mismatch, "{}", why);
    std::vector<int64_t> result;
    for (const Move& m : *moves) result.push_back(cx.problem.node().as<Split>() ? m.from_offset : m.to_offset);
    return result;
  }

 private:
  void add_offer(std::vector<Offer>& offers, const Problem& p, const Layout& layout, DType storage) const {
    const bool splits = p.node().as<Split>() != nullptr;
    Format format = with_layout(layout);
    format.storage = storage;
    Offer offer = row_major_offer(p, name());
    offer.share = splits ? Share::view : Share::parts;
    std::fill_n(offer.in.begin(), splits ? 1 : offer.in.size(), format);
    std::fill(offer.out.begin(), offer.out.end(), format);
    if (std::find(offers.begin(), offers.end(), offer) == offers.end()) offers.push_back(std::move(offer));
  }
};

}  // namespace

const Tactic& parts_tactic() {
  static const Parts tactic;
  return tactic;
}

}  // namespace tenon::core
