#include "kernels/cpu/scan.h"

#include "ops/infer_util.h"
#include "ops/reduce.h"
#include "tactics/all.h"
#include "tactics/in_place.h"
#include "tactics/memory_axes.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

std::optional<cpu::ScanElement> scan_element(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return cpu::ScanElement::f32;
    case DType::f64:
      return cpu::ScanElement::f64;
    case DType::i32:
      return cpu::ScanElement::i32;
    case DType::i64:
      return cpu::ScanElement::i64;
    default:
      return {};
  }
}

class ScanExecutable : public Executable {
 public:
  explicit ScanExecutable(const cpu::ScanSpec& spec) : spec_(spec) {}
  std::string kernel_name() const override { return spec_.inner == 1 ? "scan:rows" : "scan:columns"; }
  bool uses_input(int i) const override { return i == 0; }
  void run(State*, const Args& args, Threads& threads) const override {
    cpu::scan(spec_, args.in[0].data, args.out[0].data, threads);
  }

 private:
  cpu::ScanSpec spec_;
};

/// Running sums and products along a known axis.
class Scans : public Tactic {
 public:
  std::string_view name() const override { return "scan"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<Cumulative>())
      why = "neither a running sum nor a running product";
    else if (!scan_element(p.input(0).dtype()))
      why = fmt::format("accumulates f32, f64, i32 and i64, found {}", to_string(p.input(0).dtype()));
    else if (!p.input(1).numbers())
      why = "the axis is known only at run time";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    std::vector<Offer> result;
    for (const Offer& offer : in_both_layouts(row_major_offer(p, name()), p.input(0).rank()))
      result.push_back(in_place_of_an_input(offer, p));
    return result;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    const Dims& x = cx.shapes.in[0];
    const auto& op = *cx.problem.node().as<Cumulative>();
    const int64_t axis = resolve_axis(cx.problem.input(1).numbers()->front(), static_cast<int64_t>(x.size()));
    const MemoryAxis m = memory_axis(x, cx.offer.in[0].layout, axis);
    return std::make_shared<ScanExecutable>(cpu::ScanSpec{*scan_element(cx.problem.input(0).dtype()), op.product,
                                                          op.exclusive, op.reverse, m.outer, m.count, m.inner});
  }
};

}  // namespace

const Tactic& scan_tactic() {
  static const Scans tactic;
  return tactic;
}

}  // namespace tenon::core
