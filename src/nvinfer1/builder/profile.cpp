#include "nvinfer1/builder/profile.h"

#include "ir/tensor.h"
#include "nvinfer1/network/tensor.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;
using Kind = nv::OptProfileSelector;

namespace {

constexpr const char* kKinds[] = {"kMIN", "kOPT", "kMAX"};

int index_of(Kind kind) {
  const int i = static_cast<int>(kind);
  if (i < 0 || i > 2) refuse(Code::kINVALID_ARGUMENT, "selector {} is none of kMIN, kOPT and kMAX", i);
  return i;
}

const OptimizationProfile::Shapes* find(const std::map<std::string, OptimizationProfile::Shapes>& shapes, const char* name) {
  const auto it = name ? shapes.find(name) : shapes.end();
  return it == shapes.end() ? nullptr : &it->second;
}

std::vector<int32_t> narrowed(const std::vector<int64_t>& v) { return {v.begin(), v.end()}; }

}  // namespace

bool OptimizationProfile::Shapes::complete() const {
  return by_kind[0].size() == by_kind[1].size() && by_kind[2].size() == by_kind[1].size();
}

bool OptimizationProfile::set(std::map<std::string, Shapes>& shapes, const char* name, Kind select, std::vector<int64_t> values) {
  const int kind = index_of(select);
  Shapes& s = shapes[need(name, "inputName")];
  for (int k = 0; k < 3; ++k) {
    const auto& other = s.by_kind[k];
    if (k == kind || other.empty()) continue;
    if (other.size() != values.size())
      refuse(Code::kINVALID_ARGUMENT, "input '{}': {} has {} values, {} was given {}", name, kKinds[kind], values.size(), kKinds[k], other.size());
    for (size_t i = 0; i < values.size(); ++i)
      if (k < kind ? other[i] > values[i] : other[i] < values[i])
        refuse(Code::kINVALID_ARGUMENT, "input '{}', axis {}: {} is {}, which contradicts {} = {}: expected kMIN <= kOPT <= kMAX", name, i, kKinds[kind], values[i], kKinds[k], other[i]);
  }
  s.by_kind[kind] = std::move(values);
  return true;
}

bool OptimizationProfile::setDimensions(char const* name, Kind select, nv::Dims dims) noexcept {
  return guarded(reporter_, "IOptimizationProfile::setDimensions", false, [&] {
    need(name, "inputName");
    if (dims.nbDims < 0 || dims.nbDims > nv::Dims::MAX_DIMS) refuse(Code::kINVALID_ARGUMENT, "input '{}': nbDims is {}", name, dims.nbDims);
    for (int i = 0; i < dims.nbDims; ++i)
      if (dims.d[i] < 0) refuse(Code::kINVALID_ARGUMENT, "input '{}', axis {}: {} is no size; a profile gives numbers", name, i, dims.d[i]);
    return set(dims_, name, select, to_vector(dims));
  });
}

nv::Dims OptimizationProfile::getDimensions(char const* name, Kind select) const noexcept {
  nv::Dims none{};
  none.nbDims = -1;
  const Shapes* s = find(dims_, name);
  const int kind = static_cast<int>(select);
  return s && kind >= 0 && kind < 3 ? to_dims(s->by_kind[kind]) : none;
}

bool OptimizationProfile::setShapeValuesV2(char const* name, Kind select, int64_t const* values, int32_t count) noexcept {
  return guarded(reporter_, "IOptimizationProfile::setShapeValues", false, [&] {
    if (count < 0) refuse(Code::kINVALID_ARGUMENT, "nbValues is {}", count);
    if (count > 0) need(values, "values");
    return set(values_, name, select, {values, values + count});
  });
}

bool OptimizationProfile::setShapeValues(char const* name, Kind select, int32_t const* values, int32_t count) noexcept {
  return guarded(reporter_, "IOptimizationProfile::setShapeValues", false, [&] {
    if (count < 0) refuse(Code::kINVALID_ARGUMENT, "nbValues is {}", count);
    if (count > 0) need(values, "values");
    return set(values_, name, select, {values, values + count});
  });
}

int32_t OptimizationProfile::getNbShapeValues(char const* name) const noexcept {
  const Shapes* s = find(values_, name);
  return s ? static_cast<int32_t>(std::max({s->by_kind[0].size(), s->by_kind[1].size(), s->by_kind[2].size()})) : -1;
}

int32_t const* OptimizationProfile::getShapeValues(char const* name, Kind select) const noexcept {
  const int64_t* wide = getShapeValuesV2(name, select);
  if (!wide) return nullptr;
  const Shapes* s = find(values_, name);
  auto& narrow = narrow_[{name, static_cast<int>(select)}];
  narrow = narrowed(s->by_kind[static_cast<int>(select)]);
  return narrow.data();
}

int64_t const* OptimizationProfile::getShapeValuesV2(char const* name, Kind select) const noexcept {
  const Shapes* s = find(values_, name);
  const int kind = static_cast<int>(select);
  return s && kind >= 0 && kind < 3 && !s->by_kind[kind].empty() ? s->by_kind[kind].data() : nullptr;
}

bool OptimizationProfile::setExtraMemoryTarget(float target) noexcept {
  if (!(target >= 0 && target <= 1)) {
    reporter_.error("IOptimizationProfile::setExtraMemoryTarget", Code::kINVALID_ARGUMENT, fmt::format("expected 0 to 1, found {}", target));
    return false;
  }
  extra_memory_ = target;
  return true;
}

void OptimizationProfile::check() const {
  for (const auto* shapes : {&dims_, &values_})
    for (const auto& [name, s] : *shapes)
      if (!s.complete()) refuse(Code::kINVALID_ARGUMENT, "the profile gives input '{}' not all of kMIN, kOPT and kMAX", name);
}

bool OptimizationProfile::isValid() const noexcept {
  for (const auto* shapes : {&dims_, &values_})
    for (const auto& [name, s] : *shapes)
      if (!s.complete()) return false;
  return true;
}

PlanProfile OptimizationProfile::plan() const {
  PlanProfile result;
  for (const auto& [name, s] : dims_) result.dims[name] = {narrowed(s.by_kind[0]), narrowed(s.by_kind[1]), narrowed(s.by_kind[2])};
  for (const auto& [name, s] : values_) result.values[name] = {narrowed(s.by_kind[0]), narrowed(s.by_kind[1]), narrowed(s.by_kind[2])};
  return result;
}

}  // namespace tenon::adapter
