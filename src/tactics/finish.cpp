#include "tactics/finish.h"

#include <limits>

namespace tenon::core {

std::optional<cpu::DepthwiseFinish> finish_of(const Activation& a, std::string& why) {
  cpu::DepthwiseFinish finish;
  finish.low = -std::numeric_limits<float>::infinity();
  finish.high = std::numeric_limits<float>::infinity();
  finish.alpha = static_cast<float>(a.alpha);
  finish.beta = static_cast<float>(a.beta);
  if (!a.present()) return finish;
  if (a.kind == "relu") {
    finish.low = 0;
  } else if (a.kind == "clip" && a.alpha <= a.beta) {
    finish.low = finish.alpha;
    finish.high = finish.beta;
  } else {
    finish.activation = cpu::find_f32_function(a.kind, 0);
    if (!finish.activation) {
      why = "there is no vectorised activation '" + a.kind + "'";
      return {};
    }
  }
  return finish;
}

}  // namespace tenon::core
