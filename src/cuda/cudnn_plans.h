#pragma once
#include <cuda_runtime_api.h>

#include <map>
#include <mutex>

#include "cuda/cudnn_graph.h"

namespace tenon::core::cuda::cudnn {

/// A compiled graph. Any number of threads may run it: they take turns, since cuDNN's plans hold what a call sets while it runs.
class Plan {
 public:
  Plan(const Library&, int device, const GraphSpec&, const Engine&, Descriptor plan);
  int64_t workspace_bytes() const { return workspace_; }
  const EngineChoice& choice() const { return choice_; }
  const std::string& name() const { return name_; }
  /// `pointers` holds one address per tensor of the graph; those of virtual tensors and scalars are not read.
  void run(std::span<void* const> pointers, void* workspace, cudaStream_t) const;
  /// With a handle that nobody else uses meanwhile.
  void run(cudnnHandle_t, std::span<void* const> pointers, void* workspace, cudaStream_t) const;

 private:
  const Library& lib_;
  int device_;
  std::vector<int64_t> ids_;         // of the tensors that have an address
  std::vector<size_t> numbers_;      // their numbers
  std::vector<float> scalars_;       // by number
  std::vector<bool> is_scalar_;
  Descriptor plan_;
  mutable std::mutex in_use_;
  int64_t workspace_;
  EngineChoice choice_;
  std::string name_;
};

/// The engines of one graph on one device, each compiled when it is first asked for. Several threads may ask at once.
class Plans {
 public:
  Plans(const Library&, int device, GraphSpec, const EngineRules&);
  /// By the place in cuDNN's list. Null, with a sentence, when there is no such engine or it cannot be compiled.
  std::shared_ptr<const Plan> get(int64_t index, std::string& why);
  /// A choice that was kept.
  std::shared_ptr<const Plan> get(const EngineChoice&, std::string& why);

 private:
  struct Slot {
    explicit Slot(Engine e) : engine(std::move(e)) {}
    Engine engine;
    std::mutex mutex;
    bool tried = false;
    std::shared_ptr<const Plan> plan;
    std::string why;
  };
  void list_engines();
  std::shared_ptr<const Plan> get(Slot&, std::string& why) const;
  void compile_slot(Slot&) const;

  const Library& lib_;
  int device_;
  GraphSpec spec_;
  EngineRules rules_;
  Graph graph_;
  std::mutex mutex_;
  bool listed_ = false;                                 // which takes some milliseconds, and kept choices do not need
  std::string why_;                                     // of an empty list
  std::vector<Slot*> slots_;                            // in the order of the list
  std::map<EngineChoice, std::unique_ptr<Slot>> made_;
};

/// Plans of equal graphs are made once per process. Null, with a sentence, when cuDNN takes no such graph.
std::shared_ptr<Plans> plans_for(const Library&, int device, const GraphSpec&, const EngineRules&, std::string& why);

}  // namespace tenon::core::cuda::cudnn
