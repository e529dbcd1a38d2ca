#pragma once
#include "nvinfer1/runtime/engine_state.h"

namespace tenon::adapter {

/// The shapes of a context: those set for inputs, the values of shape tensors, and what follows for outputs.
/// Dims are without the batch of an implicit batch network; all functions fail with ApiError or Error.
class Shapes {
 public:
  explicit Shapes(std::shared_ptr<const EngineState> state);

  int profile() const { return profile_; }
  /// Forgets the shapes set.
  void set_profile(int profile);
  /// Fails when the tensor is no input, or dims are not what the network and the profile accept.
  void set(int tensor, const std::vector<int32_t>& dims);
  /// As many values as the tensor has elements.
  void set_values(int tensor, const int32_t* values);
  /// Reads the values of the shape tensors at `addresses` (by tensor; null: keeps what was set).
  void read_values(const std::vector<void*>& addresses);

  bool dims_known(int tensor) const;
  bool values_known(int tensor) const;
  /// Inputs that still need dims or values.
  std::vector<int> missing() const;
  /// The dims with -1 for what is not known, e.g. because only a run can tell. Fails when input dims contradict each other.
  std::vector<int64_t> dims(int tensor, int64_t batch = 1) const;
  /// How the bytes lie in the current profile's engine.
  core::IoFormat format(int tensor) const;
  /// The dims that the core sees: with the batch, and as the bytes lie.
  std::vector<int64_t> graph_dims(int tensor, int64_t batch) const;
  /// Elements of a shape tensor; nothing when they are not known.
  std::optional<std::vector<int64_t>> values(int tensor) const;
  /// The most bytes an output can have; INT64_MAX when there is no bound.
  int64_t most_bytes(int tensor, int64_t batch = 1) const;

 private:
  const core::Graph& graph() const;
  const core::Type& type(int tensor) const;
  const core::Bindings& bindings(int64_t batch) const;
  void changed();

  std::shared_ptr<const EngineState> state_;
  std::shared_ptr<const Plan> plan_;
  int profile_ = 0;
  std::vector<std::vector<int64_t>> dims_;    // of inputs; -1 where open
  std::vector<std::optional<std::vector<int64_t>>> values_;
  mutable std::shared_ptr<const core::Graph> with_values_;  // the graph with the values as constants
  mutable std::optional<core::Bindings> bindings_;
  mutable int64_t bound_batch_ = 0;
};

}  // namespace tenon::adapter
