#include <algorithm>
#include <array>
#include <bit>

#include "codegen/cuda/pointwise.h"
#include "cuda/compile.h"
#include "cuda/loops.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/formats.h"
#include "tactics/cuda/generated.h"
#include "tactics/in_place.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core::cuda {
namespace {

constexpr size_t kMostLoops = 8;      // kLoops of the kernel
constexpr size_t kMostOperands = 16;  // in memory; and results
constexpr int kThreads = 128;
constexpr int64_t kMostItems = (int64_t{1} << 31) - 1;  // what a Divider takes

/// FlatArgs or BoxArgs as words of 8 bytes; the addresses, which come first, are filled in for each launch.
using Words = std::array<uint64_t, 2 * kMostOperands + 1 + 2 * kMostLoops + kMostOperands * kMostLoops + kMostOperands / 2>;

/// A kernel's parameters for one set of shapes, as blocks that one launch covers.
struct Prepared {
  Kernel kernel;
  Words words{};
  int64_t items = 0;  // threads that have work
};

class WordWriter {
 public:
  WordWriter(Words& words, size_t at) : words_(words), at_(at) {}
  void add(uint64_t word) { words_[at_++] = word; }
  void add(uint32_t low, uint32_t high) { add(low | static_cast<uint64_t>(high) << 32); }

 private:
  Words& words_;
  size_t at_;
};

void add_steps(WordWriter& to, const Loops& loops, size_t operands) {
  const auto step = [&](size_t i) { return i < operands ? static_cast<uint32_t>(loops.stride(i, 0) != 0) : 0u; };
  for (size_t i = 0; i < std::max<size_t>(operands, 1); i += 2) to.add(step(i), step(i + 1));
}

void fill_flat(Words& words, const Loops& loops, size_t operands, size_t results) {
  WordWriter to(words, std::max<size_t>(operands, 1) + results);
  to.add(static_cast<uint64_t>(loops.count()));
  add_steps(to, loops, operands);
}

void fill_box(Words& words, const Loops& elements, int64_t width, size_t operands, size_t results) {
  const Loops loops = elements.in_vectors(width);
  WordWriter to(words, std::max<size_t>(operands, 1) + results);
  to.add(static_cast<uint32_t>(loops.count()), static_cast<uint32_t>(loops.size()));
  for (size_t l = 0; l < kMostLoops; ++l) {
    const Divider d(l < loops.size() ? std::max<int64_t>(loops.extents[l], 1) : 1);
    to.add(d.divisor, d.magic);
    to.add(d.shift, 0);
  }
  for (size_t i = 0; i < std::max<size_t>(operands, 1); ++i)
    for (size_t l = 0; l < kMostLoops; ++l)
      to.add(i < operands && l < loops.size() ? static_cast<uint64_t>(loops.stride(i, l)) : 0);
  add_steps(to, elements, operands);
}

/// Every operand has the result's elements in its order, or one for all.
bool is_flat(const Loops& loops) {
  return loops.size() == 1 && std::all_of(loops.strides.begin(), loops.strides.end(), [](const auto& s) { return s[0] == 0 || s[0] == 1; });
}

class PointwiseExecutable : public DeviceExecutable {
 public:
  PointwiseExecutable(PointwiseText text, const Loops& loops, int compute, std::string name)
      : inputs_(std::move(text.inputs)), results_(loops.strides.size() - inputs_.size()), name_(std::move(name)) {
    if (loops.count() == 0) return;
    const Module& module = compiled({std::move(text.text), {}}, compute);
    const size_t operands = inputs_.size();
    const int64_t width = loops.vector_width(text.width);
    if (is_flat(loops)) {
      wide_ = {module.kernel("flat"), {}, (loops.count() + text.width - 1) / text.width};
      fill_flat(wide_.words, loops, operands, results_);
    } else if (width == text.width) {
      wide_ = {module.kernel("box"), {}, loops.count() / width};
      fill_box(wide_.words, loops, width, operands, results_);
    }
    if (loops.count() > kMostItems) return;
    single_ = {module.kernel("single"), {}, loops.count()};
    fill_box(single_.words, loops, 1, operands, results_);
  }
  std::string kernel_name() const override { return name_; }
  bool uses_input(int i) const override { return std::find(inputs_.begin(), inputs_.end(), i) != inputs_.end(); }

  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    if (!wide_.kernel && !single_.kernel) return;  // no elements
    uint64_t addresses[2 * kMostOperands + 1] = {};
    const size_t operands = std::max<size_t>(inputs_.size(), 1);
    uint64_t bits = 0;
    for (size_t i = 0; i < inputs_.size(); ++i) bits |= addresses[i] = std::bit_cast<uint64_t>(args.in[static_cast<size_t>(inputs_[i])].data);
    for (size_t r = 0; r < results_; ++r) bits |= addresses[operands + r] = std::bit_cast<uint64_t>(args.out[r].data);
    const bool aligned = bits % 16 == 0;
    const Prepared& chosen = wide_.kernel && (aligned || !single_.kernel) ? wide_ : single_;
    Words words = chosen.words;
    std::copy_n(addresses, operands + results_, words.begin());
    void* parameters[] = {words.data()};
    Launch how;
    how.grid.x = static_cast<unsigned>((chosen.items + kThreads - 1) / kThreads);
    how.block.x = kThreads;
    how.stream = stream;
    chosen.kernel.launch(how, parameters);
  }

