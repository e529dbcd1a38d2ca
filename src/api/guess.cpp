#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "tenon/model.h"

namespace tenon {
namespace {

constexpr double kLeastLikeness = 0.12;  // below, what is shared are common words

using Words = std::set<std::string>;

/// Words of four letters or more, without a plural's s.
Words words_of(const std::string& text) {
  Words words;
  std::string word;
  for (char c : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (word.size() > 4 && word.back() == 's') word.pop_back();
    if (word.size() > 3) words.insert(word);
    word.clear();
  }
  return words;
}

struct Candidate {
  LikelyHelp help;
  Words words;
};

std::vector<Candidate> candidates() {
  std::vector<Candidate> all;
  for (const MessageHelp& m : known_messages()) all.push_back({{m, {}, 0}, words_of(m.wording + " " + m.cause)});
  for (const ErrorHelp& e : all_errors()) {
    std::string name = e.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    all.push_back({{{}, e, 0}, words_of(name + " " + e.meaning + " " + e.advice)});
  }
  return all;
}

}  // namespace

std::vector<LikelyHelp> guess_messages(const std::string& message, int most) {
  std::vector<Candidate> all = candidates();
  std::map<std::string, int> users;
  for (const Candidate& c : all)
    for (const std::string& word : c.words) ++users[word];
  const auto weight = [&](const Words& words) {
    double sum = 0;
    for (const std::string& word : words) {
      const auto found = users.find(word);
      sum += std::log((1.0 + static_cast<double>(all.size())) / (found == users.end() ? 1 : found->second));
    }
    return sum;
  };
  const Words asked = words_of(message);
  std::vector<LikelyHelp> likely;
  for (Candidate& c : all) {
    Words shared;
    std::set_intersection(asked.begin(), asked.end(), c.words.begin(), c.words.end(), std::inserter(shared, shared.end()));
    if (shared.empty()) continue;
    c.help.likeness = weight(shared) / std::sqrt(weight(asked) * weight(c.words));
    if (c.help.likeness >= kLeastLikeness) likely.push_back(std::move(c.help));
  }
  std::stable_sort(likely.begin(), likely.end(), [](const LikelyHelp& a, const LikelyHelp& b) { return a.likeness > b.likeness; });
  likely.resize(std::min(likely.size(), static_cast<size_t>(std::max(most, 0))));
  return likely;
}

}  // namespace tenon
