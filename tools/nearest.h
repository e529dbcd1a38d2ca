#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tenon::cli {

/// The candidate most like `word` when it is close enough to be a typing error; empty when none is.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// "a, b or c".
std::string join_alternatives(const std::vector<std::string>& words);

}  // namespace tenon::cli
