#include "plan/bodies.h"

namespace tenon::core {

std::vector<std::string> offer_texts(const Choices& choices) {
  std::vector<std::string> texts;
  for (size_t id = 0; id < choices.offers.size(); ++id) {
    if (!choices.offers[id].tactic.empty()) texts.push_back(choices.offers[id].str());
    const auto bodies = choices.bodies.find(static_cast<NodeId>(id));
    if (bodies == choices.bodies.end()) continue;
    for (const Choices& body : bodies->second) {
      const auto inner = offer_texts(body);
      texts.insert(texts.end(), inner.begin(), inner.end());
    }
  }
  return texts;
}

}  // namespace tenon::core
