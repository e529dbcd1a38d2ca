#include "tenon/profiles.h"

#include "api/engine_impl.h"
#include "base/error.h"
#include "base/file.h"
#include "build/refit.h"
#include "build/workspace_limit.h"
#include "onnx/import.h"

namespace tenon {
namespace {

Engine wrap(core::Built built) {
  auto impl = std::make_shared<Engine::Impl>();
  impl->built = std::move(built);
  return Engine(std::move(impl));
}

}  // namespace

std::vector<Engine> build_profiles(const std::string& path, const BuildOptions& options, const ProfileOptions& wanted) {
  core::BuildHooks hooks;
  hooks.chosen = [&](core::Built& built, const core::TimingCache&, bool final) {
    return !final && wanted.max_workspace >= 0 && core::limit_workspace(built, wanted.max_workspace);
  };
  const core::GraphSource source = [&](const std::map<std::string, core::Shape>& shapes, const core::Log& log) {
    return std::move(core::import_onnx(path, {shapes, &log}).graph);
  };
  std::vector<Engine> engines;
  for (const auto& shapes : wanted.profiles) {
    BuildOptions one = options;
    one.shapes = shapes;
    if (!engines.empty())  // all have the formats of the first
      for (auto& [name, formats] : one.io_formats) {
        const auto& chosen = engines[0].impl().built.data.io_formats;
        const auto found = chosen.find(name);
        formats = {std::string(core::to_string(found == chosen.end() ? core::MemoryFormat::linear : found->second.format))};
      }
    engines.push_back(wrap(core::build(source, one, hooks)));
  }
  return engines;
}

std::vector<Engine> load_profiles(const std::string& path, const LoadOptions& options) {
  return core::with_context("'" + path + "'", [&] {
    auto file = core::MappedFile::open(path);
    std::vector<Engine> engines;
    for (core::EngineData& data : core::load_engines(file->bytes(), file).engines) engines.push_back(wrap(core::adopt(std::move(data), options)));
    return engines;
  });
}

void save_profiles(const std::vector<Engine>& engines, const std::string& path) {
  if (engines.empty()) core::fail(ErrorCode::usage, "there is no engine to save in '{}'", path);
  if (engines.size() == 1) return engines[0].save(path);
  core::EngineBundle bundle;
  for (const Engine& e : engines) {
    bundle.engines.push_back(e.impl().built.data);
    bundle.refittable = bundle.refittable || core::has_refittable_weights(e.impl().graph());
  }
  core::AtomicFile file(path);
  file.write(core::engine_bytes(bundle));
  file.commit();
}

}  // namespace tenon
