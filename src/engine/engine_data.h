#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plan/io_format.h"
#include "tactics/tactic.h"

namespace tenon::core {

class AtomicFile;
class MappedFile;

/// The dims an engine accepts and the ones it is tuned for.
struct Profile {
  Ranges ranges;  // of input symbols
  Bindings opt;   // the value of each input symbol that kernels were chosen for
};

/// Everything an engine file holds: data only. The plan is derived from it.
struct EngineData {
  Graph graph;
  Choices choices;
  Profile profile;
  IoFormats io_formats;   // of inputs and outputs that are not dense
  DeviceInfo device;      // where the choices were made
  TacticOptions options;
};

/// The graph as a loaded engine has it: nodes renumbered in order and all facts inferred anew from ops and inputs.
/// Builds choose kernels for this form, so that a loaded engine derives the same plan.
Graph normalized(const Graph&);

/// One engine for each optimization profile, over the same weights, and bytes that only their writer understands.
struct EngineBundle {
  std::vector<EngineData> engines;  // device and options are those of the first
  std::string extra;
  bool refittable = false;  // constants are kept as what they follow from, beside their values
};

void save_engine(const EngineData&, AtomicFile&);
std::vector<std::byte> engine_bytes(const EngineBundle&);
/// `bytes` must outlive nothing: `owner` keeps them. Fails with corrupt_engine or newer_engine.
EngineBundle load_engines(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
/// The first engine of a bundle.
EngineData load_engine(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

}  // namespace tenon::core
