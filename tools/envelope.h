#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "console.h"
#include "tenon/engine.h"
#include "tenon/error.h"
#include "tenon/model.h"
#include "tenon/system.h"

namespace tenon::cli {

using Json = nlohmann::ordered_json;

/// What `--json FILE` writes: docs/envelope.schema.json. Sections a verb does not fill are left out. Names never change
/// their meaning within a major version of the schema.
class Envelope {
 public:
  explicit Envelope(std::vector<std::string> command);

  /// Any section, for what only one verb reports.
  Json& operator[](const std::string& section) { return json_[section]; }
  void add_model(const std::string& path, const ModelInfo&);
  void add_engine(const std::string& path, const Engine&);
  void add_build(const BuildReport&);
  void add_layers(const std::vector<LayerInfo>&);
  void add_warnings(const std::vector<Console::Warning>&);
  void set_exit(int code, const std::string& name);
  void set_error(const ErrorHelp&, const std::string& text);
  void save(const std::string& path) const;

 private:
  Json json_;
};

/// A piece of memory: what for, and when and for whom it is taken.
struct MemoryBlock {
  std::string what, taken, per;
  int64_t bytes;
};
std::vector<MemoryBlock> memory_blocks(const Engine&);
Json memory_json(const Engine&);
Json layer_json(const LayerInfo&);
Json tensor_json(const TensorInfo&);
Json system_json(const SystemInfo&);
Json gpu_info_json(const GpuInfo&);
/// JSON has no infinity or NaN: these become null.
Json finite(double value);

}  // namespace tenon::cli
