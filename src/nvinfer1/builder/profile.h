#pragma once
#include <map>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "nvinfer1/plan.h"
#include "nvinfer1/reporter.h"

namespace tenon::adapter {

namespace nv = nvinfer1;

/// Ranges of the inputs, as the client gives them one by one.
class OptimizationProfile final : public nv::IOptimizationProfile, public nv::apiv::VOptimizationProfile {
 public:
  explicit OptimizationProfile(const Reporter& maker) : reporter_(maker) { mImpl = this; }
  static const OptimizationProfile& of(const nv::IOptimizationProfile& p) { return static_cast<const OptimizationProfile&>(p); }

  struct Shapes {
    std::vector<int64_t> by_kind[3];
    bool complete() const;
  };
  const std::map<std::string, Shapes>& dims() const { return dims_; }
  const std::map<std::string, Shapes>& values() const { return values_; }
  /// Fails with what is wrong with the ranges themselves.
  void check() const;
  PlanProfile plan() const;

  bool setDimensions(char const* name, nv::OptProfileSelector select, nv::Dims dims) noexcept override;
  nv::Dims getDimensions(char const* name, nv::OptProfileSelector select) const noexcept override;
  bool setShapeValues(char const* name, nv::OptProfileSelector select, int32_t const* values, int32_t count) noexcept override;
  int32_t getNbShapeValues(char const* name) const noexcept override;
  int32_t const* getShapeValues(char const* name, nv::OptProfileSelector select) const noexcept override;
  bool setShapeValuesV2(char const* name, nv::OptProfileSelector select, int64_t const* values, int32_t count) noexcept override;
  int64_t const* getShapeValuesV2(char const* name, nv::OptProfileSelector select) const noexcept override;
  bool setExtraMemoryTarget(float target) noexcept override;
  float getExtraMemoryTarget() const noexcept override { return extra_memory_; }
  bool isValid() const noexcept override;

 private:
  bool set(std::map<std::string, Shapes>& shapes, const char* name, nv::OptProfileSelector select, std::vector<int64_t> values);
  Reporter reporter_;
  std::map<std::string, Shapes> dims_, values_;
  mutable std::map<std::pair<std::string, int>, std::vector<int32_t>> narrow_;
  float extra_memory_ = 1;
};

}  // namespace tenon::adapter
