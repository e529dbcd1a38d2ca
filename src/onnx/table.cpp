#include <fmt/format.h>

#include <algorithm>

#include "onnx/import_state.h"

namespace tenon::core {
namespace {

/// Levenshtein distance, upper and lower case alike.
int distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
      const int change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string display(std::string_view domain, std::string_view op_type) {
  return domain.empty() ? std::string(op_type) : fmt::format("{}.{}", domain, op_type);
}

/// The first version from which the form is the one that opset 6 has.
const std::map<std::string_view, int> kOldForms = {{"Cast", 6},   {"Concat", 4}, {"GRU", 3},     {"GlobalLpPool", 2},
                                                   {"LpPool", 2}, {"Pad", 2},    {"Reshape", 5}, {"Selu", 6},
                                                   {"Split", 2},  {"Tile", 6}};

}  // namespace

void ImportTable::add(std::string_view domain, std::string_view op_type, ImportFunction function) {
  const bool is_new = entries_.emplace(std::pair(std::string(domain), std::string(op_type)), function).second;
  assume(is_new, fmt::format("the importer of {} is registered once", display(domain, op_type)));
}

ImportFunction ImportTable::find(std::string_view domain, std::string_view op_type) const {
  const auto it = entries_.find({std::string(domain), std::string(op_type)});
  return it == entries_.end() ? nullptr : it->second;
}

std::vector<std::pair<std::string, std::string>> ImportTable::entries() const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& [key, function] : entries_) names.push_back(key);
  return names;
}

std::vector<std::string> ImportTable::nearest(std::string_view domain, std::string_view op_type) const {
  constexpr size_t kLongestName = 100;
  constexpr size_t kShown = 3;
  if (op_type.size() > kLongestName) return {};
  std::vector<std::pair<int, std::string>> near;
  for (const auto& [key, function] : entries_) {
    const int d = distance(op_type, key.second) + (key.first != domain);
    if (d <= 1 + static_cast<int>(op_type.size()) / 3) near.emplace_back(d, display(key.first, key.second));
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (size_t i = 0; i < near.size() && i < kShown; ++i) names.push_back(near[i].second);
  return names;
}

void refuse_old_form(const OnnxNode& node, int opset) {
  const auto it = kOldForms.find(node.op_type);
  if (node.domain.empty() && it != kOldForms.end() && opset < it->second)
    fail(ErrorCode::unsupported_operator,
         "{} of opset {} differs from later ones and is not supported; export the model with opset 6 or newer",
         node.op_type, opset);
}

void fail_unknown_operator(const OnnxNode& node, int opset) {
  const std::string_view domain = node.domain;
  const std::string name = display(domain, node.op_type);
  if (domain == "ai.onnx.ml")
    fail(ErrorCode::unsupported_operator, "{} is a classical machine learning operator; those are not supported", name);
  if (domain.substr(0, 15) == "ai.onnx.preview" || domain == "ai.onnx.training")
    fail(ErrorCode::unsupported_operator, "{} is a {} operator; those are not supported", name,
         domain.find("training") != domain.npos ? "training" : "preview");
  const auto near = import_table().nearest(domain, node.op_type);
  fail(ErrorCode::unsupported_operator, "the operator {} of domain '{}', opset {}, is not known{}", node.op_type,
       domain.empty() ? "ai.onnx" : domain, opset,
       near.empty() ? std::string() : fmt::format("; known names near it: {}", fmt::join(near, ", ")));
}

}  // namespace tenon::core
