#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "build/build.h"
#include "tenon/options.h"

namespace tenon::adapter {

/// An input or output of an engine as the nvinfer1 API shows it. Enums of the API are kept as their numbers.
struct PlanTensor {
  std::string name;
  bool is_input = true;
  int32_t type = 0;                     // nvinfer1::DataType
  std::vector<int32_t> dims;            // -1 where dynamic; without the batch of an implicit batch network
  std::vector<std::string> dim_names;   // empty where there is none
  bool on_host = false;                 // TensorLocation::kHOST
  bool shape_io = false;                // isShapeInferenceIO: its values decide shapes (input) or are shapes (output)
  bool execution = true;
  uint32_t formats = 1;                 // bit mask of nvinfer1::TensorFormat: the one that the build chose
};

/// What one optimization profile says about the inputs it names.
struct PlanProfile {
  struct Shapes {
    std::vector<int32_t> min, opt, max;
  };
  std::map<std::string, Shapes> dims;    // without the batch of an implicit batch network
  std::map<std::string, Shapes> values;  // of shape tensors
};

/// What an nvinfer1 plan says besides its engines.
struct PlanInfo {
  std::string name;                  // of the network
  bool implicit_batch = false;
  int32_t max_batch = 1;             // every graph input and output then has the batch as its first axis, in [1, max_batch]
  bool refittable = false, strongly_typed = false;
  int32_t verbosity = 0;             // nvinfer1::ProfilingVerbosity
  int32_t capability = 0;            // nvinfer1::EngineCapability
  int32_t hardware_compatibility = 0;
  bool version_compatible = false;
  uint32_t tactic_sources = 0;
  int32_t aux_streams = 0;
  std::vector<PlanTensor> tensors;   // in the order of bindings: inputs, then outputs
  std::vector<PlanProfile> profiles; // at least one
  /// Layer name -> its weights by role (number of nvinfer1::WeightsRole): the name of the constant. For the refitter.
  struct RefitWeights {
    std::string layer;
    int32_t role = 0;
    std::string constant;
  };
  std::vector<RefitWeights> refit;
  std::vector<std::string> plugin_libraries;
  std::vector<std::string> debug_tensors;  // marked with markDebug: inner tensors that keep their names
};

/// A built or loaded engine: one core engine per profile over shared weights. Graph inputs and outputs have the names
/// and, but for the batch, the dims of `info.tensors`.
struct Plan {
  PlanInfo info;
  std::vector<core::Built> engines;  // by profile
};

std::string encode(const PlanInfo&);
/// Fails with corrupt_engine.
PlanInfo decode(std::span<const std::byte> bytes);

/// The bytes of IHostMemory from buildSerializedNetwork and ICudaEngine::serialize: a Tenon engine file whose `extra`
/// section is the encoded info.
std::vector<std::byte> serialize(const Plan&);
/// Also takes an engine that `tenon build` wrote: its info is made from the graph. Copies the bytes.
std::shared_ptr<const Plan> deserialize(std::span<const std::byte> bytes, const LoadOptions&);

/// Numbers of nvinfer1::DataType, with kBF16 = 7, kINT64 = 8 and kINT4 = 9 of level 10. Others show as the nearest.
int32_t api_type(DType);
DType core_type(int32_t api_type);

}  // namespace tenon::adapter
