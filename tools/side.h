#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inputs.h"
#include "target.h"

namespace tenon::cli {

/// A tensor of a run with the ONNX nodes behind it.
struct ObservedTensor {
  Value value;
  std::vector<std::string> nodes;
};

/// One side of a comparison: an engine, a model on the reference executor, or results in an npz.
class Side {
 public:
  Side(Session&, const std::string& path, const BuildFlags&);

  const std::string& path() const { return path_; }
  bool is_model() const { return kind_ == FileKind::model; }
  bool runs() const { return engine_ != nullptr; }
  const Engine& engine() const { return *engine_; }
  /// The file's tensors, or what the engine gives for these inputs.
  std::map<std::string, Value> outputs(const NamedValues& inputs, uint64_t seed) const;
  /// Inner tensors by their ONNX names, in the order in which they are made; only of what runs.
  std::vector<std::pair<std::string, ObservedTensor>> all_tensors(const NamedValues& inputs, uint64_t seed) const;
  /// Median time of each layer.
  std::vector<LayerInfo> profile(const NamedValues& inputs) const;
  std::string description() const;
  /// The tolerance of the shortest type that a layer computes in; 0 for files.
  double tolerance() const;

 private:
  std::string path_;
  FileKind kind_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace tenon::cli
