#pragma once
#include <atomic>
#include <mutex>

#include "NvInferRuntime.h"
#include "nvinfer1/plan.h"

namespace tenon {
class Specializer;
}

namespace tenon::adapter {

/// A shape that does not exist, as the API writes it.
inline constexpr nvinfer1::Dims kNoShape{-1, {}};

/// More than 8 dims, or a dim beyond 32 bits, give kNoShape.
nvinfer1::Dims to_api_dims(const std::vector<int32_t>&);
nvinfer1::Dims to_api_dims(const std::vector<int64_t>&);
/// Fails naming `what` when nbDims or a dim is out of range; -1 is a dim left open.
std::vector<int32_t> from_api_dims(const nvinfer1::Dims&, const char* what);
std::string text(const std::vector<int32_t>& dims);  // "[1,3,-1]"

/// What an engine, its contexts and its inspectors share. The plan changes when a refitter is done.
class EngineState {
 public:
  /// Fails with corrupt_engine when plan and graphs disagree about inputs and outputs.
  EngineState(std::shared_ptr<const Plan> plan, nvinfer1::IGpuAllocator* allocator);

  std::shared_ptr<const Plan> plan() const;
  /// Tensors and profiles never change.
  const PlanInfo& info() const { return info_; }
  void replace_plan(std::shared_ptr<const Plan>);
  /// Chooses kernels for shapes of a profile, for all contexts. A replaced plan has others.
  std::shared_ptr<Specializer> specializer(int profile, const LogSink&);
  /// Returns when the one of this profile has nothing left to measure; at once where none was asked for.
  void wait_for_specializer(int profile);
  /// Counts the replacements.
  int64_t generation() const { return generation_; }

  int count() const { return static_cast<int>(info_.tensors.size()); }
  int profiles() const { return static_cast<int>(info_.profiles.size()); }
  /// Fails with kINVALID_ARGUMENT: a null name, or one that is neither input nor output.
  int find(const char* name) const;
  const PlanTensor& tensor(const char* name) const { return info_.tensors[find(name)]; }
  /// Its place among the graph's inputs or outputs.
  int graph_index(int tensor) const { return graph_index_[tensor]; }
  void check_profile(int profile) const;
  nvinfer1::IGpuAllocator* allocator() const { return allocator_; }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Plan> plan_;
  std::map<int, std::shared_ptr<Specializer>> specializers_;  // by profile
  PlanInfo info_;
  std::map<std::string, int, std::less<>> names_;
  std::vector<int> graph_index_;
  std::atomic<int64_t> generation_{0};
  nvinfer1::IGpuAllocator* allocator_;
};

/// `profile` is an index that the caller has checked.
const PlanProfile::Shapes* profile_dims(const PlanInfo&, int profile, const std::string& tensor);
const PlanProfile::Shapes* profile_values(const PlanInfo&, int profile, const std::string& tensor);
const std::vector<int32_t>& pick(const PlanProfile::Shapes&, nvinfer1::OptProfileSelector);

}  // namespace tenon::adapter
