#include "ops/control.h"
#include "plan/bodies.h"
#include "tactics/all.h"

namespace tenon::core {
namespace {

/// Bodies that are programs of their own, with kernels chosen for their nodes. The runtime makes the executable.
class Bodies : public Tactic {
 public:
  std::string_view name() const override { return kBodiesTactic; }
  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    const Node& n = p.node();
    if (!n.as<If>() && !n.as<Loop>() && !n.as<Scan>()) {
      why = "not an If, Loop or Scan";
      return {};
    }
    auto offers = reference_tactic().offers(p, why);
    offers[0].tactic = name();
    return offers;
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext&, std::string& why) const override {
    why = "its bodies are not there";
    return nullptr;
  }
  std::string_view tier() const override { return "bodies"; }
};

}  // namespace

const Tactic& bodies_tactic() {
  static const Bodies tactic;
  return tactic;
}

}  // namespace tenon::core