 private:
  std::vector<int> inputs_;
  size_t results_;
  std::string name_;
  Prepared wide_, single_;
};

/// The loops over the result in memory order: the operands' strides, then those of the results.
Loops loops_of(const std::vector<int>& inputs, const PrepareContext& cx) {
  const Layout& layout = cx.offer.out[0].layout;
  const Dims& shape = cx.shapes.out[0];
  const Dims dims = in_memory_order(shape, layout);
  std::vector<Dims> strides;
  for (int input : inputs) {
    const auto i = static_cast<size_t>(input);
    strides.push_back(in_memory_order(aligned_strides(cx.shapes.in[i], cx.offer.in[i].layout, shape.size()), layout));
  }
  strides.insert(strides.end(), cx.offer.out.size(), in_memory_order(strides_of(layout, shape), layout));
  Loops loops = Loops::of(dims, strides);
  loops.collapse();
  return loops;
}

std::string kernel_name_of(const LoopForm& form) {
  std::string name;
  for (const LoopForm::Scalar& s : form.body) name += (name.empty() ? "generated:" : "+") + std::string(s.op);
  return name.empty() ? "generated:copy" : name;
}

/// Pointwise nodes and Fused bodies as one kernel of their own, for any shape.
class GeneratedPointwise : public Tactic {
 public:
  std::string_view name() const override { return "generated_pointwise"; }
  std::string_view tier() const override { return "generated"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!plain_tensors(p, why)) return {};
    const auto form = lower(p.graph, p.id, why);
    if (!form || !fits(*form, why) || !can_generate(*form, why)) return {};
    std::vector<Offer> result{in_place_of_an_input(row_major_offer(p, name()), p)};
    const int rank = p.output(0).rank();
    if (rank >= 3) {
      Offer last = row_major_offer(p, name());
      const Format format = with_layout(channels_last(rank));
      for (int i = 0; i < p.inputs(); ++i)
        if (p.input(i).present() && p.input(i).rank() == rank && has_order(p.input(i))) last.in[static_cast<size_t>(i)] = format;
      std::fill(last.out.begin(), last.out.end(), format);
      result.push_back(in_place_of_an_input(std::move(last), p));
    }
    return in_precisions_and_across(result, p);
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const auto form = lower(cx.problem.graph, cx.problem.id, why);
    if (!form) return nullptr;
    PointwiseText text = pointwise_text(*form, cx.offer);
    const Loops loops = loops_of(text.inputs, cx);
    if (loops.size() > kMostLoops || (!is_flat(loops) && loops.count() > kMostItems)) {
      why = fmt::format("{} loops over {} elements are more than a kernel has", loops.size(), loops.count());
      return nullptr;
    }
    return std::make_shared<PointwiseExecutable>(std::move(text), loops, cx.problem.device.compute, kernel_name_of(*form));
  }

 private:
  static bool fits(const LoopForm& form, std::string& why) {
    const auto in_memory = std::count_if(form.operands.begin(), form.operands.end(), [](const auto& o) { return o.input >= 0; });
    if (static_cast<size_t>(in_memory) <= kMostOperands && form.results.size() <= kMostOperands) return true;
    why = fmt::format("more than {} operands or results", kMostOperands);
    return false;
  }
};

}  // namespace

const Tactic& generated_pointwise_tactic() {
  static const GeneratedPointwise tactic;
  return tactic;
}

}  // namespace tenon::core::cuda
