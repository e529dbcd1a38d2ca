#pragma once
#include <utility>

#include "plan/choices.h"

namespace tenon::core {

// A library lists its kernels for a problem, best guess first; offers name them by their places in that list ("plan" of cuDNN,
// "algo" of cuBLASLt). The list is the library version's own. So a choice that is kept also has knobs: the library's own numbers of
// the kernel at that place, in entries of the config whose names begin with '@'. They come with choices, never with offers.

inline constexpr const char *kEnginePlace = "plan", *kAlgorithmPlace = "algo";
inline constexpr char kKnobMark = '@';

/// An executable whose offer named it by a place.
class Numbered {
 public:
  virtual ~Numbered() = default;
  /// Empty where the numbers do not say all that the library knows of its kernel.
  virtual Config knobs() const = 0;
};

bool has_place(const Config&);
bool has_knobs(const Config&);
Config without_knobs(const Config&);
/// The same offer, whether or not one of them, or both, have knobs.
bool same_but_for_knobs(const Offer&, const Offer&);
/// What the name of a kernel says where the library refused the knobs that were kept; nothing without a reason.
std::string instead_of_kept(const std::string& why_refused);
/// The text of an offer as `Offer::str` gives it, in two: without its knobs, and these. A knob that is no number is left out.
std::pair<std::string, Config> split_knobs(const std::string& offer_text);

}  // namespace tenon::core
