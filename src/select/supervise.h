#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "select/worker.h"
#include "select/worker_process.h"

namespace tenon::core {

/// Starts a worker on list[first, last), `together` of it prepared at a time; null when none can be started.
using StartWorker = std::function<std::unique_ptr<WorkerProcess>(size_t first, size_t last, size_t together)>;

/// Follows workers until all `count` measurements are answered or a callback says stop, starting another one after a
/// death. Who dies or is silent for `limit_s`, or 20 s while it times a kernel, with a known measurement at hand has that one rejected. Where several were
/// being prepared, they are gone through again one at a time. Returns the first measurement left over when no worker could
/// be started, else nothing.
std::optional<size_t> supervise(const StartWorker&, size_t count, size_t together, double limit_s, const WorkerEvents&);

}  // namespace tenon::core
