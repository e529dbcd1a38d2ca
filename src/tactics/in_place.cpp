#include "tactics/in_place.h"

#include <algorithm>

namespace tenon::core {

Offer in_place_of_an_input(Offer offer, const Problem& p) {
  const Fact& y = p.output(0);
  for (int i = 0; i < p.inputs(); ++i) {
    const Fact& x = p.input(i);
    const bool fits = x.present() && !x.constant && x.dtype() == y.dtype() && x.rank() == y.rank() &&
                      std::equal(x.shape().begin(), x.shape().end(), y.shape().begin(), known_equal) &&
                      offer.in[static_cast<size_t>(i)] == offer.out[0];
    if (!fits) continue;
    offer.share = Share::in_place;
    offer.shared_input = i;
    return offer;
  }
  return offer;
}

}  // namespace tenon::core
