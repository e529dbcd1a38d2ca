#include "build/profile.h"

#include <algorithm>

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr int64_t kImage = 224, kSequence = 128;

bool contains(std::string name, std::initializer_list<const char*> words) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return name.find(w) != std::string::npos; });
}

/// What an open dim is most likely meant to be.
int64_t default_dim(const std::string& symbol, const Type& type, int axis) {
  if (contains(symbol, {"batch"})) return 1;
  if (contains(symbol, {"seq", "token", "time", "length"})) return kSequence;
  if (contains(symbol, {"height", "width"})) return kImage;
  if (axis == 0) return 1;
  if (type.rank() == 4 && is_float(type.dtype) && axis >= 2) return kImage;
  if (type.rank() == 2 && is_integer(type.dtype) && axis == 1) return kSequence;
  return 1;
}

void check_given(const std::string& name, const Type& type, const ShapeRange& r) {
  if (!type.is_tensor()) fail(ErrorCode::usage, "input '{}' is {}; shapes can be given for tensors only", name, type.str());
  const size_t rank = type.ranked ? type.shape.size() : r.opt.size();
  if (r.min.size() != rank || r.opt.size() != rank || r.max.size() != rank)
    fail(ErrorCode::usage, "input '{}' is {}: expected {} dims, found {}", name, type.str(), rank, dims_to_string(r.opt));
  for (size_t i = 0; i < rank; ++i)
    if (r.min[i] < 0 || r.min[i] > r.opt[i] || r.opt[i] > r.max[i])
      fail(ErrorCode::usage, "input '{}', axis {}: expected 0 <= min <= opt <= max, found {} <= {} <= {}", name, i, r.min[i], r.opt[i], r.max[i]);
}

}  // namespace

ShapeRequest plan_shapes(const std::vector<std::pair<std::string, Type>>& inputs, const std::map<std::string, ShapeRange>& given) {
  ShapeRequest request;
  for (const auto& entry : given) {
    const auto known = [&](const auto& in) { return in.first == entry.first; };
    if (std::any_of(inputs.begin(), inputs.end(), known)) continue;
    std::string names;
    for (const auto& in : inputs) names += (names.empty() ? "" : ", ") + in.first;
    fail(ErrorCode::unknown_name, "the model has no input '{}'; its inputs are: {}", entry.first, names);
  }
  Profile& profile = request.profile;
  std::map<std::string, int64_t> fixed;  // symbols given one value
  for (const auto& [name, type] : inputs) {
    const auto it = given.find(name);
    if (it == given.end()) continue;
    check_given(name, type, it->second);
    const ShapeRange& r = it->second;
    Shape dims(r.opt.begin(), r.opt.end());
    for (size_t i = 0; i < r.opt.size(); ++i) {
      const auto symbol = type.ranked ? type.shape[i].as_symbol() : std::nullopt;
      if (!symbol) continue;
      if (r.min[i] == r.max[i]) {
        fixed.emplace(*symbol, r.opt[i]);
        continue;
      }
      dims[i] = type.shape[i];
      profile.ranges[*symbol] = {r.min[i], r.max[i]};
      profile.opt[*symbol] = r.opt[i];
    }
    request.fixed[name] = dims;
  }
  for (const auto& [name, type] : inputs) {
    for (int i = 0; i < type.rank(); ++i) {
      const auto symbol = type.shape[i].as_symbol();
      if (!symbol || fixed.count(*symbol) || profile.opt.count(*symbol)) continue;
      profile.opt[*symbol] = default_dim(*symbol, type, i);
      request.assumptions.push_back(
          fmt::format("input '{}': open dim '{}' (axis {}) taken as {}; change it with --shapes", name, *symbol, i, profile.opt[*symbol]));
    }
  }
  return request;
}

}  // namespace tenon::core
