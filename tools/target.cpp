#include "target.h"

#include <fmt/format.h>

#include <fstream>

#include "nearest.h"
#include "tenon/files.h"
#include "tenon/model.h"
#include "units.h"

namespace tenon::cli {
namespace {

/// "from 1x3x32x32 to 8x3x*x*"; * is without a limit. Empty when all dims are fixed or open without limits.
std::string range_text(const TensorInfo& input) {
  bool limited = false;
  std::string low, high;
  for (size_t i = 0; i < input.range.max.size(); ++i) {
    bool unbounded = input.range.max[i] == INT64_MAX;
    limited = limited || (input.range.min[i] != input.range.max[i] && !(unbounded && input.range.min[i] == 0));
    low += (i ? "x" : "") + std::to_string(input.range.min[i]);
    high += (i ? "x" : "") + (unbounded ? "*" : std::to_string(input.range.max[i]));
  }
  return limited ? ", from " + low + " to " + high : "";
}

}  // namespace

FileKind kind_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::bad_file, fmt::format("can't open '{}'", path));
  char bytes[8] = {};
  file.read(bytes, sizeof bytes);
  std::string_view start(bytes, static_cast<size_t>(file.gcount()));
  if (start == "TENONENG") return FileKind::engine;
  if (start.substr(0, 2) == "PK") return FileKind::npz;
  if (!start.empty() && (start[0] == '{' || start[0] == '[')) return FileKind::json;
  return FileKind::model;
}

Engine build_model(Session& session, const std::string& path, const BuildOptions& options) {
  if (session.json) session.envelope.add_model(path, model_info(path));
  Engine engine = Engine::build(path, options);
  session.envelope.add_build(engine.report());
  return engine;
}

void at_assumed_dims(const Engine& engine, const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    const std::vector<std::string>& assumed = engine.report().assumptions;
    const bool about_shapes = e.code() == ErrorCode::shape_mismatch || e.code() == ErrorCode::invalid_model;
    if (!about_shapes || assumed.empty()) throw;
    std::string text = fmt::format("the model does not run at the dims assumed for its open ones: {}", e.what());
    for (const std::string& assumption : assumed) text += "\n  " + assumption;
    throw Error(ErrorCode::needs_shapes, text);
  }
}

Engine open_engine(Session& session, const std::string& path, const BuildFlags& flags, const std::map<std::string, Dims>& dims) {
  FileKind kind = kind_of(path);
  if (kind == FileKind::npz || kind == FileKind::json)
    throw Error(ErrorCode::bad_file, fmt::format("'{}' is neither an engine nor an ONNX model", path));
  if (kind == FileKind::model) {
    BuildOptions options = flags.options(session);
    for (const auto& [name, fixed] : dims) options.shapes.emplace(name, ShapeRange{fixed, fixed, fixed});
    Engine engine = build_model(session, path, options);
    if (session.json) at_assumed_dims(engine, [&] { session.envelope.add_engine("", engine); });
    return engine;
  }
  std::vector<std::string> ignored = flags.given_build_only();
  if (flags.reference())
    throw Error(ErrorCode::usage, fmt::format("--reference needs the model; '{}' is an engine", path));
  if (!ignored.empty())
    session.console.warning(
        fmt::format("'{}' is already built: {} {} no effect; `tenon build {} -o new.engine` measures it again", path,
                    join_alternatives(ignored), ignored.size() == 1 ? "has" : "have", path));
  Engine engine = Engine::load(path, flags.load_options(session));
  if (session.json) {
    session.envelope.add_engine(path, engine);
    session.envelope["engine"]["sha256"] = file_sha256(path);
  }
  return engine;
}

void tell_memory(Session& session, const Engine& engine) {
  const MemoryInfo memory = engine.memory();
  session.console.info(fmt::format("at the tuned shapes this takes at most {} of weights, {} packed, and {} of tensors and workspace", bytes_text(memory.weight_bytes),
                                   bytes_text(memory.packed_bytes), bytes_text(memory.arena_bytes)));
}

std::string signature_text(const Engine& engine) {
  std::string text;
  for (const TensorInfo& input : engine.inputs()) {
    text += fmt::format("input   {}: {}", input.name, input.type);
    if (input.range.min != input.range.max) text += range_text(input) + ", tuned for " + dims_text(input.range.opt);
    text += "\n";
  }
  for (const TensorInfo& output : engine.outputs()) text += fmt::format("output  {}: {}\n", output.name, output.type);
  return text;
}

}  // namespace tenon::cli
