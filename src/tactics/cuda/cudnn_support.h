#pragma once
#include "cuda/cudnn_plans.h"
#include "ops/conv.h"
#include "plan/knobs.h"
#include "tactics/cuda/executable.h"
#include "tactics/cuda/support.h"

namespace tenon::core::cuda {

/// How many engines compete per problem: in the type that is expected to win, and in each other type.
inline constexpr int kEngines = 6, kOtherEngines = 2;

/// Appends an activation to a graph; false with a sentence when cuDNN has none of that name. `t` becomes the result.
bool append_activation(cudnn::GraphSpec&, const Activation&, int& t, std::string& why);

/// Runs a graph whose tensors are inputs and outputs of a node, or memory of its own.
class CudnnExecutable : public DeviceExecutable, public Numbered {
 public:
  /// Where the memory of a tensor of the graph is.
  struct Binding {
    int tensor;
    int input = -1;   // of the node; else
    int output = -1;  // of the node; else
    std::shared_ptr<const DeviceBuffer> held;
    int64_t offset = 0;  // bytes in front of it, in an input
  };
  /// `note` goes behind the kernel's name.
  CudnnExecutable(std::shared_ptr<const cudnn::Plan> plan, size_t tensors, std::vector<Binding> bindings, std::vector<int> unused, std::string note)
      : plan_(std::move(plan)), tensors_(tensors), bindings_(std::move(bindings)), unused_(std::move(unused)), note_(std::move(note)) {}
  int64_t workspace_bytes() const override { return plan_->workspace_bytes(); }
  bool uses_input(int i) const override;
  std::string kernel_name() const override { return plan_->name() + note_; }
  Config knobs() const override;
  void enqueue(State*, const Args&, cudaStream_t) const override;

 private:
  std::shared_ptr<const cudnn::Plan> plan_;
  size_t tensors_;
  std::vector<Binding> bindings_;
  std::vector<int> unused_;  // inputs that are held instead
  std::string note_;
};

/// The offer's engine (plan/knobs.h: its place in cuDNN's list for the concrete problem, or its knobs) for a graph; null with a sentence.
std::shared_ptr<const Executable> prepare_graph(const PrepareContext&, const cudnn::GraphSpec&,
                                                std::vector<CudnnExecutable::Binding>, std::string& why);
/// One offer per engine number below `most`, below `kOtherEngines` where another storage type than `storage` is preferred.
void add_engine_offers(const Problem&, DType storage, Offer, std::vector<Offer>& into, int most = kEngines);

}  // namespace tenon::core::cuda
