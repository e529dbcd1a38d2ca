#include "tenon/specialize.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "api/engine_impl.h"
#include "base/error.h"

namespace tenon {

using core::fail;

namespace {

/// The engine's symbols at these dims. Fails where they do not fit.
core::Bindings bindings_at(const core::Built& built, const std::map<std::string, std::vector<int64_t>>& given) {
  const core::Graph& g = built.program->graph();
  core::Bindings bindings = built.data.profile.opt;
  for (const auto& [name, dims] : given) {
    const core::Type& type = g.type(g.inputs()[core::find_input(g, name)]);
    if (!type.ranked || type.shape.size() != dims.size())
      fail(ErrorCode::bad_input, "input '{}' is {}: expected {} dims, found {}", name, type.str(), type.shape.size(), core::dims_to_string(dims));
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const auto symbol = type.shape[axis].as_symbol();
      if (!symbol && type.shape[axis] != core::Dim(dims[axis])) fail(ErrorCode::bad_input, "input '{}' is {}: axis {} can't be {}", name, type.str(), axis, dims[axis]);
      if (symbol) bindings[*symbol] = dims[axis];
    }
  }
  for (const auto& [symbol, range] : built.data.profile.ranges)
    if (const auto found = bindings.find(symbol); found != bindings.end() && (found->second < range.low || found->second > range.high))
      fail(ErrorCode::bad_input, "dim {} is {}: the engine takes {} to {}", symbol, found->second, range.low, range.high);
  return bindings;
}

}  // namespace

struct Specializer::Impl {
  Impl(Engine e, BuildOptions o) : engine(std::move(e)), how(std::move(o)) {
    how.device = engine.impl().device_name();
    if (how.threads == 0) how.threads = engine.threads();
    how.verify = false;  // other kernels of an engine that was compared
    keep_promises(engine.impl().built.data.options);
    const auto asked = how.cancelled;
    how.cancelled = [this, asked] { return ending || (asked && asked()); };
    thread = std::thread([this] { work(); });
  }
  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    changed.notify_all();
    thread.join();
  }

  /// What the engine was built to allow or rule out holds for its other kernels too.
  void keep_promises(const core::TacticOptions& o) {
    how.precisions = o.precisions;
    how.tf32 = o.tf32;
    how.tactic_sources = o.sources;
    how.exact = o.exact;
    how.deterministic = o.deterministic;
    how.max_memory = o.max_memory == INT64_MAX ? 0 : o.max_memory;
  }

  /// Null: it can't be measured for these dims.
  std::shared_ptr<Engine> measured(const core::Bindings& dims) const {
    const core::Log log = core::make_log(how.log, how.log_level);
    try {
      core::EngineData data = engine.impl().built.data;
      data.profile.opt = dims;
      auto impl = std::make_shared<Engine::Impl>();
      impl->built = core::rebuild(std::move(data), how);
      return std::make_shared<Engine>(std::shared_ptr<const Engine::Impl>(std::move(impl)));
    } catch (const std::exception& e) {
      if (!ending) log.warning("specialize", "kernels were not chosen again, those of the engine stay: {}", e.what());
      return nullptr;
    }
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return ending || !queue.empty(); });
      if (ending) return;
      const core::Bindings dims = queue.front();
      lock.unlock();
      auto result = measured(dims);
      lock.lock();
      if (result) engines[dims] = std::move(result);
      queue.pop_front();
      changed.notify_all();
    }
  }

  const Engine engine;
  BuildOptions how;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<core::Bindings> queue;                              // the first is being measured
  std::map<core::Bindings, std::shared_ptr<Engine>> engines;     // null: asked for, not ready
  std::atomic<bool> ending{false};
  std::thread thread;
};

Specializer::Specializer(Engine engine, BuildOptions how) : impl_(std::make_unique<Impl>(std::move(engine), std::move(how))) {}
Specializer::~Specializer() = default;

Engine Specializer::for_dims(const std::map<std::string, std::vector<int64_t>>& dims) {
  const core::Bindings bindings = bindings_at(impl_->engine.impl().built, dims);
  if (bindings == impl_->engine.impl().built.data.profile.opt) return impl_->engine;
  const std::lock_guard lock(impl_->mutex);
  const auto [found, is_new] = impl_->engines.emplace(bindings, nullptr);
  if (is_new) {
    impl_->queue.push_back(bindings);
    impl_->changed.notify_all();
  }
  return found->second ? *found->second : impl_->engine;
}

void Specializer::wait() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->queue.empty(); });
}

}  // namespace tenon
