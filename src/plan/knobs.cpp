#include "plan/knobs.h"

#include <algorithm>
#include <charconv>

namespace tenon::core {
namespace {

bool is_knob(const std::string& name) { return !name.empty() && name[0] == kKnobMark; }

}  // namespace

bool has_place(const Config& config) { return config.count(kEnginePlace) + config.count(kAlgorithmPlace) > 0; }

bool has_knobs(const Config& config) {
  return std::any_of(config.begin(), config.end(), [](const auto& entry) { return is_knob(entry.first); });
}

Config without_knobs(const Config& config) {
  Config plain;
  for (const auto& entry : config)
    if (!is_knob(entry.first)) plain.insert(entry);
  return plain;
}

bool same_but_for_knobs(const Offer& a, const Offer& b) {
  Offer x = a, y = b;
  x.config = without_knobs(a.config);
  y.config = without_knobs(b.config);
  return x == y;
}

std::string instead_of_kept(const std::string& why_refused) { return why_refused.empty() ? "" : " (not the kept one: " + why_refused + ")"; }

std::pair<std::string, Config> split_knobs(const std::string& offer_text) {
  const size_t open = offer_text.find('{'), close = offer_text.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {offer_text, {}};
  std::string plain;
  Config knobs;
  for (size_t at = open + 1; at < close;) {
    const size_t end = std::min(offer_text.find(',', at), close);
    const std::string entry = offer_text.substr(at, end - at);
    const size_t equals = entry.find('=');
    int64_t value = 0;
    if (!is_knob(entry)) {
      plain += (plain.empty() ? "" : ",") + entry;
    } else if (equals != std::string::npos && std::from_chars(entry.data() + equals + 1, entry.data() + entry.size(), value).ec == std::errc()) {
      knobs[entry.substr(0, equals)] = value;
    }
    at = end + 1;
  }
  const std::string rest = offer_text.substr(close + 1);
  return {offer_text.substr(0, open) + (plain.empty() ? "" : "{" + plain + "}") + rest, knobs};
}

}  // namespace tenon::core
