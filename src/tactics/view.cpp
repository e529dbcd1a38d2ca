#include "ops/pointwise.h"
#include "ops/shape.h"
#include "tactics/all.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Never runs: the planner gives the output the input's memory.
class ViewExecutable : public Executable {
 public:
  std::string kernel_name() const override { return "view"; }
  bool uses_input(int) const override { return false; }
  void run(State*, const Args&, Threads&) const override {}
};

/// Ops whose output is the input's bytes under other dims.
class View : public Tactic {
 public:
  std::string_view name() const override { return "view"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    const bool identity = n.as<Identity>();
    if (!identity && !n.as<Reshape>() && !n.as<Squeeze>() && !n.as<Unsqueeze>() && !n.as<Flatten>()) {
      why = "the output is not the input under other dims";
      return {};
    }
    if (!plain_tensors(p, why)) return {};
    std::vector<Offer> offers{as_view(row_major_offer(p, name()))};
    if (identity && p.input(0).rank() >= 3) {
      offers.push_back(offers[0]);
      offers[1].in[0] = offers[1].out[0] = with_layout(channels_last(p.input(0).rank()));
    }
    return offers;
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext&, std::string&) const override {
    return std::make_shared<ViewExecutable>();
  }

 private:
  static Offer as_view(Offer offer) {
    offer.share = Share::view;
    offer.shared_input = 0;
    return offer;
  }
};

}  // namespace

const Tactic& view_tactic() {
  static const View tactic;
  return tactic;
}

}  // namespace tenon::core
