#include "tactics/tactic.h"

namespace tenon::core {

std::string DeviceInfo::key() const { return fmt::format("{}|{}|{}|{}|{}", kind, name, features, libraries, threads); }

Offer row_major_offer(const Problem& p, std::string_view tactic) {
  Offer offer;
  offer.tactic = tactic;
  offer.in.resize(static_cast<size_t>(p.inputs()));
  offer.out.resize(static_cast<size_t>(p.outputs()));
  return offer;
}

const Tactic* find_tactic(std::string_view device_kind, std::string_view name) {
  for (const Tactic* tactic : tactics_for(device_kind))
    if (tactic->name() == name) return tactic;
  return nullptr;
}

}  // namespace tenon::core
