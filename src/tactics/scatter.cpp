#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/index.h"
#include "ops/infer_util.h"
#include "tactics/all.h"
#include "tactics/index_reader.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kScatterGrain = 1 << 16;  // bytes of one piece of a copy, at least

float combine(ScatterReduction how, float a, float b) {
  switch (how) {
    case ScatterReduction::add:
      return a + b;
    case ScatterReduction::mul:
      return a * b;
    case ScatterReduction::max:
      return std::isnan(a) || a > b ? a : b;
    case ScatterReduction::min:
      return std::isnan(a) || a < b ? a : b;
    case ScatterReduction::none:
      break;
  }
  return b;
}

/// The output begins as the data; then the updates come in their order, so that the last of several to one place wins.
class ScatterExecutable : public Executable {
 public:
  ScatterExecutable(ScatterReduction reduction, const Dims& x, int64_t element, DType index_type)
      : reduction_(reduction),
        bytes_(checked_mul(checked_product(x), element)),
        element_(element),
        wide_(index_type == DType::i64) {}

  void run(State*, const Args& args, Threads& threads) const override {
    std::byte* y = args.out[0].data;
    const std::byte* x = args.in[0].data;
    if (x != y)
      threads.parallel_ranges(bytes_, kScatterGrain, [&](int64_t begin, int64_t end) {
        std::memcpy(y + begin, x + begin, static_cast<size_t>(end - begin));
      });
    scatter(IndexReader(args.in[1], wide_), args.in[2].data, y);
  }

 protected:
  virtual void scatter(const IndexReader&, const std::byte* updates, std::byte* y) const = 0;

  /// `count` elements of the updates, at `from`, come to `to` of the output.
  void put(const std::byte* updates, int64_t from, std::byte* y, int64_t to, int64_t count) const {
    if (reduction_ == ScatterReduction::none) {
      if (count == 1 && element_ == 4)
        std::memcpy(y + to * 4, updates + from * 4, 4);
      else
        std::memcpy(y + to * element_, updates + from * element_, static_cast<size_t>(count * element_));
      return;
    }
    auto* target = reinterpret_cast<float*>(y) + to;
    const auto* source = reinterpret_cast<const float*>(updates) + from;
    for (int64_t i = 0; i < count; ++i) target[i] = combine(reduction_, target[i], source[i]);
  }

 private:
  ScatterReduction reduction_;
  int64_t bytes_, element_;
  bool wide_;
};

class ScatterBlocks : public ScatterExecutable {
 public:
  ScatterBlocks(ScatterReduction reduction, const NodeShapes& shapes, int64_t element, DType index_type)
      : ScatterExecutable(reduction, shapes.in[0], element, index_type), tuples_(0, shapes.in[0], shapes.in[1]) {}
  std::string kernel_name() const override { return "scatter:blocks"; }

 private:
  void scatter(const IndexReader& indices, const std::byte* updates, std::byte* y) const override {
    for (int64_t i = 0; i < tuples_.rows; ++i)
      put(updates, i * tuples_.inner, y, tuples_.offset(indices, i), tuples_.inner);
  }
  IndexTuples tuples_;
};

class ScatterLines : public ScatterExecutable {
 public:
  ScatterLines(ScatterReduction reduction, int64_t axis, const NodeShapes& shapes, int64_t element, DType index_type)
      : ScatterExecutable(reduction, shapes.in[0], element, index_type), lines_(axis, shapes.in[0], shapes.in[1]) {}
  std::string kernel_name() const override { return "scatter:lines"; }

 private:
  void scatter(const IndexReader& indices, const std::byte* updates, std::byte* y) const override {
    for (int64_t i = 0; i < lines_.count; ++i)
      lines_.for_each(indices, i, [&](int64_t at, int64_t index) { put(updates, index, y, at, 1); });
  }
  IndexLines lines_;
};

/// The dims of the updates that go with these indices.
Dims expected_updates(const Dims& x, const Dims& indices) {
  Dims dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), x.begin() + indices.back(), x.end());
  return dims;
}

class ScatterTactic : public Tactic {
 public:
  std::string_view name() const override { return "scatter"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<ScatterND>() && !p.node().as<ScatterElements>()) why = "not a scatter";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    if (reduction_of(p) != ScatterReduction::none && p.input(0).dtype() != DType::f32) {
      why = "combines f32 only";
      return {};
    }
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    return {offer};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const Dims &x = cx.shapes.in[0], &indices = cx.shapes.in[1], &updates = cx.shapes.in[2];
    const int64_t element = size_of(cx.problem.input(0).dtype());
    const DType index_type = cx.problem.input(1).dtype();
    if (checked_product(x) == 0 || checked_product(updates) == 0 || checked_product(indices) == 0) {
      why = "an empty tensor";
      return nullptr;
    }
    if (cx.problem.node().as<ScatterND>()) {
      if (indices.back() <= static_cast<int64_t>(x.size()) && updates == expected_updates(x, indices))
        return std::make_shared<ScatterBlocks>(reduction_of(cx.problem), cx.shapes, element, index_type);
    } else {
      const int64_t axis = resolve_axis(cx.problem.node().as<ScatterElements>()->axis, static_cast<int64_t>(x.size()));
      if (IndexLines::fits(axis, x, indices) && indices == updates)
        return std::make_shared<ScatterLines>(reduction_of(cx.problem), axis, cx.shapes, element, index_type);
    }
    why = "the indices and the updates do not fit the data";
    return nullptr;
  }

 private:
  static ScatterReduction reduction_of(const Problem& p) {
    const auto* nd = p.node().as<ScatterND>();
    return nd ? nd->reduction : p.node().as<ScatterElements>()->reduction;
  }
};

}  // namespace

const Tactic& scatter_tactic() {
  static const ScatterTactic tactic;
  return tactic;
}

}  // namespace tenon::core
