#pragma once
#include "plan/choices.h"

namespace tenon::core {

/// The tactic of an If, Loop or Scan whose bodies are programs, with choices of their own (Choices::bodies).
inline constexpr std::string_view kBodiesTactic = "bodies";

/// All offers in the order of the nodes; those of bodies after their node's own.
std::vector<std::string> offer_texts(const Choices&);

}  // namespace tenon::core
